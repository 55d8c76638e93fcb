//! Scheduler: which msg:R is transmitted next.
//!
//! The rules: a first msg:R needs a place in the window; a repeated one needs a token, and a place as well when it
//! waits for one. A message has a timer or waits in a queue, never both.

use super::message::Awaits;
use super::stream;
use super::{AWAITS_ACK_N, AWAITS_MSG_A, Outbox, PROBE_TIMER, READY, RETRY, RTO_TIMER};
use crate::collections::Key;
use crate::context::Context;
use crate::event::Event;
use crate::frame::Types;
use crate::recovery::FlightState;
use crate::status::{FailReason, Stage};
use crate::time::{Time, nanos};

/// After this number of unanswered transmissions a message leaves the window.
const MAX_UNANSWERED_IN_WINDOW: u32 = 3;
/// Every fourth token goes to a probe.
const PROBE_TURN: u8 = 4;

/// The msg:R that is transmitted next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Next {
    key: Key,
    /// Whether it is a retransmission.
    pub(crate) needs_token: bool,
}

impl<T: Types> Outbox<T> {
    /// Queues everything live again, the oldest first; attempts start anew.
    pub(crate) fn on_connected(&mut self, ctx: &mut Context<T>) {
        self.flushing = true;
        self.barrier.on_connected(ctx);
        let mut keys: alloc::vec::Vec<Key> = self.expiry.keys().collect();
        keys.sort_by_key(|key| self.age(*key));
        for key in keys {
            let message = &mut self.messages[key];
            message.on_connected();
            let queue = if message.is_accepted() { AWAITS_ACK_N } else { READY };
            let stream = message.stream;
            if !self.is_blocked(stream) {
                self.flights.queue(key, queue);
            }
        }
        ctx.rto.on_connected();
    }

    /// Stops all timers and empties the window: there is no connection.
    pub(crate) fn on_disconnected(&mut self) {
        self.flights.clear(|key| {
            self.messages[key].leave_window();
        });
        self.in_window = 0;
        self.flushing = false;
    }

    /// Fails what has expired. To be called before anything is transmitted.
    pub(crate) fn expire(&mut self, ctx: &mut Context<T>) {
        while let Some((_, key)) = self.expiry.first(&self.messages).filter(|(at, _)| *at <= ctx.now) {
            let has_left = self.messages[key].has_left();
            let reason = if has_left { FailReason::Unknown { rejection: None } } else { FailReason::Expired };
            self.fail(key, reason, ctx);
        }
    }

    /// Fires the timers that are due.
    pub(crate) fn on_timeout(&mut self, ctx: &mut Context<T>) {
        while let Some((key, sent_at)) = self.flights.pop_due(ctx.now) {
            self.on_unanswered(key, sent_at, ctx);
        }
    }

    fn on_unanswered(&mut self, key: Key, sent_at: Time, ctx: &mut Context<T>) {
        let message = &mut self.messages[key];
        let (stream, seq) = (message.stream, message.seq);
        let Some((stage, attempt)) = message.on_timeout() else { return };
        let queue = match stage {
            Stage::Accept => {
                ctx.rto.on_timeout(sent_at, ctx.now);
                AWAITS_MSG_A
            }
            Stage::Deliver => {
                let peer = self.streams[stream].peer;
                self.streams.peer_state(peer).is_silent = true;
                AWAITS_ACK_N
            }
        };
        if stage == Stage::Accept && ctx.config.max_attempts.is_some_and(|max| attempt >= max) {
            self.fail(key, FailReason::Unknown { rejection: None }, ctx);
        } else {
            if attempt >= MAX_UNANSWERED_IN_WINDOW {
                self.leave_window(key);
            }
            self.flights.queue(key, queue);
            ctx.event(Event::Retrying { id: self.msg_id(stream, seq), stage, attempt });
        }
        ctx.on_timeout(sent_at);
    }

    pub(super) fn leave_window(&mut self, key: Key) {
        self.in_window -= usize::from(self.messages[key].leave_window());
    }

