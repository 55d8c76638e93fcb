//! The outgoing streams: who numbers the next message to a peer.
//!
//! A stream is this process × one peer. Its 64 bits are drawn once, its seqs count without gaps, and it is replaced when
//! [`ABANDONED_MOST`] of its seqs were abandoned, so that the gaps which a receiver must remember stay few. As many idle
//! streams are kept as the outbox may hold messages; beyond that the one idle for longest goes, and the next message to
//! its peer starts another.
//!
//! - `chain.rs`: the streams of one peer, the replaced ones too

mod chain;

use alloc::collections::BTreeMap;

use super::Announce;
use super::names::Names;
use super::ring::Ring;
use crate::frame::{Outgoing, Types};
use crate::id::{MsgId, SEQ_END, StreamId, StreamKey};
use crate::list::List;
use crate::memory::{self, Bytes};
use crate::rng::Rng;
use crate::slab::{Key, NIL, Slab};
use crate::time::Time;

/// How many abandoned seqs end a stream.
const ABANDONED_MOST: u32 = 512;

#[derive(Clone, Debug)]
pub(super) struct Stream<T: Types> {
    pub(super) name: StreamKey,
    pub(super) peer: T::Peer,
    next_seq: u64,
    /// One past the highest seq that was transmitted.
    pub(super) sent_end: u64,
    /// The messages on their way.
    pub(super) ring: Ring,
    /// Who was made to announce the floor, if none of the stream's messages has been given a timer since: a floor that rises
    /// further has nobody else to announce it.
    pub(super) announced: Option<Announce>,
    /// How many messages are parked, and how many were discarded undelivered.
    pub(super) parked: u32,
    pub(super) discarded: u32,
    /// Whether a probe went out since the recipient was last heard of, and when the backoff was last reset.
    backed_off: bool,
    reset_at: Time,
    /// The stream that this one replaced, while that has messages left; and whether this one is replaced.
    older: Option<Key>,
    is_replaced: bool,
}

impl<T: Types> Stream<T> {
    const fn new(name: StreamKey, peer: T::Peer, next_seq: u64, older: Option<Key>) -> Self {
        Self {
            name,
            peer,
            next_seq,
            sent_end: next_seq,
            ring: Ring::new(),
            announced: None,
            parked: 0,
            discarded: 0,
            backed_off: false,
            reset_at: Time::ZERO,
            older,
            is_replaced: false,
        }
    }

    #[inline]
    pub(super) fn msg_id(&self, seq: u64) -> MsgId {
        self.name.id(seq)
    }

    /// Takes the next seq. A message must follow.
    #[inline]
    pub(super) const fn take_seq(&mut self) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        seq
    }

    /// The msg:R of a message that is transmitted now.
    #[inline]
    pub(super) fn msg_r(&mut self, seq: u64, payload: T::Payload) -> Outgoing<T> {
        self.sent_end = self.sent_end.max(seq + 1);
        self.announced = None;
        Outgoing::MsgR { id: self.msg_id(seq), to: self.peer.clone(), floor: self.floor(), payload }
    }

    /// The lowest seq that may still be transmitted unasked.
    #[inline]
    pub(super) fn floor(&self) -> u64 {
        self.ring.first().unwrap_or(self.next_seq)
    }

    #[inline]
    fn is_idle(&self) -> bool {
        self.ring.is_empty() && self.parked == 0
    }

    fn is_worn(&self) -> bool {
        self.parked.saturating_add(self.discarded) >= ABANDONED_MOST || self.next_seq >= SEQ_END
    }
}

/// Where a message of a known stream is: its key while it is on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) stream: Key,
    pub(super) seq: u64,
    pub(super) moving: Option<Key>,
}

#[derive(Clone, Debug)]
pub(super) struct Streams<T: Types> {
    slab: Slab<Stream<T>>,
    names: Names,
    /// The stream that numbers the next message to each peer.
    current: BTreeMap<T::Peer, Key>,
    /// The stream that was last looked up, and the one that numbered last: it is the current one of its peer.
    recent: Key,
    recent_to: Key,
    /// Streams without messages, the longest idle first.
    idle: List,
    idle_most: usize,
    /// How many streams have backed off.
    backed_off: usize,
    rng: Rng,
}

impl<T: Types> Streams<T> {
    pub(super) fn new(idle_most: usize, rng: Rng) -> Self {
        Self {
            slab: Slab::new(),
            names: Names::new(),
            current: BTreeMap::new(),
            recent: NIL,
            recent_to: NIL,
            idle: List::new(),
            idle_most,
            backed_off: 0,
            rng,
        }
    }

    /// The most heap that the streams take when the outbox holds `messages` messages.
    pub(super) fn memory_bound(messages: usize) -> Bytes {
        // As many idle ones as messages, as many with messages, and as many idle ones that an older one hangs on to.
        let streams = messages.saturating_mul(3);
        memory::slab::<Stream<T>>(streams)
            + Names::memory_bound(streams)
            + memory::map::<T::Peer, Key>(streams)
            + memory::links(streams)
            + Ring::memory_bound(streams, messages)
    }

