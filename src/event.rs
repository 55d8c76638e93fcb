//! What comes out of a client: frames to transmit and events for the application.

use core::time::Duration;

use crate::frame::{Outgoing, Rejection, Types};
use crate::id::MsgId;
use crate::journal::Record;
use crate::time::Time;

/// One thing to do, in the order in which it is to be done: drain with
/// [`Client::poll_output`](crate::Client::poll_output) until `None`.
#[derive(Clone, Debug, PartialEq)]
pub enum Output<T: Types> {
    /// Write this to the journal; what comes out after it relies on it. Only with [`Config::journal`](crate::Config::journal).
    ///
    /// A batch ends when `poll_output` returns `None`: commit its records together with the effects of its events, and only
    /// then transmit its frames. See [`Client::restore`](crate::Client::restore).
    Persist(Record<T>),
    /// Tell the application.
    Event(Event<T>),
    /// Put this frame on the wire. It may be lost: the client repeats it as needed.
    Transmit(Outgoing<T>),
}

/// What the application should know.
///
/// Of each message sent, in this order and each at most once: `Accepted`; one end, `Delivered` or `Failed`; and after
/// `Failed` at most one late `Delivered`. A [`resend`](crate::Client::resend) allows one more end. `Accepted` may be missing:
/// ack:N implies it, and a message that was accepted while it was parked tells so by its [`Status`] when it is sent again.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<T: Types> {
    /// The server has the message: one tick.
    Accepted {
        /// The message.
        id: MsgId,
        /// The server's own id of it.
        server_id: T::ServerId,
    },
    /// The recipient's application has handled the message: two ticks; it is settled and its payload gone.
    Delivered {
        /// The message.
        id: MsgId,
        /// The server's own id of it.
        server_id: T::ServerId,
    },
    /// The message was not answered in time and goes out again: the "not sent yet" hint of a user interface.
    Retrying {
        /// The message.
        id: MsgId,
        /// Which answer did not come.
        stage: Stage,
        /// How many transmissions of this stage have gone unanswered by now, from 1.
        attempt: u32,
    },
    /// The message is parked: it keeps its payload and waits for [`resend`](crate::Client::resend) or
    /// [`discard`](crate::Client::discard).
    Failed {
        /// The message.
        id: MsgId,
        /// What is known.
        reason: FailReason,
    },
    /// A message for this client: handle it, then [`confirm`](crate::Client::confirm) it.
    Received(Delivery<T>),
    /// ack:A came: the server knows that this client has handled the message.
    AckSettled {
        /// Who sent the message.
        from: T::Peer,
        /// The message.
        id: MsgId,
    },
    /// The server has stored one message twice, for example after it lost its memory; `second` counts from now on.
    ServerIdConflict {
        /// The message.
        id: MsgId,
        /// What the server called it before.
        first: T::ServerId,
        /// What the server calls it now.
        second: T::ServerId,
    },
    /// A message was refused unread because `max_streams`, `max_streams_per_peer` or `max_ranges` was reached. It was not
    /// acked: its sender will try again.
    HorizonExceeded {
        /// Who sent the message.
        from: T::Peer,
        /// The message.
        id: MsgId,
    },
    /// Frames go out and nothing comes back: the connection is probably dead, reconnect.
    SuspectConnection {
        /// For how long nothing came.
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
    /// What the sender's application sent.
    pub payload: T::Payload,
    /// Whether messages that were sent after this one were handed over before it, or may have been.
    pub late: bool,
}

/// The two answers that a sender waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Stage {
    /// The server's msg:A.
    Accept,
    /// The recipient's ack:N.
    Deliver,
}

/// Why a message is parked. What is said here is never more than what is known.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum FailReason {
    /// A fact: exactly one transmission was made and the server refused it.
    Rejected(Rejection),
    /// A fact: it never left this client.
    Expired,
    /// It left and was not settled: it may have arrived.
    Unknown {
        /// What the server said last, if it refused a repeated transmission.
        rejection: Option<Rejection>,
    },
}

/// Where an unsettled message stands; within a process it only ever rises, until it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Status {
    /// It has not left this client.
    Queued,
    /// It has left at least once and the server has not answered for it.
    OnWire,
    /// The server has it.
    Accepted,
    /// It is parked.
    Failed(FailReason),
}

/// One message that is not delivered yet, as [`Client::outbox`](crate::Client::outbox) lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxEntry<'a, T: Types> {
    /// Its id.
    pub id: MsgId,
    /// Its recipient.
    pub to: &'a T::Peer,
    /// What it says.
    pub payload: &'a T::Payload,
    /// Where it stands.
    pub status: Status,
    /// When `send` took it, on the client's own clock: it equals the caller's `now` unless that ever stepped back.
    pub queued_at: Time,
}
