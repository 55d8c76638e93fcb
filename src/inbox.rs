//! The RECEIVER half: msg:N → handed over → ack:R → ack:A.
//!
//! The rules: a message is handed over once, unless it is released; only what the application has handled is acked; what cannot be handed over
//! is not acked, so it comes again.
//!
//! ```text
//!            at the cursor                confirm             ack:A
//!  msg:N ──┬───────────────► with the app ───────► ack pending ─────► only the seq is remembered
//!          │ beyond it   ▲        │                 │       ▲
//!          └─► held ─────┘        │ release         └ timer ┘
//!              (cursor, max_hold) └─► as if never seen
//! ```
//!
//! Path of a message: `client.rs` → here (`ordering.rs` if it waits for others) → `message.rs` (its state) → `acks.rs`
//! (ack:R and ack:A) → `recovery/flights.rs` (its timer); `client/turns.rs` ends each input.
//!
//! - `ordering.rs`: what waits for its turn, and the cursor
//! - `held.rs`: the messages beyond the cursor
//! - `message.rs`: one message that was handed over, and its state
//! - `acks.rs`: ack:R until ack:A
//! - `stream.rs`: what is remembered of a stream
//! - `rooms.rs`: which stream is forgotten for a new one
//! - `restore.rs`: what survives a restart

mod acks;
mod held;
mod message;
mod ordering;
mod restore;
mod rooms;
mod stream;

use crate::collections::{self, Arena, Bytes, Key, Links, List, RangeSet};
use crate::config::{Config, Order};
use crate::context::Context;
use crate::error::UnknownDelivery;
use crate::event::{Delivery, Event};
use crate::frame::Types;
use crate::id::{MsgId, SEQ_END, StreamKey};
use crate::journal::Record;
use crate::recovery::{Flights, Jitter, Rto, Timing};
use crate::rng::{HASHES, Rng, Seed};
use crate::stats::Stats;

use held::Held;
use message::Message;
use rooms::{Holders, NoRoom};
use stream::{Stream, Streams};

#[derive(Clone, Debug)]
pub(crate) struct Inbox<T: Types> {
    streams: Streams<T>,
    holders: Holders,
    /// Ranges over all streams.
    ranges: usize,
    /// The messages that are with the application, or whose ack is pending.
    messages: Arena<Message>,
    /// The number of messages that the application has not confirmed.
    with_app: usize,
    /// The pending acks, the oldest first.
    acks: List,
    ack_links: Links,
    flights: Flights,
    /// The acks that wait for a token.
    again: List,
    held: Held<T>,
}

/// The only queue: acks that wait for a token.
const AGAIN: u8 = 0;

/// A copy of a message, as msg:N brings it.
#[derive(Clone, Debug)]
pub(crate) struct Copy<T: Types> {
    pub(crate) from: T::Peer,
    pub(crate) server_id: T::ServerId,
    pub(crate) floor: u64,
    pub(crate) payload: T::Payload,
}

impl<T: Types> Inbox<T> {
    pub(crate) fn new(config: &Config, seed: &Seed, jitter: &mut Jitter) -> Self {
        Self {
            streams: Streams::<T>::new(Rng::new(seed, HASHES)),
            holders: Holders::new(),
            ranges: 0,
            messages: Arena::new(),
            with_app: 0,
            acks: List::EMPTY,
            ack_links: Links::new(),
            flights: Flights::new(Rto::range(config), Timing::of(Rto::range(config)), jitter),
            again: List::EMPTY,
            held: Held::new(config),
        }
    }

    /// The maximum heap of an inbox.
    pub(crate) fn footprint(config: &Config) -> Bytes {
        let messages = config.inbox_capacity + config.ack_capacity;
        stream::footprint::<T>(config, messages)
            + collections::map::<(u32, Key), ()>(config.max_streams / 2)
            + collections::arena::<Message>(messages)
            + collections::links::<()>(messages)
            + Flights::footprint(messages)
            + Held::<T>::footprint(config)
    }

    /// msg:N.
    pub(crate) fn on_msg_n(&mut self, id: MsgId, copy: Copy<T>, ctx: &mut Context<T>) {
        if let Some((stream, seq)) = self.streams.look_up_from(&copy.from, id) {
            self.streams[stream].heard = ctx.now;
            self.admit(stream, seq, copy, ctx);
            self.end_message(stream);
        } else {
            self.on_first_of_stream(id, copy, ctx);
        }
    }

