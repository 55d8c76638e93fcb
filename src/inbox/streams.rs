//! The incoming streams: what is remembered of each sender, and how it is found.
//!
//! The rule: an idle conversation is one record of a cache line, and what not every stream needs stands elsewhere: its
//! messages, its peer, its further ranges. The stream of the message before is the first guess; the [hints](super::hints)
//! know most others; the maps of the [peers](super::peers) know them all.
//!
//! - `room.rs`: who pays when there is no room for a new one

mod room;

pub(super) use room::NoRoom;

use super::hints::{Hint, Hints};
use super::owed::Live;
use super::peers::{Acquaintance, Found, Peers};
use super::seen::Seen;
use crate::config::Config;
use crate::frame::Types;
use crate::id::{MsgId, StreamKey};
use crate::list::List;
use crate::memory::{self, Bytes};
use crate::slab::{Key, NIL, Slab};
use crate::time::Time;

/// What is remembered of an idle conversation: 64 bytes.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) key: StreamKey,
    /// What was handed over, and not released.
    pub(super) seen: Seen,
    /// For order: everything below was handed over or is not waited for. It only rises.
    pub(super) cursor: u64,
    pub(super) heard: Time,
    pub(super) peer: Key,
    /// The messages that are unconfirmed, or whose ack is pending.
    pub(super) live: Live,
}

#[derive(Clone, Debug)]
pub(super) struct Streams<T: Types> {
    streams: Slab<Stream>,
    peers: Peers<T::Peer>,
    /// All streams, the longest silent first.
    silent: List,
    /// Ranges over all streams.
    ranges: usize,
    /// The stream that was last looked up or opened, if it counts.
    recent: Key,
    /// Where all are.
    hints: Hints,
}

impl<T: Types> Streams<T> {
    pub(super) const fn new() -> Self {
        Self {
            streams: Slab::new(),
            peers: Peers::new(),
            silent: List::new(),
            ranges: 0,
            recent: NIL,
            hints: Hints::new(),
        }
    }

    /// The most heap that the streams take, their messages aside.
    pub(super) fn memory_bound(config: &Config) -> Bytes {
        let streams = config.max_streams;
        let ranges = config.max_ranges.saturating_add(config.inbox_capacity.saturating_mul(2)).saturating_add(streams);
        memory::slab::<Stream>(streams)
            + Peers::<T::Peer>::memory_bound(streams)
            + memory::links(streams)
            + Hints::memory_bound(streams)
            + Seen::memory_bound(streams, ranges)
    }

    pub(super) fn len(&self) -> usize {
        self.streams.len()
    }

    pub(super) fn ranges(&self) -> usize {
        self.ranges
    }

    /// The stream of a message, and the seq in it.
    #[inline]
    pub(super) fn find(&mut self, from: &T::Peer, id: MsgId) -> Option<(Key, u64)> {
        match self.find_recent(from, id) {
            None => self.look_up(from, id),
            found => found,
        }
    }

    /// The same, if it is the stream that was last looked up or opened.
    #[inline]
    pub(super) fn find_recent(&self, from: &T::Peer, id: MsgId) -> Option<(Key, u64)> {
        let stream = self.streams.get(self.recent)?;
        let seq = id.seq_in(stream.key)?;
        (self.peers.name(stream.peer) == from).then_some((self.recent, seq))
    }

    #[inline(never)]
    fn look_up(&mut self, from: &T::Peer, id: MsgId) -> Option<(Key, u64)> {
        let (key, seq) = id.split();
        let found = match self.hints.ask(key) {
            Hint::Nobody => None,
            Hint::Only(hint) => self.is(hint, from, key).then_some(hint),
            Hint::Perhaps(hint) if self.is(hint, from, key) => Some(hint),
            Hint::Perhaps(_) => self.find_of(self.peers.find(from)?, key),
        }?;
        self.note(found, key);
        Some((found, seq))
    }

    /// Whether this is the stream `key` of `from`.
    #[inline]
    fn is(&self, stream: Key, from: &T::Peer, key: StreamKey) -> bool {
        let stream = self.streams.get(stream);
        stream.is_some_and(|stream| stream.key == key && self.peers.name(stream.peer) == from)
    }

    /// Looks a stream up, and opens it if its peer is a stranger and there is `room`.
    #[inline]
    pub(super) fn meet(&mut self, from: &T::Peer, key: StreamKey, room: bool, now: Time) -> Met {
        let found = match self.hints.ask(key) {
            Hint::Only(hint) | Hint::Perhaps(hint) if self.is(hint, from, key) => Some(hint),
            Hint::Nobody | Hint::Only(_) | Hint::Perhaps(_) => {
                match self.peers.meet(from, || room.then(|| self.streams.insert(Stream::new(key, now)))) {
                    Acquaintance::Old(peer) => self.find_of(peer, key),
                    Acquaintance::New(peer, stream) => {
                        self.settle_in(peer, stream, key);
                        return Met::New(stream);
                    }
                    Acquaintance::Refused => None,
                }
            }
        };
        let Some(found) = found else { return Met::Unknown };
        self.note(found, key);
        Met::Known(found)
    }

