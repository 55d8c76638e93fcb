//! ack:R until ack:A.
//!
//! The rule: the first ack:R of a confirmed message leaves at once; every other one, whether its ack:A did not come in time,
//! a duplicate msg:N asked for it or the connection is new, waits for a token. One per message is queued at a time.

use super::message::Message;
use super::{ACK_TIMER, AWAITS_ACK_A, Inbox};
use crate::collections::Key;
use crate::context::Context;
use crate::event::Event;
use crate::frame::{Outgoing, Types};
use crate::id::MsgId;
use crate::recovery::FlightState;
use crate::time::Time;

/// The lane of the pending acks.
const LANE: usize = 1;

impl<T: Types> Inbox<T> {
    /// A message was confirmed.
    #[inline]
    pub(super) fn ack(&mut self, key: Key, ctx: &mut Context<T>) {
        self.messages[key].on_confirmed();
        self.with_app -= 1;
        self.push_ack(key, ctx);
        if ctx.connected {
            self.transmit(key, ctx);
        }
    }

    /// A confirmed message came again before its ack:A.
    #[inline]
    pub(super) fn ack_again(&mut self, key: Key, ctx: &mut Context<T>) {
        ctx.stats.repeated_msg_n_confirmed += 1;
        if self.flights.state(&self.messages[key]) == FlightState::Armed {
            self.flights.queue(&mut self.messages, key, AWAITS_ACK_A);
        }
    }

    /// A confirmed message came again after its ack:A, or after its ack was forgotten.
    #[inline(never)]
    pub(super) fn bring_ack_back(&mut self, stream: Key, seq: u64, ctx: &mut Context<T>) {
        ctx.stats.repeated_msg_n_confirmed += 1;
        let key = self.messages.insert(Message::acked_before(stream, seq));
        self.streams.on_pending(stream, seq, key);
        self.push_ack(key, ctx);
        if ctx.connected {
            self.flights.queue(&mut self.messages, key, AWAITS_ACK_A);
        }
    }

    /// An ack is pending from here on; the oldest one makes room.
    #[inline]
    fn push_ack(&mut self, key: Key, ctx: &mut Context<T>) {
        self.messages.push_back::<LANE>(&mut self.acks, key);
        if self.acks_pending() > ctx.config.ack_capacity {
            self.forget_oldest_ack(ctx);
        }
    }

    #[inline(never)]
    fn forget_oldest_ack(&mut self, ctx: &mut Context<T>) {
        if let Some(oldest) = self.acks.first() {
            self.remove_ack(oldest);
            ctx.stats.acks_forgotten += 1;
        }
    }

    /// ack:A.
    #[inline]
    pub(crate) fn on_ack_a(&mut self, from: T::Peer, id: MsgId, ctx: &mut Context<T>) {
        let found = self.streams.look_up(&from, id);
        let key = found.and_then(|(stream, seq)| self.streams[stream].pending.get(seq));
        match key.filter(|key| self.messages[*key].is_ack_sent()) {
            Some(key) => {
                self.remove_ack(key);
                ctx.event(Event::AckSettled { from, id });
            }
            None => ctx.stats.ignored_ack_a += 1,
        }
    }

    #[inline]
    fn remove_ack(&mut self, key: Key) {
        self.flights.cancel(&mut self.messages, key);
        self.messages.unlink::<LANE>(&mut self.acks, key);
        let Message { stream, seq, .. } = self.messages.remove(key);
        self.streams.on_settled(stream, seq);
    }

    /// First acks leave, all others wait for a token, the oldest first; attempts start anew.
    pub(crate) fn on_connected(&mut self, ctx: &mut Context<T>) {
        let mut next = self.acks.first();
        while let Some(key) = next {
            next = self.messages.next::<LANE>(key);
            if self.messages[key].is_ack_sent() {
                self.messages[key].on_connected();
                self.flights.queue(&mut self.messages, key, AWAITS_ACK_A);
            } else {
                self.transmit(key, ctx);
            }
        }
    }

    /// No timer runs while there is no connection.
    pub(crate) fn on_disconnected(&mut self) {
        self.flights.clear(&mut self.messages, |_| {});
    }

    /// Fires what is due: holds, then timers.
    pub(crate) fn on_timeout(&mut self, ctx: &mut Context<T>) {
        self.give_up_gaps(ctx);
        while let Some((key, sent_at)) = self.flights.pop_due(&mut self.messages, ctx.now) {
            self.messages[key].on_timeout();
            self.flights.queue(&mut self.messages, key, AWAITS_ACK_A);
            ctx.on_timeout(sent_at);
        }
    }

    /// Whether an ack:R waits for a token.
    #[inline]
    pub(crate) const fn wants_token(&self) -> bool {
        !self.flights.queues_are_empty()
    }

    /// Spends a token on the ack:R that waits for longest.
    pub(crate) fn transmit_next(&mut self, ctx: &mut Context<T>) {
        if let Some(key) = self.flights.first_queued(AWAITS_ACK_A) {
            ctx.stats.retransmissions += 1;
            self.transmit(key, ctx);
        }
    }

    /// Transmits an ack:R and waits for ack:A.
    #[inline]
    fn transmit(&mut self, key: Key, ctx: &mut Context<T>) {
        let message = &mut self.messages[key];
        let unanswered = message.on_transmit();
        let Message { stream, seq, .. } = *message;
        ctx.transmit(Outgoing::AckR { id: self.streams.id(stream).id(seq), from: self.streams.from(stream).clone() });
        let delay = ctx.rto_delay(unanswered);
        self.flights.arm(&mut self.messages, key, ACK_TIMER, delay, ctx.now);
    }

    /// When something happens here by itself, the tokens aside.
    #[inline]
    pub(crate) fn next_deadline(&self) -> Time {
        self.held.end().min(self.flights.next_due())
    }
}