    /// Returns the msg:R that is transmitted next, if any may be.
    #[inline(always)]
    pub(crate) fn next(&mut self, ctx: &Context<T>) -> Option<Next> {
        if self.flights.queues_are_empty() {
            self.flushing = false;
            return None;
        }
        let waits = |queue| self.flights.first_queued(queue).is_some();
        self.flushing = self.flushing && (waits(READY) || waits(AWAITS_ACK_N));
        self.paused_until = self.paused_until.filter(|until| *until > ctx.now);
        if self.paused_until.is_some() {
            return None;
        }
        self.candidate(ctx)
    }

    /// Returns the msg:R that would be next without the server's pause.
    #[inline(never)]
    fn candidate(&self, ctx: &Context<T>) -> Option<Next> {
        let has_place = self.in_window < ctx.config.window;
        let retry = self.flights.first_queued(RETRY).filter(|_| has_place);
        let ready = self.flights.first_queued(READY).filter(|_| has_place);
        let due = self.flights.first_queued(AWAITS_MSG_A);
        let probe = self.flights.first_queued(AWAITS_ACK_N);
        let first = ready.filter(|key| !self.messages[*key].has_left());
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
        Some(Next { key, needs_token: self.messages[key].has_left() })
    }

    /// Returns whether a first transmission may be made at once: nothing comes before it.
    pub(super) fn may_go_at_once(&self, ctx: &Context<T>) -> bool {
        self.flights.queues_are_empty()
            && self.in_window < ctx.config.window
            && self.paused_until.is_none()
            && ctx.now < self.expiry.next()
    }

    /// The tokens are exhausted: first transmissions no longer wait for retransmissions.
    pub(crate) const fn end_flush(&mut self) -> bool {
        core::mem::replace(&mut self.flushing, false)
    }

    /// Transmits the next msg:R.
    #[inline(never)]
    pub(crate) fn transmit_next(&mut self, next: Next, ctx: &mut Context<T>) {
        if next.needs_token {
            self.turn = self.turn.wrapping_add(1);
            ctx.stats.retransmissions += 1;
        }
        let waited_for_place = matches!(self.flights.state(next.key), FlightState::Queued(READY | RETRY));
        let message = &mut self.messages[next.key];
        let awaits = message.on_transmit(waited_for_place);
        ctx.transmit(stream::msg_r(&mut self.streams[message.stream], message.seq, message.payload.clone()));
        self.wait_for(next.key, awaits, ctx);
    }

    /// Waits for the answer to a transmitted msg:R.
    #[inline(always)]
    pub(super) fn wait_for(&mut self, key: Key, awaits: Awaits, ctx: &mut Context<T>) {
        let (timer, delay) = match awaits {
            Awaits::MsgA { unanswered, takes_place } => {
                self.in_window += usize::from(takes_place);
                (RTO_TIMER, ctx.rto_delay(unanswered.max(ctx.rto.level())))
            }
            Awaits::AckN { probes: 0 } => (PROBE_TIMER, ctx.backoff.draw(self.first_probe)),
            Awaits::AckN { probes } => {
                let (initial, max) = (nanos(ctx.config.probe_initial), nanos(ctx.config.probe_max));
                (PROBE_TIMER, ctx.backoff.delay(initial, probes, max))
            }
        };
        self.flights.arm(key, timer, delay, ctx.now);
    }

    /// Returns the next deadline of the sender half; the client adds that of the tokens.
    pub(crate) fn next_deadline(&self, ctx: &Context<T>) -> Time {
        let pause = self.paused_until.map_or(Time::MAX, |until| self.next_after_pause(until, ctx));
        self.next_when_quiescent().min(pause).min(self.barrier.next_deadline())
    }

    /// As [`next_deadline`](Self::next_deadline), while nothing waits.
    pub(crate) fn next_when_quiescent(&self) -> Time {
        self.expiry.next().min(self.flights.next_due())
    }

    /// Returns when a msg:R is transmitted after a pause: it may have to wait for a token too.
    fn next_after_pause(&self, until: Time, ctx: &Context<T>) -> Time {
        let Some(next) = self.candidate(ctx).filter(|_| ctx.connected) else { return Time::MAX };
        let waits_for_token = next.needs_token && !self.flushing;
        if waits_for_token { until.max(ctx.tokens.next_at()) } else { until }
    }

    /// Sorts messages by when they were sent.
    fn age(&self, key: Key) -> (Time, Key, u64) {
        let message = &self.messages[key];
        (message.queued_at, message.stream, message.seq)
    }
}
