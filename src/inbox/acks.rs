//! ack:R until ack:A.
//!
//! The rule: the first ack:R of a confirmed message goes at once; every other one, whether its ack:A did not come in time,
//! a duplicate msg:N asked for it or the connection is new, waits for a token. One per message is queued at a time.

use super::Inbox;
use super::owed::{Entry, State};
use crate::config::Config;
use crate::context::Context;
use crate::event::Event;
use crate::frame::{Outgoing, Types};
use crate::id::MsgId;
use crate::list::List;
use crate::memory;
use crate::retransmit::{Place, Schedule};
use crate::slab::Key;
use crate::time::{Time, nanos};

/// The pending acks.
#[derive(Clone, Debug)]
pub(super) struct Acks {
    /// All of them, the oldest first.
    ages: List,
    /// Where they stand.
    schedule: Schedule,
}

/// The queue of the schedule: acks that wait for a token.
const DUE: usize = 0;
/// The cap of the schedule: `rto_max`.
const RTO_CAP: usize = 0;

impl Acks {
    pub(super) fn new(config: &Config) -> Self {
        let schedule = Schedule::new(nanos(config.rto_min), &[nanos(config.rto_max)], 1);
        Self { ages: List::new(), schedule }
    }

    /// The most heap that the pending ones among so many messages take.
    pub(super) fn memory_bound(messages: usize) -> usize {
        Schedule::memory_bound(messages) + memory::links(messages) + memory::array::<Key>(messages)
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.ages.len()
    }

    #[inline]
    fn remove(&mut self, key: Key) {
        self.schedule.cancel(key);
        self.ages.remove(key);
    }
}

impl<T: Types> Inbox<T> {
    /// A message was confirmed.
    #[inline]
    pub(super) fn ack(&mut self, key: Key, from: &T::Peer, id: MsgId, ctx: &mut Context<T>) {
        self.make_room_for_ack(ctx);
        self.owed[key].state = State::AckPending { sent: ctx.connected, unanswered: 0 };
        self.acks.ages.push_back(key);
        if ctx.connected {
            self.transmit(key, 0, Outgoing::AckR { id, from: from.clone() }, ctx);
        }
    }

    /// A confirmed message came again before its ack:A.
    #[inline]
    pub(super) fn ack_again(&mut self, key: Key, ctx: &mut Context<T>) {
        ctx.stats.repeated_msg_n_confirmed += 1;
        if self.acks.schedule.place(key) == Place::Armed {
            self.acks.schedule.wait(key, DUE);
        }
    }

    /// A confirmed message came again after its ack:A, or after its ack was forgotten.
    #[inline(never)]
    pub(super) fn bring_ack_back(&mut self, stream: Key, seq: u64, ctx: &mut Context<T>) {
        ctx.stats.repeated_msg_n_confirmed += 1;
        self.make_room_for_ack(ctx);
        let state = State::AckPending { sent: true, unanswered: 0 };
        let key = self.owed.insert(&mut self.streams[stream].live, Entry { seq, stream, state });
        self.acks.ages.push_back(key);
        if ctx.connected {
            self.acks.schedule.wait(key, DUE);
        }
    }

    /// ack:A.
    #[inline]
    pub(crate) fn on_ack_a(&mut self, from: T::Peer, id: MsgId, ctx: &mut Context<T>) {
        if let Some((stream, seq)) = self.streams.find(&from, id) {
            let live = &mut self.streams[stream].live;
            if let Some(key) = self.owed.find(*live, seq) {
                if self.owed[key].state.is_ack_sent() {
                    self.acks.remove(key);
                    self.owed.remove(live, key);
                    ctx.event(Event::AckSettled { from, id });
                    return;
                }
            }
        }
        ctx.stats.ignored_ack_a += 1;
    }

    #[inline]
    fn make_room_for_ack(&mut self, ctx: &mut Context<T>) {
        if self.acks.len() >= ctx.config.ack_capacity {
            self.forget_oldest_ack(ctx);
        }
    }

    #[inline(never)]
    fn forget_oldest_ack(&mut self, ctx: &mut Context<T>) {
        if let Some(oldest) = self.acks.ages.first() {
            self.acks.remove(oldest);
            let stream = self.owed[oldest].stream;
            self.owed.remove(&mut self.streams[stream].live, oldest);
            ctx.stats.acks_forgotten += 1;
        }
    }

    /// First acks go out, all others wait for a token, the oldest first; attempts start anew.
    pub(crate) fn on_connected(&mut self, ctx: &mut Context<T>) {
        let pending: alloc::vec::Vec<Key> = self.acks.ages.iter().collect();
        for key in pending {
            match &mut self.owed[key].state {
                State::AckPending { sent: true, unanswered } => {
                    *unanswered = 0;
                    self.acks.schedule.wait(key, DUE);
                }
                State::AckPending { sent: false, .. } => self.transmit_pending(key, ctx),
                State::WithApp => {}
            }
        }
    }

    /// No timer runs while there is no connection.
    pub(crate) fn on_disconnected(&mut self) {
        self.acks.schedule.clear();
    }

    /// Fires what is due: holds, then timers.
    pub(crate) fn on_timeout(&mut self, ctx: &mut Context<T>) {
        self.give_up_gaps(ctx);
        while let Some((key, sent_at)) = self.acks.schedule.pop_due(ctx.now) {
            if let State::AckPending { unanswered, .. } = &mut self.owed[key].state {
                *unanswered = unanswered.saturating_add(1);
                self.acks.schedule.wait(key, DUE);
                ctx.on_timeout(sent_at);
            }
        }
    }

    /// Whether an ack:R waits for a token.
    #[inline]
    pub(crate) fn wants_token(&self) -> bool {
        self.acks.schedule.is_anyone_waiting()
    }

    /// Spends a token on the ack:R that waits for longest.
    pub(crate) fn transmit_due(&mut self, ctx: &mut Context<T>) {
        if let Some(key) = self.acks.schedule.first_waiting(DUE) {
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
        self.acks.schedule.arm(key, delay, RTO_CAP, ctx.now);
    }

    /// When something happens here by itself, the tokens aside.
    #[inline]
    pub(crate) fn next_deadline(&self) -> Time {
        self.held.end().min(self.acks.schedule.next_due())
    }
}
