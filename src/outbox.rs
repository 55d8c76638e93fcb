//! The SENDER half: msg:R → msg:A → ack:N.
//!
//! The rule: a message that [`send`](Outbox::send) took stays here until ack:N says that it is delivered or the
//! application discards it. While it is live it is in at most one list of the [`Flights`]:
//!
//! ```text
//!              place in window               msg:A                    ack:N
//!  send ─► READY ───────────► RTO timer ───────────────► probe timer ─────────► delivered
//!            ▲     transmit     │    ▲                    │      ▲
//!            │           timeout▼    │token        timeout▼      │token
//!            │           AWAITS_MSG_A                AWAITS_ACK_N
//!            └── reconnect; retry-after waits in RETRY, and goes before READY
//!
//!  rejected, no answer, expired ─► failed ─► resend, discard or a late ack:N
//! ```
//!
//! Path of a message: `client.rs` → here → `stream.rs` (its seq) → `message.rs` (its state) → `expiry.rs` →
//! `scheduler.rs` (it waits for the answer) → `recovery/flights.rs` (its timer) → `replies.rs` (msg:A and ack:N);
//! `client/turns.rs` ends each input.
//!
//! - `message.rs`: one message and its state
//! - `stream.rs`: the outgoing streams
//! - `scheduler.rs`: which msg:R is transmitted next
//! - `replies.rs`: msg:A and ack:N
//! - `floors.rs`: when a floor is announced
//! - `expiry.rs`: when messages expire
//! - `restore.rs`, `restart_barrier.rs`: what a restart changes

mod expiry;
mod floors;
mod message;
mod replies;
mod restart_barrier;
mod restore;
mod scheduler;
mod stream;

use alloc::collections::BTreeMap;

use crate::collections::{self, Arena, Bytes, Key, merge};
use crate::config::Config;
use crate::context::Context;
use crate::error::{ResendError, SendError, UnknownMessage};
use crate::event::Event;
use crate::frame::Types;
use crate::id::MsgId;
use crate::journal::Record;
use crate::recovery::{Flights, Jitter, Spread};
use crate::rng::{HASHES, Rng, STREAM_IDS, Seed};
use crate::stats::Stats;
use crate::status::{FailReason, OutboxEntry, Status};
use crate::time::{Time, nanos};

use expiry::Expiry;
use floors::Announce;
use message::{Failure, Message};
use restart_barrier::RestartBarrier;
use stream::Streams;

#[derive(Clone, Debug)]
pub(crate) struct Outbox<T: Types> {
    /// All messages, including failed ones.
    messages: Messages<T>,
    /// The number of failed messages.
    failed: usize,
    streams: Streams<T>,
    stream_ids: Rng,
    /// The number of streams that are idle and first in the list of their peer, and its maximum.
    idle_streams: usize,
    max_idle_streams: usize,
    flights: Flights<CLASSES>,
    expiry: Expiry,
    barrier: RestartBarrier,
    /// Streams whose floor has passed an abandoned seq in the current input.
    risen: BTreeMap<Key, Announce>,
    /// Whether any floor was ever announced.
    has_announced: bool,
    /// The number of messages in the window.
    in_window: usize,
    /// The delays of a first probe.
    first_probe: Spread,
    /// No msg:R is transmitted before this, on request of the server.
    paused_until: Option<Time>,
    /// Whether the retransmission after a connect is in progress: in order, while tokens last.
    flushing: bool,
    /// Counts the tokens that went to msg:R.
    turn: u8,
}

type Messages<T> = Arena<Message<T>>;

/// The queues: first transmissions and what waits for the window; what timed out before msg:A; what timed out before
/// ack:N; what the server asked to send again later.
const READY: usize = 0;
const AWAITS_MSG_A: usize = 1;
const AWAITS_ACK_N: usize = 2;
const RETRY: usize = 3;
const QUEUES: usize = 4;
/// The classes of timers: until msg:A, and until ack:N.
const RTO_TIMER: usize = 0;
const PROBE_TIMER: usize = 1;
const CLASSES: usize = 2;

