//! What the server says of a message: msg:A and ack:N.
//!
//! The rule (L6): an answer lifts a message or changes nothing; what is said of a message is never more than what is
//! known. Answers for unknown ids and in the wrong state are counted and ignored.

use core::time::Duration;

use super::entry::{Parked, State};
use super::{Announce, DUE, Outbox, PROBE_CAP, RETRY};
use crate::context::Context;
use crate::event::{Event, FailReason};
use crate::frame::{Rejection, Types, Verdict};
use crate::id::MsgId;
use crate::journal::Record;
use crate::retransmit::Place;
use crate::slab::Key;
use crate::time::nanos;

impl<T: Types> Outbox<T> {
    /// msg:A.
    pub(crate) fn on_msg_a(&mut self, id: MsgId, verdict: Verdict<T>, ctx: &mut Context<T>) {
        let Some((stream, seq)) = self.locate(id) else {
            ctx.stats.ignored_msg_a_unknown += 1;
            return;
        };
        if let Some(key) = self.streams[stream].ring.get(seq) {
            match verdict {
                Verdict::Accepted(server_id) => self.on_accepted(key, id, server_id, ctx),
                Verdict::Rejected(rejection) => self.on_rejected(key, rejection, ctx),
                Verdict::RetryAfter(pause) => self.on_retry_after(key, pause, ctx),
            }
        } else if let Some(parked) = self.parked.get_mut(&(stream, seq)) {
            ctx.stats.ignored_msg_a_repeated += 1;
            if let Verdict::Accepted(server_id) = verdict {
                note_server_id(parked, id, server_id, ctx);
            }
        } else {
            ctx.stats.ignored_msg_a_unknown += 1;
        }
    }

    fn on_accepted(&mut self, key: Key, id: MsgId, server_id: T::ServerId, ctx: &mut Context<T>) {
        match &mut self.entries[key].state {
            State::Queued => ctx.stats.ignored_msg_a_repeated += 1,
            State::OnWire { .. } => {
                self.sample(key, ctx);
                self.leave_window(key);
                self.entries[key].state = State::Accepted { server_id: server_id.clone(), probes: 0 };
                self.schedule.cancel(key);
                if ctx.connected && !self.is_shut(key) {
                    self.arm(key, ctx);
                }
                let entry = &self.entries[key];
                if entry.gating {
                    self.gates.on_accepted(&self.streams[entry.stream].peer, entry.stream);
                }
                ctx.persist(|_| Record::Accepted { id, server_id: server_id.clone() });
                ctx.event(Event::Accepted { id, server_id });
            }
            State::Accepted { server_id: first, .. } => {
                ctx.stats.ignored_msg_a_repeated += 1;
                if *first != server_id {
                    let first = core::mem::replace(first, server_id.clone());
                    ctx.persist(|_| Record::Accepted { id, server_id: server_id.clone() });
                    ctx.event(Event::ServerIdConflict { id, first, second: server_id });
                }
            }
        }
    }

    fn on_rejected(&mut self, key: Key, rejection: Rejection, ctx: &mut Context<T>) {
        let reason = match self.entries[key].state {
            State::Queued => {
                ctx.stats.ignored_msg_a_repeated += 1;
                return;
            }
            State::OnWire { repeated: false, .. } => FailReason::Rejected(rejection),
            State::OnWire { repeated: true, .. } | State::Accepted { .. } => {
                FailReason::Unknown { rejection: Some(rejection) }
            }
        };
        self.sample(key, ctx);
        self.park(key, reason, ctx);
    }

    fn on_retry_after(&mut self, key: Key, pause: Duration, ctx: &mut Context<T>) {
        let waits_for_msg_a = match self.entries[key].state {
            State::OnWire { .. } => match self.schedule.place(key) {
                Place::Armed => true,
                Place::Waiting(queue) => queue == DUE,
                Place::Idle => false,
            },
            State::Queued | State::Accepted { .. } => false,
        };
        if !waits_for_msg_a {
            ctx.stats.ignored_msg_a_repeated += 1;
            return;
        }
        ctx.stats.retry_after += 1;
        self.sample(key, ctx);
        self.leave_window(key);
        self.schedule.wait(key, RETRY);
        let until = ctx.now + pause.min(ctx.config.probe_max);
        self.paused_until = self.paused_until.max(Some(until));
    }