    /// Handles the first message of an unknown stream: opens the stream and closes it again if it stays blank.
    #[inline(never)]
    fn on_first_of_stream(&mut self, id: MsgId, copy: Copy<T>, ctx: &mut Context<T>) {
        let (id, seq) = id.split();
        let in_order = in_order(id, ctx);
        let floor = if in_order { copy.floor.min(SEQ_END) } else { 0 };
        let is_early = in_order && seq > floor;
        if self.is_full(ctx) && (is_early || self.held.len() == 0) {
            ctx.stats.ignored_msg_n_full += 1;
            return;
        }
        let is_at_limit = self.streams.len() >= ctx.config.max_streams || self.ranges >= ctx.config.max_ranges;
        let opened = if is_at_limit || self.is_full(ctx) {
            None
        } else {
            self.open_stream(&copy.from, id, ctx.config.max_streams_per_peer, ctx.now)
        };
        let Some(stream) = opened.or_else(|| self.make_room(&copy.from, id.id(seq), ctx)) else { return };
        self.streams[stream].cursor = floor;
        self.admit(stream, seq, copy, ctx);
        if self.is_blank(stream) {
            // Its first message was dropped: its floor is not remembered either.
            self.streams[stream].cursor = 0;
        }
        self.end_message(stream);
    }

    /// Opens a stream for which another may have to be forgotten; `None` when the message is refused.
    fn make_room(&mut self, from: &T::Peer, id: MsgId, ctx: &mut Context<T>) -> Option<Key> {
        let room = self.room(from, &ctx.config, ctx.now);
        let freed = room.ok().flatten().map_or(0, |silent| self.streams[silent].seen.ranges());
        match room {
            Ok(silent) if self.ranges - freed < ctx.config.max_ranges => {
                if let Some(silent) = silent {
                    // Held messages were not acked: they come again.
                    while let Some(seq) = self.held.highest(silent) {
                        self.drop_held(silent, seq, ctx);
                    }
                    self.forget_stream(silent);
                    ctx.stats.streams_forgotten += 1;
                }
                self.open_stream(from, id.split().0, usize::MAX, ctx.now)
            }
            Ok(_) | Err(NoRoom) => {
                refuse(from.clone(), id, ctx);
                None
            }
        }
    }

    /// Takes in one message of a stream.
    #[inline(always)]
    fn admit(&mut self, stream: Key, seq: u64, copy: Copy<T>, ctx: &mut Context<T>) {
        let state = &self.streams[stream];
        if copy.floor > state.cursor && in_order(state.id, ctx) {
            self.raise_cursor(stream, copy.floor.min(SEQ_END), ctx);
        }
        let state = &self.streams[stream];
        let is_early = seq > state.cursor && in_order(state.id, ctx);
        let is_late = seq < state.cursor && in_order(state.id, ctx);
        if state.seen.contains(seq) {
            self.on_duplicate(stream, seq, ctx);
        } else if is_early {
            self.hold(stream, seq, copy, ctx);
        } else if self.is_full(ctx) && !self.drop_a_held_one(stream, ctx) {
            ctx.stats.ignored_msg_n_full += 1;
        } else {
            self.hand_over(stream, seq, copy, is_late, ctx);
            if self.held.len() > 0 {
                self.hand_over_held(stream, ctx);
            }
        }
    }

    /// Handles a copy of a message that was handed over before.
    fn on_duplicate(&mut self, stream: Key, seq: u64, ctx: &mut Context<T>) {
        match self.streams[stream].pending.get(seq) {
            None => self.bring_ack_back(stream, seq, ctx),
            Some(key) if self.messages[key].is_with_app() => ctx.stats.ignored_msg_n_pending += 1,
            Some(key) => self.ack_again(key, ctx),
        }
    }

