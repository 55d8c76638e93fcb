//! The six frames, three each way: what a client sends and what it receives are two types.
//!
//! A client cannot be handed its own kind of frame and cannot emit the server's: illegal frames have no type. How frames
//! become bytes is the caller's choice; with the feature `serde` they derive the traits.

use alloc::string::String;
use core::fmt::Debug;
use core::hash::Hash;
use core::time::Duration;

use crate::id::MsgId;

/// What one deployment speaks: the types of addresses, payloads and server ids.
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
    /// The address of a user, device or conversation. It is cloned once a frame: `u64` or `Arc<str>` is best.
    type Peer: Clone + Debug + Ord + Hash;
    /// What the application sends. It is never looked into and cloned once a transmission: `Arc<[u8]>` or `Bytes` is
    /// best.
    type Payload: Clone + Debug + PartialEq;
    /// The server's own id of a message, for storage and sync; never used for deduplication.
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
    /// "Here is message `id` for `to`": sent again, with the same id, until the message is settled.
    #[doc(alias = "msg:R")]
    MsgR {
        /// The message's id, the same in every transmission.
        id: MsgId,
        /// The recipient.
        to: T::Peer,
        /// The lowest seq of this stream that the sender may still transmit unasked; a hint for order, never for
        /// deduplication. The server passes it on as of the latest msg:R.
        floor: u64,
        /// What the application sends.
        payload: T::Payload,
    },
    /// "My application has handled message `id` of `from`": sent again until ack:A.
    #[doc(alias = "ack:R")]
    AckR {
        /// The message's id.
        id: MsgId,
        /// Who sent the message.
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
        /// Whether the server has it.
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
        /// What the sender's application sent.
        payload: T::Payload,
    },
    /// The server has noted the receiver's confirmation.
    #[doc(alias = "ack:A")]
    AckA {
        /// The message's id.
        id: MsgId,
        /// Who sent the message.
        from: T::Peer,
    },
    /// The recipient has handled message `id`: it is delivered and settled.
    #[doc(alias = "ack:N")]
    AckN {
        /// The message's id.
        id: MsgId,
        /// The server's own id of the message.
        server_id: T::ServerId,
    },
}

/// What the server says of a msg:R.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound(serialize = "T::ServerId: serde::Serialize", deserialize = "T::ServerId: serde::Deserialize<'de>"))
)]
pub enum Verdict<T: Types> {
    /// It has the message, under this id of its own.
    Accepted(T::ServerId),
    /// It will not have it.
    Rejected(Rejection),
    /// Not now: ask again after this long. Pauses every msg:R, at most `probe_max`.
    RetryAfter(Duration),
}

/// Why a server refused a message: a code for programs and a reason for people, both the deployment's own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rejection {
    /// For programs.
    pub code: u16,
    /// For people.
    pub reason: String,
}
