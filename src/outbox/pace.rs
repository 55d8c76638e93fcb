//! What time, the window and the budget allow: timers, expiry, connections, and whose turn it is.
//!
//! The rules: a first msg:R needs a place in the window; every other msg:R needs a token as well, or only a token when it
//! holds its place already or needs none. No timer runs for a message that is not on the wire.

use super::entry::{Entry, State};
use super::{Announce, CLASSES, DUE, Outbox, PROBE, PROBE_TIMER, Probes, READY, RETRY, RTO_TIMER};
use crate::context::Context;
use crate::event::{Event, FailReason, Stage};
use crate::frame::Types;
use crate::retransmit::{Place, Schedule};
use crate::slab::Key;
use crate::time::Time;

/// After so many unanswered transmissions a message gives its place in the window back.
const UNANSWERED_IN_WINDOW: u32 = 3;
/// Every so many tokens, one goes to a probe.
const PROBE_TURN: u8 = 4;

/// The msg:R that goes next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Next {
    key: Key,
    /// Whether it is a retransmission.
    pub(crate) needs_token: bool,
}

impl<T: Types> Outbox<T> {
    /// Everything unsettled goes out again, the oldest first; attempts start anew.
    pub(crate) fn on_connected(&mut self, ctx: &mut Context<T>) {
        self.flushing = true;
        self.gates.on_connected(ctx);
        let mut keys: alloc::vec::Vec<Key> = self.ages.keys().collect();
        keys.sort_by_key(|key| self.age(*key));
        for key in keys {
            if self.is_shut(key) {
                continue;
            }
            let queue = match &mut self.entries[key].state {
                State::Queued => READY,
                State::OnWire { unanswered, .. } => {
                    *unanswered = 0;
                    READY
                }
                State::Accepted { .. } => PROBE,
            };
            self.schedule.wait(key, queue);
        }
        ctx.rto.on_connected();
    }

    /// No timer runs and no place is taken while there is no connection.
    pub(crate) fn on_disconnected(&mut self) {
        self.schedule.clear();
        self.windowed = 0;
        self.flushing = false;
        for entry in self.entries.values_mut() {
            if let State::OnWire { windowed, .. } = &mut entry.state {
                *windowed = false;
            }
        }
    }

    /// Fails what has expired. To be called before anything is transmitted.
    pub(crate) fn expire(&mut self, ctx: &mut Context<T>) {
        while let Some((_, key)) = self.ages.first(|key| self.entries[key].queued_at).filter(|(at, _)| *at <= ctx.now) {
            let has_left = self.entries[key].state.has_left();
            let reason = if has_left { FailReason::Unknown { rejection: None } } else { FailReason::Expired };
            self.park(key, reason, ctx);
        }
    }

    /// Fires the timers that are due.
    pub(crate) fn on_timeout(&mut self, ctx: &mut Context<T>) {
        while let Some((key, sent_at)) = self.schedule.pop_due(ctx.now) {
            self.on_unanswered(key, sent_at, ctx);
        }
    }

    fn on_unanswered(&mut self, key: Key, sent_at: Time, ctx: &mut Context<T>) {
        let Entry { stream, seq, state, .. } = &mut self.entries[key];
        let id = self.streams[*stream].msg_id(*seq);
        let (stage, attempt) = match state {
            State::Queued => return,
            State::OnWire { unanswered, .. } => {
                ctx.rto.on_timeout(sent_at, ctx.now);
                *unanswered = unanswered.saturating_add(1);
                (Stage::Accept, *unanswered)
            }
            State::Accepted { probes, .. } => {
                *probes = probes.saturating_add(1);
                self.streams.back_off(*stream);
                (Stage::Deliver, *probes)
            }
        };
        match stage {
            Stage::Accept if ctx.config.max_attempts.is_some_and(|most| attempt >= most) => {
                self.park(key, FailReason::Unknown { rejection: None }, ctx);
            }
            Stage::Accept => {
                if attempt >= UNANSWERED_IN_WINDOW {
                    self.leave_window(key);
                }
                self.schedule.wait(key, DUE);
                ctx.event(Event::Retrying { id, stage, attempt });
            }
            Stage::Deliver => {
                self.schedule.wait(key, PROBE);
                ctx.event(Event::Retrying { id, stage, attempt });
            }
        }
        ctx.on_timeout(sent_at);
    }

    /// Which msg:R goes next, if any may.
    pub(crate) fn next(&mut self, ctx: &Context<T>) -> Option<Next> {
        if !self.schedule.is_anyone_waiting() {
            self.flushing = false;
            return None;
        }
        let waits = |queue| self.schedule.first_waiting(queue).is_some();
        self.flushing = self.flushing && (waits(READY) || waits(PROBE));
        self.paused_until = self.paused_until.filter(|until| *until > ctx.now);
        if self.paused_until.is_some() {
            return None;
        }
        self.candidate(ctx)
    }