    pub(super) fn len(&self) -> usize {
        self.slab.len()
    }

    pub(super) fn get(&self, key: Key) -> Option<&Stream<T>> {
        self.slab.get(key)
    }

    /// Where a message is.
    #[inline(always)]
    pub(super) fn find(&self, id: MsgId) -> Option<Found> {
        if let Some(stream) = self.slab.get(self.recent) {
            if let Some(seq) = id.seq_in(stream.name) {
                return Some(Found { stream: self.recent, seq, moving: stream.ring.get(seq) });
            }
        }
        self.find_by_name(id)
    }

    #[inline(never)]
    fn find_by_name(&self, id: MsgId) -> Option<Found> {
        let (name, seq) = id.split();
        let stream = self.names.get(name, |key| self.slab[key].name)?;
        Some(Found { stream, seq, moving: self.slab[stream].ring.get(seq) })
    }

    /// As [`find`](Self::find), and its stream will be found at once next time.
    #[inline(always)]
    pub(super) fn look_up(&mut self, id: MsgId) -> Option<Found> {
        let found = self.find(id)?;
        self.recent = found.stream;
        Some(found)
    }

    /// The stream that numbers the next message to a peer: a new one where one is needed. The message must follow.
    #[inline]
    pub(super) fn numbering(&mut self, peer: &T::Peer) -> Key {
        match self.slab.get(self.recent_to) {
            Some(stream) if stream.peer == *peer && !stream.is_worn() => {
                if stream.is_idle() {
                    self.idle.remove(self.recent_to);
                }
                self.recent_to
            }
            Some(_) | None => self.numbering_of_another(peer),
        }
    }

    #[inline(never)]
    fn numbering_of_another(&mut self, peer: &T::Peer) -> Key {
        let key = match self.current.get(peer).copied() {
            Some(key) if !self.slab[key].is_worn() => {
                if self.slab[key].is_idle() {
                    self.idle.remove(key);
                }
                key
            }
            worn => self.open(peer.clone(), worn),
        };
        (self.recent, self.recent_to) = (key, key);
        key
    }

    /// To be called whenever a message left a stream for good.
    #[inline]
    pub(super) fn tidy(&mut self, key: Key) {
        if self.slab[key].is_idle() {
            self.rest(key);
        }
    }

    fn rest(&mut self, key: Key) {
        if self.slab[key].is_replaced {
            self.close_worn(key);
            return;
        }
        self.idle.push_back(key);
        if self.idle.len() > self.idle_most {
            self.close_longest_idle();
        }
    }

    /// A probe went out.
    pub(super) fn back_off(&mut self, key: Key) {
        self.backed_off += usize::from(!self.slab[key].backed_off);
        self.slab[key].backed_off = true;
    }

    /// Whether any stream has backed off.
    #[inline]
    pub(super) const fn has_backed_off(&self) -> bool {
        self.backed_off > 0
    }

    /// All peers with a stream, in order.
    pub(super) fn peers(&self) -> impl Iterator<Item = &T::Peer> {
        self.current.keys()
    }

    fn open(&mut self, peer: T::Peer, worn: Option<Key>) -> Key {
        let name = loop {
            let name = StreamKey::from(StreamId::from_u64(self.rng.next()));
            if self.names.get(name, |key| self.slab[key].name).is_none() {
                break name;
            }
        };
        let mut older = worn;
        if let Some(worn) = worn {
            self.slab[worn].is_replaced = true;
            if self.slab[worn].is_idle() {
                older = self.slab[worn].older;
                self.idle.remove(worn);
                self.forget(worn);
            }
        }
        let stream = Stream::new(name, peer.clone(), 0, older);
        self.enter(stream, peer)
    }

    /// From now on this stream is the one of its peer.
    fn enter(&mut self, stream: Stream<T>, peer: T::Peer) -> Key {
        let name = stream.name;
        let key = self.slab.insert(stream);
        self.names.insert(name, key, |key| self.slab[key].name);
        self.current.insert(peer, key);
        key
    }

    /// Drops the longest idle stream that no older one hangs on to.
    fn close_longest_idle(&mut self) {
        let Some(key) = self.idle.iter().find(|key| self.slab[*key].older.is_none()) else { return };
        self.idle.remove(key);
        let peer = self.slab[key].peer.clone();
        self.current.remove(&peer);
        self.forget(key);
    }

    fn forget(&mut self, key: Key) {
        self.names.remove(self.slab[key].name, key, |key| self.slab[key].name);
        let stream = self.slab.remove(key);
        self.backed_off -= usize::from(stream.backed_off);
        (self.recent, self.recent_to) = (NIL, NIL);
    }
}

impl<T: Types> core::ops::Index<Key> for Streams<T> {
    type Output = Stream<T>;

    fn index(&self, key: Key) -> &Stream<T> {
        &self.slab[key]
    }
}

impl<T: Types> core::ops::IndexMut<Key> for Streams<T> {
    fn index_mut(&mut self, key: Key) -> &mut Stream<T> {
        &mut self.slab[key]
    }
}