    /// ack:N.
    pub(crate) fn on_ack_n(&mut self, id: MsgId, server_id: T::ServerId, ctx: &mut Context<T>) {
        let Some((stream, seq)) = self.locate(id) else {
            ctx.stats.ignored_ack_n_unknown += 1;
            return;
        };
        if let Some(key) = self.streams[stream].ring.get(seq) {
            let first = match &self.entries[key].state {
                State::Queued => {
                    ctx.stats.ignored_ack_n_unsent += 1;
                    return;
                }
                State::OnWire { .. } => None,
                State::Accepted { server_id, .. } => Some(server_id.clone()),
            };
            if self.take(key).holds_floor_below_gap {
                self.leave_gap(stream, seq, Announce::All);
            }
            self.deliver(id, first, server_id, ctx);
        } else if let Some(parked) = self.parked.get(&(stream, seq)) {
            if !parked.has_left() {
                ctx.stats.ignored_ack_n_unsent += 1;
                return;
            }
            let first = parked.server_id.clone();
            self.parked.remove(&(stream, seq));
            self.streams[stream].parked -= 1;
            self.deliver(id, first, server_id, ctx);
        } else {
            ctx.stats.ignored_ack_n_unknown += 1;
            return;
        }
        self.reset_probes(stream, ctx);
        self.streams.tidy(stream);
    }

    fn deliver(&mut self, id: MsgId, first: Option<T::ServerId>, server_id: T::ServerId, ctx: &mut Context<T>) {
        ctx.persist(|_| Record::Delivered { id, server_id: server_id.clone() });
        if let Some(first) = first.filter(|first| *first != server_id) {
            ctx.event(Event::ServerIdConflict { id, first, second: server_id.clone() });
        }
        ctx.stats.delivered += 1;
        ctx.event(Event::Delivered { id, server_id });
    }

    /// The recipient lives: whatever else waits for it is probed soon again.
    fn reset_probes(&mut self, heard: Key, ctx: &mut Context<T>) {
        let (initial, max) = (nanos(ctx.config.probe_initial), nanos(ctx.config.probe_max));
        for stream in self.streams.take_backed_off(heard, initial, ctx.now) {
            for (_, key) in self.streams[stream].ring.iter() {
                if let State::Accepted { probes: probes @ 1.., .. } = &mut self.entries[key].state {
                    *probes = 0;
                    if self.schedule.place(key) == Place::Armed {
                        self.schedule.arm(key, ctx.backoff.delay(initial, 0, max), PROBE_CAP, ctx.now);
                    }
                }
            }
        }
    }

    /// Karn's rule: only the answer to a message that was transmitted once is a sample.
    fn sample(&mut self, key: Key, ctx: &mut Context<T>) {
        if let State::OnWire { repeated: false, .. } = self.entries[key].state {
            if let Some(sent_at) = self.schedule.armed_at(key) {
                ctx.rto.on_sample(ctx.now.nanos_since(sent_at));
            }
        }
    }
}

/// A parked message stays parked, but what the server called it is worth knowing: a resend then starts as accepted.
fn note_server_id<T: Types>(parked: &mut Parked<T>, id: MsgId, server_id: T::ServerId, ctx: &mut Context<T>) {
    if !parked.has_left() {
        return;
    }
    if parked.server_id.as_ref() == Some(&server_id) {
        return;
    }
    ctx.persist(|_| Record::Accepted { id, server_id: server_id.clone() });
    if let Some(first) = parked.server_id.replace(server_id.clone()) {
        ctx.event(Event::ServerIdConflict { id, first, second: server_id });
    }
}
