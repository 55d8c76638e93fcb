//! The SENDER half: msg:R → msg:A → ack:N.
//!
//! The rule: a message that [`send`](Outbox::send) took stays here until ack:N says that it is delivered or the
//! application discards it. While it is live it is in at most one list of the [`Flights`]:
//!
//! ```text
//!            place                  msg:A                        ack:N
//!  send ────────────► its timer ──────────────► at rest ───────────────────► delivered
//!                      │    ▲                     │   ▲ msg:A
//!               timeout│    │token    timer of the│   │
//!                      ▼    │           peer      ▼   │
//!                 again, re_entry             question ──timeout──► the whole message
//!
//!  rejected, no answer, expired ─► failed ─► resend, discard or a late ack:N
//! ```
//!
//! Path of a message: `client.rs` → here → `stream.rs` (its seq) → `message.rs` (its state) → `expiry.rs` →
//! `scheduler.rs` (it is transmitted) → `recovery/flights.rs` (its timer) → `replies.rs` (msg:A and ack:N);
//! `client/turns.rs` ends each input.
//!
//! - `message.rs`: one message and its state
//! - `stream.rs`: the outgoing streams
//! - `scheduler.rs`, `window.rs`: which msg:R is transmitted next, and how many wait for msg:A
//! - `replies.rs`: msg:A and ack:N
//! - `timeouts.rs`: no reply
//! - `probes.rs`: questions about what was accepted
//! - `pauses.rs`: retry-after
//! - `suspects.rs`: what may have cut the connection
//! - `floors.rs`: when a floor is announced
//! - `expiry.rs`: when messages expire
//! - `restore.rs`: what a restart changes

mod expiry;
mod floors;
mod message;
mod pauses;
mod probes;
mod replies;
mod restore;
mod scheduler;
mod stream;
mod suspects;
mod timeouts;
mod window;

use alloc::collections::BTreeMap;

use crate::collections::{self, Arena, Bytes, Key, List, merge};
use crate::config::{Config, Order};
use crate::context::Context;
use crate::error::{ResendError, SendError, UnknownMessage};
use crate::event::Event;
use crate::frame::Types;
use crate::id::MsgId;
use crate::journal::Record;
use crate::recovery::{Backoff, Flights, Jitter, Rto, Timing};
use crate::rng::{HASHES, Rng, STREAM_IDS, Seed};
use crate::stats::Stats;
use crate::status::{FailReason, OutboxEntry, Status};
use crate::time::{Time, nanos};

use expiry::Expiry;
use floors::Floor;
use message::{Failure, Message};
use pauses::Pauses;
use scheduler::Rings;
use stream::Streams;
use suspects::Suspects;
use window::Window;

pub(crate) use scheduler::Class;

#[derive(Clone, Debug)]
pub(crate) struct Outbox<T: Types> {
    /// All messages, including failed ones.
    messages: Messages<T>,
    /// The number of failed messages.
    failed: usize,
    streams: Streams<T>,
    stream_ids: Rng,
    /// Whether newer streams to a peer wait for older ones.
    keeps_order: bool,
    /// The number of streams that are idle and first in the list of their peer, and its maximum.
    idle_streams: usize,
    max_idle_streams: usize,

    /// What waits for msg:A; and the links of all queues.
    flights: Flights,
    /// The number of the next transmission; it wraps.
    next_number: u32,
    window: Window,
    /// When the last first transmission was made, on this connection.
    last_first: Time,
    rings: Rings,
    suspects: Suspects,
    /// The last delivered message that was repeated because it was overdue: another msg:A shows that it was needless.
    hurried: Option<MsgId>,
    expiry: Expiry,
    /// Floors that are announced, or will be.
    floors: BTreeMap<Key, Floor>,

    /// The timers of peers with accepted messages, by peer.
    probes: Flights,
    questions: List,
    /// When all accepted messages were last asked about.
    lap_at: Option<Time>,

    pauses: Pauses,
}

type Messages<T> = Arena<Message<T>>;

