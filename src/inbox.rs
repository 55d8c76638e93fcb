//! The RECEIVER half: msg:N → handed over → ack:R → ack:A.
//!
//! The rules: a message is handed over once; only what the application has handled is acked; what cannot be handed over is
//! not acked, so it comes again.
//!
//! ```text
//!            at the cursor                confirm             ack:A
//!  msg:N ──┬───────────────► with the app ───────► ack pending ─────► only the seq is remembered
//!          │ beyond it   ▲        │                 │       ▲
//!          └─► held ─────┘        │ release         └ timer ┘
//!              (cursor, max_hold) └─► as if never seen
//! ```
//!
//! - `order.rs`: the cursor, holding, handing over
//! - `acks.rs`: ack:R until ack:A
//! - `newcomers.rs`: the first message of a stream, and what must be forgotten for it
//! - `restore.rs`: what survives a restart
//! - `held.rs`: the messages beyond the cursor
//! - `owed.rs`, `entries.rs`, `crowd.rs`: the messages that are unconfirmed or unacked, and how a stream finds its own
//! - `streams.rs`, `peers.rs`, `seen.rs`, `hints.rs`: what is remembered, for how long, and how it is found

mod acks;
mod crowd;
mod entries;
mod held;
mod hints;
mod newcomers;
mod order;
mod owed;
mod peers;
mod restore;
mod seen;
mod streams;

use crate::config::{Config, Order};
use crate::context::Context;
use crate::error::UnknownDelivery;
use crate::event::Event;
use crate::frame::Types;
use crate::id::{MsgId, SEQ_END, StreamKey};
use crate::journal::Record;
use crate::memory::{self, Bytes};
use crate::slab::Key;
use crate::stats::Stats;

use acks::AckSchedule;
use entries::State;
use held::Held;
use owed::Owed;
use streams::{Stream, Streams};

#[derive(Clone, Debug)]
pub(crate) struct Inbox<T: Types> {
    streams: Streams<T>,
    held: Held<T>,
    owed: Owed,
    /// Where the pending acks stand.
    schedule: AckSchedule,
    /// How many messages the application has not confirmed.
    with_app: usize,
}

/// A msg:N without its address.
#[derive(Clone, Debug)]
pub(crate) struct Message<T: Types> {
    pub(crate) server_id: T::ServerId,
    pub(crate) floor: u64,
    pub(crate) payload: T::Payload,
}

