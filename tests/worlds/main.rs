//! Simulated worlds: whatever the network, the server and crashes do, each message is handed over once and in order, and its
//! sender learns of it, or it fails visibly.
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "tests")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the searches print how much they tried")]

mod crash_anywhere;
mod exhaustive;
mod faulty_servers;
mod random;
mod regressions;
