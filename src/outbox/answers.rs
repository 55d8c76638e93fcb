//! What the server says of a message: msg:A and ack:N.
//!
//! The rule (L6): an answer lifts a message or changes nothing; what is said of a message is never more than what is
//! known. Answers for unknown ids and in the wrong state are counted and ignored.

use core::time::Duration;

use super::entry::{Entry, Parked, State};
use super::streams::Found;
use super::{Announce, DUE, Outbox, PROBE_TIMER, Probes, RETRY};
use crate::context::Context;
use crate::event::{Event, FailReason};
use crate::frame::{Rejection, Types, Verdict};
use crate::id::MsgId;
use crate::journal::Record;
use crate::retransmit::Place;
use crate::slab::Key;

impl<T: Types> Outbox<T> {
    /// msg:A.
    pub(crate) fn on_msg_a(&mut self, id: MsgId, verdict: Verdict<T>, ctx: &mut Context<T>) {
        let Some(Found { stream, seq, moving }) = self.streams.look_up(id) else {
            ctx.stats.ignored_msg_a_unknown += 1;
            return;
        };
        if let Some(key) = moving {
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
        let entry = &mut self.entries[key];
        let State::OnWire { repeated, windowed, .. } = entry.state else {
            ctx.stats.ignored_msg_a_repeated += 1;
            note_second_server_id(&mut entry.state, id, server_id, ctx);
            return;
        };
        entry.state = State::Accepted { server_id: server_id.clone(), probes: 0 };
        let stream = entry.stream;
        if entry.gating {
            self.gates.on_accepted(&self.streams[stream].peer, stream);
        }
        if self.has_announced {
            self.streams[stream].announced = None;
        }
        self.windowed -= usize::from(windowed);
        self.sample(key, repeated, ctx);
        if ctx.connected && (self.gates.are_open() || !self.gates.is_shut(&self.streams[stream].peer, stream)) {
            self.arm_probe(key, 0, ctx);
        } else {
            self.schedule.cancel(key);
        }
        ctx.persist(|_| Record::Accepted { id, server_id: server_id.clone() });
        ctx.event(Event::Accepted { id, server_id });
    }

    #[inline(never)]
    fn on_rejected(&mut self, key: Key, rejection: Rejection, ctx: &mut Context<T>) {
        let reason = match self.entries[key].state {
            State::Queued => {
                ctx.stats.ignored_msg_a_repeated += 1;
                return;
            }
            State::OnWire { repeated: false, .. } => {
                self.sample(key, false, ctx);
                FailReason::Rejected(rejection)
            }
            State::OnWire { repeated: true, .. } | State::Accepted { .. } => {
                FailReason::Unknown { rejection: Some(rejection) }
            }
        };
        self.park(key, reason, ctx);
    }

    #[inline(never)]
    fn on_retry_after(&mut self, key: Key, pause: Duration, ctx: &mut Context<T>) {
        let waits_for_msg_a = matches!(self.schedule.place(key), Place::Armed | Place::Waiting(DUE));
        let repeated = match self.entries[key].state {
            State::OnWire { repeated, .. } if waits_for_msg_a => repeated,
            State::OnWire { .. } | State::Queued | State::Accepted { .. } => {
                ctx.stats.ignored_msg_a_repeated += 1;
                return;
            }
        };
        ctx.stats.retry_after += 1;
        self.sample(key, repeated, ctx);
        self.leave_window(key);
        self.schedule.wait(key, RETRY);
        let until = ctx.now + pause.min(ctx.config.probe_max);
        self.paused_until = self.paused_until.max(Some(until));
    }

    /// ack:N.
    pub(crate) fn on_ack_n(&mut self, id: MsgId, server_id: T::ServerId, ctx: &mut Context<T>) {
        let Some(Found { stream, seq, moving }) = self.streams.look_up(id) else {
            ctx.stats.ignored_ack_n_unknown += 1;
            return;
        };
        let first = match moving {
            Some(key) => {
                if matches!(self.entries[key].state, State::Queued) {
                    ctx.stats.ignored_ack_n_unsent += 1;
                    return;
                }
                let Entry { state, holds_floor_below_gap, .. } = self.take_now(key);
                if holds_floor_below_gap {
                    self.leave_gap(stream, seq, Announce::All);
                }
                match state {
                    State::Queued | State::OnWire { .. } => None,
                    State::Accepted { server_id, .. } => Some(server_id),
                }
            }
            None => match self.take_parked(stream, seq, ctx) {
                Some(parked) => parked.server_id,
                None => return,
            },
        };
        if self.streams.has_backed_off() {
            self.reset_probes(stream, ctx);
        }
        self.streams.tidy(stream);
        self.deliver(id, first, server_id, ctx);
    }

    /// A parked message was delivered after all, unless it never left.
    #[inline(never)]
    fn take_parked(&mut self, stream: Key, seq: u64, ctx: &mut Context<T>) -> Option<Parked<T>> {
        match self.parked.get(&(stream, seq)) {
            Some(parked) if parked.has_left() => {
                self.streams[stream].parked -= 1;
                self.parked.remove(&(stream, seq))
            }
            Some(_) => {
                ctx.stats.ignored_ack_n_unsent += 1;
                None
            }
            None => {
                ctx.stats.ignored_ack_n_unknown += 1;
                None
            }
        }
    }

    #[inline]
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
        let Probes { initial, first, .. } = self.probes;
        for stream in self.streams.take_backed_off(heard, initial, ctx.now) {
            for (_, key) in self.streams[stream].ring.iter() {
                if let State::Accepted { probes: probes @ 1.., .. } = &mut self.entries[key].state {
                    *probes = 0;
                    if self.schedule.place(key) == Place::Armed {
                        self.schedule.arm(key, PROBE_TIMER, ctx.backoff.draw(first), ctx.now);
                    }
                }
            }
        }
    }

    /// Karn's rule: only the answer to a message that was transmitted once is a sample.
    #[inline]
    fn sample(&self, key: Key, repeated: bool, ctx: &mut Context<T>) {
        if repeated {
            return;
        }
        if let Some(sent_at) = self.schedule.armed_at(key) {
            ctx.rto.on_sample(ctx.now.nanos_since(sent_at));
        }
    }
}

/// Accepted twice under two names: the later one counts.
#[inline(never)]
fn note_second_server_id<T: Types>(
    state: &mut State<T::ServerId>,
    id: MsgId,
    server_id: T::ServerId,
    ctx: &mut Context<T>,
) {
    match state {
        State::Accepted { server_id: first, .. } if *first != server_id => {
            let first = core::mem::replace(first, server_id.clone());
            ctx.persist(|_| Record::Accepted { id, server_id: server_id.clone() });
            ctx.event(Event::ServerIdConflict { id, first, second: server_id });
        }
        State::Accepted { .. } | State::Queued | State::OnWire { .. } => {}
    }
}

/// A parked message stays parked, but what the server called it is worth knowing: a resend then starts as accepted.
#[inline(never)]
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