impl<T: Types> Outbox<T> {
    pub(crate) fn new(config: &Config, seed: &Seed, now: Time) -> Self {
        let mut stream_ids = Rng::new(seed, STREAM_IDS);
        stream_ids.absorb(now.as_nanos());
        let rto = (nanos(config.rto_min), nanos(config.rto_max));
        let probes = (nanos(config.probe_initial), nanos(config.probe_max));
        Self {
            messages: Arena::new(),
            failed: 0,
            streams: Streams::<T>::new(Rng::new(seed, HASHES)),
            stream_ids,
            idle_streams: 0,
            max_idle_streams: config.outbox_capacity,
            flights: Flights::new([rto, probes], QUEUES),
            expiry: Expiry::new(config),
            barrier: RestartBarrier::new(),
            risen: BTreeMap::new(),
            has_announced: false,
            in_window: 0,
            first_probe: Spread::new(probes.0, 0, probes.1, Jitter::new(config.jitter)),
            paused_until: None,
            flushing: false,
            turn: 0,
        }
    }

    /// The maximum heap of an outbox.
    pub(crate) fn footprint(config: &Config) -> Bytes {
        let messages = config.outbox_capacity;
        collections::arena::<Message<T>>(messages)
            + Bytes::of::<Failure<T::ServerId>>(messages)
            + stream::footprint::<T>(messages)
            + Flights::<CLASSES>::footprint(messages)
            + Expiry::footprint(messages)
            + RestartBarrier::footprint(messages)
            + collections::map::<Key, Announce>(messages)
            + collections::array::<Key>(messages)
    }

    pub(crate) fn send(
        &mut self,
        to: &T::Peer,
        payload: T::Payload,
        ctx: &mut Context<T>,
    ) -> Result<MsgId, SendError<T>> {
        let capacity = ctx.config.outbox_capacity;
        if self.messages.len() >= capacity {
            return Err(SendError::Full { payload, capacity });
        }
        let stream = self.stream_for_next(to);
        let may_go = ctx.connected && !self.is_blocked(stream);
        let goes_at_once = may_go && self.may_go_at_once(ctx);
        let state = &mut self.streams[stream];
        let seq = state.take_seq();
        let id = state.id.id(seq);
        ctx.persist(|at| Record::Queued { id, to: to.clone(), payload: payload.clone(), at });
        let expires_at = self.expiry.after(ctx.now);
        let mut message = Message::queued(stream, seq, payload.clone(), ctx.now, expires_at);
        let awaits = if goes_at_once { Some(message.on_transmit(true)) } else { None };
        let key = self.messages.insert(message);
        state.live.insert(seq, key);
        self.expiry.push(key, expires_at);
        ctx.stats.sent += 1;
        if let Some(awaits) = awaits {
            ctx.transmit(stream::msg_r(state, seq, payload));
            self.wait_for(key, awaits, ctx);
        } else if may_go {
            self.flights.queue(key, READY);
        }
        Ok(id)
    }

    pub(crate) fn resend(&mut self, id: MsgId, ctx: &mut Context<T>) -> Result<(), ResendError> {
        let key = self.look_up(id).ok_or(ResendError::Unknown(id))?;
        let message = &self.messages[key];
        if message.is_live() {
            return Err(ResendError::NotFailed(id));
        }
        let age = ctx.now.saturating_duration_since(message.queued_at);
        if age >= ctx.config.lifetime {
            return Err(ResendError::TooOld { id, age });
        }
        ctx.persist(|at| Record::Resent { id, at });
        let expires_at = self.expires_at_when_resent(key, ctx.now, ctx);
        let message = &mut self.messages[key];
        message.on_resent(expires_at);
        let (stream, seq, is_accepted) = (message.stream, message.seq, message.is_accepted());
        self.failed -= 1;
        self.streams[stream].on_resent(seq, key);
        self.expiry.push_dated(key, expires_at);
        if ctx.connected && !self.is_blocked(stream) {
            self.flights.queue(key, if is_accepted { AWAITS_ACK_N } else { READY });
        }
        Ok(())
    }

