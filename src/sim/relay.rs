//! The reference server: the six rules of a server, and nothing more.
//!
//! 1. msg:R is deduplicated by (authenticated sender, [`MsgId`]). A duplicate is answered with msg:A and the same
//!    server id, then with ack:N when the recipient has confirmed; else the message is pushed again as soon as one push
//!    RTO has passed since its latest push. A question (msg:R without a payload) for a stored message to the same
//!    recipient is answered like a duplicate; any other is not answered.
//! 2. No server id is used twice, not even after all memory was lost.
//! 3. msg:N is kept for a recipient that is away and pushed when it returns, in the order of acceptance, until
//!    `lifetime` after the first msg:R. While the recipient is connected, an unconfirmed message is pushed again whenever
//!    its push timer is due, the oldest first of what is due.
//! 4. Every ack:R is answered with ack:A; it counts only when it comes from the message's recipient.
//! 5. `from` is always the authenticated sender.
//! 6. The payload is forwarded without being read, and `floor` as of the latest msg:R, questions included.
//!
//! Not modelled: a bound on how many pushes are out on a connection at once.

mod pushes;
mod stats;
mod store;

use alloc::collections::{BTreeMap, VecDeque};
use core::time::Duration;

use crate::frame::{Incoming, Outgoing, Rejection, Types, Verdict};
use crate::id::MsgId;
use crate::time::Time;

use pushes::Pushes;
pub use stats::RelayStats;
use store::{Confirmation, Key, Progress, Store};

/// The reference server, sans-IO: frames of authenticated peers and time go in, frames for peers come out.
///
/// **Server ids.** The high 32 bits count the starts of the relay, from 1, and the low 32 the messages since: ids rise
/// in the order of acceptance. Only the number of starts survives [`Crash::LosesAll`]; a real server too must make its
/// ids unique without its memory, by random ids of 128 bits or by a database sequence.
///
/// **Time** never goes back: a `now` before the last one counts as the last one.
///
/// # Examples
///
/// Alice sends to Bob through the relay; each line is one of the six frames.
///
/// ```
/// use core::time::Duration;
/// use sixfold::sim::Relay;
/// use sixfold::{Incoming, MsgId, Outgoing, StreamId, Time, Types, Verdict};
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct Chat;
/// impl Types for Chat {
///     type Peer = &'static str;
///     type Payload = &'static str;
///     type ServerId = u64;
/// }
///
/// let now = Time::ZERO;
/// let mut relay = Relay::<Chat>::new(Duration::from_secs(7 * 24 * 3600), now);
/// relay.handle_connected("alice", now);
/// relay.handle_connected("bob", now);
///
/// let id = MsgId::new(StreamId::from_u64(1), 0).unwrap();
/// relay.handle_frame("alice", Outgoing::MsgR { id, to: "bob", floor: 0, payload: Some("hello") }, now);
/// let Some(("alice", Incoming::MsgA { verdict: Verdict::Accepted(server_id), .. })) = relay.poll_output() else { panic!() };
/// let pushed = Incoming::MsgN { id, from: "alice", server_id, floor: 0, payload: "hello" };
/// assert_eq!(relay.poll_output(), Some(("bob", pushed)));
///
/// relay.handle_frame("bob", Outgoing::AckR { id, from: "alice" }, now);
/// assert_eq!(relay.poll_output(), Some(("bob", Incoming::AckA { id, from: "alice" })));
/// assert_eq!(relay.poll_output(), Some(("alice", Incoming::AckN { id, server_id })));
/// assert_eq!(relay.poll_output(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Relay<T: Types<ServerId = u64>> {
    store: Store<T>,
    pushes: Pushes<T>,
    outputs: VecDeque<(T::Peer, Incoming<T>)>,
    next_id: u64,
    now: Time,
    refused: BTreeMap<T::Peer, Rejection>,
    pause: Option<Duration>,
    stats: RelayStats,
}

/// What a crash of the relay leaves; connections and queued frames are gone either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// Nothing: no message and no confirmation is remembered.
    LosesAll,
    /// Messages and confirmations.
    KeepsStored,
}

impl<T: Types<ServerId = u64>> Relay<T> {
    /// Makes an empty relay. `lifetime` must equal that of the clients.
    #[must_use]
    pub fn new(lifetime: Duration, now: Time) -> Self {
        Self {
            store: Store::new(lifetime),
            pushes: Pushes::new(),
            outputs: VecDeque::new(),
            next_id: 1 << EPOCH_SHIFT,
            now,
            refused: BTreeMap::new(),
            pause: None,
            stats: RelayStats::default(),
        }
    }