    /// The stream `key` of a peer.
    fn find_of(&self, peer: Key, key: StreamKey) -> Option<Key> {
        match self.peers.find_stream(peer, key) {
            Found::Only(only) if self.streams[only].key == key => Some(only),
            Found::Named(stream) => Some(stream),
            Found::Only(_) | Found::Nothing => None,
        }
    }

    /// Remembers where a stream was found.
    fn note(&mut self, stream: Key, key: StreamKey) {
        self.recent = if key.counts() { stream } else { NIL };
        self.hints.meet(key, stream);
    }

    /// The sender of a stream.
    pub(super) fn name(&self, stream: &Stream) -> &T::Peer {
        self.peers.name(stream.peer)
    }

    /// All streams: by peer, then by id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&T::Peer, &Stream)> {
        self.peers.iter().map(|(name, key)| (name, &self.streams[key]))
    }

    /// Notes that a stream was heard of.
    #[inline]
    pub(super) fn touch(&mut self, key: Key, now: Time) -> &mut Stream {
        if self.silent.last() != Some(key) {
            self.move_last(key);
        }
        let stream = &mut self.streams[key];
        stream.heard = now;
        stream
    }

    fn move_last(&mut self, key: Key) {
        self.silent.remove(key);
        self.silent.push_back(key);
        self.peers.touch(self.streams[key].peer, key);
    }

    /// Puts the streams in the order in which they were last heard of.
    pub(super) fn end_restore(&mut self) {
        let mut heard: alloc::vec::Vec<_> = self.silent.iter().map(|key| (self.streams[key].heard, key)).collect();
        heard.sort_unstable();
        for (at, key) in heard {
            let stream = self.touch(key, at);
            stream.cursor = stream.seen.lowest_end();
        }
    }

    /// Notes when a restored stream was heard of: so room is made at the cost of the stream that it was made at before.
    pub(super) fn restore_heard(&mut self, key: Key, at: Time) {
        if at >= self.streams[key].heard {
            self.touch(key, at);
        }
    }

    pub(super) fn see_range(&mut self, key: Key, range: &core::ops::Range<u64>) {
        self.change_seen(key, |seen| seen.insert_range(range));
    }

    /// Notes the first seq of a stream.
    #[inline]
    pub(super) fn see_first(&mut self, key: Key, seq: u64) -> &mut Stream {
        let stream = &mut self.streams[key];
        stream.seen.start(seq);
        self.ranges += 1;
        stream
    }

    #[inline]
    pub(super) fn see(&mut self, key: Key, seq: u64) {
        if !self.streams[key].seen.extend(seq) {
            self.change_seen(key, |seen| seen.insert(seq));
        }
    }

    pub(super) fn unsee(&mut self, key: Key, seq: u64) {
        self.change_seen(key, |seen| seen.remove(seq));
    }

    fn change_seen(&mut self, key: Key, change: impl FnOnce(&mut Seen)) {
        let seen = &mut self.streams[key].seen;
        self.ranges -= seen.ranges();
        change(seen);
        self.ranges += seen.ranges();
    }

    pub(super) fn open(&mut self, from: &T::Peer, key: StreamKey, now: Time) -> Key {
        let stream = self.streams.insert(Stream::new(key, now));
        let peer = match self.peers.meet(from, || Some(stream)) {
            Acquaintance::Old(peer) => {
                self.peers.add(peer, stream, key, |key| self.streams[key].key);
                peer
            }
            Acquaintance::New(peer, _) => peer,
            Acquaintance::Refused => unreachable!("a stream is given"),
        };
        self.settle_in(peer, stream, key);
        stream
    }

    /// Notes a stream that is new.
    fn settle_in(&mut self, peer: Key, stream: Key, key: StreamKey) {
        self.streams[stream].peer = peer;
        self.silent.push_back(stream);
        let all = self.silent.iter().map(|key| (self.streams[key].key, key));
        self.hints.enter(key, stream, self.streams.len(), all);
        self.recent = if key.counts() { stream } else { NIL };
    }

    /// Forgets a stream; its messages must be gone.
    pub(super) fn close(&mut self, key: Key) {
        let Stream { peer, key: name, seen, .. } = self.streams.remove(key);
        self.recent = NIL;
        self.ranges -= seen.ranges();
        self.silent.remove(key);
        self.hints.leave(name, key);
        self.peers.remove(peer, key, name, |key| self.streams[key].key);
    }
}

impl Stream {
    const fn new(key: StreamKey, now: Time) -> Self {
        Self { key, seen: Seen::new(), cursor: 0, heard: now, peer: NIL, live: Live::NOTHING }
    }
}

/// What [`Streams::meet`] comes to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Met {
    Known(Key),
    /// It was opened.
    New(Key),
    Unknown,
}

impl<T: Types> core::ops::Index<Key> for Streams<T> {
    type Output = Stream;

    #[inline]
    fn index(&self, key: Key) -> &Stream {
        &self.streams[key]
    }
}

impl<T: Types> core::ops::IndexMut<Key> for Streams<T> {
    #[inline]
    fn index_mut(&mut self, key: Key) -> &mut Stream {
        &mut self.streams[key]
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    use crate::slab::Slot;

    #[test]
    fn an_idle_stream_is_64_bytes() {
        assert_eq!(size_of::<Slot<Stream>>(), 64);
    }
}
