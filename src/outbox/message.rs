//! One message of the sender, and the only place where its state changes.
//!
//! Each method that changes the state is named after its cause.
//!
//! | state | entered by | left by |
//! |---|---|---|
//! | `Queued` | `send` | first transmission; failure |
//! | `OnWire` | transmission; restore; `resend` | msg:A, ack:N; failure |
//! | `Accepted` | msg:A | ack:N; failure |
//! | `Failed` | rejection, expiry, no answer | `resend`, ack:N |
//!
//! A message is *live* until it has failed. A late answer still changes what is known of a failed one.

use alloc::boxed::Box;

use crate::collections::Key;
use crate::event::{FailReason, Stage, Status};
use crate::frame::Types;
use crate::time::Time;

#[derive(Clone, Debug)]
pub(super) struct Message<T: Types> {
    pub(super) stream: Key,
    pub(super) seq: u64,
    pub(super) payload: T::Payload,
    pub(super) queued_at: Time,
    pub(super) expires_at: Time,
    /// Whether a seq between this one and the next live one was abandoned.
    pub(super) is_below_gap: bool,
    /// Whether newer streams to the same peer wait for this one: it was restored.
    pub(super) is_barrier: bool,
    state: State<T::ServerId>,
}

#[derive(Clone, Debug)]
enum State<S> {
    /// No transmission was made.
    Queued,
    /// Transmitted; the server has not answered.
    OnWire {
        /// Whether more than one transmission was made, or may have been.
        repeated: bool,
        /// Transmissions without an answer since the connection came up.
        unanswered: u32,
        /// Whether it holds a place in the window.
        in_window: bool,
    },
    /// The server has it; the recipient has not confirmed it.
    Accepted {
        server_id: S,
        /// Probes without an ack:N since the recipient was last heard of.
        probes: u32,
    },
    Failed(Box<Failure<S>>),
}

/// What is known of a message that failed.
#[derive(Clone, Debug)]
pub(super) struct Failure<S> {
    reason: FailReason,
    server_id: Option<S>,
}

/// What a verdict `Accepted` means for a message.
#[derive(Debug)]
pub(super) enum Acceptance<S> {
    /// The first one: it leaves the window if it was there, and is a sample of the round trip unless it was repeated.
    First { repeated: bool, in_window: bool },
    /// The server's id was not known, since the message has failed before.
    Learned,
    /// The server has given it another id before.
    Conflict { first: S },
    /// Nothing is new.
    Repeated,
}

/// What a transmission waits for, how many went unanswered, and whether it takes a place in the window that it did not have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Awaits {
    MsgA { unanswered: u32, takes_place: bool },
    AckN { probes: u32 },
}

impl<T: Types> Message<T> {
    /// A message that was just queued.
    pub(super) const fn queued(stream: Key, seq: u64, payload: T::Payload, queued_at: Time, expires_at: Time) -> Self {
        let state = State::Queued;
        Self { stream, seq, payload, queued_at, expires_at, is_below_gap: false, is_barrier: false, state }
    }

    /// A message of an earlier process, which may have transmitted it.
    pub(super) fn restored(stream: Key, seq: u64, payload: T::Payload, queued_at: Time, expires_at: Time) -> Self {
        Self { state: State::UNKNOWN, ..Self::queued(stream, seq, payload, queued_at, expires_at) }
    }

    /// A msg:R leaves; a repetition takes a place in the window if it `waited_for_place`.
    pub(super) fn on_transmit(&mut self, waited_for_place: bool) -> Awaits {
        match &mut self.state {
            State::Queued | State::Failed(_) => {
                debug_assert!(self.is_live(), "a failed message is not transmitted");
                self.state = State::OnWire { repeated: false, unanswered: 0, in_window: true };
                Awaits::MsgA { unanswered: 0, takes_place: true }
            }
            State::OnWire { repeated, unanswered, in_window } => {
                *repeated = true;
                let takes_place = waited_for_place && !*in_window;
                *in_window |= takes_place;
                Awaits::MsgA { unanswered: *unanswered, takes_place }
            }
            State::Accepted { probes, .. } => Awaits::AckN { probes: *probes },
        }
    }

    /// The server says that it has the message.
    pub(super) fn on_accepted(&mut self, server_id: T::ServerId) -> Acceptance<T::ServerId> {
        match &mut self.state {
            State::OnWire { repeated, in_window, .. } => {
                let (repeated, in_window) = (*repeated, *in_window);
                self.state = State::Accepted { server_id, probes: 0 };
                Acceptance::First { repeated, in_window }
            }
            State::Accepted { server_id: first, .. } if *first != server_id => {
                Acceptance::Conflict { first: core::mem::replace(first, server_id) }
            }
            State::Failed(failure) if failure.may_have_arrived() && failure.server_id.as_ref() != Some(&server_id) => {
                match failure.server_id.replace(server_id) {
                    Some(first) => Acceptance::Conflict { first },
                    None => Acceptance::Learned,
                }
            }
            State::Queued | State::Accepted { .. } | State::Failed(_) => Acceptance::Repeated,
        }
    }