    /// Connects an authenticated peer and pushes what waits for it, in the order of acceptance. A peer that is already
    /// connected has reconnected: frames queued for its old connection are dropped.
    pub fn handle_connected(&mut self, peer: T::Peer, now: Time) {
        self.handle_disconnected(&peer, now);
        let waiting = self.store.waiting_for(&peer);
        self.pushes.connect(peer);
        for key in &waiting {
            self.push(key);
        }
    }

    /// Disconnects a peer and drops the frames queued for it.
    pub fn handle_disconnected(&mut self, peer: &T::Peer, now: Time) {
        self.advance(now);
        if self.pushes.disconnect(peer) {
            let queued = self.outputs.len();
            self.outputs.retain(|(to, _)| to != peer);
            self.stats.dropped += (queued - self.outputs.len()) as u64;
        }
        self.push_due();
    }

    /// Takes a frame of an authenticated peer. Frames of peers that are not connected are counted and ignored.
    pub fn handle_frame(&mut self, from: T::Peer, frame: Outgoing<T>, now: Time) {
        self.advance(now);
        if self.pushes.is_connected(&from) {
            self.on_frame(from, frame);
        } else {
            self.stats.ignored_unconnected += 1;
        }
        self.push_due();
    }

    /// Pushes again, gives up or forgets the messages that are due. Every other input does so too.
    pub fn handle_timeout(&mut self, now: Time) {
        self.advance(now);
        self.push_due();
    }

    /// Crashes and restarts: connections and queued frames are lost, and what `kind` says. Every peer must connect
    /// again. The settings of [`Relay::refuse`], [`Relay::throttle`] and [`Relay::push_timer`] stay.
    pub fn crash(&mut self, kind: Crash, now: Time) {
        self.advance(now);
        self.stats.crashes += 1;
        self.stats.dropped += self.outputs.len() as u64;
        self.outputs.clear();
        self.pushes.disconnect_all();
        self.next_id = ((self.next_id >> EPOCH_SHIFT) + 1) << EPOCH_SHIFT;
        match kind {
            Crash::LosesAll => self.store.clear(),
            Crash::KeepsStored => {}
        }
    }