    /// Which msg:R would go next, were it not for the server's pause.
    fn candidate(&self, ctx: &Context<T>) -> Option<Next> {
        let has_place = self.windowed < ctx.config.window;
        let retry = self.schedule.first_waiting(RETRY).filter(|_| has_place);
        let ready = self.schedule.first_waiting(READY).filter(|_| has_place);
        let due = self.schedule.first_waiting(DUE);
        let probe = self.schedule.first_waiting(PROBE);
        let first = ready.filter(|key| !self.entries[*key].state.has_left());
        let probes_turn = self.turn % PROBE_TURN == PROBE_TURN - 1;
        let key = match (ready, probe) {
            _ if retry.is_some() => retry?,
            (Some(ready), Some(probe)) if self.flushing => {
                if self.age(ready) < self.age(probe) {
                    ready
                } else {
                    probe
                }
            }
            _ if first.is_some() => first?,
            (_, Some(probe)) if probes_turn => probe,
            (Some(ready), _) if due.is_none() || self.turn % 2 == 0 => ready,
            _ => due.or(probe)?,
        };
        Some(Next { key, needs_token: self.entries[key].state.has_left() })
    }

    /// Whether a first transmission may be made at once, since nothing comes before it.
    #[inline]
    pub(super) fn may_go_at_once(&self, ctx: &Context<T>) -> bool {
        !self.schedule.is_anyone_waiting()
            && self.windowed < ctx.config.window
            && self.paused_until.is_none()
            && ctx.now < self.ages.next()
    }

    /// The tokens have run out: from here on what never left does not wait for what must be repeated.
    #[inline]
    pub(crate) fn end_flush(&mut self) -> bool {
        core::mem::take(&mut self.flushing)
    }

    /// Transmits it and waits for the answer.
    pub(crate) fn transmit(&mut self, next: Next, ctx: &mut Context<T>) {
        let Next { key, needs_token } = next;
        if needs_token {
            self.turn = self.turn.wrapping_add(1);
            ctx.stats.retransmissions += 1;
        }
        let Entry { stream, seq, payload, state, .. } = &mut self.entries[key];
        ctx.transmit(self.streams[*stream].msg_r(*seq, payload.clone()));
        match state {
            State::Queued => {
                *state = State::FIRST;
                self.windowed += 1;
                self.arm_rto(key, 0, ctx);
            }
            State::OnWire { repeated, windowed, unanswered } => {
                *repeated = true;
                if matches!(self.schedule.place(key), Place::Waiting(READY | RETRY)) {
                    *windowed = true;
                    self.windowed += 1;
                }
                let unanswered = *unanswered;
                self.arm_rto(key, unanswered, ctx);
            }
            State::Accepted { probes, .. } => {
                let probes = *probes;
                self.arm_probe(key, probes, ctx);
            }
        }
    }

    /// Waits for msg:A.
    #[inline(always)]
    pub(super) fn arm_rto(&mut self, key: Key, unanswered: u32, ctx: &mut Context<T>) {
        let delay = ctx.rto_delay(unanswered.max(ctx.rto.level()));
        self.schedule.arm(key, RTO_TIMER, delay, ctx.now);
    }

    /// Waits for ack:N.
    #[inline(always)]
    pub(super) fn arm_probe(&mut self, key: Key, probes: u32, ctx: &mut Context<T>) {
        let Probes { initial, max, first } = self.probes;
        let delay = if probes == 0 { ctx.backoff.draw(first) } else { ctx.backoff.delay(initial, probes, max) };
        self.schedule.arm(key, PROBE_TIMER, delay, ctx.now);
    }

    /// When something happens here by itself; when a token comes that something waits for, [`Client`](crate::Client) knows.
    pub(crate) fn next_deadline(&self, ctx: &Context<T>) -> Time {
        let pause = self.paused_until.map_or(Time::MAX, |until| self.next_after_pause(until, ctx));
        self.next_when_calm().min(pause).min(self.gates.next_deadline())
    }

    /// As [`next_deadline`](Self::next_deadline), while nobody waits.
    #[inline]
    pub(crate) fn next_when_calm(&self) -> Time {
        self.ages.next().min(self.schedule.next_due())
    }

    /// When a msg:R goes after a pause: it may have to wait for a token too.
    #[inline(never)]
    fn next_after_pause(&self, until: Time, ctx: &Context<T>) -> Time {
        let Some(next) = self.candidate(ctx).filter(|_| ctx.connected) else { return Time::MAX };
        let waits_for_token = next.needs_token && !self.flushing;
        if waits_for_token { until.max(ctx.bucket.next_at()) } else { until }
    }

    /// Puts messages in the order in which they were sent.
    #[inline]
    fn age(&self, key: Key) -> (Time, Key, u64) {
        let entry = &self.entries[key];
        (entry.queued_at, entry.stream, entry.seq)
    }
}

/// Lets a message that waits for its timer go at once, as soon as there is a token for it.
pub(super) fn hasten<S>(schedule: &mut Schedule<CLASSES>, key: Key, state: &State<S>, announce: Announce) {
    if schedule.place(key) != Place::Armed {
        return;
    }
    match state {
        State::Queued => {}
        State::OnWire { repeated: true, .. } if announce == Announce::Answered => {}
        State::OnWire { .. } => schedule.wait(key, DUE),
        State::Accepted { .. } => schedule.wait(key, PROBE),
    }
}