/// The queues. The first two are per stream.
const AGAIN: u8 = 0;
const RE_ENTRY: u8 = 1;
const SUSPECTED: u8 = 2;
const QUESTION: u8 = 3;

impl<T: Types> Outbox<T> {
    pub(crate) fn new(config: &Config, seed: &Seed, now: Time, jitter: &mut Jitter) -> Self {
        let mut stream_ids = Rng::new(seed, STREAM_IDS);
        stream_ids.absorb(now.as_nanos());
        let probes = Backoff { base: nanos(config.probe_initial), cap: nanos(config.probe_max) };
        Self {
            messages: Arena::new(),
            failed: 0,
            streams: Streams::<T>::new(Rng::new(seed, HASHES)),
            stream_ids,
            keeps_order: matches!(config.order, Order::InOrder { .. }),
            idle_streams: 0,
            max_idle_streams: config.outbox_capacity,
            flights: Flights::new(Rto::range(config), Timing::of(Rto::range(config)), jitter),
            next_number: 1,
            window: Window::new(config.window),
            last_first: Time::ZERO,
            rings: Rings::new(),
            suspects: Suspects::new(),
            hurried: None,
            expiry: Expiry::new(config),
            floors: BTreeMap::new(),
            probes: Flights::new(probes, Timing::of(probes), jitter),
            questions: List::EMPTY,
            lap_at: None,
            pauses: Pauses::new(),
        }
    }

    /// The maximum heap of an outbox.
    pub(crate) fn footprint(config: &Config) -> Bytes {
        let messages = config.outbox_capacity;
        let streams = stream::streams(messages);
        collections::arena::<Message<T>>(messages)
            + Bytes::of::<Failure<T::ServerId>>(messages)
            + stream::footprint::<T>(messages)
            + Flights::footprint(messages)
            + Flights::footprint(streams)
            + Rings::footprint(streams)
            + Expiry::footprint(messages)
            + collections::map::<Key, Floor>(messages)
            + Pauses::footprint(streams)
            + collections::array::<Key>(messages) * 3
    }

