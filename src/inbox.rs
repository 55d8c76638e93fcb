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
//! - `restore.rs`: what survives a restart
//! - `seen.rs`, `streams.rs`: what is remembered, and for how long

mod acks;
mod order;
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
use crate::list::{Ends, Links};
use crate::memory;
use crate::retransmit::Schedule;
use crate::slab::{Key, Slab};
use crate::stats::Stats;
use crate::time::{Time, nanos};

use streams::Streams;

#[derive(Clone, Debug)]
pub(crate) struct Inbox<T: Types> {
    streams: Streams<T>,
    entries: Slab<Entry<T>>,
    /// Where the pending acks stand.
    schedule: Schedule<CLASSES>,
    links: Links,
    /// The held messages, the one held for longest first.
    holds: Ends,
    /// When the first of them is handed over whatever is missing; [`Time::MAX`] for never.
    hold_end: Time,
    /// How long one is held, in nanoseconds; the longest time for ever.
    max_hold: u64,
    /// The pending acks, the oldest first.
    acks: Ends,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    held: usize,
    with_app: usize,
    acks: usize,
}

/// One message of the receiver, while there is more to know of it than that it was seen.
#[derive(Clone, Debug)]
struct Entry<T: Types> {
    stream: Key,
    seq: u64,
    state: State<T>,
}

#[derive(Clone, Debug)]
enum State<T: Types> {
    /// Beyond the cursor: waits for the ones before it.
    Held { server_id: T::ServerId, payload: T::Payload, since: Time },
    /// Handed over; the application has not confirmed it.
    WithApp,
    /// Confirmed; the server has not answered ack:R.
    AckPending {
        /// Whether an ack:R went out before.
        sent: bool,
        unanswered: u32,
    },
}

/// A msg:N without its address.
#[derive(Debug)]
pub(crate) struct Message<T: Types> {
    pub(crate) server_id: T::ServerId,
    pub(crate) floor: u64,
    pub(crate) payload: T::Payload,
}

/// The queue of the schedule: acks that wait for a token.
const DUE: usize = 0;
/// The only class of timers: until ack:A.
const RTO: usize = 0;
const CLASSES: usize = 1;

