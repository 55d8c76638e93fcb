//! The protocol: one client against frames that the test makes up, at every boundary, and two clients with the relay, one
//! file per lost frame.
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "tests")]
#![allow(clippy::cast_possible_truncation, reason = "small counts")]

mod clock;
mod counters;
mod journal;
mod lost_frames;
mod receiver;
mod sender;
mod six_frames;
