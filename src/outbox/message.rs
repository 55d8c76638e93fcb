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
    tries: Tries,
    state: State<T::ServerId>,
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
        /// Whether it was repeated because it was overdue.
        hurried: bool,
    },
    Failed(Box<Failure<S>>),
}

#[derive(Clone, Copy, Debug, Default)]
struct OnWire {
    /// Whether it may have left before this connection.
    earlier: bool,
    /// Transmissions on this connection; more than two count as two.
    copies: u8,
    /// Whether the retransmission timeout has passed without an answer; and the shorter delay of what is overdue.
    timed_out: bool,
    hurried: bool,
    /// Whether it has a place in the window.
    has_place: bool,
    /// Connections that ended while it was unanswered; and while it was the only suspect.
    cuts: u8,
    lone_cuts: u8,
}

/// Why a message failed, and what else is known of it.
#[derive(Clone, Debug)]
pub(super) struct Failure<S> {
    reason: FailReason,
    server_id: Option<S>,
    may_have_left: bool,
}

/// What a verdict `Accepted` means for a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Acceptance<S> {
    /// The first one.
    First,
    /// The server's id was not known, since the message has failed before.
    Learned,
    /// The server has given it another id before.
    Conflict { first: S },
    /// Nothing is new. `needless` is whether it shows that the message was repeated for nothing.
    Repeated { needless: bool },
    /// The message waits for no answer.
    Ignored,
}

/// What the first answer to a msg:R says of the round trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    /// The message was transmitted once in all: the answer is a sample.
    pub(super) once: bool,
    /// It was transmitted once on this connection.
    pub(super) once_here: bool,
    /// It was repeated after the timeout.
    pub(super) late: bool,
}

