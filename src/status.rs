//! Where a message stands, and why it failed.

use crate::frame::{Rejection, Types};
use crate::id::MsgId;
use crate::time::Time;

/// The answer that a sender waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Stage {
    /// The server's msg:A.
    Accept,
    /// The recipient's ack:N.
    Deliver,
}

/// Why a message has failed. `Rejected` and `Expired` are reported only when they are certain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum FailReason {
    /// The message was transmitted exactly once, and the server rejected it.
    Rejected(Rejection),
    /// The message was never transmitted, and its `expiry` has passed. After a restart only messages are called so that
    /// were before it.
    Expired,
    /// The message was transmitted and not confirmed: it may have arrived.
    Unknown {
        /// The server's last rejection, if it rejected a repeated transmission.
        rejection: Option<Rejection>,
    },
}

/// The state of an undelivered message. Within a process it only advances, in the order of the variants, until the
/// message fails.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Status {
    /// It has not been transmitted.
    Queued,
    /// It has been transmitted, and the server has not accepted it yet.
    OnWire,
    /// The server has accepted it.
    Accepted,
    /// It has failed and waits for the application.
    Failed(FailReason),
}

/// An undelivered message, as [`Client::outbox`](crate::Client::outbox) lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxEntry<'a, T: Types> {
    /// Its id.
    pub id: MsgId,
    /// Its recipient.
    pub to: &'a T::Peer,
    /// Its payload.
    pub payload: &'a T::Payload,
    /// Its state.
    pub status: Status,
    /// The time of `send` on the client's own clock: the caller's `now`, unless the caller's clock ever stepped back.
    pub queued_at: Time,
}
