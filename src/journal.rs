//! The journal: what a client must have written to be killed anywhere and lose nothing.
//!
//! The rule (L7): a [`Record`] comes out as [`Output::Persist`](crate::Output::Persist) before every event and every frame
//! that relies on it. A record is the news, not the state: an application that writes its own message list writes the same
//! row in the same transaction.

use alloc::vec::Vec;
use core::ops::Range;

use crate::event::FailReason;
use crate::frame::Types;
use crate::id::MsgId;
use crate::time::Time;

/// One line of the journal.
///
/// Variants are only ever appended, and a changed field is a new variant, so that an old journal stays readable.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound(
        serialize = "T::Peer: serde::Serialize, T::Payload: serde::Serialize, T::ServerId: serde::Serialize",
        deserialize = "T::Peer: serde::Deserialize<'de>, T::Payload: serde::Deserialize<'de>, T::ServerId: \
                       serde::Deserialize<'de>"
    ))
)]
#[non_exhaustive]
pub enum Record<T: Types> {
    /// [`send`](crate::Client::send) took a message. Once this is durable, the message is not lost.
    Queued {
        /// The message.
        id: MsgId,
        /// Its recipient.
        to: T::Peer,
        /// What it says.
        payload: T::Payload,
        /// When `send` took it.
        at: Time,
    },
    /// The server has the message. Lost without harm: the server says so again.
    Accepted {
        /// The message.
        id: MsgId,
        /// The server's own id of it.
        server_id: T::ServerId,
    },
    /// The message is delivered and settled. Lost without harm: it goes out again, is recognised, and this comes again.
    Delivered {
        /// The message.
        id: MsgId,
        /// The server's own id of it.
        server_id: T::ServerId,
    },
    /// The message is parked. Lost, it is on its way again.
    Failed {
        /// The message.
        id: MsgId,
        /// What is known.
        reason: FailReason,
    },
    /// [`resend`](crate::Client::resend) took a parked message. Lost, it is still parked.
    Resent {
        /// The message.
        id: MsgId,
        /// When.
        at: Time,
    },
    /// [`discard`](crate::Client::discard) dropped a message. Lost, it is there again.
    Discarded {
        /// The message.
        id: MsgId,
    },
    /// The application has handled a message. Lost, the message is handed over again.
    Confirmed {
        /// Who sent it.
        from: T::Peer,
        /// The message.
        id: MsgId,
        /// When.
        at: Time,
    },
    /// What was confirmed of one stream: written by [`records`](crate::Client::records) in place of many `Confirmed`.
    Seen {
        /// Who sends on the stream.
        from: T::Peer,
        /// The id of the stream's message 0; of an id of another make, that id.
        stream: MsgId,
        /// The confirmed seqs: start included, end excluded.
        ranges: Vec<Range<u64>>,
        /// When the stream was last heard of.
        heard: Time,
    },
}