impl<T: Types> Inbox<T> {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            streams: Streams::new(),
            entries: Slab::new(),
            schedule: Schedule::new([(nanos(config.rto_min), nanos(config.rto_max))], 1),
            links: Links::new(),
            holds: Ends::EMPTY,
            hold_end: Time::MAX,
            max_hold: match config.order {
                Order::InOrder { max_hold: Some(max_hold) } => nanos(max_hold),
                Order::InOrder { max_hold: None } | Order::AsArrived => u64::MAX,
            },
            acks: Ends::EMPTY,
            counts: Counts::default(),
        }
    }

    /// The most heap that an inbox takes.
    pub(crate) fn memory_bound(config: &Config) -> usize {
        let messages = config.inbox_capacity + config.ack_capacity;
        memory::slab::<Entry<T>>(messages)
            + Schedule::<CLASSES>::memory_bound(messages)
            + memory::links(messages)
            + memory::array::<Key>(messages)
            + Streams::<T>::memory_bound(config, messages)
    }

    /// msg:N.
    pub(crate) fn on_msg_n(&mut self, from: &T::Peer, id: MsgId, message: Message<T>, ctx: &mut Context<T>) {
        let (name, seq) = id.split();
        let Some(stream) = self.streams.find(from, name) else {
            self.on_first_of_stream(from, id, message, ctx);
            return;
        };
        self.streams.touch(stream, ctx.now);
        let floor = self.floor(name, message.floor, ctx);
        if floor > self.streams[stream].cursor {
            self.raise_cursor(stream, floor, ctx);
        }
        self.admit(stream, seq, message, ctx);
        self.close_if_blank(stream);
    }

    #[inline(never)]
    fn on_first_of_stream(&mut self, from: &T::Peer, id: MsgId, message: Message<T>, ctx: &mut Context<T>) {
        let (name, seq) = id.split();
        let floor = self.floor(name, message.floor, ctx);
        let is_early = in_order(name, ctx) && seq > floor;
        if self.is_full(ctx) && (is_early || self.counts.held == 0) {
            ctx.stats.ignored_msg_n_full += 1;
            return;
        }
        let room = self.streams.room(from, &ctx.config, ctx.now);
        let freed = room.as_ref().ok().and_then(|silent| *silent).map_or(0, |key| self.streams[key].seen.ranges());
        match room {
            Ok(silent) if self.streams.ranges() - freed < ctx.config.max_ranges => {
                silent.into_iter().for_each(|silent| self.forget(silent, ctx));
            }
            Ok(_) | Err(streams::NoRoom) => {
                self.refuse(from.clone(), id, ctx);
                return;
            }
        }
        let stream = self.streams.open(from, name, ctx.now);
        self.admit_first(stream, seq, floor, message, ctx);
        self.close_if_blank(stream);
    }

    fn admit_first(&mut self, stream: Key, seq: u64, floor: u64, message: Message<T>, ctx: &mut Context<T>) {
        self.streams[stream].cursor = floor;
        self.admit(stream, seq, message, ctx);
        let state = &mut self.streams[stream];
        if state.ring.is_empty() && state.is_blank {
            // It was left unanswered: its floor is not remembered either.
            state.cursor = 0;
        }
    }

    /// Forgets a stream of which there is nothing to remember: no message, and no floor.
    #[inline]
    fn close_if_blank(&mut self, stream: Key) {
        let state = &self.streams[stream];
        if state.is_blank && state.ring.is_empty() && state.cursor == 0 {
            self.streams.close(stream);
        }
    }

    /// The floor as far as it matters: for order, in streams that count.
    fn floor(&self, name: StreamKey, floor: u64, ctx: &Context<T>) -> u64 {
        if in_order(name, ctx) { floor.min(SEQ_END) } else { 0 }
    }

    /// Takes in one message of a known stream.
    #[inline]
    fn admit(&mut self, stream: Key, seq: u64, message: Message<T>, ctx: &mut Context<T>) {
        let met = &self.streams[stream];
        if met.seen.contains(seq) {
            self.on_duplicate(stream, seq, ctx);
            return;
        }
        let in_order = in_order(met.key, ctx);
        if in_order && seq > met.cursor {
            self.hold(stream, seq, message, ctx);
            return;
        }
        if self.is_full(ctx) && !self.drop_a_held_one(stream, ctx) {
            ctx.stats.ignored_msg_n_full += 1;
            return;
        }
        let late = in_order && seq < self.streams[stream].cursor;
        let Message { server_id, payload, .. } = message;
        self.hand_over(stream, seq, server_id, payload, late, ctx);
        if in_order {
            self.advance(stream, ctx);
        }
    }

    /// A message that was handed over came again.
    fn on_duplicate(&mut self, stream: Key, seq: u64, ctx: &mut Context<T>) {
        match self.streams[stream].ring.get(seq) {
            None => self.bring_ack_back(stream, seq, ctx),
            Some(key) => match self.entries[key].state {
                State::Held { .. } | State::WithApp => ctx.stats.ignored_msg_n_pending += 1,
                State::AckPending { .. } => self.ack_again(key, ctx),
            },
        }
    }

    #[inline]
    fn is_full(&self, ctx: &Context<T>) -> bool {
        self.counts.with_app + self.counts.held >= ctx.config.inbox_capacity
    }

    #[inline(never)]
    fn refuse(&mut self, from: T::Peer, id: MsgId, ctx: &mut Context<T>) {
        ctx.stats.ignored_msg_n_horizon += 1;
        ctx.event(Event::HorizonExceeded { from, id });
    }

    /// Forgets a stream to make room for another. What it holds was not acked and comes again.
    fn forget(&mut self, stream: Key, ctx: &mut Context<T>) {
        while let Some((_, key)) = self.streams[stream].ring.last() {
            self.drop_held(key, ctx);
        }
        self.streams.close(stream);
        ctx.stats.streams_forgotten += 1;
    }

    /// The application has handled a message.
    pub(crate) fn confirm(&mut self, from: &T::Peer, id: MsgId, ctx: &mut Context<T>) -> Result<(), UnknownDelivery> {
        let (name, seq) = id.split();
        let stream = self.streams.find(from, name).ok_or(UnknownDelivery(id))?;
        match self.streams[stream].ring.get(seq) {
            None if self.streams[stream].seen.contains(seq) => Ok(()),
            None => Err(UnknownDelivery(id)),
            Some(key) => match self.entries[key].state {
                State::Held { .. } => Err(UnknownDelivery(id)),
                State::AckPending { .. } => Ok(()),
                State::WithApp => {
                    self.counts.with_app -= 1;
                    ctx.stats.confirmed += 1;
                    ctx.persist(|clock| Record::Confirmed {
                        from: from.clone(),
                        id,
                        at: clock.outside_past(clock.now()),
                    });
                    self.ack(key, ctx);
                    Ok(())
                }
            },
        }
    }

    /// The application has not handled a message and wants its next copy.
    pub(crate) fn release(&mut self, from: &T::Peer, id: MsgId) -> Result<(), UnknownDelivery> {
        let (name, seq) = id.split();
        let stream = self.streams.find(from, name).ok_or(UnknownDelivery(id))?;
        let key = self.streams[stream].ring.get(seq).ok_or(UnknownDelivery(id))?;
        match self.entries[key].state {
            State::Held { .. } | State::AckPending { .. } => Err(UnknownDelivery(id)),
            State::WithApp => {
                self.counts.with_app -= 1;
                self.entries.remove(key);
                let stream_state = &mut self.streams[stream];
                stream_state.ring.remove(seq);
                stream_state.pinned -= 1;
                self.streams.unsee(stream, seq);
                Ok(())
            }
        }
    }

    /// What the application still owes: by peer, then by stream and seq.
    pub(crate) fn unconfirmed(&self) -> impl Iterator<Item = (&T::Peer, MsgId)> {
        self.streams.iter().flat_map(|(peer, stream)| {
            let with_app = stream.ring.iter().filter(|(_, key)| match self.entries[*key].state {
                State::WithApp => true,
                State::Held { .. } | State::AckPending { .. } => false,
            });
            with_app.map(move |(seq, _)| (peer, stream.key.id(seq)))
        })
    }

    /// Whether no ack:R waits for its ack:A.
    pub(crate) fn is_settled(&self) -> bool {
        self.counts.acks == 0
    }

    pub(crate) fn gauge(&self, stats: &mut Stats) {
        stats.unconfirmed = self.counts.with_app;
        stats.held = self.counts.held;
        stats.acks_pending = self.counts.acks;
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
