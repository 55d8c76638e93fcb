//! One file per lost frame of the six, and one for the three parties dying: what is lost, who sees it, how it is repaired.
//!
//! Two real clients and the reference relay, joined without delay. The whole trace is asserted, repairs with their times.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "tests")]

mod ack_a;
mod ack_n;
mod ack_r;
mod deaths;
mod msg_a;
mod msg_n;
mod msg_r;
