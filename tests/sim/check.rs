//! The conformance check: a clean log has no violation, and each rule has a log that breaks exactly it.

mod arbitrary;
mod clean;
mod client_violations;
mod exceptions;
mod log;
mod server_violations;
