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
mod recovery;
mod rng;
#[cfg(feature = "sim")]
pub mod sim;
mod stats;
mod time;

pub use client::Client;
pub use config::{Config, Order};
pub use error::{ConfigError, ParseMsgIdError, ResendError, SendError, UnknownDelivery, UnknownMessage};
pub use event::{Delivery, Event, FailReason, OutboxEntry, Output, Stage, Status};
pub use frame::{Incoming, Outgoing, Rejection, Types, Verdict};
pub use id::{MsgId, StreamId};
pub use journal::Record;
pub use rng::Seed;
pub use stats::Stats;
pub use time::Time;
