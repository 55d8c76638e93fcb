//! The incoming streams: what is remembered of each sender, and who pays when there is no room.
//!
//! The rule: a stream is forgotten only to make room for another one, and then the peer that holds most pays with the one
//! it has not used for longest. A stream with unconfirmed messages or pending acks is never forgotten; one younger than
//! its retention (twice `lifetime`) only when its own peer is beyond its share. Otherwise the newcomer is refused, which
//! its sender learns by not being acked and the application by
//! [`HorizonExceeded`](crate::Event::HorizonExceeded).

use alloc::collections::{BTreeMap, BTreeSet};

use super::seen::Seen;
use crate::config::Config;
use crate::frame::Types;
use crate::id::StreamKey;
use crate::list::{Ends, Links, List};
use crate::memory;
use crate::ring::Ring;
use crate::slab::{Key, NIL, Slab};
use crate::time::Time;

#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) peer: Key,
    pub(super) key: StreamKey,
    /// What was handed over, and not released.
    pub(super) seen: Seen,
    /// For order: everything below was handed over or is not waited for. It only rises.
    pub(super) cursor: u64,
    /// The messages that are held or unconfirmed, or whose ack is pending.
    pub(super) ring: Ring,
    /// How many of them are held; how many are not, so that the stream must not be forgotten.
    pub(super) held: usize,
    pub(super) pinned: usize,
    /// Whether nothing was ever handed over: then nothing is lost by forgetting it.
    pub(super) is_blank: bool,
    pub(super) heard: Time,
}

#[derive(Clone, Debug)]
struct Peer<P> {
    name: P,
    streams: usize,
    /// Its streams, the longest silent first.
    silent: Ends,
}

#[derive(Clone, Debug)]
pub(super) struct Streams<T: Types> {
    streams: Slab<Stream>,
    by_key: BTreeMap<(Key, StreamKey), Key>,
    peers: Slab<Peer<T::Peer>>,
    by_name: BTreeMap<T::Peer, Key>,
    /// Peers by how many streams they hold.
    by_count: BTreeSet<(usize, Key)>,
    /// For the lists of the peers.
    links: Links,
    /// All streams, the longest silent first.
    silent: List,
    /// Ranges over all streams.
    ranges: usize,
    /// The stream that was last looked up or opened.
    recent: Key,
}

impl<T: Types> Streams<T> {
    pub(super) const fn new() -> Self {
        Self {
            streams: Slab::new(),
            by_key: BTreeMap::new(),
            peers: Slab::new(),
            by_name: BTreeMap::new(),
            by_count: BTreeSet::new(),
            links: Links::new(),
            silent: List::new(),
            ranges: 0,
            recent: NIL,
        }
    }

    /// The most heap that the streams take when `messages` messages are unconfirmed, held or not acked.
    pub(super) fn memory_bound(config: &Config, messages: usize) -> usize {
        let streams = config.max_streams;
        memory::slab::<Stream>(streams)
            + memory::slab::<Peer<T::Peer>>(streams)
            + memory::map::<(Key, StreamKey), Key>(streams)
            + memory::map::<T::Peer, Key>(streams)
            + memory::map::<(usize, Key), ()>(streams)
            + 2 * memory::links(streams)
            + Ring::memory_bound(streams, messages)
            + memory::map::<u64, u64>(config.max_ranges + 2 * config.inbox_capacity + streams)
            + streams.min(config.max_ranges) * memory::map::<u64, u64>(1)
    }

    pub(super) fn len(&self) -> usize {
        self.streams.len()
    }

    pub(super) fn ranges(&self) -> usize {
        self.ranges
    }

    #[inline]
    pub(super) fn find(&mut self, from: &T::Peer, key: StreamKey) -> Option<Key> {
        match self.streams.get(self.recent) {
            Some(stream) if stream.key == key && self.peers[stream.peer].name == *from => Some(self.recent),
            Some(_) | None => self.find_in_maps(from, key),
        }
    }

    #[inline(never)]
    fn find_in_maps(&mut self, from: &T::Peer, key: StreamKey) -> Option<Key> {
        let peer = self.by_name.get(from)?;
        self.recent = *self.by_key.get(&(*peer, key))?;
        Some(self.recent)
    }

    /// The sender of a stream.
    pub(super) fn name(&self, stream: &Stream) -> &T::Peer {
        &self.peers[stream.peer].name
    }

