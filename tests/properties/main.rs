//! Properties: the laws L1 to L11 hold on generated runs, and the client does exactly what a reference model does.
//!
//! `PROPTEST_CASES=1000 cargo test --test properties` tries more cases. A failure is shrunk to a short run, which is
//! printed, and its seed is kept in a file beside the source of the test, to be tried first from then on. L9 is in the
//! program `memory`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, unreachable_pub, reason = "tests")]
#![allow(clippy::collapsible_match, reason = "a guard would hide that the arm is the same without it")]

mod laws;
mod model;
