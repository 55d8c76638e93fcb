//! A process may die after any step: whoever keeps to L7 loses nothing that a committed `send` took, handles nothing twice,
//! and keeps the order of each conversation.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, clippy::wildcard_enum_match_arm, reason = "tests")]

mod everywhere;
mod faults;
mod order;
mod scene;
mod together;
