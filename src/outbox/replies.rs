//! The server's replies: msg:A and ack:N.
//!
//! The rule (L6): a reply advances, fails or requeues a message, or changes nothing; events report only what is certain.
//! Replies for unknown ids and in the wrong state are counted and ignored.

use core::time::Duration;

use super::floors::Announce;
use super::message::{Acceptance, Awaits};
use super::stream::Recipient;
use super::{AWAITS_MSG_A, Outbox, PROBE_TIMER, RETRY};
use crate::collections::Key;
use crate::context::Context;
use crate::event::Event;
use crate::frame::{Rejection, Types, Verdict};
use crate::id::MsgId;
use crate::journal::Record;
use crate::recovery::FlightState;
use crate::status::FailReason;

impl<T: Types> Outbox<T> {
    /// msg:A.
    pub(crate) fn on_msg_a(&mut self, id: MsgId, verdict: Verdict<T>, ctx: &mut Context<T>) {
        let Some(key) = self.look_up(id) else {
            ctx.stats.ignored_msg_a_unknown += 1;
            return;
        };
        match verdict {
            Verdict::Accepted(server_id) => self.on_accepted(key, id, server_id, ctx),
            Verdict::Rejected(rejection) => self.on_rejected(key, rejection, ctx),
            Verdict::RetryAfter(pause) => self.on_retry_after(key, pause, ctx),
        }
    }

    #[inline(always)]
    fn on_accepted(&mut self, key: Key, id: MsgId, server_id: T::ServerId, ctx: &mut Context<T>) {
        let message = &mut self.messages[key];
        let (stream, is_barrier) = (message.stream, message.is_barrier);
        let conflict = match message.on_accepted(server_id.clone()) {
            Acceptance::First { repeated, in_window } => {
                self.in_window -= usize::from(in_window);
                if self.has_announced {
                    self.streams[stream].announced = None;
                }
                self.sample(key, repeated, ctx);
                if is_barrier {
                    self.on_barrier_accepted(stream);
                }
                if ctx.connected && !self.is_blocked(stream) {
                    self.wait_for(key, Awaits::AckN { probes: 0 }, ctx);
                } else {
                    self.flights.cancel(key);
                }
                ctx.persist(|_| Record::Accepted { id, server_id: server_id.clone() });
                ctx.event(Event::Accepted { id, server_id });
                return;
            }
            Acceptance::Learned => None,
            Acceptance::Conflict { first } => Some(first),
            Acceptance::Repeated => {
                ctx.stats.ignored_msg_a_repeated += 1;
                return;
            }
        };
        ctx.stats.ignored_msg_a_repeated += 1;
        ctx.persist(|_| Record::Accepted { id, server_id: server_id.clone() });
        if let Some(first) = conflict {
            ctx.event(Event::ServerIdConflict { id, first, second: server_id });
        }
    }

    #[inline(never)]
    fn on_rejected(&mut self, key: Key, rejection: Rejection, ctx: &mut Context<T>) {
        let message = &self.messages[key];
        let reason = match message.on_wire() {
            Some(false) => {
                self.sample(key, false, ctx);
                FailReason::Rejected(rejection)
            }
            Some(true) => FailReason::Unknown { rejection: Some(rejection) },
            None if message.is_accepted() => FailReason::Unknown { rejection: Some(rejection) },
            None => {
                ctx.stats.ignored_msg_a_repeated += 1;
                return;
            }
        };
        self.fail(key, reason, ctx);
    }

    #[inline(never)]
    fn on_retry_after(&mut self, key: Key, pause: Duration, ctx: &mut Context<T>) {
        let message = &self.messages[key];
        let awaits_msg_a = matches!(self.flights.state(key), FlightState::Armed | FlightState::Queued(AWAITS_MSG_A));
        let Some(repeated) = message.on_wire().filter(|_| awaits_msg_a) else {
            ctx.stats.ignored_msg_a_repeated += 1;
            return;
        };
        ctx.stats.retry_after += 1;
        self.sample(key, repeated, ctx);
        self.leave_window(key);
        self.flights.queue(key, RETRY);
        let until = ctx.now + pause.min(ctx.config.probe_max);
        self.paused_until = self.paused_until.max(Some(until));
    }

    /// Karn's rule: only the answer to a message that was transmitted once is a sample.
    #[inline(always)]
    fn sample(&self, key: Key, repeated: bool, ctx: &mut Context<T>) {
        if repeated {
            return;
        }
        if let Some(sent_at) = self.flights.armed_at(key) {
            ctx.rto.on_sample(ctx.now.nanos_since(sent_at));
        }
    }

    /// ack:N.
    pub(crate) fn on_ack_n(&mut self, id: MsgId, server_id: T::ServerId, ctx: &mut Context<T>) {
        let Some(key) = self.look_up(id) else {
            ctx.stats.ignored_ack_n_unknown += 1;
            return;
        };
        if !self.messages[key].has_left() {
            ctx.stats.ignored_ack_n_unsent += 1;
            return;
        }
        let message = self.messages.remove(key);
        let state = &mut self.streams[message.stream];
        if message.is_live() {
            state.live.remove(message.seq);
        } else {
            self.failed -= 1;
            state.on_delivered_late(message.seq);
        }
        let (peer, is_idle) = (state.peer, state.is_idle());
        if message.is_live() {
            self.leave_lists(key, &message);
        }
        if message.is_below_gap {
            self.on_gap(message.stream, message.seq, Announce::All);
        }
        self.on_recipient_heard(peer, ctx);
        if is_idle {
            self.retire(message.stream);
        }

        ctx.persist(|_| Record::Delivered { id, server_id: server_id.clone() });
        if let Some(first) = message.server_id().filter(|first| **first != server_id) {
            ctx.event(Event::ServerIdConflict { id, first: first.clone(), second: server_id.clone() });
        }
        ctx.stats.delivered += 1;
        ctx.event(Event::Delivered { id, server_id });
    }

    /// The recipient is online: probes of its other messages restart at the first interval; at most once per interval,
    /// so that the cost does not grow with the number in flight.
    fn on_recipient_heard(&mut self, peer: Key, ctx: &mut Context<T>) {
        let Recipient { is_silent, heard_at } = *self.streams.peer_state(peer);
        if is_silent && ctx.now.saturating_duration_since(heard_at) >= ctx.config.probe_initial {
            self.restart_probes(peer, ctx);
        }
    }

    #[inline(never)]
    fn restart_probes(&mut self, peer: Key, ctx: &mut Context<T>) {
        *self.streams.peer_state(peer) = Recipient { is_silent: false, heard_at: ctx.now };
        let oldest_first: alloc::vec::Vec<Key> = self.streams.of_peer(peer).collect();
        for stream in oldest_first.into_iter().rev() {
            for (_, key) in self.streams[stream].live.iter() {
                let message = &mut self.messages[key];
                if message.on_recipient_heard() && self.flights.state(key) == FlightState::Armed {
                    let delay = ctx.backoff.draw(self.first_probe);
                    self.flights.arm(key, PROBE_TIMER, delay, ctx.now);
                }
            }
        }
    }
}
