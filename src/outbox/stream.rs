//! The outgoing streams: who numbers the next message to a peer.
//!
//! A stream is this process × one peer. Its 64 bits are drawn once, its seqs count without gaps, and the next message goes
//! to another one when it is *exhausted*: [`MAX_ABANDONED`] of its seqs were abandoned, so that the gaps which a receiver
//! must remember stay few. The list of a peer has the oldest stream first; the last one numbers. A stream is *idle* when it
//! has no message; idle ones that are last but not first wait for those before them.
//!
//! As many idle streams are kept as the outbox may hold messages; beyond that the longest idle one is forgotten, and the
//! next message to its peer starts another.

use crate::collections::{self, Bytes, Key, SeqMap, StreamTable};
use crate::frame::{Outgoing, Types};
use crate::id::{MsgId, SEQ_END, StreamId, StreamKey};
use crate::rng::Rng;
use crate::time::Time;

use super::floors::Announce;

/// How many abandoned seqs exhaust a stream.
const MAX_ABANDONED: u32 = 512;

#[derive(Clone, Debug)]
pub(super) struct Stream {
    next_seq: u64,
    /// One past the highest seq that was transmitted.
    pub(super) sent_end: u64,
    /// The live messages.
    pub(super) live: SeqMap,
    pub(super) failed: SeqMap,
    /// How many messages have failed, and how many were discarded undelivered.
    abandoned: u32,
    /// Who was made to announce the floor, if none of the stream's messages has been given a timer since: a floor that rises
    /// further has nobody else to announce it.
    pub(super) announced: Option<Announce>,
}

/// What is known of a recipient.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recipient {
    /// Whether a probe went unanswered since the recipient was last heard of, and when probing last started anew.
    pub(super) is_silent: bool,
    pub(super) heard_at: Time,
}

impl Stream {
    const fn new(next_seq: u64) -> Self {
        Self { next_seq, sent_end: next_seq, live: SeqMap::new(), failed: SeqMap::new(), abandoned: 0, announced: None }
    }

    /// Takes the next seq. A message must follow.
    #[inline]
    pub(super) const fn take_seq(&mut self) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        seq
    }

    /// The lowest seq that may still be transmitted unasked.
    #[inline]
    fn floor(&self) -> u64 {
        self.live.first().unwrap_or(self.next_seq)
    }

    /// A live message failed.
    pub(super) fn on_failed(&mut self, seq: u64, message: Key) {
        self.live.remove(seq);
        self.failed.insert(seq, message);
        self.abandoned += 1;
    }

    /// A failed message is live again.
    pub(super) fn on_resent(&mut self, seq: u64, message: Key) {
        self.failed.remove(seq);
        self.live.insert(seq, message);
        self.abandoned -= 1;
    }

    /// A failed message was delivered after all.
    pub(super) fn on_delivered_late(&mut self, seq: u64) {
        self.failed.remove(seq);
        self.abandoned -= 1;
    }

    /// A message was discarded.
    pub(super) fn on_discarded(&mut self, seq: u64) {
        if self.failed.remove(seq).is_none() {
            self.live.remove(seq);
            self.abandoned = self.abandoned.saturating_add(1);
        }
    }

    #[inline]
    fn is_idle(&self) -> bool {
        self.live.is_empty() && self.failed.is_empty()
    }

    #[inline]
    const fn is_exhausted(&self) -> bool {
        self.abandoned >= MAX_ABANDONED || self.next_seq >= SEQ_END
    }
}

#[derive(Clone, Debug)]
pub(super) struct Streams<T: Types> {
    table: StreamTable<T::Peer, Recipient, Stream>,
    /// How many streams are idle and first in the list of their peer, and how many may be.
    idle: usize,
    max_idle: usize,
    rng: Rng,
}

impl<T: Types> Streams<T> {
    pub(super) fn new(max_idle: usize, ids: Rng, hashes: Rng) -> Self {
        Self { table: StreamTable::new(hashes), idle: 0, max_idle, rng: ids }
    }

    /// The most heap that the streams take when the outbox holds `messages` messages.
    pub(super) fn footprint(messages: usize) -> Bytes {
        // As many idle ones as messages, as many with messages, and as many idle ones that wait for an older one.
        let streams = messages.saturating_mul(3);
        StreamTable::<T::Peer, Recipient, Stream>::footprint(streams)
            + SeqMap::footprint(streams, messages) * 2
            + collections::array::<Key>(messages)
    }

    pub(super) const fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn get(&self, stream: Key) -> Option<&Stream> {
        self.table.get(stream).map(|stream| &**stream)
    }

    /// The message of an id.
    #[inline]
    pub(super) fn find(&self, id: MsgId) -> Option<Key> {
        let (stream, seq) = self.table.find(id)?;
        self.message(stream, seq)
    }

    /// As [`find`](Self::find); the next look-up begins with its stream.
    #[inline]
    pub(super) fn look_up(&mut self, id: MsgId) -> Option<Key> {
        let (stream, seq) = self.table.look_up(id)?;
        self.message(stream, seq)
    }

    #[inline]
    fn message(&self, stream: Key, seq: u64) -> Option<Key> {
        let stream = &self.table[stream];
        stream.live.get(seq).or_else(|| stream.failed.get(seq))
    }

    /// The stream of an id.
    pub(super) fn look_up_stream(&mut self, id: MsgId) -> Option<Key> {
        Some(self.table.look_up(id)?.0)
    }

