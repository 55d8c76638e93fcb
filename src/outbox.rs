//! The SENDER half: msg:R → msg:A → ack:N.
//!
//! The rule: a message that [`send`](Outbox::send) took stays here until ack:N settles it or the application discards it.
//! It is either on its way (an [`Entry`], found through the dense ring of its stream) or parked. On its way it stands in
//! one place of the [`Schedule`] at a time:
//!
//! ```text
//!              window place                    msg:A                     ack:N
//!  send ─► READY ────────► timer (RTO) ───────────────► timer (probe) ─────────► settled
//!            ▲   transmit   │     ▲                      │      ▲
//!            │       timeout▼     │token          timeout▼      │token
//!            │             DUE ───┘                    PROBE ───┘
//!            └── retry-after, reconnect
//!
//!  rejected, given up, expired ─► parked ─► resend or discard
//! ```
//!
//! - `answers.rs`: what the server says
//! - `pace.rs`: what time, the window and the budget allow
//! - `gates.rs`, `restore.rs`: what a restart changes
//! - `entry.rs`, `streams.rs`: one message, one stream
//! - `names.rs`, `ring.rs`: from an id to its stream and its message
//! - `ages.rs`: when messages expire

mod ages;
mod answers;
mod entry;
mod gates;
mod names;
mod pace;
mod restore;
mod ring;
mod streams;

use alloc::collections::BTreeMap;

use crate::config::Config;
use crate::context::Context;
use crate::error::{ResendError, SendError, UnknownMessage};
use crate::event::{Event, FailReason, OutboxEntry, Status};
use crate::frame::Types;
use crate::id::MsgId;
use crate::journal::Record;
use crate::memory::{self, Bytes};
use crate::retransmit::{Jitter, Schedule, Spread};
use crate::rng::{Rng, Seed};
use crate::slab::{Key, Slab};
use crate::stats::Stats;
use crate::time::{Time, nanos};

use ages::Ages;
use entry::{Entry, Parked, State};
use gates::Gates;
use streams::{Found, Streams};

#[derive(Clone, Debug)]
pub(crate) struct Outbox<T: Types> {
    /// The messages on their way.
    entries: Slab<Entry<T>>,
    schedule: Schedule<CLASSES>,
    ages: Ages,
    streams: Streams<T>,
    /// By stream and seq.
    parked: BTreeMap<(Key, u64), Parked<T>>,
    /// Streams whose floor has passed an abandoned seq in the current call, and how far to announce it.
    risen: BTreeMap<Key, Announce>,
    /// Whether any was ever announced.
    has_announced: bool,
    gates: Gates<T>,
    /// Places of the window taken.
    windowed: usize,
    probes: Probes,
    /// No msg:R before this: the server asked for it.
    paused_until: Option<Time>,
    /// Whether everything goes out again after a connect, in order, while tokens last.
    flushing: bool,
    /// Counts the tokens that went to msg:R.
    turn: u8,
}

/// How long ack:N is waited for, at first and at most, in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Probes {
    initial: u64,
    max: u64,
    /// The delays of a first probe.
    first: Spread,
}

impl Probes {
    fn new(config: &Config) -> Self {
        let (initial, max) = (nanos(config.probe_initial), nanos(config.probe_max));
        Self { initial, max, first: Spread::new(initial, 0, max, Jitter::new(config.jitter)) }
    }
}

/// Which successors of an abandoned message go out again to tell the receiver of the new floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Announce {
    /// Not those that are going unanswered themselves: their own timers will tell it, and a dead network is not to be
    /// flooded with every failure.
    Answered,
    All,
}

/// The queues of the schedule: first transmissions and what waits for the window; what timed out before msg:A; what timed
/// out before ack:N; what the server asked to send again later.
const READY: usize = 0;
const DUE: usize = 1;
const PROBE: usize = 2;
const RETRY: usize = 3;
const QUEUES: usize = 4;
/// The classes of timers: until msg:A, and until ack:N.
const RTO_TIMER: usize = 0;
const PROBE_TIMER: usize = 1;
const CLASSES: usize = 2;
/// Keeps the generator of stream ids apart from the one of jitter.
const STREAM_IDS: u64 = 2;

