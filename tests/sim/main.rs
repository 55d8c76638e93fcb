//! The simulator: the relay keeps the six rules of a server, worlds are reproducible, and the conformance check finds each
//! violation in a log and no other.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod check;
mod relay;
mod world;
