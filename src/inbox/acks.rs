//! ack:R until ack:A.
//!
//! The rule: the first ack:R of a confirmed message goes at once; every other one, whether its ack:A did not come in time,
//! a duplicate msg:N asked for it or the connection is new, waits for a token. One per message is queued at a time.

use super::owed::{Entry, State};
use super::{DUE, Inbox, RTO_CAP};
use crate::context::Context;
use crate::event::Event;
use crate::frame::{Outgoing, Types};
use crate::id::MsgId;
use crate::retransmit::Place;
use crate::slab::Key;
use crate::time::Time;

impl<T: Types> Inbox<T> {
    /// A message was confirmed.
    #[inline]
    pub(super) fn ack(&mut self, key: Key, from: &T::Peer, id: MsgId, ctx: &mut Context<T>) {
        self.make_room_for_ack(ctx);
        self.owed[key].state = State::AckPending { sent: ctx.connected, unanswered: 0 };
        self.links.push_back(&mut self.acks, key);
        self.pending += 1;
        if ctx.connected {
            self.transmit(key, 0, Outgoing::AckR { id, from: from.clone() }, ctx);
        }
    }

    /// A confirmed message came again before its ack:A.
    pub(super) fn ack_again(&mut self, key: Key, ctx: &mut Context<T>) {
        ctx.stats.repeated_msg_n_confirmed += 1;
        if self.schedule.place(key) == Place::Armed {
            self.schedule.wait(key, DUE);
        }
    }

    /// A confirmed message came again after its ack:A, or after its ack was forgotten.
    pub(super) fn bring_ack_back(&mut self, stream: Key, seq: u64, ctx: &mut Context<T>) {
        ctx.stats.repeated_msg_n_confirmed += 1;
        self.make_room_for_ack(ctx);
        let state = State::AckPending { sent: true, unanswered: 0 };
        let key = self.owed.insert(&mut self.streams[stream].live, Entry { seq, stream, state });
        self.links.push_back(&mut self.acks, key);
        self.pending += 1;
        if ctx.connected {
            self.schedule.wait(key, DUE);
        }
    }

    /// ack:A.
    #[inline]
    pub(crate) fn on_ack_a(&mut self, from: T::Peer, id: MsgId, ctx: &mut Context<T>) {
        let (name, seq) = id.split();
        let stream = self.streams.find(&from, name);
        let pending = stream.and_then(|stream| self.owed.find(self.streams[stream].live, seq));
        let Some(key) = pending.filter(|key| self.is_ack_sent(*key)) else {
            ctx.stats.ignored_ack_a += 1;
            return;
        };
        self.drop_ack(key);
        ctx.event(Event::AckSettled { from, id });
    }

    #[inline]
    fn is_ack_sent(&self, key: Key) -> bool {
        match self.owed[key].state {
            State::AckPending { sent, .. } => sent,
            State::WithApp => false,
        }
    }

    #[inline]
    fn make_room_for_ack(&mut self, ctx: &mut Context<T>) {
        if self.pending >= ctx.config.ack_capacity {
            self.forget_oldest_ack(ctx);
        }
    }

    #[inline(never)]
    fn forget_oldest_ack(&mut self, ctx: &mut Context<T>) {
        if let Some(oldest) = self.acks.first() {
            self.drop_ack(oldest);
            ctx.stats.acks_forgotten += 1;
        }
    }

    #[inline]
    fn drop_ack(&mut self, key: Key) {
        self.schedule.cancel(key);
        self.links.remove(&mut self.acks, key);
        self.pending -= 1;
        let stream = self.owed[key].stream;
        self.owed.remove(&mut self.streams[stream].live, key);
    }

    /// First acks go out, all others wait for a token, the oldest first; attempts start anew.
    pub(crate) fn on_connected(&mut self, ctx: &mut Context<T>) {
        let pending: alloc::vec::Vec<Key> = self.links.iter(self.acks).collect();
        for key in pending {
            match &mut self.owed[key].state {
                State::AckPending { sent: true, unanswered } => {
                    *unanswered = 0;
                    self.schedule.wait(key, DUE);
                }
                State::AckPending { sent: false, .. } => self.transmit_pending(key, ctx),
                State::WithApp => {}
            }
        }
    }

    /// No timer runs while there is no connection.
    pub(crate) fn on_disconnected(&mut self) {
        self.schedule.clear();
    }

    /// Fires what is due: holds, then timers.
    pub(crate) fn on_timeout(&mut self, ctx: &mut Context<T>) {
        self.give_up_gaps(ctx);
        while let Some((key, sent_at)) = self.schedule.pop_due(ctx.now) {
            if let State::AckPending { unanswered, .. } = &mut self.owed[key].state {
                *unanswered = unanswered.saturating_add(1);
                self.schedule.wait(key, DUE);
                ctx.on_timeout(sent_at);
            }
        }
    }

    /// Whether an ack:R waits for a token.
    #[inline]
    pub(crate) fn wants_token(&self) -> bool {
        self.schedule.is_anyone_waiting()
    }

    /// Spends a token on the ack:R that waits for longest.
    pub(crate) fn transmit_due(&mut self, ctx: &mut Context<T>) {
        if let Some(key) = self.schedule.first_waiting(DUE) {
            ctx.stats.retransmissions += 1;
            self.transmit_pending(key, ctx);
        }
    }

    fn transmit_pending(&mut self, key: Key, ctx: &mut Context<T>) {
        let Entry { stream, seq, state } = &mut self.owed[key];
        let State::AckPending { sent, unanswered } = state else { return };
        *sent = true;
        let unanswered = *unanswered;
        let stream = &self.streams[*stream];
        let frame = Outgoing::AckR { id: stream.key.id(*seq), from: self.streams.name(stream).clone() };
        self.transmit(key, unanswered, frame, ctx);
    }

    /// Sends an ack:R of which so many went unanswered.
    #[inline]
    fn transmit(&mut self, key: Key, unanswered: u32, frame: Outgoing<T>, ctx: &mut Context<T>) {
        ctx.transmit(frame);
        let delay = ctx.backoff.delay(ctx.rto.base(), unanswered, ctx.rto.max());
        self.schedule.arm(key, delay, RTO_CAP, ctx.now);
    }

    /// When something happens here by itself, the tokens aside.
    #[inline]
    pub(crate) fn next_deadline(&self) -> Time {
        self.held.end().min(self.schedule.next_due())
    }
}
