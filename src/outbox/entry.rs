//! One message of the sender: one state enum, and what is kept of a parked one.

use crate::event::{FailReason, Status};
use crate::frame::Types;
use crate::slab::Key;
use crate::time::Time;

/// A message that is on its way.
#[derive(Clone, Debug)]
pub(super) struct Entry<T: Types> {
    pub(super) stream: Key,
    pub(super) seq: u64,
    pub(super) payload: T::Payload,
    pub(super) queued_at: Time,
    /// Whether a seq between this one and the next unsettled one was abandoned.
    pub(super) holds_floor_below_gap: bool,
    /// Whether newer messages to the same peer wait for this one: it was restored.
    pub(super) gating: bool,
    pub(super) state: State<T::ServerId>,
}

impl<T: Types> Entry<T> {
    pub(super) const fn new(
        stream: Key,
        seq: u64,
        payload: T::Payload,
        queued_at: Time,
        state: State<T::ServerId>,
    ) -> Self {
        Self { stream, seq, payload, queued_at, holds_floor_below_gap: false, gating: false, state }
    }
}

/// Where a message stands on its way. It moves down this list only.
///
/// | state | leaves it by |
/// |---|---|
/// | `Queued` | its first transmission; expiry |
/// | `OnWire` | msg:A, ack:N; rejection, give-up, expiry |
/// | `Accepted` | ack:N; rejection, expiry |
#[derive(Clone, Debug)]
pub(super) enum State<S> {
    /// No transmission was made.
    Queued,
    /// Transmitted, and the server has not answered for it.
    OnWire {
        /// Whether more than one transmission was made, or may have been.
        repeated: bool,
        /// Transmissions without an answer since the connection came up.
        unanswered: u32,
        /// Whether it holds a place in the window.
        windowed: bool,
    },
    /// The server has it; the recipient has not confirmed it.
    Accepted {
        server_id: S,
        /// Probes without an ack:N since the recipient was last heard of.
        probes: u32,
    },
}

impl<S> State<S> {
    /// Its first transmission was made just now.
    pub(super) const FIRST: Self = Self::OnWire { repeated: false, unanswered: 0, windowed: true };

    /// What is known of a message that an earlier process or an earlier `send` may have transmitted.
    pub(super) const fn restored() -> Self {
        Self::OnWire { repeated: true, unanswered: 0, windowed: false }
    }

    /// Whether a frame of it was ever queued for transmission.
    pub(super) const fn has_left(&self) -> bool {
        match self {
            Self::Queued => false,
            Self::OnWire { .. } | Self::Accepted { .. } => true,
        }
    }

    /// Whether it holds a place in the window.
    #[inline]
    pub(super) const fn is_windowed(&self) -> bool {
        match self {
            Self::OnWire { windowed, .. } => *windowed,
            Self::Queued | Self::Accepted { .. } => false,
        }
    }

    pub(super) const fn status(&self) -> Status {
        match self {
            Self::Queued => Status::Queued,
            Self::OnWire { .. } => Status::OnWire,
            Self::Accepted { .. } => Status::Accepted,
        }
    }
}

/// A message that failed: it is on nobody's way and waits for the application.
#[derive(Clone, Debug)]
pub(super) struct Parked<T: Types> {
    pub(super) payload: T::Payload,
    pub(super) queued_at: Time,
    pub(super) reason: FailReason,
    /// What the server called it, if it ever did.
    pub(super) server_id: Option<T::ServerId>,
}

impl<T: Types> Parked<T> {
    /// Whether a frame of it was ever queued for transmission.
    pub(super) fn has_left(&self) -> bool {
        self.reason != FailReason::Expired
    }
}
