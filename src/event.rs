//! The outputs of a client: records to write, events for the application, frames to transmit.

use core::time::Duration;

use crate::frame::{Outgoing, Rejection, Types};
use crate::id::MsgId;
use crate::journal::Record;
use crate::time::Time;

/// One output. Call [`Client::poll_output`](crate::Client::poll_output) until `None` and process the outputs in that
/// order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output<T: Types> {
    /// Write this record to the journal: later outputs depend on it. Only with
    /// [`Config::journal`](crate::Config::journal).
    ///
    /// A batch ends when `poll_output` returns `None`: commit its records together with the effects of its events, and
    /// only then transmit its frames. See [`Client::restore`](crate::Client::restore).
    Persist(Record<T>),
    /// Pass this event to the application.
    Event(Event<T>),
    /// Transmit this frame. It may be lost: the client repeats it as needed.
    Transmit(Outgoing<T>),
}

/// An event for the application.
///
/// For each message sent, in this order and each at most once: `Accepted`; then `Delivered` or `Failed`; after `Failed`
/// at most one late `Delivered`. After a [`resend`](crate::Client::resend), `Delivered` or `Failed` follows once more.
/// `Accepted` may be missing: ack:N implies it, and if msg:A comes after the message failed, only its [`Status`] after
/// `resend` shows it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<T: Types> {
    /// The server has accepted the message: one tick.
    Accepted {
        /// The message.
        id: MsgId,
        /// The server's own id of it.
        server_id: T::ServerId,
    },
    /// The recipient's application has handled the message: two ticks. The client drops the message and its payload.
    Delivered {
        /// The message.
        id: MsgId,
        /// The server's own id of it.
        server_id: T::ServerId,
    },
    /// The message was not answered in time and will be transmitted again: a user interface may show "not sent yet".
    Retrying {
        /// The message.
        id: MsgId,
        /// The missing answer.
        stage: Stage,
        /// The number of unanswered transmissions of this stage so far, from 1.
        attempt: u32,
    },
    /// The message has failed: it keeps its payload and waits for [`resend`](crate::Client::resend) or
    /// [`discard`](crate::Client::discard).
    Failed {
        /// The message.
        id: MsgId,
        /// Why.
        reason: FailReason,
    },
    /// A message has arrived: handle it, then [`confirm`](crate::Client::confirm) it.
    Received(Delivery<T>),
    /// ack:A has arrived: the server knows that this client has handled the message.
    AckSettled {
        /// The sender of the message.
        from: T::Peer,
        /// The message.
        id: MsgId,
    },
    /// The server has given the message a second id, for example after it lost its memory. Only `second` is valid from
    /// now on.
    ServerIdConflict {
        /// The message.
        id: MsgId,
        /// The previous server id.
        first: T::ServerId,
        /// The current server id.
        second: T::ServerId,
    },
    /// A message was refused because `max_streams`, `max_streams_per_peer` or `max_ranges` was reached. It is not
    /// acked, so it comes again.
    HorizonExceeded {
        /// The sender of the message.
        from: T::Peer,
        /// The message.
        id: MsgId,
    },
    /// Several timeouts have passed and no frame has arrived: the connection is probably dead; reconnect.
    SuspectConnection {
        /// The time since the last received frame.
        silent: Duration,
    },
}

/// A message handed over to the application.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery<T: Types> {
    /// The authenticated sender.
    pub from: T::Peer,
    /// The sender's id of the message.
    pub id: MsgId,
    /// The server's own id of the message, for storage and sync.
    pub server_id: T::ServerId,
    /// The payload that the sender's application gave to `send`.
    pub payload: T::Payload,
    /// Whether messages sent after this one were handed over before it, or may have been.
    pub late: bool,
}

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
    /// The message was never transmitted, and its `expiry` has passed.
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
