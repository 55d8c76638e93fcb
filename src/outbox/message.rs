//! One message of the sender, and the only place where its state changes.
//!
//! Each method that changes the state is named after its cause.
//!
//! | state | entered by | left by |
//! |---|---|---|
//! | `Queued` | `send`; `resend`, if it never left | first transmission; failure |
//! | `OnWire` | transmission; restore; `resend`, if it may have left | msg:A, ack:N; failure |
//! | `Accepted` | msg:A; `resend`, if the server has accepted it | ack:N; failure |
//! | `Failed` | rejection, expiry, no answer | `resend`; a late ack:N |
//!
//! `discard` ends it in any state. A message is *live* until it has failed. A late answer still changes what is known of
//! a failed one.

use alloc::boxed::Box;

use crate::collections::Key;
use crate::frame::{Rejection, Types};
use crate::status::{FailReason, Stage, Status};
use crate::time::Time;

/// From this number of unanswered transmissions on, a message gives its place back, if something was heard each time;
/// and is stuck, if not.
pub(super) const MAX_UNANSWERED_IN_WINDOW: u16 = 3;
/// The number of cut connections that makes a message suspect of having cut them.
const SUSPECT: u8 = 2;

#[derive(Clone, Debug)]
pub(super) struct Message<T: Types> {
    pub(super) stream: Key,
    pub(super) seq: u64,
    pub(super) payload: T::Payload,
    pub(super) queued_at: Time,
    pub(super) expires_at: Time,
    /// Whether newer streams to the same peer wait for it.
    pub(super) holds_back: bool,
    state: State<T::ServerId>,
}

#[derive(Clone, Debug)]
enum State<S> {
    /// No transmission was made.
    Queued,
    /// Transmitted, or possibly so in an earlier process; the server has not answered.
    OnWire(OnWire),
    /// The server has it; the recipient has not confirmed it.
    Accepted {
        server_id: S,
        /// Transmissions since it was accepted.
        asked: u16,
        tries: Tries,
    },
    Failed(Box<Failure<S>>),
}

#[derive(Clone, Copy, Debug, Default)]
struct OnWire {
    /// Whether it may have left before this connection.
    earlier: bool,
    /// Transmissions on this connection; more than two count as two.
    copies: u8,
    /// Whether the retransmission timeout has passed without an answer.
    timed_out: bool,
    /// Whether it has a place in the window.
    has_place: bool,
    /// Connections that ended while it was unanswered; and while it was the only suspect.
    cuts: u8,
    lone_cuts: u8,
    tries: Tries,
}

/// Transmissions without an answer, on one connection; on another they start anew.
#[derive(Clone, Copy, Debug, Default)]
struct Tries {
    connection: u32,
    /// All of them: the level of the backoff.
    unanswered: u16,
    /// Those after which something was heard: only they may fail a message.
    attempts: u16,
}

/// Why a message failed, and what else is known of it.
#[derive(Clone, Debug)]
pub(super) struct Failure<S> {
    reason: FailReason,
    server_id: Option<S>,
    may_have_left: bool,
}

/// What a verdict `Accepted` means for a message.
#[derive(Debug)]
pub(super) enum Acceptance<S> {
    First,
    /// The server's id was not known, since the message has failed before.
    Learned,
    /// The server has given it another id before.
    Conflict {
        first: S,
    },
    /// Nothing is new. Whether the message was asked about since it was accepted.
    Repeated {
        was_asked: bool,
    },
    /// The message waits for no answer.
    Ignored,
}

/// What the answer to a msg:R says of the round trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    /// It was transmitted once in all: the answer is a sample.
    pub(super) once: bool,
    /// It was transmitted once on this connection.
    pub(super) once_here: bool,
    /// It was repeated after the timeout.
    pub(super) late: bool,
}

/// A transmission: how many before it went unanswered, and whether it enters the window with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Departure {
    pub(super) unanswered: u16,
    pub(super) takes_place: bool,
    /// The number of transmissions since it was accepted, this one included; 0 before.
    pub(super) asked: u16,
}

/// A timeout: which answer did not come, how often so far, and how often although something was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unanswered {
    pub(super) stage: Stage,
    pub(super) unanswered: u16,
    /// `None` when nothing was heard.
    pub(super) attempts: Option<u16>,
}

impl<T: Types> Message<T> {
    /// A message that was just queued.
    pub(super) const fn queued(stream: Key, seq: u64, payload: T::Payload, queued_at: Time, expires_at: Time) -> Self {
        Self { stream, seq, payload, queued_at, expires_at, holds_back: true, state: State::Queued }
    }

    /// A message of an earlier process, which may have transmitted it.
    pub(super) fn restored(stream: Key, seq: u64, payload: T::Payload, queued_at: Time, expires_at: Time) -> Self {
        Self { state: State::may_have_left(), ..Self::queued(stream, seq, payload, queued_at, expires_at) }
    }