impl<T: Types> Outbox<T> {
    pub(crate) fn new(config: &Config, seed: &Seed, now: Time) -> Self {
        let mut rng = Rng::new(seed, STREAM_IDS);
        rng.absorb(now.as_nanos());
        let rto = (nanos(config.rto_min), nanos(config.rto_max));
        let probes = (nanos(config.probe_initial), nanos(config.probe_max));
        Self {
            entries: Slab::new(),
            schedule: Schedule::new([rto, probes], QUEUES),
            ages: Ages::new(config.expiry),
            streams: Streams::new(config.outbox_capacity, rng),
            parked: BTreeMap::new(),
            risen: BTreeMap::new(),
            has_announced: false,
            gates: Gates::new(),
            windowed: 0,
            probes: Probes::new(config),
            paused_until: None,
            flushing: false,
            turn: 0,
        }
    }

    /// The most heap that an outbox takes.
    pub(crate) fn memory_bound(config: &Config) -> Bytes {
        let messages = config.outbox_capacity;
        memory::slab::<Entry<T>>(messages)
            + Schedule::<CLASSES>::memory_bound(messages)
            + Ages::memory_bound(messages)
            + memory::map::<(Key, u64), Parked<T>>(messages)
            + memory::map::<Key, Announce>(messages)
            + Gates::<T>::memory_bound(messages)
            + memory::array::<Key>(messages)
            + Streams::<T>::memory_bound(messages)
    }

    pub(crate) fn send(
        &mut self,
        to: &T::Peer,
        payload: T::Payload,
        ctx: &mut Context<T>,
    ) -> Result<MsgId, SendError<T>> {
        let capacity = ctx.config.outbox_capacity;
        if self.entries.len() + self.parked.len() >= capacity {
            return Err(SendError::Full { payload, capacity });
        }
        let key = self.streams.numbering(to);
        let may_go = ctx.connected && !self.gates.is_shut(to, key);
        let goes_at_once = may_go && self.may_go_at_once(ctx);
        let stream = &mut self.streams[key];
        let seq = stream.take_seq();
        let id = stream.msg_id(seq);
        ctx.persist(|clock| {
            let at = clock.outside_past(clock.now());
            Record::Queued { id, to: to.clone(), payload: payload.clone(), at }
        });
        let state = if goes_at_once { State::FIRST } else { State::Queued };
        let message = self.entries.insert(Entry::new(key, seq, payload.clone(), ctx.now, state));
        stream.ring.insert(seq, message);
        self.ages.push(message, ctx.now);
        ctx.stats.sent += 1;
        if goes_at_once {
            ctx.transmit(stream.msg_r(seq, payload));
            self.windowed += 1;
            self.arm_rto(message, 0, ctx);
        } else if may_go {
            self.schedule.wait(message, READY);
        }
        Ok(id)
    }

    pub(crate) fn resend(&mut self, id: MsgId, ctx: &mut Context<T>) -> Result<(), ResendError> {
        let Found { stream, seq, moving } = self.streams.look_up(id).ok_or(ResendError::Unknown(id))?;
        let Some(parked) = self.parked.get(&(stream, seq)) else {
            let known = moving.is_some();
            return Err(if known { ResendError::NotFailed(id) } else { ResendError::Unknown(id) });
        };
        let age = ctx.now.saturating_duration_since(parked.queued_at);
        if age >= ctx.config.lifetime {
            return Err(ResendError::TooOld { id, age });
        }
        ctx.persist(|clock| Record::Resent { id, at: clock.outside_past(clock.now()) });
        let key = self.unpark(stream, seq, ctx.now, ctx);
        if let Some(key) = key.filter(|key| ctx.connected && !self.is_shut(*key)) {
            let accepted = matches!(self.entries[key].state, State::Accepted { .. });
            self.schedule.wait(key, if accepted { PROBE } else { READY });
        }
        Ok(())
    }

