//! ack:R until ack:A.
//!
//! The rule: the first ack:R of a confirmed message goes at once; every other one, whether its ack:A did not come in time,
//! a duplicate msg:N asked for it or the connection is new, waits for a token. One per message is queued at a time.

use super::Inbox;
use crate::config::Config;
use crate::context::Context;
use crate::event::Event;
use crate::frame::{Outgoing, Types};
use crate::id::MsgId;
use crate::retransmit::{Place, Schedule};
use crate::slab::Key;
use crate::time::{Time, nanos};

/// Where the pending acks stand, and when their timers fire.
pub(super) type AckSchedule = Schedule<CLASSES>;

/// The queue of the schedule: acks that wait for a token.
const DUE: usize = 0;
/// The only class of timers: until ack:A.
const ACK_TIMER: usize = 0;
const CLASSES: usize = 1;

/// Makes a schedule in which nothing stands.
pub(super) fn schedule(config: &Config) -> AckSchedule {
    Schedule::new([(nanos(config.rto_min), nanos(config.rto_max))], 1)
}

impl<T: Types> Inbox<T> {
    /// A message was confirmed.
    #[inline]
    pub(super) fn ack(&mut self, key: Key, from: &T::Peer, id: MsgId, ctx: &mut Context<T>) {
        self.make_room_for_ack(ctx);
        self.owed.entries.pend(key, ctx.connected);
        if ctx.connected {
            self.transmit(key, 0, Outgoing::AckR { id, from: from.clone() }, ctx);
        }
    }

    /// A confirmed message came again before its ack:A.
    #[inline]
    pub(super) fn ack_again(&mut self, key: Key, ctx: &mut Context<T>) {
        ctx.stats.repeated_msg_n_confirmed += 1;
        if self.schedule.place(key) == Place::Armed {
            self.schedule.wait(key, DUE);
        }
    }

    /// A confirmed message came again after its ack:A, or after its ack was forgotten.
    #[inline(never)]
    pub(super) fn bring_ack_back(&mut self, stream: Key, seq: u64, ctx: &mut Context<T>) {
        ctx.stats.repeated_msg_n_confirmed += 1;
        self.make_room_for_ack(ctx);
        let key = self.owed.insert(&mut self.streams[stream].live, seq, stream);
        self.owed.entries.pend(key, true);
        if ctx.connected {
            self.schedule.wait(key, DUE);
        }
    }

    /// ack:A.
    #[inline]
    pub(crate) fn on_ack_a(&mut self, from: T::Peer, id: MsgId, ctx: &mut Context<T>) {
        if let Some((stream, seq)) = self.streams.find(&from, id) {
            let live = &mut self.streams[stream].live;
            if let Some(key) = self.owed.find(*live, seq).filter(|key| self.owed.entries.state(*key).is_ack_sent()) {
                self.schedule.cancel(key);
                self.owed.settle(live, seq, key);
                ctx.event(Event::AckSettled { from, id });
                return;
            }
        }
        ctx.stats.ignored_ack_a += 1;
    }

    #[inline]
    fn make_room_for_ack(&mut self, ctx: &mut Context<T>) {
        if self.owed.entries.pending() >= ctx.config.ack_capacity {
            self.forget_oldest_ack(ctx);
        }
    }

    #[inline(never)]
    fn forget_oldest_ack(&mut self, ctx: &mut Context<T>) {
        let oldest = self.owed.entries.iter_pending().next();
        if let Some(oldest) = oldest {
            let (stream, seq) = (self.owed.entries.stream(oldest), self.owed.entries.seq(oldest));
            self.schedule.cancel(oldest);
            self.owed.settle(&mut self.streams[stream].live, seq, oldest);
            ctx.stats.acks_forgotten += 1;
        }
    }

    /// First acks go out, all others wait for a token, the oldest first; attempts start anew.
    pub(crate) fn on_connected(&mut self, ctx: &mut Context<T>) {
        let pending: alloc::vec::Vec<Key> = self.owed.entries.iter_pending().collect();
        for key in pending {
            if self.owed.entries.state(key).is_ack_sent() {
                self.owed.entries.count_unanswered(key, |_| 0);
                self.schedule.wait(key, DUE);
            } else {
                self.transmit_pending(key, ctx);
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
            self.owed.entries.count_unanswered(key, |unanswered| unanswered.saturating_add(1));
            self.schedule.wait(key, DUE);
            ctx.on_timeout(sent_at);
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
        let Some(unanswered) = self.owed.entries.send(key) else { return };
        let stream = &self.streams[self.owed.entries.stream(key)];
        let id = stream.key.id(self.owed.entries.seq(key));
        let frame = Outgoing::AckR { id, from: self.streams.name(stream).clone() };
        self.transmit(key, unanswered.into(), frame, ctx);
    }

    /// Sends an ack:R of which so many went unanswered.
    #[inline]
    fn transmit(&mut self, key: Key, unanswered: u32, frame: Outgoing<T>, ctx: &mut Context<T>) {
        ctx.transmit(frame);
        let delay = ctx.rto_delay(unanswered);
        self.schedule.arm(key, ACK_TIMER, delay, ctx.now);
    }

    /// When something happens here by itself, the tokens aside.
    #[inline]
    pub(crate) fn next_deadline(&self) -> Time {
        self.held.end().min(self.schedule.next_due())
    }
}