/// What a message on the wire leaves with its first answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// Whether it was stuck, if it was in the window.
    pub(super) window: Option<bool>,
    pub(super) was_suspect: bool,
    pub(super) held_back: bool,
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
    pub(super) fn queued(stream: Key, seq: u64, payload: T::Payload, queued_at: Time, expires_at: Time) -> Self {
        let (tries, state) = (Tries::default(), State::Queued);
        Self { stream, seq, payload, queued_at, expires_at, holds_back: true, tries, state }
    }

    /// A message of an earlier process, which may have transmitted it.
    pub(super) fn restored(stream: Key, seq: u64, payload: T::Payload, queued_at: Time, expires_at: Time) -> Self {
        Self { state: State::may_have_left(), ..Self::queued(stream, seq, payload, queued_at, expires_at) }
    }

    const fn wire(&self) -> Option<&OnWire> {
        match &self.state {
            State::OnWire(wire) => Some(wire),
            State::Queued | State::Accepted { .. } | State::Failed(_) => None,
        }
    }

    const fn wire_mut(&mut self) -> Option<&mut OnWire> {
        match &mut self.state {
            State::OnWire(wire) => Some(wire),
            State::Queued | State::Accepted { .. } | State::Failed(_) => None,
        }
    }

    /// Handles the transmission of a msg:R. One that was not accepted enters the window if it is not in it.
    #[inline]
    pub(super) fn on_transmit(&mut self, connection: u32) -> Departure {
        if self.tries.connection != connection {
            self.tries = Tries { connection, unanswered: 0, attempts: 0 };
            if let Some(wire) = self.wire_mut() {
                let OnWire { earlier, copies, cuts, lone_cuts, .. } = *wire;
                *wire = OnWire { earlier: earlier || copies > 0, cuts, lone_cuts, ..OnWire::default() };
            }
        }
        let unanswered = self.tries.unanswered;
        match &mut self.state {
            State::Queued | State::Failed(_) => {
                debug_assert!(self.is_live(), "a failed message is not transmitted");
                self.state = State::OnWire(OnWire { copies: 1, has_place: true, ..OnWire::default() });
                Departure { unanswered, takes_place: true, asked: 0 }
            }
            State::OnWire(wire) => {
                wire.copies = (wire.copies + 1).min(2);
                let takes_place = !core::mem::replace(&mut wire.has_place, true);
                Departure { unanswered, takes_place, asked: 0 }
            }
            State::Accepted { asked, .. } => {
                *asked = asked.saturating_add(1);
                Departure { unanswered, takes_place: false, asked: *asked }
            }
        }
    }

    /// Handles the first answer to a message on the wire; `None` for any other.
    #[inline]
    pub(super) fn on_answered(&mut self, connection: u32) -> Option<(Answered, Left)> {
        let wire = self.wire()?;
        let copies = if self.tries.connection == connection { wire.copies } else { 0 };
        let once = !wire.earlier && wire.copies == 1;
        let answered = Answered { once, once_here: copies == 1, late: wire.timed_out && copies > 1 };
        let was_suspect = self.is_suspect();
        let held_back = core::mem::take(&mut self.holds_back);
        Some((answered, Left { window: self.leave_window(), was_suspect, held_back }))
    }

    /// Handles the server's acceptance.
    #[inline]
    pub(super) fn on_accepted(&mut self, server_id: T::ServerId) -> Acceptance<T::ServerId> {
        match &mut self.state {
            State::OnWire(wire) => {
                debug_assert!(!wire.has_place, "an answered message leaves the window first");
                let hurried = wire.hurried && wire.copies > 1;
                self.state = State::Accepted { server_id, asked: 0, hurried };
                self.tries = Tries::default();
                Acceptance::First
            }
            State::Accepted { server_id: first, asked, hurried } => {
                self.tries = Tries::default();
                if *first == server_id {
                    return Acceptance::Repeated { needless: *asked == 0 && core::mem::take(hurried) };
                }
                Acceptance::Conflict { first: core::mem::replace(first, server_id) }
            }
            State::Failed(failure) if failure.may_have_left && failure.server_id.as_ref() != Some(&server_id) => {
                let first = failure.server_id.replace(server_id);
                first.map_or(Acceptance::Learned, |first| Acceptance::Conflict { first })
            }
            State::Queued | State::Failed(_) => Acceptance::Ignored,
        }
    }

    /// The server has rejected a failed message; returns the reason if it is new.
    pub(super) fn on_rejected_late(&mut self, rejection: Rejection) -> Option<FailReason> {
        let State::Failed(failure) = &mut self.state else { return None };
        if failure.reason != (FailReason::Unknown { rejection: None }) {
            return None;
        }
        failure.reason = FailReason::Unknown { rejection: Some(rejection) };
        Some(failure.reason.clone())
    }

    /// The server put it off: it was answered, so that it starts anew.
    pub(super) fn on_put_off(&mut self) {
        self.on_rest();
        if let Some(wire) = self.wire_mut() {
            (wire.cuts, wire.lone_cuts) = (0, 0);
        }
    }

    /// Nothing of it is unanswered any more.
    pub(super) const fn on_rest(&mut self) {
        (self.tries.unanswered, self.tries.attempts) = (0, 0);
    }

    /// Handles a timeout. `heard` is whether a frame was received since the transmission, `is_overdue` whether the
    /// delay was the shorter one of what is overdue.
    pub(super) fn on_timeout(&mut self, heard: bool, is_overdue: bool) -> Unanswered {
        let stage = if self.is_accepted() { Stage::Deliver } else { Stage::Accept };
        if let Some(wire) = self.wire_mut() {
            (wire.timed_out, wire.hurried) = (wire.timed_out || !is_overdue, wire.hurried || is_overdue);
        }
        let Tries { unanswered, attempts, .. } = &mut self.tries;
        *unanswered = unanswered.saturating_add(1);
        *attempts = attempts.saturating_add(u16::from(heard));
        Unanswered { stage, unanswered: *unanswered, attempts: heard.then_some(*attempts) }
    }

    /// Leaves the window; returns, if it was there, whether it was stuck.
    #[inline]
    pub(super) fn leave_window(&mut self) -> Option<bool> {
        let is_stuck = self.tries.unanswered >= MAX_UNANSWERED_IN_WINDOW;
        core::mem::take(&mut self.wire_mut()?.has_place).then_some(is_stuck)
    }

    /// The connection ended while it was unanswered. `accuses` is whether that counts; `alone` is whether it was the
    /// only suspect on the wire. Returns the number of its lone cuts.
    pub(super) fn on_cut(&mut self, accuses: bool, alone: bool) -> u8 {
        let Some(wire) = self.wire_mut() else { return 0 };
        wire.cuts = wire.cuts.saturating_add(u8::from(accuses));
        wire.lone_cuts = wire.lone_cuts.saturating_add(u8::from(alone));
        wire.lone_cuts
    }

    pub(super) fn on_failed(&mut self, reason: FailReason) {
        self.holds_back = false;
        let may_have_left = self.has_left();
        let server_id = self.server_id().cloned();
        self.state = State::Failed(Box::new(Failure { reason, server_id, may_have_left }));
    }

    /// The application sends a failed message again; it expires at `expires_at`.
    pub(super) fn on_resent(&mut self, expires_at: Time) {
        (self.expires_at, self.tries) = (expires_at, Tries::default());
        if let State::Failed(failure) = &mut self.state {
            self.state = match failure.server_id.take() {
                Some(server_id) => State::Accepted { server_id, asked: 0, hurried: false },
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

    pub(super) const fn is_accepted(&self) -> bool {
        matches!(self.state, State::Accepted { .. })
    }

    /// Whether another acceptance of it would show that it was repeated for nothing.
    pub(super) const fn was_hurried(&self) -> bool {
        matches!(self.state, State::Accepted { asked: 0, hurried: true, .. })
    }

    pub(super) fn has_place(&self) -> bool {
        self.wire().is_some_and(|wire| wire.has_place)
    }

    /// Whether it may be what cut the connections on which it was.
    pub(super) fn is_suspect(&self) -> bool {
        self.wire().is_some_and(|wire| wire.cuts >= SUSPECT)
    }

    pub(super) fn is_suspect_in_flight(&self) -> bool {
        self.is_suspect() && self.has_place()
    }

    /// How often the connection was cut while it was the only suspect on the wire.
    pub(super) fn lone_cuts(&self) -> u8 {
        self.wire().map_or(0, |wire| wire.lone_cuts)
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
    pub(super) fn server_id(&self) -> Option<&T::ServerId> {
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

#[cfg(test)]
mod tests {
    use super::*;

    use alloc::format;
    use alloc::string::String;
    use core::fmt::Debug;

    #[derive(Clone, Debug, PartialEq)]
    struct Test;

    impl Types for Test {
        type Peer = u64;
        type Payload = char;
        type ServerId = u64;
    }

    const UNKNOWN: FailReason = FailReason::Unknown { rejection: None };
    const HERE: u32 = 7;
    const EARLIER: OnWire =
        OnWire { earlier: true, copies: 0, timed_out: false, hurried: false, has_place: false, cuts: 0, lone_cuts: 0 };
    const FIRST: OnWire = OnWire { earlier: false, copies: 1, has_place: true, ..EARLIER };
    const REPEATED: OnWire = OnWire { copies: 2, timed_out: true, ..FIRST };

    fn rejection() -> Rejection {
        Rejection { code: 9, reason: String::from("no") }
    }

    fn accepted(server_id: u64, asked: u16) -> State<u64> {
        State::Accepted { server_id, asked, hurried: false }
    }

    fn failed(reason: FailReason, server_id: Option<u64>, may_have_left: bool) -> State<u64> {
        State::Failed(Box::new(Failure { reason, server_id, may_have_left }))
    }

    fn tries(unanswered: u16, attempts: u16) -> Tries {
        Tries { connection: HERE, unanswered, attempts }
    }

    fn message(state: State<u64>) -> Message<Test> {
        let message = Message::queued(3, 11, 'x', Time::from_nanos(20), Time::from_nanos(50));
        Message { state, tries: tries(2, 1), ..message }
    }

    /// A message as text: states have no equality.
    fn text(value: &impl Debug) -> String {
        format!("{value:?}")
    }

    fn same(one: &Message<Test>, other: &Message<Test>) {
        assert_eq!(text(one), text(other));
    }

    #[test]
    fn a_message_starts_queued_or_restored_with_an_unknown_fate() {
        let [at, expires_at] = [20, 50].map(Time::from_nanos);
        let message = Message::<Test>::queued(3, 11, 'x', at, expires_at);
        assert_eq!((message.stream, message.seq, message.payload), (3, 11, 'x'));
        assert_eq!((message.queued_at, message.expires_at, message.holds_back), (at, expires_at, true));
        assert_eq!((message.status(), message.has_left()), (Status::Queued, false));
        let restored = Message::<Test>::restored(3, 11, 'x', at, expires_at);
        same(&restored, &Message { state: State::OnWire(EARLIER), ..message });
        assert!(restored.has_left());
    }

    #[test]
    fn a_transmission_puts_a_message_on_the_wire_or_asks() {
        let go = |unanswered, takes_place, asked| Departure { unanswered, takes_place, asked };
        for (from, departure, to) in [
            (State::Queued, go(2, true, 0), State::OnWire(FIRST)),
            (State::OnWire(FIRST), go(2, false, 0), State::OnWire(OnWire { copies: 2, ..FIRST })),
            (State::OnWire(REPEATED), go(2, false, 0), State::OnWire(REPEATED)),
            (State::OnWire(EARLIER), go(2, true, 0), State::OnWire(OnWire { copies: 1, has_place: true, ..EARLIER })),
            (accepted(7, 4), go(2, false, 5), accepted(7, 5)),
            (accepted(7, u16::MAX), go(2, false, u16::MAX), accepted(7, u16::MAX)),
        ] {
            let mut changed = message(from);
            assert_eq!(changed.on_transmit(HERE), departure);
            same(&changed, &message(to));
        }
    }

    #[test]
    fn on_another_connection_transmissions_are_counted_anew() {
        for (from, to) in [
            (OnWire { has_place: false, cuts: 1, ..REPEATED }, OnWire { earlier: true, copies: 1, cuts: 1, ..FIRST }),
            (EARLIER, OnWire { earlier: true, ..FIRST }),
        ] {
            let mut changed = message(State::OnWire(from));
            assert_eq!(changed.on_transmit(HERE + 1), Departure { unanswered: 0, takes_place: true, asked: 0 });
            let tries = Tries { connection: HERE + 1, unanswered: 0, attempts: 0 };
            same(&changed, &Message { tries, ..message(State::OnWire(to)) });
        }
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "a failed message is not transmitted")]
    fn a_failed_message_is_not_transmitted() {
        message(failed(UNKNOWN, None, true)).on_transmit(HERE);
    }

    #[test]
    fn an_acceptance_counts_once_and_another_server_id_is_a_conflict() {
        let off = OnWire { has_place: false, ..REPEATED };
        let conflict = Acceptance::Conflict { first: 6 };
        for (from, acceptance, to) in [
            (State::Queued, Acceptance::Ignored, State::Queued),
            (State::OnWire(off), Acceptance::First, accepted(7, 0)),
            (accepted(7, 0), Acceptance::Repeated { needless: false }, accepted(7, 0)),
            (accepted(7, 3), Acceptance::Repeated { needless: false }, accepted(7, 3)),
            (accepted(6, 3), Acceptance::Conflict { first: 6 }, accepted(7, 3)),
            (failed(UNKNOWN, None, true), Acceptance::Learned, failed(UNKNOWN, Some(7), true)),
            (failed(UNKNOWN, Some(7), true), Acceptance::Ignored, failed(UNKNOWN, Some(7), true)),
            (failed(UNKNOWN, Some(6), true), conflict, failed(UNKNOWN, Some(7), true)),
            (failed(FailReason::Expired, None, false), Acceptance::Ignored, failed(FailReason::Expired, None, false)),
        ] {
            let mut changed = message(from.clone());
            assert_eq!(changed.on_accepted(7), acceptance, "{from:?}");
            let is_accepted = changed.is_accepted();
            let tries = if is_accepted { Tries::default() } else { tries(2, 1) };
            same(&changed, &Message { tries, ..message(to) });
        }
    }

    #[test]
    fn a_second_acceptance_of_a_hurried_message_that_nobody_asked_about_shows_that_it_was_needless() {
        let mut hurried = message(State::OnWire(FIRST));
        hurried.on_timeout(true, true);
        let mut unrepeated = hurried.clone();
        hurried.on_transmit(HERE);
        for (message, needless) in [(&mut hurried, true), (&mut unrepeated, false)] {
            message.leave_window();
            assert_eq!((message.on_accepted(7), message.was_hurried()), (Acceptance::First, needless));
            let mut asked = message.clone();
            assert_eq!(message.on_accepted(7), Acceptance::Repeated { needless });
            assert_eq!(message.on_accepted(7), Acceptance::Repeated { needless: false }, "only once");
            asked.on_transmit(HERE);
            assert_eq!(asked.on_accepted(7), Acceptance::Repeated { needless: false });
        }
    }

    #[test]
    fn a_rejection_after_an_unknown_failure_is_kept() {
        let known = FailReason::Unknown { rejection: Some(rejection()) };
        let mut changed = message(failed(UNKNOWN, Some(7), true));
        assert_eq!(changed.on_rejected_late(rejection()), Some(known.clone()));
        same(&changed, &message(failed(known.clone(), Some(7), true)));
        assert_eq!(changed.on_rejected_late(rejection()), None);
        for state in [State::Queued, State::OnWire(FIRST), accepted(7, 0), failed(FailReason::Expired, None, false)] {
            assert_eq!(message(state).on_rejected_late(rejection()), None);
        }
    }

    #[test]
    fn a_timeout_counts_as_an_attempt_only_if_something_was_heard() {
        for (state, stage) in [(State::OnWire(FIRST), Stage::Accept), (accepted(7, 4), Stage::Deliver)] {
            let mut message = message(state);
            let silent = Unanswered { stage, unanswered: 3, attempts: None };
            assert_eq!(message.on_timeout(false, false), silent);
            assert_eq!(message.on_timeout(true, false), Unanswered { unanswered: 4, attempts: Some(2), ..silent });
            message.on_rest();
            assert_eq!(message.on_timeout(true, true), Unanswered { unanswered: 1, attempts: Some(1), ..silent });
            message.tries = tries(u16::MAX, u16::MAX);
            let all = Unanswered { unanswered: u16::MAX, attempts: Some(u16::MAX), ..silent };
            assert_eq!(message.on_timeout(true, false), all, "the counts saturate");
        }
    }

    #[test]
    fn an_answer_is_a_sample_after_one_transmission_and_late_after_a_repetition_by_the_timeout() {
        let answered = |message: &Message<Test>, connection| message.clone().on_answered(connection).map(|(it, _)| it);
        let says = |once, once_here, late| Some(Answered { once, once_here, late });
        let mut wire = message(State::OnWire(FIRST));
        assert_eq!(answered(&wire, HERE), says(true, true, false));
        assert_eq!(answered(&wire, HERE + 1), says(true, false, false), "not transmitted on this connection");
        wire.on_timeout(true, false);
        assert_eq!(answered(&wire, HERE), says(true, true, false), "it was not repeated yet");
        wire.on_transmit(HERE);
        assert_eq!(answered(&wire, HERE), says(false, false, true));
        let mut overdue = message(State::OnWire(FIRST));
        overdue.on_timeout(true, true);
        overdue.on_transmit(HERE);
        assert_eq!(answered(&overdue, HERE), says(false, false, false));
        overdue.on_transmit(HERE + 1);
        assert_eq!(answered(&overdue, HERE + 1), says(false, true, false));
        for state in [State::Queued, accepted(7, 0), failed(UNKNOWN, None, true)] {
            assert_eq!(answered(&message(state), HERE), None);
        }
    }

    #[test]
    fn an_answered_message_leaves_window_suspects_and_order() {
        let suspect = OnWire { cuts: SUSPECT, ..FIRST };
        let waiting = OnWire { has_place: false, ..FIRST };
        for (wire, window, was_suspect) in
            [(FIRST, Some(false), false), (suspect, Some(false), true), (waiting, None, false)]
        {
            let mut changed = message(State::OnWire(wire));
            let left = changed.on_answered(HERE).map(|(_, left)| left);
            assert_eq!(left, Some(Left { window, was_suspect, held_back: true }));
            assert!(!changed.holds_back && !changed.has_place());
        }
    }

    #[test]
    fn a_place_in_the_window_is_given_back_once_and_three_timeouts_make_a_message_stuck() {
        let mut wire = message(State::OnWire(FIRST));
        assert_eq!((wire.has_place(), wire.leave_window(), wire.leave_window()), (true, Some(false), None));
        let mut stuck = message(State::OnWire(FIRST));
        stuck.on_timeout(false, false);
        assert_eq!(stuck.leave_window(), Some(true));
        for state in [State::Queued, accepted(7, 0), failed(UNKNOWN, None, true)] {
            assert_eq!(message(state).leave_window(), None);
        }
    }

    #[test]
    fn two_cuts_make_a_suspect_and_an_answer_clears_it() {
        let mut wire = message(State::OnWire(FIRST));
        assert_eq!((wire.on_cut(true, false), wire.is_suspect()), (0, false));
        assert_eq!((wire.on_cut(false, false), wire.is_suspect()), (0, false));
        assert_eq!((wire.on_cut(true, true), wire.is_suspect(), wire.lone_cuts()), (1, true, 1));
        assert!(wire.is_suspect_in_flight());
        wire.leave_window();
        assert!(!wire.is_suspect_in_flight());
        wire.on_put_off();
        assert_eq!((wire.is_suspect(), wire.lone_cuts()), (false, 0));
        for state in [State::Queued, accepted(7, 0)] {
            let mut other = message(state);
            assert_eq!((other.on_cut(true, true), other.on_cut(true, true), other.is_suspect()), (0, 0, false));
        }
    }

    #[test]
    fn a_failure_keeps_the_server_id_and_whether_it_may_have_left() {
        for (from, server_id, may_have_left) in [
            (State::Queued, None, false),
            (State::OnWire(FIRST), None, true),
            (accepted(7, 3), Some(7), true),
            (failed(UNKNOWN, Some(7), true), Some(7), true),
            (failed(FailReason::Expired, None, false), None, false),
        ] {
            let mut changed = message(from);
            changed.on_failed(UNKNOWN);
            same(&changed, &Message { holds_back: false, ..message(failed(UNKNOWN, server_id, may_have_left)) });
        }
    }

    #[test]
    fn a_resent_message_goes_on_from_what_is_known_of_it() {
        let later = Time::from_nanos(90);
        for (from, to, holds_back) in [
            (failed(FailReason::Expired, None, false), State::Queued, true),
            (failed(FailReason::Expired, None, true), State::OnWire(EARLIER), true),
            (failed(UNKNOWN, Some(7), true), accepted(7, 0), false),
        ] {
            let mut changed = Message { holds_back: false, ..message(from) };
            changed.on_resent(later);
            let expected = Message { expires_at: later, holds_back, tries: Tries::default(), ..message(to) };
            same(&changed, &expected);
        }
    }

    #[test]
    fn each_state_answers_the_questions_about_it() {
        for (state, status, is_live, has_left, server_id) in [
            (State::Queued, Status::Queued, true, false, None),
            (State::OnWire(FIRST), Status::OnWire, true, true, None),
            (accepted(7, 4), Status::Accepted, true, true, Some(&7)),
            (failed(UNKNOWN, Some(7), true), Status::Failed(UNKNOWN), false, true, Some(&7)),
            (failed(FailReason::Expired, None, false), Status::Failed(FailReason::Expired), false, false, None),
        ] {
            let message = message(state);
            assert_eq!(message.status(), status);
            assert_eq!((message.is_live(), message.has_left(), message.server_id()), (is_live, has_left, server_id));
            assert_eq!(message.is_accepted(), status == Status::Accepted);
        }
    }
}
