//! The receiver half, against frames that the test makes up: every state, bound and order at its boundary.
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "tests")]

mod acks;
mod bounds;
mod duplicates;
mod order;
mod room;
