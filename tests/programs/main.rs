//! Example programs: what `deliver` and `check_trace` print and how they exit, run as processes.
#![allow(
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "tests of programs, with std"
)]

mod check_trace;
mod deliver;
