//! The laws L1 to L10, one file each, tried on generated configurations, calls, frames, clocks and restarts.
//!
//! `PROPTEST_CASES=1000 cargo test --test laws` tries harder. A failure is shrunk to a short run, which is printed, and its
//! seed is kept in a file beside the law's source, to be tried first from then on. L9 has a test binary of its own,
//! `laws_memory.rs`, since it counts all allocations.
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, unreachable_pub, reason = "tests")]
#![allow(clippy::collapsible_match, reason = "a guard would hide that the arm is the same without it")]

mod golden;
mod l10_alive;
mod l1_pure;
mod l2_deterministic;
mod l3_drain;
mod l4_timeouts;
mod l5_once;
mod l6_true;
mod l7_bounds;
mod l7_written;
mod l8_storms;
