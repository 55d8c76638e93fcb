//! ack:R until ack:A.
//!
//! The rule: the first ack:R of a confirmed message leaves at once, or on the next connect; every other one, whether its ack:A did not come in
//! time, a duplicate msg:N asked for it or the connection is new, waits for a token. One per message is queued at a
//! time.

use super::message::Message;
use super::{AGAIN, Inbox};
use crate::collections::Key;
use crate::context::Context;
use crate::event::Event;
use crate::frame::{Outgoing, Types};
use crate::id::MsgId;
use crate::recovery::Place;
use crate::time::Time;

impl<T: Types> Inbox<T> {
    /// A message was confirmed.
    #[inline(always)]
    pub(super) fn ack(&mut self, key: Key, from: &T::Peer, id: MsgId, ctx: &mut Context<T>) {
        self.messages[key].on_confirmed(ctx.connected);
        self.with_app -= 1;
        self.push_ack(key, ctx);
        if ctx.connected {
            self.transmit(key, 0, Outgoing::AckR { id, from: from.clone() }, ctx);
        }
    }

    /// A confirmed message came again before its ack:A.
    pub(super) fn ack_again(&mut self, key: Key, ctx: &mut Context<T>) {
        ctx.stats.repeated_msg_n_confirmed += 1;
        if self.flights.place(key) == Place::Timer {
            self.flights.disarm(key);
            self.push_again(key);
        }
    }

    /// A confirmed message came again after its ack:A, or after its ack was forgotten.
    #[inline(never)]
    pub(super) fn bring_ack_back(&mut self, stream: Key, seq: u64, ctx: &mut Context<T>) {
        ctx.stats.repeated_msg_n_confirmed += 1;
        let key = self.messages.insert(Message::acked_before(stream, seq));
        self.streams[stream].pending.insert(seq, key);
        self.push_ack(key, ctx);
        if ctx.connected {
            self.push_again(key);
        }
    }

    fn push_again(&mut self, key: Key) {
        self.flights.push(&mut self.again, AGAIN, key);
    }

    #[inline(always)]
    fn leave(&mut self, key: Key) {
        match self.flights.place(key) {
            Place::Timer => self.flights.disarm(key),
            Place::Queue(_) => self.flights.remove(&mut self.again, key),
            Place::Idle => {}
        }
    }

    /// Adds a pending ack; at the limit the oldest one is forgotten.
    fn push_ack(&mut self, key: Key, ctx: &mut Context<T>) {
        self.ack_links.push_back(&mut self.acks, key, ());
        if self.acks_pending() > ctx.config.ack_capacity {
            self.forget_oldest_ack(ctx);
        }
    }

    #[inline(never)]
    fn forget_oldest_ack(&mut self, ctx: &mut Context<T>) {
        if let Some(oldest) = self.acks.first() {
            let Message { stream, seq, .. } = self.messages[oldest];
            self.remove_ack(oldest, stream, seq);
            ctx.stats.acks_forgotten += 1;
        }
    }

    /// ack:A.
    pub(crate) fn on_ack_a(&mut self, from: T::Peer, id: MsgId, ctx: &mut Context<T>) {
        if let Some((stream, seq)) = self.streams.look_up_from(&from, id) {
            let key = self.streams[stream].pending.get(seq);
            if let Some(key) = key.filter(|key| self.messages[*key].is_ack_sent()) {
                self.remove_ack(key, stream, seq);
                ctx.event(Event::AckSettled { from, id });
                return;
            }
        }
        ctx.stats.ignored_ack_a += 1;
    }

    #[inline(always)]
    fn remove_ack(&mut self, key: Key, stream: Key, seq: u64) {
        self.leave(key);
        self.ack_links.unlink(&mut self.acks, key);
        self.messages.remove(key);
        self.on_settled(stream, seq);
    }

    /// Transmits all first acks; the others wait for tokens, the oldest first. Attempts start anew.
    pub(crate) fn on_connected(&mut self, ctx: &mut Context<T>) {
        let mut next = self.acks.first();
        while let Some(key) = next {
            next = self.ack_links.next(key);
            if self.messages[key].is_ack_sent() {
                self.messages[key].on_connected();
                self.push_again(key);
            } else {
                self.transmit_pending(key, ctx);
            }
        }
    }

    /// No timer runs while there is no connection.
    pub(crate) fn on_disconnected(&mut self) {
        let mut next = self.acks.first();
        while let Some(key) = next {
            next = self.ack_links.next(key);
            self.leave(key);
        }
    }

    /// Fires what is due: holds, then timers.
    pub(crate) fn on_timeout(&mut self, ctx: &mut Context<T>) {
        self.give_up_gaps(ctx);
        self.flights.follow(ctx.rto.timing());
        while let Some(due) = self.flights.pop_due(ctx.now, &mut ctx.jitter) {
            self.messages[due.key].on_timeout();
            self.push_again(due.key);
            ctx.on_timeout(due.entered);
        }
    }

    /// Whether an ack:R waits for a token.
    pub(crate) fn wants_token(&self) -> bool {
        self.again.first().is_some()
    }

    /// Transmits the ack:R that has waited longest, with a token.
    pub(crate) fn transmit_next(&mut self, ctx: &mut Context<T>) {
        if let Some(key) = self.again.first() {
            ctx.stats.retransmissions += 1;
            self.leave(key);
            self.transmit_pending(key, ctx);
        }
    }

    fn transmit_pending(&mut self, key: Key, ctx: &mut Context<T>) {
        let message = &mut self.messages[key];
        let unanswered = message.on_transmit();
        let stream = &self.streams[message.stream];
        let ack_r = Outgoing::AckR { id: stream.id.id(message.seq), from: stream.name.clone() };
        self.transmit(key, unanswered, ack_r, ctx);
    }

    /// Transmits an ack:R after `unanswered` unanswered ones, and waits for ack:A.
    #[inline(always)]
    fn transmit(&mut self, key: Key, unanswered: u32, ack_r: Outgoing<T>, ctx: &mut Context<T>) {
        ctx.transmit(ack_r);
        self.flights.arm(key, unanswered, 0, ctx.now);
    }

    /// Returns the next deadline of the receiver half; the client adds that of the tokens.
    #[inline]
    pub(crate) fn next_deadline(&mut self, ctx: &Context<T>) -> Time {
        self.flights.follow(ctx.rto.timing());
        self.held.end().min(self.flights.next_due())
    }
}