    /// Returns the next frame to transmit and its recipient; call it until `None` after every input.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<(T::Peer, Incoming<T>)> {
        self.outputs.pop_front()
    }

    /// Returns when to call [`Relay::handle_timeout`]; `None` while nothing is remembered.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        [self.store.next_deadline(), self.pushes.next_due()].into_iter().flatten().min()
    }

    /// Rejects every new message to a peer from now on; `None` ends that. Duplicates of stored messages are still
    /// accepted, and questions are never rejected.
    pub fn refuse(&mut self, to: T::Peer, rejection: Option<Rejection>) {
        match rejection {
            Some(rejection) => self.refused.insert(to, rejection),
            None => self.refused.remove(&to),
        };
    }

    /// Answers every new message with [`RetryAfter`](Verdict::RetryAfter) from now on; `None` ends that. Messages to a
    /// [refused](Relay::refuse) peer are still rejected, and duplicates of stored messages are still accepted. No
    /// question is answered so.
    pub fn throttle(&mut self, pause: Option<Duration>) {
        self.pause = pause;
    }

    /// Sets the push timer on connections from now on: the push RTO before the first sample, default 1 s, its minimum,
    /// default 200 ms, and the maximum of each delay, default 10 minutes.
    ///
    /// # Panics
    ///
    /// Panics when `min` is zero or greater than `max`.
    pub fn push_timer(&mut self, initial: Duration, min: Duration, max: Duration) {
        assert!(!min.is_zero() && min <= max, "a push timer from {min:?} to {max:?}");
        self.pushes.set_rto(initial, min, max);
    }

    /// Returns whether a peer is connected.
    #[must_use]
    pub fn is_connected(&self, peer: &T::Peer) -> bool {
        self.pushes.is_connected(peer)
    }

    /// Returns the server id of the message `id` of `from`; `None` when it is not remembered.
    #[must_use]
    pub fn server_id(&self, from: &T::Peer, id: MsgId) -> Option<u64> {
        self.store.get(&(from.clone(), id)).map(|stored| stored.server_id)
    }

    /// Returns the counters.
    #[must_use]
    pub fn stats(&self) -> RelayStats {
        let (remembered, waiting) = self.store.counts();
        RelayStats { remembered, waiting, connected: self.pushes.connected(), ..self.stats }
    }

    /// Moves time forward, never back, and drops what is too old before an input is handled.
    fn advance(&mut self, now: Time) {
        self.now = self.now.max(now);
        let aged = self.store.age(self.now, |key, stored| {
            self.pushes.end(key, &stored.to, stored.server_id);
        });
        self.stats.outlived += aged.outlived;
        self.stats.forgotten += aged.forgotten;
    }

    /// Pushes what is due again after an input was handled: a message that it confirmed is not.
    fn push_due(&mut self) {
        for key in self.pushes.take_due(self.now) {
            self.push(&key);
        }
    }

    fn on_frame(&mut self, from: T::Peer, frame: Outgoing<T>) {
        match frame {
            Outgoing::MsgR { id, to, floor, payload } => {
                self.stats.msg_r += 1;
                match payload {
                    Some(payload) => self.on_message(&(from, id), to, floor, payload),
                    None => self.on_question(&(from, id), &to, floor),
                }
            }
            Outgoing::AckR { id, from: sender } => {
                self.stats.ack_r += 1;
                self.on_confirmation(&from, &(sender, id));
            }
        }
    }

    fn on_message(&mut self, key: &Key<T>, to: T::Peer, floor: u64, payload: T::Payload) {
        let server_id = if let Some(stored) = self.store.heard_again(key, floor) {
            self.stats.duplicates += 1;
            stored.server_id
        } else if let Some(verdict) = self.unwanted(&to) {
            self.answer(key, verdict);
            return;
        } else {
            let server_id = self.next_id;
            self.next_id += 1;
            self.stats.stored += 1;
            self.store.insert(key.clone(), server_id, to, floor, payload, self.now);
            server_id
        };
        self.answer(key, Verdict::Accepted(server_id));
        self.carry_on(key);
    }

    /// Answers a question for a stored message like a duplicate; ignores any other: then the whole message follows.
    fn on_question(&mut self, key: &Key<T>, to: &T::Peer, floor: u64) {
        self.stats.questions += 1;
        if let Some(stored) = self.store.asked_about(key, to, floor) {
            let server_id = stored.server_id;
            self.answer(key, Verdict::Accepted(server_id));
            self.carry_on(key);
        } else {
            self.stats.questions_unknown += 1;
        }
    }

    /// Returns the verdict on a new message to a peer if it is not to be stored.
    fn unwanted(&mut self, to: &T::Peer) -> Option<Verdict<T>> {
        if let Some(rejection) = self.refused.get(to) {
            self.stats.rejected += 1;
            return Some(Verdict::Rejected(rejection.clone()));
        }
        let pause = self.pause?;
        self.stats.throttled += 1;
        Some(Verdict::RetryAfter(pause))
    }

    /// Queues msg:A.
    fn answer(&mut self, (from, id): &Key<T>, verdict: Verdict<T>) {
        self.stats.msg_a += 1;
        self.outputs.push_back((from.clone(), Incoming::MsgA { id: *id, verdict }));
    }

    /// Does what follows msg:A: queues ack:N when the message is confirmed, else pushes it to a recipient that is
    /// connected, at once or when it is due again.
    fn carry_on(&mut self, key: &Key<T>) {
        let Some(stored) = self.store.get(key) else { return };
        match stored.progress {
            Progress::Confirmed => self.settle(key, stored.server_id),
            Progress::Waiting { .. } => {
                if self.pushes.is_connected(&stored.to) && !self.pushes.on_hint(key, stored) {
                    self.push(key);
                }
            }
            Progress::Outlived => {}
        }
    }

    fn on_confirmation(&mut self, by: &T::Peer, key: &Key<T>) {
        let confirmation = self.store.confirm(key, by);
        self.stats.ack_a += 1;
        self.outputs.push_back((by.clone(), Incoming::AckA { id: key.1, from: key.0.clone() }));
        match confirmation {
            Confirmation::First(server_id) => {
                self.stats.confirmed += 1;
                self.pushes.on_confirmed(key, by, server_id, self.now);
                if self.pushes.is_connected(&key.0) {
                    self.settle(key, server_id);
                }
            }
            Confirmation::Repeated => self.stats.acks_repeated += 1,
            Confirmation::Unknown => self.stats.acks_unknown += 1,
        }
    }

    /// Queues ack:N.
    fn settle(&mut self, (from, id): &Key<T>, server_id: u64) {
        self.stats.ack_n += 1;
        self.outputs.push_back((from.clone(), Incoming::AckN { id: *id, server_id }));
    }

    /// Queues msg:N for an unconfirmed message to a connected recipient.
    fn push(&mut self, key: &Key<T>) {
        let Some(stored) = self.store.get_mut(key) else { return };
        let Progress::Waiting { payload } = &stored.progress else { return };
        self.stats.msg_n += 1;
        self.stats.pushed_again += u64::from(self.pushes.on_push(key, stored, self.now));
        let ((from, id), server_id, floor) = (key.clone(), stored.server_id, stored.floor);
        let frame = Incoming::MsgN { id, from, server_id, floor, payload: payload.clone() };
        self.outputs.push_back((stored.to.clone(), frame));
        stored.was_pushed = true;
    }
}

/// In a server id the bits from this one up count the starts, the bits below the messages of one start.
const EPOCH_SHIFT: u32 = 32;
