//! A whole deployment in one process, without a socket and without a clock: the reference [`Relay`], lossy [`Link`]s
//! and a [`World`] of clients under virtual time.
//!
//! The rule: the seed and the inputs determine every run, so a failed run can be repeated with the seed in its panic
//! message. Nothing here sleeps; a week of virtual time takes as long as its frames.
//!
//! - [`Relay`] is a minimal server, sans-IO like the client. Use it behind real sockets or inside a test.
//! - [`Link`] carries frames one way and loses, delays, duplicates and reorders some.
//! - [`World`] connects any number of [`Client`](crate::Client)s to one relay over links, injects failures, and keeps
//!   an account of every message.
//! - [`check`] reads a log of frames of any implementation and reports which rule of the protocol is broken and where.
//!
//! Requires the feature `sim`, which requires `std`.

pub mod check;
mod dice;
mod link;
mod relay;
mod world;

pub use link::{Link, LinkConfig, LinkStats};
pub use relay::{Crash, Relay, RelayStats};
pub use world::{
    Action, Bookkeeping, Chaos, CrashReport, Entry, Fate, HandOver, Handling, MessageLog, Report, Restarts, What, World,
};
