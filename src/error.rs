//! Errors: one type per operation, for local misuse only.
//!
//! A received frame never causes an error. Late, repeated, unknown and forged frames are normal: they are counted in
//! [`Stats`](crate::Stats) and ignored.

use core::time::Duration;

use thiserror::Error;

use crate::frame::Types;
use crate::id::MsgId;

/// An invalid configuration, found by [`Client::new`](crate::Client::new).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("config field `{field}` {reason}")]
pub struct ConfigError {
    pub(crate) field: &'static str,
    pub(crate) reason: &'static str,
}

impl ConfigError {
    /// Returns the name of the field.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// Returns what the field must be, as the end of a sentence: "must be …".
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        self.reason
    }
}

/// Why [`Client::send`](crate::Client::send) did not take a message. It contains the payload.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SendError<T: Types> {
    /// `outbox_capacity` messages are undelivered, failed ones included.
    #[error("the outbox is full: {capacity} messages are not settled")]
    Full {
        /// The payload of the message.
        payload: T::Payload,
        /// The configured `outbox_capacity`.
        capacity: usize,
    },
}

impl<T: Types> SendError<T> {
    /// Returns the payload.
    #[must_use]
    pub fn into_payload(self) -> T::Payload {
        match self {
            Self::Full { payload, .. } => payload,
        }
    }
}

/// Why [`Client::resend`](crate::Client::resend) did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ResendError {
    /// The message has not failed.
    #[error("message {0} has not failed: it is still on its way")]
    NotFailed(MsgId),
    /// `lifetime` has passed since `send`: a receiver may have forgotten the message and would hand it over twice.
    #[error("message {id} is too old to be sent again: {age:?} since it was first sent")]
    TooOld {
        /// The message.
        id: MsgId,
        /// The time since `send`.
        age: Duration,
    },
    /// The message was delivered or discarded, or never existed.
    #[error("message {0} is not in the outbox")]
    Unknown(MsgId),
}

/// [`Client::discard`](crate::Client::discard): the message was delivered or discarded, or never existed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("message {0} is not in the outbox")]
pub struct UnknownMessage(pub MsgId);

/// [`Client::confirm`](crate::Client::confirm) or [`Client::release`](crate::Client::release): no such message of that
/// peer was handed over, or it is no longer remembered, or (for `release`) it is already confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("message {0} of that sender is not with the application")]
pub struct UnknownDelivery(pub MsgId);