    /// Handles the transmission of a msg:R; one that `wants_place` enters the window if it is not in it.
    #[inline]
    pub(super) fn on_transmit(&mut self, wants_place: bool, connection: u32) -> Departure {
        match &mut self.state {
            State::Queued | State::Failed(_) => {
                debug_assert!(self.is_live(), "a failed message is not transmitted");
                let tries = Tries { connection, unanswered: 0, attempts: 0 };
                self.state = State::OnWire(OnWire { copies: 1, has_place: true, tries, ..OnWire::default() });
                Departure { unanswered: 0, takes_place: true, asked: 0 }
            }
            State::OnWire(wire) => {
                wire.renew(connection);
                wire.copies = (wire.copies + 1).min(2);
                let takes_place = wants_place && !wire.has_place;
                wire.has_place |= takes_place;
                Departure { unanswered: wire.tries.unanswered, takes_place, asked: 0 }
            }
            State::Accepted { asked, tries, .. } => {
                tries.renew(connection);
                *asked = asked.saturating_add(1);
                Departure { unanswered: tries.unanswered, takes_place: false, asked: *asked }
            }
        }
    }

    /// Handles the server's acceptance.
    #[inline]
    pub(super) fn on_accepted(&mut self, server_id: T::ServerId) -> Acceptance<T::ServerId> {
        match &mut self.state {
            State::OnWire(wire) => {
                debug_assert!(!wire.has_place, "an answered message leaves the window first");
                self.state = State::Accepted { server_id, asked: 0, tries: Tries::default() };
                Acceptance::First
            }
            State::Accepted { server_id: first, asked, tries } => {
                *tries = Tries::default();
                if *first == server_id {
                    Acceptance::Repeated { was_asked: *asked > 0 }
                } else {
                    Acceptance::Conflict { first: core::mem::replace(first, server_id) }
                }
            }
            State::Failed(failure) if failure.may_have_left && failure.server_id.as_ref() != Some(&server_id) => {
                match failure.server_id.replace(server_id) {
                    Some(first) => Acceptance::Conflict { first },
                    None => Acceptance::Learned,
                }
            }
            State::Queued | State::Failed(_) => Acceptance::Ignored,
        }
    }

    /// Handles the server's rejection of a failed message; returns whether it is new.
    pub(super) fn on_rejected_late(&mut self, rejection: &Rejection) -> Option<FailReason> {
        match &mut self.state {
            State::Failed(failure) if failure.reason == (FailReason::Unknown { rejection: None }) => {
                failure.reason = FailReason::Unknown { rejection: Some(rejection.clone()) };
                Some(failure.reason.clone())
            }
            State::Queued | State::OnWire(_) | State::Accepted { .. } | State::Failed(_) => None,
        }
    }

    /// The server put it off: it was answered, so that it starts anew.
    pub(super) fn on_put_off(&mut self) {
        match &mut self.state {
            State::OnWire(wire) => (wire.tries, wire.cuts, wire.lone_cuts) = (wire.tries.answered(), 0, 0),
            State::Accepted { tries, .. } => *tries = Tries::default(),
            State::Queued | State::Failed(_) => {}
        }
    }

    /// Handles a timeout. `heard` is whether a frame was received since the transmission, `is_overdue` whether the
    /// delay was the shorter one of what is overdue.
    pub(super) fn on_timeout(&mut self, heard: bool, is_overdue: bool) -> Option<Unanswered> {
        let (stage, tries) = match &mut self.state {
            State::Queued | State::Failed(_) => return None,
            State::OnWire(wire) => {
                wire.timed_out |= !is_overdue;
                (Stage::Accept, &mut wire.tries)
            }
            State::Accepted { tries, .. } => (Stage::Deliver, tries),
        };
        tries.unanswered = tries.unanswered.saturating_add(1);
        tries.attempts = tries.attempts.saturating_add(u16::from(heard));
        Some(Unanswered { stage, unanswered: tries.unanswered, attempts: heard.then_some(tries.attempts) })
    }

    /// Leaves the window; returns, if it was there, whether it was stuck.
    #[inline]
    pub(super) const fn leave_window(&mut self) -> Option<bool> {
        match &mut self.state {
            State::OnWire(wire) if wire.has_place => {
                wire.has_place = false;
                Some(wire.tries.unanswered >= MAX_UNANSWERED_IN_WINDOW)
            }
            State::OnWire(_) | State::Queued | State::Accepted { .. } | State::Failed(_) => None,
        }
    }

    pub(super) const fn has_place(&self) -> bool {
        matches!(&self.state, State::OnWire(wire) if wire.has_place)
    }

    /// The connection ended while it was unanswered. `accuses` is whether that counts; `alone` is whether it was the
    /// only suspect on the wire. Returns the number of its lone cuts.
    pub(super) fn on_cut(&mut self, accuses: bool, alone: bool) -> u8 {
        match &mut self.state {
            State::OnWire(wire) => {
                wire.cuts = wire.cuts.saturating_add(u8::from(accuses));
                wire.lone_cuts = wire.lone_cuts.saturating_add(u8::from(alone));
                wire.lone_cuts
            }
            State::Accepted { tries, .. } => {
                *tries = Tries::default();
                0
            }
            State::Queued | State::Failed(_) => 0,
        }
    }

