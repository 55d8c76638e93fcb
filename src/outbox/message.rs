//! One message of the sender, and the only place where its state changes (its marks for floor, barrier and expiry are set
//! by those).
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
//! `discard` ends it in any state. A message is *live* until it has failed. A late answer still changes what is known of a failed one.

use alloc::boxed::Box;

use crate::collections::Key;
use crate::frame::Types;
use crate::status::{FailReason, Stage, Status};
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
        /// Whether it is in the window.
        in_window: bool,
    },
    /// The server has it; the recipient has not confirmed it.
    Accepted {
        server_id: S,
        /// Probes without an ack:N since the recipient's last ack:N.
        probes: u32,
    },
    Failed(Box<Failure<S>>),
}

/// Why a message failed, and what else is known of it.
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

/// What a transmission waits for, how many went unanswered, and whether the message enters the window with it.
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

    /// Handles the transmission of a msg:R; a repeated one enters the window if it `waited_for_place`.
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

    /// Handles the server's acceptance.
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

    /// Handles a timeout; returns which answer did not come, and how often so far.
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

    /// Leaves the window; returns whether it was there.
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

    /// The recipient has confirmed a message: its probes restart. Returns whether the message was probed before.
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

    /// Returns, when msg:A is waited for, whether more than one transmission was made.
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

    /// The server's id of it, if that is known.
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
    /// Only a message that was never transmitted fails as expired.
    fn may_have_arrived(&self) -> bool {
        self.reason != FailReason::Expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use alloc::format;
    use alloc::string::String;
    use core::fmt::Debug;

    use crate::frame::Rejection;

    #[derive(Clone, Debug, PartialEq)]
    struct Test;

    impl Types for Test {
        type Peer = u64;
        type Payload = char;
        type ServerId = u64;
    }

    const QUEUED: State<u64> = State::Queued;
    const IN_WINDOW: State<u64> = on_wire(false, 2, true);
    const REPEATED: State<u64> = on_wire(true, 3, false);
    const ACCEPTED: State<u64> = accepted(7, 4);
    const UNKNOWN: FailReason = FailReason::Unknown { rejection: None };

    const fn on_wire(repeated: bool, unanswered: u32, in_window: bool) -> State<u64> {
        State::OnWire { repeated, unanswered, in_window }
    }

    const fn accepted(server_id: u64, probes: u32) -> State<u64> {
        State::Accepted { server_id, probes }
    }

    fn failed(reason: FailReason, server_id: Option<u64>) -> State<u64> {
        State::Failed(Box::new(Failure { reason, server_id }))
    }

    fn rejected() -> FailReason {
        FailReason::Rejected(Rejection { code: 9, reason: String::from("no") })
    }

    /// The states from which every cause is tried; of each variant as many as make a difference.
    fn states() -> [State<u64>; 8] {
        let [expired, unknown] = [failed(FailReason::Expired, None), failed(UNKNOWN, None)];
        [QUEUED, IN_WINDOW, REPEATED, ACCEPTED, expired, unknown, failed(rejected(), None), failed(UNKNOWN, Some(7))]
    }

    fn message(state: State<u64>) -> Message<Test> {
        let message = Message::queued(3, 11, 'x', Time::from_nanos(20), Time::from_nanos(50));
        Message { state, is_below_gap: true, is_barrier: true, ..message }
    }

    /// A message as text: states have no equality.
    fn text(value: &impl Debug) -> String {
        format!("{value:?}")
    }

    /// What a cause returns in each of the [`states`], and the state that it leads to; nothing else changes.
    fn causes<R: Debug>(name: &str, cause: impl Fn(&mut Message<Test>) -> R, expected: [(R, State<u64>); 8]) {
        for (from, (returns, to)) in states().into_iter().zip(expected) {
            let mut changed = message(from.clone());
            let returned = cause(&mut changed);
            let expected = (text(&returns), text(&message(to)));
            assert_eq!((text(&returned), text(&changed)), expected, "{name} in {from:?}");
        }
    }

    /// As [`states`], with nothing changed.
    fn unchanged<R: Clone>(returns: R) -> [(R, State<u64>); 8] {
        states().map(|state| (returns.clone(), state))
    }

    /// The first four states are those of live messages; the failed ones stay as they are.
    #[expect(clippy::needless_pass_by_value, reason = "a literal at each call")]
    fn live_change<R: Clone>(live: [(R, State<u64>); 4], of_failed: &R) -> [(R, State<u64>); 8] {
        let mut expected = unchanged(of_failed.clone());
        expected[..4].clone_from_slice(&live);
        expected
    }

    #[test]
    fn a_message_starts_queued_or_restored_with_an_unknown_fate() {
        let [at, expires_at] = [20, 50].map(Time::from_nanos);
        let message = Message::<Test>::queued(3, 11, 'x', at, expires_at);
        assert_eq!((message.stream, message.seq, message.payload), (3, 11, 'x'));
        assert_eq!((message.queued_at, message.expires_at), (at, expires_at));
        assert!(!message.is_below_gap && !message.is_barrier);
        assert_eq!(text(&message.state), text(&QUEUED));
        let restored = Message::<Test>::restored(3, 11, 'x', at, expires_at);
        assert_eq!(text(&restored), text(&Message { state: on_wire(true, 0, false), ..message }));
    }

    /// A failed message is not transmitted, so only the live states are tried.
    #[test]
    fn a_transmission_puts_a_message_on_the_wire_or_probes() {
        let msg_a = |unanswered, takes_place| Awaits::MsgA { unanswered, takes_place };
        let probe = (Awaits::AckN { probes: 4 }, ACCEPTED);
        let first = (msg_a(0, true), on_wire(false, 0, true));
        let again = (msg_a(2, false), on_wire(true, 2, true));
        let unplaced = on_wire(false, 1, false);
        for (from, waited_for_place, (awaits, to)) in [
            (QUEUED, false, first.clone()),
            (QUEUED, true, first),
            (IN_WINDOW, false, again.clone()),
            (IN_WINDOW, true, again),
            (unplaced.clone(), false, (msg_a(1, false), on_wire(true, 1, false))),
            (unplaced, true, (msg_a(1, true), on_wire(true, 1, true))),
            (REPEATED, false, (msg_a(3, false), REPEATED)),
            (REPEATED, true, (msg_a(3, true), on_wire(true, 3, true))),
            (ACCEPTED, false, probe.clone()),
            (ACCEPTED, true, probe),
        ] {
            let mut changed = message(from.clone());
            let awaited = changed.on_transmit(waited_for_place);
            let expected = (text(&awaits), text(&message(to)));
            assert_eq!((text(&awaited), text(&changed)), expected, "{from:?}, {waited_for_place}");
        }
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "a failed message is not transmitted")]
    fn a_failed_message_is_not_transmitted() {
        message(failed(UNKNOWN, None)).on_transmit(false);
    }

    #[test]
    fn an_acceptance_counts_once_and_another_server_id_is_a_conflict() {
        let first = |repeated, in_window| Acceptance::First { repeated, in_window };
        causes(
            "acceptance as 7",
            |message| message.on_accepted(7),
            [
                (Acceptance::Repeated, QUEUED),
                (first(false, true), accepted(7, 0)),
                (first(true, false), accepted(7, 0)),
                (Acceptance::Repeated, ACCEPTED),
                (Acceptance::Repeated, failed(FailReason::Expired, None)),
                (Acceptance::Learned, failed(UNKNOWN, Some(7))),
                (Acceptance::Learned, failed(rejected(), Some(7))),
                (Acceptance::Repeated, failed(UNKNOWN, Some(7))),
            ],
        );
        causes(
            "acceptance as 8",
            |message| message.on_accepted(8),
            [
                (Acceptance::Repeated, QUEUED),
                (first(false, true), accepted(8, 0)),
                (first(true, false), accepted(8, 0)),
                (Acceptance::Conflict { first: 7 }, accepted(8, 4)),
                (Acceptance::Repeated, failed(FailReason::Expired, None)),
                (Acceptance::Learned, failed(UNKNOWN, Some(8))),
                (Acceptance::Learned, failed(rejected(), Some(8))),
                (Acceptance::Conflict { first: 7 }, failed(UNKNOWN, Some(8))),
            ],
        );
    }

    #[test]
    fn a_timeout_counts_one_more_of_the_awaited_answer() {
        let live = [
            (None, QUEUED),
            (Some((Stage::Accept, 3)), on_wire(false, 3, true)),
            (Some((Stage::Accept, 4)), on_wire(true, 4, false)),
            (Some((Stage::Deliver, 5)), accepted(7, 5)),
        ];
        causes("timeout", Message::on_timeout, live_change(live, &None));
        for (state, stage) in [(on_wire(true, u32::MAX, true), Stage::Accept), (accepted(7, u32::MAX), Stage::Deliver)]
        {
            assert_eq!(message(state).on_timeout(), Some((stage, u32::MAX)), "the count saturates");
        }
    }

    #[test]
    fn a_place_in_the_window_is_given_back_once() {
        let live = [(false, QUEUED), (true, on_wire(false, 2, false)), (false, REPEATED), (false, ACCEPTED)];
        causes("leaving the window", Message::leave_window, live_change(live, &false));
    }

    #[test]
    fn a_new_connection_starts_the_attempts_anew_but_not_the_probes() {
        let live = [((), QUEUED), ((), on_wire(false, 0, true)), ((), on_wire(true, 0, false)), ((), ACCEPTED)];
        causes("a new connection", Message::on_connected, live_change(live, &()));
    }

    #[test]
    fn a_recipient_that_is_heard_of_starts_the_probes_anew() {
        let live = [(false, QUEUED), (false, IN_WINDOW), (false, REPEATED), (true, accepted(7, 0))];
        causes("hearing of the recipient", Message::on_recipient_heard, live_change(live, &false));
        assert!(!message(accepted(7, 0)).on_recipient_heard(), "it was not probed");
    }

    #[test]
    fn a_failure_keeps_the_server_id_and_ends_gap_and_barrier() {
        for reason in [FailReason::Expired, UNKNOWN, rejected()] {
            let server_ids = [None, None, None, Some(7), None, None, None, Some(7)];
            for (from, server_id) in states().into_iter().zip(server_ids) {
                let mut changed = message(from.clone());
                changed.on_failed(reason.clone());
                let to = failed(reason.clone(), server_id);
                let expected = Message { is_below_gap: false, is_barrier: false, ..message(to) };
                assert_eq!(text(&changed), text(&expected), "{reason:?} in {from:?}");
            }
        }
    }

    #[test]
    fn a_resent_message_goes_on_from_what_is_known_of_it() {
        let later = Time::from_nanos(90);
        let unknown = || on_wire(true, 0, false);
        let resent = [QUEUED, IN_WINDOW, REPEATED, ACCEPTED, QUEUED, unknown(), unknown(), accepted(7, 0)];
        // An earlier process may have transmitted what had not left when it failed.
        let resent_before = [unknown(), IN_WINDOW, REPEATED, ACCEPTED, unknown(), unknown(), unknown(), accepted(7, 0)];
        for ((from, resent), resent_before) in states().into_iter().zip(resent).zip(resent_before) {
            for (cause, to) in
                [(Message::on_resent as fn(&mut _, _), resent), (Message::on_resent_before, resent_before)]
            {
                let mut changed = message(from.clone());
                cause(&mut changed, later);
                assert_eq!(text(&changed), text(&Message { expires_at: later, ..message(to) }), "{from:?}");
            }
        }
    }

    #[test]
    fn each_state_answers_the_questions_about_it() {
        let reasons = [FailReason::Expired, UNKNOWN, rejected(), UNKNOWN];
        let statuses = [Status::Queued, Status::OnWire, Status::OnWire, Status::Accepted].into_iter();
        let statuses = statuses.chain(reasons.map(Status::Failed));
        // Whether it is live, whether it has left, whether it is repeated on the wire, what the server calls it.
        let answers = [
            (true, false, None, None),
            (true, true, Some(false), None),
            (true, true, Some(true), None),
            (true, true, None, Some(7)),
            (false, false, None, None),
            (false, true, None, None),
            (false, true, None, None),
            (false, true, None, Some(7)),
        ];
        for ((state, status), (is_live, has_left, on_wire, server_id)) in
            states().into_iter().zip(statuses).zip(answers)
        {
            let message = message(state);
            assert_eq!(message.status(), status);
            assert_eq!(
                (message.is_live(), message.has_left(), message.on_wire()),
                (is_live, has_left, on_wire),
                "{status:?}"
            );
            assert_eq!(message.is_accepted(), status == Status::Accepted);
            assert_eq!((message.stream, message.expires_at, message.is_barrier), (3, Time::from_nanos(50), true));
            assert_eq!(message.is_in_window(), on_wire == Some(false));
            assert_eq!(message.server_id(), server_id.as_ref());
        }
    }
}
