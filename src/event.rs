//! The events for the application.

use core::time::Duration;

use crate::frame::Types;
use crate::id::MsgId;
use crate::status::{FailReason, Stage};

/// An event for the application.
///
/// For each message sent, in this order and each at most once: `Accepted`; then `Delivered` or `Failed`; after `Failed`
/// at most one late `Delivered`. After a [`resend`](crate::Client::resend), `Delivered` or `Failed` follows once more.
/// `Accepted` may be missing: ack:N implies it, and if msg:A comes after the message failed, only its
/// [`Status`](crate::Status) after `resend` shows it.
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