    /// It is asked about no more, until its peer's turn comes again.
    pub(super) fn on_rest(&mut self) {
        if let State::Accepted { tries, .. } = &mut self.state {
            *tries = Tries::default();
        }
    }

    pub(super) fn on_failed(&mut self, reason: FailReason) {
        self.holds_back = false;
        // That is a fact, also of a message that is restored.
        let may_have_left = self.has_left() && reason != FailReason::Expired;
        let server_id = match core::mem::replace(&mut self.state, State::Queued) {
            State::Accepted { server_id, .. } => Some(server_id),
            State::Queued | State::OnWire(_) => None,
            State::Failed(failure) => failure.server_id,
        };
        self.state = State::Failed(Box::new(Failure { reason, server_id, may_have_left }));
    }

    /// An earlier process has sent a failed message again.
    pub(super) fn on_resent_before(&mut self) {
        if let State::Failed(failure) = &mut self.state {
            failure.may_have_left = true;
        }
    }

    /// The application sends a failed message again; it expires at `expires_at`.
    pub(super) fn on_resent(&mut self, expires_at: Time) {
        self.expires_at = expires_at;
        if let State::Failed(failure) = &mut self.state {
            self.state = match failure.server_id.take() {
                Some(server_id) => State::Accepted { server_id, asked: 0, tries: Tries::default() },
                None if failure.may_have_left => State::may_have_left(),
                None => State::Queued,
            };
        }
        self.holds_back = !self.is_accepted();
    }

    pub(super) const fn is_live(&self) -> bool {
        !matches!(self.state, State::Failed(_))
    }

    /// Whether a frame of it was ever queued for transmission, or may have been.
    pub(super) fn has_left(&self) -> bool {
        match &self.state {
            State::Queued => false,
            State::OnWire(_) | State::Accepted { .. } => true,
            State::Failed(failure) => failure.may_have_left,
        }
    }

    /// Returns, when msg:A is waited for, what an answer says of the round trip.
    pub(super) const fn on_wire(&self, connection: u32) -> Option<Answered> {
        match &self.state {
            State::OnWire(wire) => Some(wire.answered(connection)),
            State::Queued | State::Accepted { .. } | State::Failed(_) => None,
        }
    }

    pub(super) const fn is_accepted(&self) -> bool {
        matches!(self.state, State::Accepted { .. })
    }

    /// Whether it may be what cut the connections on which it was.
    pub(super) const fn is_suspect(&self) -> bool {
        matches!(&self.state, State::OnWire(wire) if wire.cuts >= SUSPECT)
    }

    pub(super) const fn is_suspect_in_flight(&self) -> bool {
        self.is_suspect() && self.has_place()
    }

    /// How often the connection was cut while it was the only suspect on the wire.
    pub(super) const fn lone_cuts(&self) -> u8 {
        match &self.state {
            State::OnWire(wire) => wire.lone_cuts,
            State::Queued | State::Accepted { .. } | State::Failed(_) => 0,
        }
    }

    pub(super) fn status(&self) -> Status {
        match &self.state {
            State::Queued => Status::Queued,
            State::OnWire(_) => Status::OnWire,
            State::Accepted { .. } => Status::Accepted,
            State::Failed(failure) => Status::Failed(failure.reason.clone()),
        }
    }

    /// The server's id of it, if that is known.
    pub(super) const fn server_id(&self) -> Option<&T::ServerId> {
        match &self.state {
            State::Accepted { server_id, .. } => Some(server_id),
            State::Failed(failure) => failure.server_id.as_ref(),
            State::Queued | State::OnWire(_) => None,
        }
    }
}

impl<S> State<S> {
    /// It may have been transmitted, and what became of it is not known.
    fn may_have_left() -> Self {
        Self::OnWire(OnWire { earlier: true, ..OnWire::default() })
    }
}

impl OnWire {
    fn renew(&mut self, connection: u32) {
        if self.tries.renew(connection) {
            self.earlier |= self.copies > 0;
            (self.copies, self.timed_out) = (0, false);
        }
    }

    const fn answered(&self, connection: u32) -> Answered {
        let copies = if self.tries.connection == connection { self.copies } else { 0 };
        Answered { once: !self.earlier && self.copies == 1, once_here: copies == 1, late: self.timed_out && copies > 1 }
    }
}

impl Tries {
    /// Starts anew on another connection; returns whether it is another.
    fn renew(&mut self, connection: u32) -> bool {
        let is_another = self.connection != connection;
        if is_another {
            *self = Self { connection, unanswered: 0, attempts: 0 };
        }
        is_another
    }

    /// The same connection, nothing unanswered.
    const fn answered(self) -> Self {
        Self { connection: self.connection, unanswered: 0, attempts: 0 }
    }
}