    /// Takes a parked message back on its way, with a fresh budget from `at` on.
    fn unpark(&mut self, stream: Key, seq: u64, at: Time, ctx: &Context<T>) -> Option<Key> {
        let parked = self.parked.remove(&(stream, seq))?;
        let has_left = parked.has_left();
        let state = match parked.server_id {
            Some(server_id) => State::Accepted { server_id, probes: 0 },
            None if has_left => State::restored(),
            None => State::Queued,
        };
        let Parked { payload, queued_at, .. } = parked;
        let expires_at = (at + ctx.config.expiry).min(queued_at + ctx.config.lifetime);
        let key = self.entries.insert(Entry::new(stream, seq, payload, queued_at, state));
        self.ages.date(key, expires_at);
        let stream = &mut self.streams[stream];
        stream.ring.insert(seq, key);
        stream.parked -= 1;
        Some(key)
    }

    pub(crate) fn discard(&mut self, id: MsgId, ctx: &mut Context<T>) -> Result<T::Payload, UnknownMessage> {
        let Found { stream, seq, moving } = self.streams.look_up(id).ok_or(UnknownMessage(id))?;
        if let Some(parked) = self.parked.remove(&(stream, seq)) {
            self.streams[stream].parked -= 1;
            self.streams[stream].discarded += 1;
            self.streams.tidy(stream);
            ctx.persist(|_| Record::Discarded { id });
            return Ok(parked.payload);
        }
        let key = moving.ok_or(UnknownMessage(id))?;
        self.streams[stream].discarded += 1;
        let entry = self.take(key);
        self.leave_gap(stream, seq, Announce::All);
        self.streams.tidy(stream);
        ctx.persist(|_| Record::Discarded { id });
        Ok(entry.payload)
    }

    /// Parks a message: it failed.
    #[inline(never)]
    fn park(&mut self, key: Key, reason: FailReason, ctx: &mut Context<T>) {
        let Entry { stream, seq, payload, queued_at, state, .. } = self.take(key);
        let server_id = match state {
            State::Accepted { server_id, .. } => Some(server_id),
            State::Queued | State::OnWire { .. } => None,
        };
        let announce = match &reason {
            FailReason::Rejected(_) | FailReason::Unknown { rejection: Some(_) } => Announce::All,
            FailReason::Expired | FailReason::Unknown { rejection: None } => Announce::Answered,
        };
        self.streams[stream].parked += 1;
        self.parked.insert((stream, seq), Parked { payload, queued_at, reason: reason.clone(), server_id });
        ctx.stats.failed += 1;
        let id = self.streams[stream].msg_id(seq);
        ctx.persist(|_| Record::Failed { id, reason: reason.clone() });
        ctx.event(Event::Failed { id, reason });
        self.leave_gap(stream, seq, announce);
    }

    /// Takes a message off its way: out of the ring, the schedule, the window and the ages.
    fn take(&mut self, key: Key) -> Entry<T> {
        self.take_now(key)
    }

    /// As [`take`](Self::take), compiled into its caller: for ack:N, where nearly every message ends.
    #[inline(always)]
    fn take_now(&mut self, key: Key) -> Entry<T> {
        self.schedule.cancel(key);
        self.ages.remove(key, |key| self.entries[key].queued_at);
        let entry = self.entries.remove(key);
        self.windowed -= usize::from(entry.state.is_windowed());
        let stream = &mut self.streams[entry.stream];
        stream.ring.remove(entry.seq);
        if entry.gating {
            self.gates.on_gone(&stream.peer, entry.stream, &entry.state);
        }
        entry
    }

