//! Reliable instant messaging without I/O: the client side. Five terms that the documentation uses:
//!
//! - **stream**: the messages of one client process to one recipient, numbered 0, 1, 2, …; the number is the *seq*.
//! - **floor**: the lowest seq of a stream that the sender may still transmit by itself; none below is waited for.
//! - **probe**: a question about a message that the server has accepted: whether the recipient has handled it.
//! - **token**: the permission for one retransmission. Tokens arise at a fixed rate and accumulate up to a limit.
//! - **failed**: rejected, expired or unanswered: the client repeats the message only if the application resends it.
//!
#![doc = include_str!("../README.md")]
#![no_std]
#![warn(clippy::std_instead_of_core, clippy::std_instead_of_alloc)]

extern crate alloc;
#[cfg(any(test, feature = "sim"))]
extern crate std;

mod client;
mod clock;
mod collections;
mod config;
mod context;
mod error;
mod event;
mod frame;
mod id;
mod inbox;
mod journal;
mod outbox;
mod output;
mod recovery;
mod rng;
#[cfg(feature = "sim")]
pub mod sim;
mod stats;
mod status;
mod time;

pub use client::Client;
pub use config::{Config, Order};
pub use error::{ConfigError, ResendError, SendError, UnknownDelivery, UnknownMessage};
pub use event::{Delivery, Event};
pub use frame::{Incoming, Outgoing, Rejection, Types, Verdict};
pub use id::{MsgId, ParseMsgIdError, StreamId};
pub use journal::Record;
pub use output::Output;
pub use rng::Seed;
pub use stats::Stats;
pub use status::{FailReason, OutboxEntry, Stage, Status};
pub use time::Time;