    /// The answer to the last transmission did not come in time: which answer, and how often so far.
    pub(super) fn on_timeout(&mut self) -> Option<(Stage, u32)> {
        match &mut self.state {
            State::Queued | State::Failed(_) => None,
            State::OnWire { unanswered, .. } => {
                *unanswered = unanswered.saturating_add(1);
                Some((Stage::Accept, *unanswered))
            }
            State::Accepted { probes, .. } => {
                *probes = probes.saturating_add(1);
                Some((Stage::Deliver, *probes))
            }
        }
    }

    /// It gives its place in the window back; returns whether it had one.
    pub(super) fn leave_window(&mut self) -> bool {
        match &mut self.state {
            State::OnWire { in_window, .. } => core::mem::replace(in_window, false),
            State::Queued | State::Accepted { .. } | State::Failed(_) => false,
        }
    }

    /// The connection is new: attempts start anew.
    pub(super) fn on_connected(&mut self) {
        if let State::OnWire { unanswered, .. } = &mut self.state {
            *unanswered = 0;
        }
    }

    /// The recipient was heard of: probing starts anew. Returns whether the message was probed before.
    pub(super) fn on_recipient_heard(&mut self) -> bool {
        match &mut self.state {
            State::Accepted { probes, .. } => core::mem::replace(probes, 0) > 0,
            State::Queued | State::OnWire { .. } | State::Failed(_) => false,
        }
    }

    pub(super) fn on_failed(&mut self, reason: FailReason) {
        let state = core::mem::replace(&mut self.state, State::Queued);
        (self.is_below_gap, self.is_barrier) = (false, false);
        self.state = State::Failed(Box::new(match state {
            State::Accepted { server_id, .. } => Failure { reason, server_id: Some(server_id) },
            State::Queued | State::OnWire { .. } => Failure { reason, server_id: None },
            State::Failed(failure) => Failure { reason, server_id: failure.server_id },
        }));
    }

    /// The application sends a failed message again; it expires at `expires_at`.
    pub(super) fn on_resent(&mut self, expires_at: Time) {
        self.expires_at = expires_at;
        if let State::Failed(failure) = &mut self.state {
            self.state = match failure.server_id.take() {
                Some(server_id) => State::Accepted { server_id, probes: 0 },
                None if failure.may_have_arrived() => State::UNKNOWN,
                None => State::Queued,
            };
        }
    }

    /// As [`on_resent`](Self::on_resent), in an earlier process, which may have transmitted it.
    pub(super) fn on_resent_before(&mut self, expires_at: Time) {
        self.on_resent(expires_at);
        if let State::Queued = self.state {
            self.state = State::UNKNOWN;
        }
    }

    pub(super) const fn is_in_window(&self) -> bool {
        matches!(self.state, State::OnWire { in_window: true, .. })
    }

    pub(super) const fn is_live(&self) -> bool {
        !matches!(self.state, State::Failed(_))
    }

    /// Whether a frame of it was ever queued for transmission.
    pub(super) fn has_left(&self) -> bool {
        match &self.state {
            State::Queued => false,
            State::OnWire { .. } | State::Accepted { .. } => true,
            State::Failed(failure) => failure.may_have_arrived(),
        }
    }

    /// Whether msg:A is waited for; then, whether more than one transmission was made.
    pub(super) const fn on_wire(&self) -> Option<bool> {
        match &self.state {
            State::OnWire { repeated, .. } => Some(*repeated),
            State::Queued | State::Accepted { .. } | State::Failed(_) => None,
        }
    }

    pub(super) const fn is_accepted(&self) -> bool {
        matches!(self.state, State::Accepted { .. })
    }

    pub(super) fn status(&self) -> Status {
        match &self.state {
            State::Queued => Status::Queued,
            State::OnWire { .. } => Status::OnWire,
            State::Accepted { .. } => Status::Accepted,
            State::Failed(failure) => Status::Failed(failure.reason.clone()),
        }
    }

    /// What the server calls it, if that is known.
    pub(super) const fn server_id(&self) -> Option<&T::ServerId> {
        match &self.state {
            State::Accepted { server_id, .. } => Some(server_id),
            State::Failed(failure) => failure.server_id.as_ref(),
            State::Queued | State::OnWire { .. } => None,
        }
    }
}

impl<S> State<S> {
    /// It may have been transmitted, and what became of it is not known.
    const UNKNOWN: Self = Self::OnWire { repeated: true, unanswered: 0, in_window: false };
}

impl<S> Failure<S> {
    /// Only what never left is known to have expired.
    fn may_have_arrived(&self) -> bool {
        self.reason != FailReason::Expired
    }
}
