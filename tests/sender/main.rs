//! The sender half, against frames that the test makes up: every timer, bound and outcome at its boundary.
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "tests")]

mod announcements;
mod bounds;
mod failures;
mod floors;
mod forged;
mod gaps;
mod reconnect;
mod retry_after;
mod timeouts;
mod window;
