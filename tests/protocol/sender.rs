//! The sender: every timer, bound and outcome at its boundary.

mod bounds;
mod failures;
mod floor_updates;
mod floors;
mod reconnect;
mod resend;
mod retry_after;
mod sparse;
mod timeouts;
mod unknown_answers;
mod window;
