//! The conformance kit: clean logs are clean, and each rule has a doctored log that breaks exactly it.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod anything;
mod broken_by_clients;
mod broken_by_servers;
mod clean;
mod honest;
mod log;
mod program;