    /// Hands a message over, unless `max_ranges` would be exceeded.
    #[inline(always)]
    fn hand_over(&mut self, stream: Key, seq: u64, copy: Copy<T>, late: bool, ctx: &mut Context<T>) {
        let state = &mut self.streams[stream];
        let id = state.id.id(seq);
        let Stream { seen, pending, cursor, .. } = &mut **state;
        if self.ranges >= ctx.config.max_ranges && exceeds_ranges(seen, seq, self.ranges > ctx.config.max_ranges) {
            refuse(copy.from, id, ctx);
            return;
        }
        self.ranges -= seen.ranges();
        seen.insert(seq);
        self.ranges += seen.ranges();
        if *cursor == seq {
            *cursor = seen.next_absent(seq);
        }
        pending.insert(seq, self.messages.insert(Message::handed_over(stream, seq)));
        self.with_app += 1;
        ctx.stats.received += 1;
        ctx.stats.received_late += u64::from(late);
        let Copy { from, server_id, payload, .. } = copy;
        ctx.event(Event::Received(Delivery { from, id, server_id, payload, late }));
    }

    fn is_full(&self, ctx: &Context<T>) -> bool {
        self.with_app + self.held.len() >= ctx.config.inbox_capacity
    }

    /// The application has handled a message.
    pub(crate) fn confirm(&mut self, from: &T::Peer, id: MsgId, ctx: &mut Context<T>) -> Result<(), UnknownDelivery> {
        let (stream, seq) = self.streams.look_up_from(from, id).ok_or(UnknownDelivery(id))?;
        let stream = &self.streams[stream];
        match stream.pending.get(seq) {
            Some(key) if self.messages[key].is_with_app() => {
                ctx.stats.confirmed += 1;
                ctx.persist(|at| Record::Confirmed { from: from.clone(), id, at });
                self.ack(key, from, id, ctx);
                Ok(())
            }
            Some(_) => Ok(()),
            None if stream.seen.contains(seq) => Ok(()),
            None => Err(UnknownDelivery(id)),
        }
    }

    /// The application has not handled a message and wants its next copy.
    pub(crate) fn release(&mut self, from: &T::Peer, id: MsgId) -> Result<(), UnknownDelivery> {
        let (stream, seq) = self.streams.look_up_from(from, id).ok_or(UnknownDelivery(id))?;
        let key = self.streams[stream].pending.get(seq).filter(|key| self.messages[*key].is_with_app());
        self.messages.remove(key.ok_or(UnknownDelivery(id))?);
        self.with_app -= 1;
        self.change_seen(stream, |seen| seen.remove(seq));
        self.on_settled(stream, seq);
        Ok(())
    }

    /// What the application has not confirmed: by peer, then by stream and seq.
    pub(crate) fn unconfirmed(&self) -> impl Iterator<Item = (&T::Peer, MsgId)> {
        self.streams.sorted(|stream| !stream.pending.is_empty()).into_iter().flat_map(move |key| {
            let with_app = self.streams[key].pending.iter().filter(|(_, key)| self.messages[*key].is_with_app());
            with_app.map(move |(seq, _)| (&self.streams[key].name, self.streams[key].id.id(seq)))
        })
    }

    fn acks_pending(&self) -> usize {
        self.messages.len() - self.with_app
    }

    /// Whether no ack:R waits for its ack:A.
    pub(crate) fn is_settled(&self) -> bool {
        self.acks_pending() == 0
    }

    pub(crate) fn gauge(&self, stats: &mut Stats) {
        stats.unconfirmed = self.with_app;
        stats.held = self.held.len();
        stats.acks_pending = self.acks_pending();
        stats.incoming_streams = self.streams.len();
        stats.ranges = self.ranges;
    }
}

/// Returns whether a seq needs a range, while all are taken. Releases may have split ranges `beyond` the bound: then a
/// stream of several accepts only a seq that fills a gap.
fn exceeds_ranges(seen: &RangeSet, seq: u64, beyond: bool) -> bool {
    !seen.would_join(&(seq..seq + 1)) || (beyond && seen.ranges() > 1 && !seen.contains(seq + 1))
}

fn refuse<T: Types>(from: T::Peer, id: MsgId, ctx: &mut Context<T>) {
    ctx.stats.ignored_msg_n_horizon += 1;
    ctx.event(Event::HorizonExceeded { from, id });
}

/// Returns whether the messages of a stream are handed over in order; those of a foreign one are not.
fn in_order<T: Types>(id: StreamKey, ctx: &Context<T>) -> bool {
    match ctx.config.order {
        Order::InOrder { .. } => id.counts(),
        Order::AsArrived => false,
    }
}
