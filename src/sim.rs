//! A whole deployment in one process, without a socket and without a clock: the reference [`Relay`], lossy [`Link`]s and
//! a [`World`] of clients under virtual time.
//!
//! The rule of this module: everything is decided by a seed and by the inputs, so a run that fails is run again with the
//! seed that its panic message names. Nothing here sleeps; a week of virtual time takes as long as its frames.
//!
//! - [`Relay`] is the server, sans-IO like the client: what a server has to do, in the least code that does it. Put it
//!   behind real sockets or inside a test.
//! - [`Link`] carries frames one way and loses, delays, doubles and reorders some.
//! - [`World`] joins any number of [`Client`](crate::Client)s to one relay over links, breaks what it is told to break,
//!   and keeps account of every message.
//! - [`check`] reads a log of frames, of whatever make, and says which rule of the protocol is broken and where.
//!
//! Needs the feature `sim`, and with it `std`.

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
