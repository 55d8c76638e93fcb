//! The server's replies: msg:A and ack:N.
//!
//! The rule (L6): a reply advances, fails or requeues a message, or changes nothing; events report only what is certain.
//! Replies for unknown ids and in the wrong state are counted and ignored. A verdict that comes after a message has
//! failed is kept for its `resend`.

use super::message::{Acceptance, Answered};
use super::{AGAIN, Outbox};
use crate::collections::Key;
use crate::context::Context;
use crate::event::Event;
use crate::frame::{Rejection, Types, Verdict};
use crate::id::MsgId;
use crate::journal::Record;
use crate::recovery::Place;
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
            Verdict::Rejected(rejection) => self.on_rejected(key, id, rejection, ctx),
            Verdict::RetryAfter(pause) => self.on_retry_after(key, pause, ctx),
        }
    }

    #[inline(always)]
    fn on_accepted(&mut self, key: Key, id: MsgId, server_id: T::ServerId, ctx: &mut Context<T>) {
        let was_idle = self.flights.place(key) == Place::Idle;
        if self.messages[key].on_wire(ctx.connection).is_some() {
            self.pauses.on_accepted();
            self.learn_from_acceptance(key, ctx);
            self.sample(key, ctx);
            self.on_answered(key);
            self.leave(key);
            self.hold_back_no_more(key);
        }
        let message = &mut self.messages[key];
        let (stream, seq) = (message.stream, message.seq);
        let conflict = match message.on_accepted(server_id.clone()) {
            Acceptance::First => {
                self.on_probed(key, ctx);
                if was_idle {
                    self.update_rings(stream);
                }
                ctx.persist(|_| Record::Accepted { id, server_id: server_id.clone() });
                ctx.event(Event::Accepted { id, server_id });
                if !self.floors.is_empty() {
                    self.on_announcement_answered(stream, seq);
                    self.announce(stream, ctx);
                }
                return;
            }
            Acceptance::Repeated { was_asked } => {
                ctx.stats.ignored_msg_a_repeated += 1;
                self.on_asked_answered(key, ctx);
                if !was_asked {
                    ctx.rto.on_needless();
                    self.flights.follow(ctx.rto.timing());
                }
                return;
            }
            Acceptance::Ignored => {
                ctx.stats.ignored_msg_a_repeated += 1;
                return;
            }
            Acceptance::Learned => None,
            Acceptance::Conflict { first } => Some(first),
        };
        ctx.stats.ignored_msg_a_repeated += 1;
        ctx.persist(|_| Record::Accepted { id, server_id: server_id.clone() });
        if let Some(first) = conflict {
            self.on_asked_answered(key, ctx);
            ctx.event(Event::ServerIdConflict { id, first, second: server_id });
            self.ask_all(ctx);
        }
    }

    /// The server has answered a question: the message rests until the next one.
    #[inline(never)]
    fn on_asked_answered(&mut self, key: Key, ctx: &Context<T>) {
        let message = &self.messages[key];
        let (stream, seq, is_accepted) = (message.stream, message.seq, message.is_accepted());
        if is_accepted {
            self.leave(key);
            self.on_announcement_answered(stream, seq);
            self.announce(stream, ctx);
        }
    }

    #[inline(never)]
    fn on_rejected(&mut self, key: Key, id: MsgId, rejection: Rejection, ctx: &mut Context<T>) {
        let message = &mut self.messages[key];
        let reason = match message.on_wire(ctx.connection) {
            Some(Answered { once, .. }) => {
                self.sample(key, ctx);
                self.on_answered(key);
                if once { FailReason::Rejected(rejection) } else { FailReason::Unknown { rejection: Some(rejection) } }
            }
            None if message.is_accepted() => FailReason::Unknown { rejection: Some(rejection) },
            None => {
                ctx.stats.ignored_msg_a_repeated += 1;
                if let Some(reason) = message.on_rejected_late(&rejection) {
                    ctx.persist(|_| Record::Failed { id, reason });
                }
                return;
            }
        };
        self.fail(key, reason, ctx);
    }

    /// A message is answered: it leaves the window, and a suspect is one no more.
    #[inline]
    pub(super) fn on_answered(&mut self, key: Key) {
        if self.messages[key].is_suspect_in_flight() {
            self.suspects.on_answered();
        }
        self.leave_window(key);
    }

    /// What an acceptance says of other messages: those transmitted before it are overdue; if it came after a timeout,
    /// the path is slow. A refusal says neither: a busy server may refuse at once what it would accept late.
    #[inline(always)]
    fn learn_from_acceptance(&mut self, key: Key, ctx: &mut Context<T>) {
        let Some(answered) = self.messages[key].on_wire(ctx.connection) else { return };
        if answered.once_here && self.flights.place(key) == Place::Timer {
            self.flights.on_answered_once(self.flights.last(key).1);
        }
        if answered.late {
            ctx.rto.on_accepted_late(ctx.now);
            self.flights.follow(ctx.rto.timing());
        }
    }

    /// What the answer to a message says of the round trip, by Karn's rule. To be called while it is in its list.
    #[inline(always)]
    pub(super) fn sample(&mut self, key: Key, ctx: &mut Context<T>) {
        let Some(answered) = self.messages[key].on_wire(ctx.connection) else { return };
        let place = self.flights.place(key);
        let (sent_at, number) = self.flights.last(key);
        if answered.once && ctx.rto.wants_sample(number) {
            let in_time = match place {
                // The caller may have come late: then the time since the transmission says nothing.
                Place::Timer => self.flights.due(key).is_some_and(|due| ctx.now < due),
                Place::Queue(AGAIN) => true,
                Place::Queue(_) | Place::Idle => false,
            };
            if in_time {
                ctx.rto.on_sample(ctx.now.nanos_since(sent_at));
                ctx.rto.sample_from(self.next_number);
                self.flights.follow(ctx.rto.timing());
            }
        }
    }

    /// What is in flight is no sample of the round trip.
    pub(crate) const fn distrust_samples(&self, ctx: &mut Context<T>) {
        ctx.rto.sample_from(self.next_number);
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
        let is_live = self.messages[key].is_live();
        let place = self.flights.place(key);
        let was_asked = self.messages[key].is_accepted() && matches!(place, Place::Timer | Place::Queue(AGAIN));
        if is_live {
            self.on_answered(key);
            self.leave_lists(key);
        }
        let message = self.messages.remove(key);
        let (stream, seq) = (message.stream, message.seq);
        let state = &mut self.streams[stream];
        if is_live {
            state.live.remove(seq);
            if !self.floors.is_empty() {
                self.on_delivered_below(stream, seq, ctx);
            }
        } else {
            self.failed -= 1;
            state.on_delivered_late(seq);
        }
        if place == Place::Idle && is_live && !message.is_accepted() {
            self.update_rings(stream);
        }
        self.on_recipient_heard(stream, seq, was_asked, ctx);
        self.retire_if_idle(stream);

        ctx.persist(|_| Record::Delivered { id, server_id: server_id.clone() });
        if let Some(first) = message.server_id().filter(|first| **first != server_id) {
            ctx.event(Event::ServerIdConflict { id, first: first.clone(), second: server_id.clone() });
            self.ask_all(ctx);
        }
        ctx.stats.delivered += 1;
        ctx.event(Event::Delivered { id, server_id });
    }
}