    /// Returns when a message expires that is sent again at `at`.
    fn expires_at_when_resent(&self, key: Key, at: Time, ctx: &Context<T>) -> Time {
        self.expiry.after(at).min(self.messages[key].queued_at + ctx.config.lifetime)
    }

    pub(crate) fn discard(&mut self, id: MsgId, ctx: &mut Context<T>) -> Result<T::Payload, UnknownMessage> {
        let key = self.look_up(id).ok_or(UnknownMessage(id))?;
        let message = self.remove(key);
        if message.is_live() {
            self.on_gap(message.stream, message.seq, Announce::All);
        }
        self.retire_if_idle(message.stream);
        ctx.persist(|_| Record::Discarded { id });
        Ok(message.payload)
    }

    /// Fails a live message.
    fn fail(&mut self, key: Key, reason: FailReason, ctx: &mut Context<T>) {
        self.fail_live(key, reason.clone());
        let Message { stream, seq, .. } = self.messages[key];
        let id = self.msg_id(stream, seq);
        let announce = match &reason {
            FailReason::Rejected(_) | FailReason::Unknown { rejection: Some(_) } => Announce::All,
            FailReason::Expired | FailReason::Unknown { rejection: None } => Announce::Answered,
        };
        ctx.stats.failed += 1;
        ctx.persist(|_| Record::Failed { id, reason: reason.clone() });
        ctx.event(Event::Failed { id, reason });
        self.on_gap(stream, seq, announce);
    }

    /// Ends the live state of a message that fails; its key stays valid.
    fn fail_live(&mut self, key: Key, reason: FailReason) {
        let mut message = self.messages.remove(key);
        self.leave_lists(key, &message);
        message.on_failed(reason);
        self.streams[message.stream].on_failed(message.seq, key);
        self.failed += 1;
        let again = self.messages.insert(message);
        debug_assert_eq!(again, key, "the key freed last is used first");
    }

    /// Removes a message that was not delivered.
    fn remove(&mut self, key: Key) -> Message<T> {
        let message = self.messages.remove(key);
        if message.is_live() {
            self.leave_lists(key, &message);
        }
        self.failed -= usize::from(!message.is_live());
        self.streams[message.stream].on_discarded(message.seq);
        message
    }

    /// Removes a live message from flights, window, expiry list and barrier; it is out of the arena already.
    #[inline(always)]
    fn leave_lists(&mut self, key: Key, message: &Message<T>) {
        self.flights.cancel(key);
        self.expiry.remove(key, message.expires_at, &self.messages);
        self.in_window -= usize::from(message.is_in_window());
        if message.is_barrier {
            self.on_barrier_gone(message.stream, message.is_accepted());
        }
    }

    /// Returns whether nothing waits at the end of an input, unless something is due: no queued message, no blocked
    /// stream, no risen floor, no pause.
    pub(crate) fn is_quiescent(&self) -> bool {
        self.flights.queues_are_empty()
            && self.barrier.is_open()
            && self.risen.is_empty()
            && self.paused_until.is_none()
    }

    pub(crate) fn status(&self, id: MsgId) -> Option<Status> {
        Some(self.messages[self.find(id)?].status())
    }

    /// Everything that is not delivered: by peer, and within each in sending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = OutboxEntry<'_, T>> {
        self.keys().map(|key| {
            let message = &self.messages[key];
            OutboxEntry {
                id: self.msg_id(message.stream, message.seq),
                to: &self.streams[message.stream].name,
                payload: &message.payload,
                status: message.status(),
                queued_at: message.queued_at,
            }
        })
    }

    /// Returns whether no message is live.
    pub(crate) fn is_settled(&self) -> bool {
        self.messages.len() == self.failed
    }

    pub(crate) fn gauge(&self, stats: &mut Stats) {
        stats.unsettled = self.messages.len() - self.failed;
        stats.parked = self.failed;
        stats.in_flight = self.in_window;
        stats.outgoing_streams = self.streams.len();
    }
}