    /// Notes that a seq will not be transmitted any more, once it has left the ring. When the floor passes it, the receiver
    /// must learn so, since it may be holding what came after: at once if nothing below is unsettled, else when the highest
    /// message below is gone.
    fn leave_gap(&mut self, stream: Key, seq: u64, announce: Announce) {
        match self.streams[stream].ring.last_below(seq) {
            Some((_, below)) => self.entries[below].holds_floor_below_gap = true,
            None => {
                let reach = self.risen.entry(stream).or_insert(announce);
                *reach = announce.max(*reach);
            }
        }
    }

    /// Whether there is nothing to do at the end of an input, unless something is due: no message waits for its turn, no gate
    /// is shut, no floor has risen, the server asked for no pause.
    #[inline]
    pub(crate) fn is_calm(&self) -> bool {
        !self.schedule.is_anyone_waiting()
            && self.gates.are_open()
            && self.risen.is_empty()
            && self.paused_until.is_none()
    }

    /// Sends the unsettled messages of a stream whose floor has passed an abandoned seq again at once, through the bucket:
    /// each carries the new floor. To be called once at the end of each call, so that a mass failure costs one pass.
    pub(crate) fn announce_floors(&mut self) {
        while let Some((key, announce)) = self.risen.pop_first() {
            let Some(stream) = self.streams.get(key) else { continue };
            if stream.announced >= Some(announce) {
                continue;
            }
            // What was never transmitted will carry the floor as it is then.
            for (_, key) in stream.ring.iter().take_while(|(seq, _)| *seq < stream.sent_end) {
                pace::hasten(&mut self.schedule, key, &self.entries[key].state, announce);
            }
            self.streams[key].announced = Some(announce);
            self.has_announced = true;
        }
    }

    fn leave_window(&mut self, key: Key) {
        if let State::OnWire { windowed, .. } = &mut self.entries[key].state {
            if core::mem::take(windowed) {
                self.windowed -= 1;
            }
        }
    }

    pub(crate) fn status(&self, id: MsgId) -> Option<Status> {
        let Found { stream, seq, moving } = self.streams.find(id)?;
        match moving {
            Some(key) => Some(self.entries[key].state.status()),
            None => self.parked.get(&(stream, seq)).map(|parked| Status::Failed(parked.reason.clone())),
        }
    }

    /// Everything that is not delivered: by peer, and within each in sending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = OutboxEntry<'_, T>> {
        let streams = self.streams.peers().flat_map(|peer| self.streams.of(peer));
        streams.flat_map(|key| {
            let stream = &self.streams[key];
            let moving = stream.ring.iter().map(|(seq, message)| {
                let entry = &self.entries[message];
                (seq, &entry.payload, entry.state.status(), entry.queued_at)
            });
            let parked = self.parked.range((key, 0)..=(key, u64::MAX)).map(|((_, seq), parked)| {
                (*seq, &parked.payload, Status::Failed(parked.reason.clone()), parked.queued_at)
            });
            merge(moving, parked, |(seq, ..)| *seq).map(|(seq, payload, status, queued_at)| OutboxEntry {
                id: stream.msg_id(seq),
                to: &stream.peer,
                payload,
                status,
                queued_at,
            })
        })
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_settled(&self) -> bool {
        self.entries.len() == 0
    }

    pub(crate) fn gauge(&self, stats: &mut Stats) {
        stats.unsettled = self.entries.len();
        stats.parked = self.parked.len();
        stats.in_flight = self.windowed;
        stats.outgoing_streams = self.streams.len();
    }
}

/// Merges two ascending sequences into one.
fn merge<I>(
    a: impl Iterator<Item = I>,
    b: impl Iterator<Item = I>,
    seq: impl Fn(&I) -> u64,
) -> impl Iterator<Item = I> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    core::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(x), Some(y)) if seq(y) < seq(x) => b.next(),
        (Some(_), _) => a.next(),
        (None, _) => b.next(),
    })
}
