//! The server's replies: msg:A and ack:N.
//!
//! The rule (L6): a reply advances, fails or requeues a message, or changes nothing; events report only what is certain.
//! Replies for unknown ids and in the wrong state are counted and ignored. A verdict that comes after a message has
//! failed is kept for its `resend`.

use super::message::{Acceptance, Answered, Left};
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
            if self.hurried == Some(id) && matches!(verdict, Verdict::Accepted(_)) {
                self.on_needless(ctx);
            }
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
        let place = self.flights.place(key);
        let number = self.flights.last(key).1;
        let message = &mut self.messages[key];
        let (stream, seq) = (message.stream, message.seq);
        let left = message.on_answered(ctx.connection);
        let acceptance = message.on_accepted(server_id.clone());
        if let Some((answered, left)) = left {
            self.on_left(key, stream, place, answered, left, ctx);
            // A refusal says nothing of other messages: a busy server may refuse at once what it would accept late.
            if answered.once_here && place == Place::Timer {
                self.flights.on_answered_once(number);
            }
            if answered.late {
                ctx.rto.on_accepted_late(ctx.now);
                self.flights.follow(ctx.rto.timing());
            }
            self.pauses.on_accepted();
        }
        let conflict = match acceptance {
            Acceptance::First => {
                self.on_probed(key, stream, ctx);
                if place == Place::Idle {
                    self.update_rings(stream);
                }
                ctx.persist(|_| Record::Accepted { id, server_id: server_id.clone() });
                ctx.event(Event::Accepted { id, server_id });
                if !self.floors.is_empty() {
                    self.on_announcement_answered(stream, seq);
                    // It may have waited to announce the floor as a message on the wire.
                    self.announce(stream, ctx);
                }
                return;
            }
            Acceptance::Repeated { needless } => {
                ctx.stats.ignored_msg_a_repeated += 1;
                self.on_asked_answered(key, ctx);
                if needless {
                    self.on_needless(ctx);
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
            self.ask_all_but(key, ctx);
        }
    }

    /// A message was repeated because it was overdue, and both copies were accepted.
    #[inline(never)]
    fn on_needless(&mut self, ctx: &mut Context<T>) {
        self.hurried = None;
        ctx.rto.on_needless();
        self.flights.follow(ctx.rto.timing());
    }

    /// The server has answered a question: the message rests until the next one.
    #[inline(never)]
    fn on_asked_answered(&mut self, key: Key, ctx: &Context<T>) {
        let message = &self.messages[key];
        let (stream, seq, is_accepted) = (message.stream, message.seq, message.is_accepted());
        if is_accepted {
            self.leave(key, stream);
            self.on_announcement_answered(stream, seq);
            self.announce(stream, ctx);
        }
    }

    #[inline(never)]
    fn on_rejected(&mut self, key: Key, id: MsgId, rejection: Rejection, ctx: &mut Context<T>) {
        let answered = self.on_answered(key, ctx);
        let message = &mut self.messages[key];
        let reason = match answered {
            Some(Answered { once: true, .. }) => FailReason::Rejected(rejection),
            None if !message.is_accepted() => {
                ctx.stats.ignored_msg_a_repeated += 1;
                if let Some(reason) = message.on_rejected_late(rejection) {
                    ctx.persist(|_| Record::Failed { id, reason });
                }
                return;
            }
            Some(_) | None => FailReason::Unknown { rejection: Some(rejection) },
        };
        self.fail(key, reason, ctx);
    }

    /// Handles the first answer to a message on the wire; `None` for any other.
    pub(super) fn on_answered(&mut self, key: Key, ctx: &mut Context<T>) -> Option<Answered> {
        let message = &mut self.messages[key];
        let stream = message.stream;
        let (answered, left) = message.on_answered(ctx.connection)?;
        self.on_left(key, stream, self.flights.place(key), answered, left, ctx);
        Some(answered)
    }

    /// A message on the wire was answered: it leaves its list, and is a sample of the round trip if it is timed.
    #[inline(always)]
    fn on_left(&mut self, key: Key, stream: Key, place: Place, answered: Answered, left: Left, ctx: &mut Context<T>) {
        let (sent_at, number) = self.flights.last(key);
        // If its timer is due only now, the caller comes late: then the time since the transmission says nothing.
        let is_late = |due| due <= ctx.now;
        if ctx.rto.stop_timing(number) && answered.once && !self.flights.due(key).is_some_and(is_late) {
            ctx.rto.on_sample(ctx.now.nanos_since(sent_at));
            self.flights.follow(ctx.rto.timing());
        }
        self.leave_place(key, stream, place);
        if let Some(was_stuck) = left.window {
            if left.was_suspect {
                self.suspects.on_answered();
            }
            self.on_left_window(was_stuck, left.was_suspect);
        }
        if left.held_back {
            self.release(stream);
        }
    }

    /// ack:N.
    pub(crate) fn on_ack_n(&mut self, id: MsgId, server_id: T::ServerId, ctx: &mut Context<T>) {
        let Some(key) = self.look_up(id) else {
            ctx.stats.ignored_ack_n_unknown += 1;
            return;
        };
        let message = &self.messages[key];
        if !message.has_left() {
            ctx.stats.ignored_ack_n_unsent += 1;
            return;
        }
        let place = self.flights.place(key);
        let was_asked = message.is_accepted() && matches!(place, Place::Timer | Place::Queue(AGAIN));
        ctx.rto.stop_timing(self.flights.last(key).1);
        if !message.is_accepted() {
            self.on_answered(key, ctx);
        }
        let message = self.messages.remove(key);
        let (stream, seq, is_live) = (message.stream, message.seq, message.is_live());
        if is_live {
            self.streams[stream].live.remove(seq);
            if message.is_accepted() {
                self.leave_place(key, stream, place);
                self.on_probed_no_more(key, stream);
            }
            self.expiry.remove(key, message.expires_at, &self.messages);
            if !self.floors.is_empty() {
                self.on_delivered_below(stream, seq, ctx);
            }
        } else {
            self.failed -= 1;
            self.streams[stream].on_delivered_late(seq);
        }
        if message.was_hurried() {
            self.hurried = Some(id);
        }
        if place == Place::Idle && is_live && !message.is_accepted() {
            self.update_rings(stream);
        }
        self.on_recipient_heard(stream, seq, was_asked, ctx);
        self.retire_if_idle(stream);

        ctx.persist(|_| Record::Delivered { id, server_id: server_id.clone() });
        if let Some(first) = message.server_id().filter(|first| **first != server_id) {
            ctx.event(Event::ServerIdConflict { id, first: first.clone(), second: server_id.clone() });
            self.ask_all_but(key, ctx);
        }
        ctx.stats.delivered += 1;
        ctx.event(Event::Delivered { id, server_id });
    }
}
