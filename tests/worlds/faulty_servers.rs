//! Faulty servers: one that loses state, repeats, delays or lies may cost time and frames. It may cost no message silently,
//! cause none to be handed over twice, and cause no event that it did not state itself.
//!
//! Each test also asserts which rules the conformance check finds broken.

mod false_answers;
mod lost_state;
mod server;
mod stage;
