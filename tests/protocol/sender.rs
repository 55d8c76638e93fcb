//! The sender: every timer, bound and outcome at its boundary.

mod announcements;
mod bounds;
mod failures;
mod fairness;
mod feeler;
mod floor_updates;
mod floors;
mod healing;
mod idle;
mod late_inputs;
mod late_verdicts;
mod overdue;
mod questions;
mod reconnect;
mod resend;
mod retry_after;
mod server_memory;
mod sparse;
mod suspects;
mod suspicion;
mod timeouts;
mod unknown_answers;
mod window;
