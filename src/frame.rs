//! The six frames, in two types: two that a client sends and four that it receives.
//!
//! So a client cannot receive its own kind of frame and cannot emit the server's. The caller chooses the encoding; with
//! the feature `serde` the frames implement its traits.

use alloc::string::String;
use core::fmt::Debug;
use core::hash::Hash;
use core::time::Duration;

use crate::id::MsgId;

/// The types of addresses, payloads and server ids of one deployment.
///
/// Implement it on a unit struct that derives `Clone`, `Debug` and `PartialEq`.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct Chat;
///
/// impl sixfold::Types for Chat {
///     type Peer = Arc<str>;
///     type Payload = Arc<[u8]>;
///     type ServerId = u64;
/// }
/// ```
pub trait Types: Clone + Debug + PartialEq {
    /// The address of a user, device or conversation. It is cloned once per frame: prefer `u64` or `Arc<str>`.
    type Peer: Clone + Debug + Ord + Hash;
    /// The content of a message. It is never inspected, and cloned once per transmission: prefer `Arc<[u8]>` or
    /// `Bytes`.
    type Payload: Clone + Debug + PartialEq;
    /// The server's own id of a message, for storage and synchronisation; never used for deduplication.
    type ServerId: Clone + Debug + PartialEq;
}

/// A frame that a client sends.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound(
        serialize = "T::Peer: serde::Serialize, T::Payload: serde::Serialize",
        deserialize = "T::Peer: serde::Deserialize<'de>, T::Payload: serde::Deserialize<'de>"
    ))
)]
pub enum Outgoing<T: Types> {
    /// "Here is message `id` for `to`": repeated, with the same id, until the message is delivered or fails.
    ///
    /// Without a payload it is a *question*: "how does message `id`, which you accepted before, stand?" A server that
    /// knows the message answers as it answers a repeated msg:R: with msg:A and the same server id, then with ack:N if
    /// the recipient has confirmed. A server that does not know it drops the question: it neither answers, nor closes
    /// the connection. Then the whole message follows.
    #[doc(alias = "msg:R")]
    MsgR {
        /// The message's id, the same in every transmission.
        id: MsgId,
        /// The recipient.
        to: T::Peer,
        /// The floor: the lowest seq of this stream that the sender may still transmit without a `resend`. Used for
        /// order, never for deduplication. The server forwards the value of the latest msg:R, questions included.
        floor: u64,
        /// The content of the message; `None` in a question, which is only asked about a message that was accepted.
        payload: Option<T::Payload>,
    },
    /// "My application has handled message `id` of `from`": repeated until ack:A.
    #[doc(alias = "ack:R")]
    AckR {
        /// The message's id.
        id: MsgId,
        /// The sender of the message.
        from: T::Peer,
    },
}

/// A frame that a client receives.
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
pub enum Incoming<T: Types> {
    /// The server's answer to msg:R.
    #[doc(alias = "msg:A")]
    MsgA {
        /// The message's id.
        id: MsgId,
        /// The server's decision.
        verdict: Verdict<T>,
    },
    /// The server pushes message `id` from `from`.
    #[doc(alias = "msg:N")]
    MsgN {
        /// The message's id.
        id: MsgId,
        /// The authenticated sender.
        from: T::Peer,
        /// The server's own id of the message.
        server_id: T::ServerId,
        /// The sender's floor: see [`Outgoing::MsgR`].
        floor: u64,
        /// The content of the message.
        payload: T::Payload,
    },
    /// The server has stored the confirmation of ack:R.
    #[doc(alias = "ack:A")]
    AckA {
        /// The message's id.
        id: MsgId,
        /// The sender of the message.
        from: T::Peer,
    },
    /// The recipient has handled message `id`: it is delivered.
    #[doc(alias = "ack:N")]
    AckN {
        /// The message's id.
        id: MsgId,
        /// The server's own id of the message.
        server_id: T::ServerId,
    },
}

/// The server's decision on a msg:R.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound(serialize = "T::ServerId: serde::Serialize", deserialize = "T::ServerId: serde::Deserialize<'de>"))
)]
pub enum Verdict<T: Types> {
    /// The server has stored the message under this id.
    Accepted(T::ServerId),
    /// The server refuses the message.
    Rejected(Rejection),
    /// The server asks for a retry after this time: the messages of this process to this recipient pause, for at most
    /// `probe_max`. When a second recipient's message is answered so before that, and none was accepted in between, every
    /// msg:R pauses. A question is never answered so.
    RetryAfter(Duration),
}

/// Why the server refused a message. The deployment defines the codes and the texts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rejection {
    /// A code for programs.
    pub code: u16,
    /// A text for people.
    pub reason: String,
}