impl<T: Types> Inbox<T> {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            streams: Streams::new(),
            held: Held::new(config),
            owed: Owed::new(),
            schedule: acks::schedule(config),
            with_app: 0,
        }
    }

    /// The most heap that an inbox takes.
    pub(crate) fn memory_bound(config: &Config) -> Bytes {
        let messages = config.inbox_capacity + config.ack_capacity;
        Held::<T>::memory_bound(config)
            + Owed::memory_bound(config, messages)
            + AckSchedule::memory_bound(messages)
            + memory::array::<Key>(messages)
            + Streams::<T>::memory_bound(config)
    }

    /// msg:N.
    #[inline]
    pub(crate) fn on_msg_n(&mut self, from: &T::Peer, id: MsgId, message: Message<T>, ctx: &mut Context<T>) {
        match self.streams.find_recent(from, id) {
            Some((key, seq)) => self.on_known(key, from, id, seq, message, ctx),
            None => self.on_another(from, id, message, ctx),
        }
    }

    /// A message of a known stream: nearly always the next one.
    #[inline(always)]
    fn on_known(&mut self, key: Key, from: &T::Peer, id: MsgId, seq: u64, message: Message<T>, ctx: &mut Context<T>) {
        let nothing_waits = self.held.len() == 0 || self.held.lowest(key).is_none();
        let fits = nothing_waits && !self.is_full(ctx);
        let stream = self.streams.touch(key, ctx.now);
        let is_next = seq == stream.cursor && message.floor <= seq;
        if is_next && fits && stream.seen.extend(seq) {
            stream.cursor = seq + 1;
            self.owed.insert(&mut stream.live, seq, key);
            self.give(from.clone(), id, message, false, ctx);
        } else if message.floor <= stream.cursor && stream.seen.contains(seq) {
            self.on_duplicate(key, seq, ctx);
        } else {
            self.on_other(key, seq, message, ctx);
        }
    }

    /// A message of a known stream that is not simply the next one.
    #[inline(never)]
    fn on_other(&mut self, key: Key, seq: u64, message: Message<T>, ctx: &mut Context<T>) {
        let stream = &self.streams[key];
        let floor = floor(stream.key, message.floor, ctx);
        if floor > stream.cursor {
            self.raise_cursor(key, floor, ctx);
        }
        self.admit(key, seq, message, ctx);
        self.close_if_blank(key);
    }

    /// Takes in one message of a known stream.
    fn admit(&mut self, key: Key, seq: u64, message: Message<T>, ctx: &mut Context<T>) {
        let stream = &self.streams[key];
        if stream.seen.contains(seq) {
            self.on_duplicate(key, seq, ctx);
            return;
        }
        let in_order = in_order(stream.key, ctx);
        if in_order && seq > stream.cursor {
            self.hold(key, seq, message, ctx);
            return;
        }
        if self.is_full(ctx) && !self.drop_a_held_one(key, ctx) {
            ctx.stats.ignored_msg_n_full += 1;
            return;
        }
        let late = in_order && seq < self.streams[key].cursor;
        self.hand_over(key, seq, message, late, ctx);
        if in_order {
            self.advance(key, ctx);
        }
    }

    /// A message that was handed over came again.
    #[inline]
    fn on_duplicate(&mut self, stream: Key, seq: u64, ctx: &mut Context<T>) {
        match self.owed.find(self.streams[stream].live, seq) {
            None => self.bring_ack_back(stream, seq, ctx),
            Some(key) => match self.owed.entries.state(key) {
                State::WithApp | State::Free => ctx.stats.ignored_msg_n_pending += 1,
                State::AckPending { .. } => self.ack_again(key, ctx),
            },
        }
    }

    /// Forgets a stream of which there is nothing to remember: no message, and no floor.
    #[inline]
    fn close_if_blank(&mut self, key: Key) {
        let stream = &self.streams[key];
        if stream.cursor == 0 && self.is_blank(key, stream) {
            self.streams.close(key);
        }
    }

    /// Whether nothing came of a stream: nothing was handed over, nothing is held.
    #[inline]
    fn is_blank(&self, key: Key, stream: &Stream) -> bool {
        stream.seen.is_blank() && stream.live.is_nothing() && self.held.lowest(key).is_none()
    }

    #[inline]
    fn is_full(&self, ctx: &Context<T>) -> bool {
        self.with_app + self.held.len() >= ctx.config.inbox_capacity
    }

    #[inline(never)]
    fn refuse(&mut self, from: T::Peer, id: MsgId, ctx: &mut Context<T>) {
        ctx.stats.ignored_msg_n_horizon += 1;
        ctx.event(Event::HorizonExceeded { from, id });
    }

    /// The application has handled a message.
    #[inline]
    pub(crate) fn confirm(&mut self, from: &T::Peer, id: MsgId, ctx: &mut Context<T>) -> Result<(), UnknownDelivery> {
        let (stream, seq) = self.streams.find(from, id).ok_or(UnknownDelivery(id))?;
        let stream = &self.streams[stream];
        let Some(key) = self.owed.find(stream.live, seq) else {
            return if stream.seen.contains(seq) { Ok(()) } else { Err(UnknownDelivery(id)) };
        };
        match self.owed.entries.state(key) {
            State::AckPending { .. } | State::Free => Ok(()),
            State::WithApp => {
                self.with_app -= 1;
                ctx.stats.confirmed += 1;
                ctx.persist(|clock| Record::Confirmed { from: from.clone(), id, at: clock.outside_past(clock.now()) });
                self.ack(key, from, id, ctx);
                Ok(())
            }
        }
    }

    /// The application has not handled a message and wants its next copy.
    pub(crate) fn release(&mut self, from: &T::Peer, id: MsgId) -> Result<(), UnknownDelivery> {
        let (stream, seq) = self.streams.find(from, id).ok_or(UnknownDelivery(id))?;
        let live = &mut self.streams[stream].live;
        let key = self.owed.find(*live, seq).ok_or(UnknownDelivery(id))?;
        match self.owed.entries.state(key) {
            State::AckPending { .. } | State::Free => Err(UnknownDelivery(id)),
            State::WithApp => {
                self.with_app -= 1;
                self.owed.remove(live, seq, key);
                self.streams.unsee(stream, seq);
                Ok(())
            }
        }
    }

    /// What the application still owes: by peer, then by stream and seq.
    pub(crate) fn unconfirmed(&self) -> impl Iterator<Item = (&T::Peer, MsgId)> {
        self.streams.iter().flat_map(|(peer, stream)| {
            let with_app = self.owed.iter(stream.live).filter(|(_, state)| *state == State::WithApp);
            with_app.map(move |(seq, _)| (peer, stream.key.id(seq)))
        })
    }

    /// Whether no ack:R waits for its ack:A.
    pub(crate) fn is_settled(&self) -> bool {
        self.owed.entries.pending() == 0
    }

    pub(crate) fn gauge(&self, stats: &mut Stats) {
        stats.unconfirmed = self.with_app;
        stats.held = self.held.len();
        stats.acks_pending = self.owed.entries.pending();
        stats.incoming_streams = self.streams.len();
        stats.ranges = self.streams.ranges();
    }
}

/// Whether the messages of a stream are handed over in order: a message of another make has none.
fn in_order<T: Types>(name: StreamKey, ctx: &Context<T>) -> bool {
    match ctx.config.order {
        Order::InOrder { .. } => name.counts(),
        Order::AsArrived => false,
    }
}

/// The floor as far as it matters: for order, in streams that count.
fn floor<T: Types>(name: StreamKey, floor: u64, ctx: &Context<T>) -> u64 {
    if in_order(name, ctx) { floor.min(SEQ_END) } else { 0 }
}