    #[inline]
    pub(super) fn msg_id(&self, stream: Key, seq: u64) -> MsgId {
        self.table[stream].id.id(seq)
    }

    /// The peer of a stream.
    #[inline]
    pub(super) fn to(&self, stream: Key) -> &T::Peer {
        self.table.name(stream)
    }

    /// As [`to`](Self::to), by its key.
    #[inline]
    pub(super) fn peer(&self, stream: Key) -> Key {
        self.table[stream].peer
    }

    #[inline]
    pub(super) fn recipient(&mut self, stream: Key) -> &mut Recipient {
        self.table.peer_state(stream)
    }

    /// All streams: by peer, and those of a peer with the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Key> {
        self.table.peers().flat_map(|peer| self.table.of_peer(peer))
    }

    /// The streams of a peer, the oldest first.
    pub(super) fn of_peer(&self, peer: Key) -> impl Iterator<Item = Key> {
        self.table.of_peer(peer)
    }

    /// The msg:R of a message that is transmitted now.
    #[inline]
    pub(super) fn msg_r(&mut self, stream: Key, seq: u64, payload: T::Payload) -> Outgoing<T> {
        let to = self.to(stream).clone();
        let stream = &mut self.table[stream];
        stream.sent_end = stream.sent_end.max(seq + 1);
        stream.announced = None;
        Outgoing::MsgR { id: stream.id.id(seq), to, floor: stream.floor(), payload }
    }

    /// The stream that numbers the next message to a peer: a new one where one is needed. The message must follow.
    #[inline]
    pub(super) fn for_next(&mut self, to: &T::Peer) -> Key {
        match self.table.last_of(to) {
            Some(last) if !self.table[last].is_exhausted() => {
                self.on_busy(last);
                last
            }
            exhausted => self.open(to, exhausted),
        }
    }

    #[inline(never)]
    fn open(&mut self, to: &T::Peer, exhausted: Option<Key>) -> Key {
        let id = loop {
            let id = StreamKey::from(StreamId::from_u64(self.rng.next()));
            if self.table.find(id.id(0)).is_none() {
                break id;
            }
        };
        if let Some(exhausted) = exhausted.filter(|exhausted| self.table[*exhausted].is_idle()) {
            self.on_busy(exhausted);
            self.forget(exhausted);
        }
        self.insert(to, id, 0)
    }

    fn insert(&mut self, to: &T::Peer, id: StreamKey, next_seq: u64) -> Key {
        let stream = self.table.insert(to, id, Stream::new(next_seq), usize::MAX);
        let stream = stream.expect("no peer has more streams than a machine has addresses");
        self.table.push_of_peer(stream);
        stream
    }

    /// Takes over a stream of an earlier process, for the messages that it has left.
    pub(super) fn adopt(&mut self, id: StreamId, to: &T::Peer) -> Key {
        self.rng.absorb(id.as_u64());
        // It numbers nothing any more: a stream never outlives its process.
        self.insert(to, StreamKey::from(id), SEQ_END)
    }

    /// A stream that may be idle gets a message, or is about to be forgotten.
    #[inline]
    fn on_busy(&mut self, stream: Key) {
        if self.table[stream].is_idle() && self.table.before(stream).is_none() {
            self.idle -= 1;
            self.table.unlink_silent(stream);
        }
    }

    /// To be called whenever a message has left a stream for good.
    #[inline]
    pub(super) fn retire_if_idle(&mut self, stream: Key) {
        if self.table[stream].is_idle() {
            self.retire(stream);
        }
    }

    #[inline(never)]
    fn retire(&mut self, stream: Key) {
        if self.table.after(stream).is_some() {
            self.forget_older(stream);
        } else if self.table.before(stream).is_none() {
            self.on_idle(stream);
        }
    }

    /// As [`retire_if_idle`](Self::retire_if_idle), for an adopted stream, which is of no use without messages.
    pub(super) fn forget_if_idle(&mut self, stream: Key) {
        if self.table[stream].is_idle() {
            self.forget_older(stream);
        }
    }

    /// Forgets an idle stream that stands in no list of idle ones; the next one of its peer may have waited for it.
    fn forget_older(&mut self, stream: Key) {
        let next = self.table.after(stream).filter(|_| self.table.before(stream).is_none());
        self.forget(stream);
        if let Some(next) = next.filter(|next| self.table[*next].is_idle()) {
            self.on_idle(next);
        }
    }

    /// A stream that is alone, or the first of its peer, has become idle.
    fn on_idle(&mut self, stream: Key) {
        self.idle += 1;
        self.table.push_silent(stream);
        if self.idle > self.max_idle {
            let longest_idle = self.table.silent().next();
            if let Some(longest_idle) = longest_idle {
                self.on_busy(longest_idle);
                self.forget(longest_idle);
            }
        }
    }

    fn forget(&mut self, stream: Key) {
        self.table.unlink_of_peer(stream);
        self.table.remove(stream);
    }
}

impl<T: Types> core::ops::Index<Key> for Streams<T> {
    type Output = Stream;

    #[inline]
    fn index(&self, stream: Key) -> &Stream {
        &self.table[stream]
    }
}

impl<T: Types> core::ops::IndexMut<Key> for Streams<T> {
    #[inline]
    fn index_mut(&mut self, stream: Key) -> &mut Stream {
        &mut self.table[stream]
    }
}