    /// All streams: by peer, then by id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&T::Peer, &Stream)> {
        self.by_name.iter().flat_map(move |(name, peer)| {
            let streams = self.by_key.range((*peer, StreamKey::MIN)..=(*peer, StreamKey::MAX));
            streams.map(move |(_, key)| (name, &self.streams[*key]))
        })
    }

    /// Notes that a stream was heard of.
    #[inline]
    pub(super) fn touch(&mut self, key: Key, now: Time) {
        self.streams[key].heard = now;
        if self.silent.last() != Some(key) {
            self.move_last(key);
        }
    }

    fn move_last(&mut self, key: Key) {
        self.silent.remove(key);
        self.silent.push_back(key);
        let silent = &mut self.peers[self.streams[key].peer].silent;
        self.links.remove(silent, key);
        self.links.push_back(silent, key);
    }

    /// Puts the streams in the order in which they were last heard of.
    pub(super) fn end_restore(&mut self) {
        let mut heard: alloc::vec::Vec<_> = self.by_key.values().map(|key| (self.streams[*key].heard, *key)).collect();
        heard.sort_unstable();
        for (at, key) in heard {
            let stream = &mut self.streams[key];
            stream.cursor = stream.seen.lowest_end();
            self.touch(key, at);
        }
    }

    /// Notes when a restored stream was heard of: so room is made at the cost of the stream that it was made at before.
    pub(super) fn restore_heard(&mut self, key: Key, at: Time) {
        if at >= self.streams[key].heard {
            self.touch(key, at);
        }
    }

    pub(super) fn see_range(&mut self, key: Key, range: &core::ops::Range<u64>) {
        self.streams[key].is_blank = false;
        self.change_seen(key, |seen| seen.insert_range(range));
    }

    #[inline]
    pub(super) fn see(&mut self, key: Key, seq: u64) {
        let stream = &mut self.streams[key];
        stream.is_blank = false;
        if !stream.seen.extend(seq) {
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

    /// Whether a new stream would need another's place, and whose: `Err` when there is none to be had.
    pub(super) fn room(&self, from: &T::Peer, config: &Config, now: Time) -> Result<Option<Key>, NoRoom> {
        if let Some(peer) = self.by_name.get(from) {
            if self.peers[*peer].streams >= config.max_streams_per_peer {
                return self.longest_silent(*peer).map(Some).ok_or(NoRoom);
            }
        }
        if self.streams.len() < config.max_streams {
            return Ok(None);
        }
        let past_retention = |key: &Key| now.nanos_since(self.streams[*key].heard) >= config.retention();
        let most = self.by_count.last().and_then(|(_, peer)| self.longest_silent(*peer));
        let any = || self.silent.iter().take_while(past_retention).find(|key| self.is_forgettable(*key));
        most.filter(past_retention).or_else(any).map(Some).ok_or(NoRoom)
    }

    fn longest_silent(&self, peer: Key) -> Option<Key> {
        self.links.iter(self.peers[peer].silent).find(|key| self.is_forgettable(*key))
    }

    fn is_forgettable(&self, key: Key) -> bool {
        self.streams[key].pinned == 0
    }

    pub(super) fn open(&mut self, from: &T::Peer, key: StreamKey, now: Time) -> Key {
        let peer = match self.by_name.get(from) {
            Some(peer) => *peer,
            None => {
                let peer = self.peers.insert(Peer { name: from.clone(), streams: 0, silent: Ends::EMPTY });
                self.by_name.insert(from.clone(), peer);
                peer
            }
        };
        let stream = Stream {
            peer,
            key,
            seen: Seen::new(),
            cursor: 0,
            ring: Ring::new(),
            held: 0,
            pinned: 0,
            is_blank: true,
            heard: now,
        };
        let stream = self.streams.insert(stream);
        self.by_key.insert((peer, key), stream);
        self.silent.push_back(stream);
        self.links.push_back(&mut self.peers[peer].silent, stream);
        self.recount(peer, self.peers[peer].streams + 1);
        stream
    }

    /// Forgets a stream; its messages must be gone.
    pub(super) fn close(&mut self, key: Key) {
        let Stream { peer, key: name, seen, .. } = self.streams.remove(key);
        self.recent = NIL;
        self.ranges -= seen.ranges();
        self.by_key.remove(&(peer, name));
        self.silent.remove(key);
        self.links.remove(&mut self.peers[peer].silent, key);
        self.recount(peer, self.peers[peer].streams - 1);
        if self.peers[peer].streams == 0 {
            let peer = self.peers.remove(peer);
            self.by_name.remove(&peer.name);
        }
    }

    fn recount(&mut self, peer: Key, streams: usize) {
        let before = core::mem::replace(&mut self.peers[peer].streams, streams);
        self.by_count.remove(&(before, peer));
        if streams > 0 {
            self.by_count.insert((streams, peer));
        }
    }
}

/// There is no room for a new stream.
#[derive(Debug)]
pub(super) struct NoRoom;

impl<T: Types> core::ops::Index<Key> for Streams<T> {
    type Output = Stream;

    fn index(&self, key: Key) -> &Stream {
        &self.streams[key]
    }
}

impl<T: Types> core::ops::IndexMut<Key> for Streams<T> {
    fn index_mut(&mut self, key: Key) -> &mut Stream {
        &mut self.streams[key]
    }
}
