//! Faulty servers: what each gets wrong, what the client makes of it, and which rule the conformance kit finds broken.
//!
//! The rule: a server that forgets, repeats, delays or lies may cost time and frames. It may cost no message silently, show
//! none twice, and make the client say nothing that it was not told.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "tests")]

mod liars;
mod losers;
mod server;
mod stage;