    /// Takes a message. `is_due` is whether something is due that goes first.
    pub(crate) fn send(
        &mut self,
        to: &T::Peer,
        payload: T::Payload,
        is_due: bool,
        ctx: &mut Context<T>,
    ) -> Result<MsgId, SendError<T>> {
        let capacity = ctx.config.outbox_capacity;
        if self.messages.len() >= capacity {
            return Err(SendError::Full { payload, capacity });
        }
        let stream = self.stream_for_next(to);
        let goes_at_once = !is_due && self.may_go_at_once(stream, ctx);
        let state = &mut self.streams[stream];
        let seq = state.take_seq();
        state.holding_back += 1;
        let id = state.id.id(seq);
        ctx.persist(|at| Record::Queued { id, to: to.clone(), payload: payload.clone(), at });
        let expires_at = self.expiry.after(ctx.now);
        let key = self.messages.insert(Message::queued(stream, seq, payload, ctx.now, expires_at));
        state.live.insert(seq, key);
        self.expiry.push(key, expires_at);
        ctx.stats.sent += 1;
        if goes_at_once {
            self.transmit(key, true, ctx);
        } else {
            self.update_rings(stream);
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
        self.revive(key, ctx.now, ctx);
        let message = &self.messages[key];
        let (stream, seq, is_accepted) = (message.stream, message.seq, message.is_accepted());
        if is_accepted {
            self.ask(key, ctx);
        } else if seq < self.streams[stream].nxt() {
            self.push_re_entry(key);
        } else {
            self.update_rings(stream);
        }
        Ok(())
    }

    /// Makes a failed message live again, which the application sends again at `at`.
    fn revive(&mut self, key: Key, at: Time, ctx: &Context<T>) {
        let expires_at = self.expires_at_when_resent(key, at, ctx);
        let message = &mut self.messages[key];
        message.on_resent(expires_at);
        let (stream, seq, holds_back) = (message.stream, message.seq, message.holds_back);
        self.failed -= 1;
        self.streams[stream].on_resent(seq, key);
        self.streams[stream].holding_back += u32::from(holds_back);
        self.expiry.push_dated(key, expires_at);
        if !holds_back {
            self.on_probed(key, stream, ctx);
        }
    }

    /// Returns when a message expires that is sent again at `at`.
    fn expires_at_when_resent(&self, key: Key, at: Time, ctx: &Context<T>) -> Time {
        self.expiry.after(at).min(self.messages[key].queued_at + ctx.config.lifetime)
    }

    pub(crate) fn discard(&mut self, id: MsgId, ctx: &mut Context<T>) -> Result<T::Payload, UnknownMessage> {
        let key = self.look_up(id).ok_or(UnknownMessage(id))?;
        ctx.rto.stop_timing(self.flights.last(key).1);
        let message = self.remove(key);
        if message.is_live() {
            self.on_abandoned(message.stream, message.seq, ctx);
            self.update_rings(message.stream);
        }
        self.retire_if_idle(message.stream);
        ctx.persist(|_| Record::Discarded { id });
        Ok(message.payload)
    }

    /// Fails a live message.
    fn fail(&mut self, key: Key, reason: FailReason, ctx: &mut Context<T>) {
        ctx.rto.stop_timing(self.flights.last(key).1);
        self.fail_live(key, reason.clone());
        let Message { stream, seq, .. } = self.messages[key];
        let id = self.msg_id(stream, seq);
        ctx.stats.failed += 1;
        ctx.persist(|_| Record::Failed { id, reason: reason.clone() });
        ctx.event(Event::Failed { id, reason });
        self.on_abandoned(stream, seq, ctx);
        self.update_rings(stream);
    }

    /// Ends the live state of a message that fails; its key stays valid.
    fn fail_live(&mut self, key: Key, reason: FailReason) {
        self.leave_lists(key);
        let message = &mut self.messages[key];
        message.on_failed(reason);
        self.streams[message.stream].on_failed(message.seq, key);
        self.failed += 1;
    }

    /// Removes a message that was not delivered.
    fn remove(&mut self, key: Key) -> Message<T> {
        if self.messages[key].is_live() {
            self.leave_lists(key);
        }
        let message = self.messages.remove(key);
        self.failed -= usize::from(!message.is_live());
        self.streams[message.stream].on_discarded(message.seq);
        message
    }

    /// Removes a live message from the window, from its list, from the expiry list and from what its peer is asked about.
    fn leave_lists(&mut self, key: Key) {
        self.leave_window(key);
        let message = &self.messages[key];
        let (stream, is_accepted, expires_at) = (message.stream, message.is_accepted(), message.expires_at);
        self.leave(key, stream);
        self.hold_back_no_more(key);
        if is_accepted {
            self.on_probed_no_more(key, stream);
        }
        self.expiry.remove(key, expires_at, &self.messages);
    }

    /// Takes a message out of the window.
    fn leave_window(&mut self, key: Key) {
        let message = &mut self.messages[key];
        let was_suspect = message.is_suspect();
        if let Some(was_stuck) = message.leave_window() {
            self.on_left_window(was_stuck, was_suspect);
        }
    }

    #[inline]
    fn on_left_window(&mut self, was_stuck: bool, was_suspect: bool) {
        self.window.leave(was_stuck);
        if was_suspect {
            self.suspects.on_gone();
        }
    }

    /// Newer streams of the peer wait for a message no more.
    fn hold_back_no_more(&mut self, key: Key) {
        let message = &mut self.messages[key];
        let stream = message.stream;
        if core::mem::take(&mut message.holds_back) {
            self.release(stream);
        }
    }

    /// Begins a connection: suspects and cut messages wait already; peers are asked about, floors announced again.
    pub(crate) fn on_connected(&mut self, ctx: &mut Context<T>) {
        ctx.rto.on_connected();
        self.flights.follow(ctx.rto.timing());
        self.last_first = ctx.now;
        self.ask_all_peers(ctx);
        self.announce_all(ctx);
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
        stats.in_flight = self.window.in_flight();
        stats.outgoing_streams = self.streams.len();
    }
}
