//! The streams of one half, found by id, by peer and by how long they are silent.
//!
//! - **By id**: one hash table finds a stream without looking at its peer. The hash is strongly universal under a secret of
//!   the client's seed (multilinear hashing, Lemire and Kaser 2014), so ids that collide cannot be chosen from outside. Only
//!   the first stream of an id stands in the table; those of other peers that use the same id, which honest peers never do,
//!   stand in an ordered map.
//! - **By peer**: another hash table finds a peer by name, by SipHash-1-3 under the same seed. A peer is known while it has a
//!   stream. Its list holds streams in the order in which they were pushed.
//! - **Silent**: one list over all peers, the longest silent first. The halves decide which streams stand in it.
//!
//! ```text
//!  id ──hash──► stream ──► peer      peer ──name──► its list of streams      silent: stream ⇄ stream ⇄ stream
//! ```

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::ops::{Deref, DerefMut, Index, IndexMut};

use siphasher::sip::SipHasher13;

use super::arena::{Arena, Key, Links, List};
use super::footprint::{self, Bytes};
use super::id_table::IdTable;
use crate::id::{MsgId, StreamKey};
use crate::rng::Rng;

/// Streams with a state `S` of peers with a name `P` and a state `Q`.
#[derive(Clone, Debug)]
pub(crate) struct StreamTable<P, Q, S> {
    streams: Arena<Stream<P, S>>,
    peers: Arena<Peer<P, Q>>,
    by_name: IdTable,
    by_id: IdTable,
    /// Streams of a peer whose id the table already has for another peer.
    namesakes: BTreeMap<(Key, StreamKey), Key>,
    of_peers: Links,
    silent: List,
    silent_links: Links,
    /// The stream that was found last, if its id counts: the first guess of the next look-up.
    recent: Option<Key>,
    secret: Secret,
}

/// A stream of a peer, with its state.
#[derive(Clone, Debug)]
pub(crate) struct Stream<P, S> {
    pub(crate) id: StreamKey,
    pub(crate) peer: Key,
    /// The name of the peer: it stands here, since most look-ups ask for it.
    pub(crate) name: P,
    state: S,
}

#[derive(Clone, Debug)]
struct Peer<P, Q> {
    name: P,
    hash: u64,
    state: Q,
    /// How many streams there are, those that stand in no list too.
    count: u32,
    list: List,
}

impl<P: Clone + Ord + Hash, Q: Default, S> StreamTable<P, Q, S> {
    pub(crate) fn new(mut rng: Rng) -> Self {
        Self {
            streams: Arena::new(),
            peers: Arena::new(),
            by_name: IdTable::new(),
            by_id: IdTable::new(),
            namesakes: BTreeMap::new(),
            of_peers: Links::new(),
            silent: List::EMPTY,
            silent_links: Links::new(),
            recent: None,
            secret: Secret {
                ids: core::array::from_fn(|_| u128::from(rng.next()) << 64 | u128::from(rng.next())),
                names: SipHasher13::new_with_keys(rng.next(), rng.next()),
            },
        }
    }

    /// The most heap that so many streams take, what their states point to aside.
    pub(crate) fn footprint(streams: usize) -> Bytes {
        footprint::arena::<Stream<P, S>>(streams)
            + footprint::links::<()>(streams) * 2
            + footprint::arena::<Peer<P, Q>>(streams)
            + IdTable::footprint(streams) * 2
            + footprint::array::<Key>(streams)
            + footprint::map::<(Key, StreamKey), Key>(streams)
    }

    pub(crate) const fn len(&self) -> usize {
        self.streams.len()
    }

    pub(crate) fn get(&self, stream: Key) -> Option<&Stream<P, S>> {
        self.streams.get(stream)
    }

    /// The counting stream of a message, whoever its peer is, and the seq in it.
    #[inline]
    pub(crate) fn find(&self, id: MsgId) -> Option<(Key, u64)> {
        let (id, seq) = id.split_counting();
        Some((self.in_table(id)?, seq))
    }

    /// As [`find`](Self::find); the next look-up begins with the stream that was found.
    #[inline(always)]
    pub(crate) fn look_up(&mut self, id: MsgId) -> Option<(Key, u64)> {
        let found = self.find(id)?;
        self.recent = Some(found.0);
        Some(found)
    }

    /// The stream of a message from a peer, and the seq in it.
    pub(crate) fn look_up_from(&mut self, peer: &P, id: MsgId) -> Option<(Key, u64)> {
        match self.find_recent(id) {
            Some(found) if self.streams[found.0].name == *peer => Some(found),
            Some(_) | None => self.look_up_in_table(peer, id),
        }
    }

    /// As [`find`](Self::find), if it is the stream that was found last.
    pub(crate) fn find_recent(&self, id: MsgId) -> Option<(Key, u64)> {
        let recent = self.recent?;
        let seq = id.seq_in(self.streams.get(recent)?.id)?;
        Some((recent, seq))
    }

    #[inline(never)]
    fn look_up_in_table(&mut self, peer: &P, id: MsgId) -> Option<(Key, u64)> {
        let (id, seq) = id.split();
        let found = self.in_table(id).filter(|stream| self.streams[*stream].name == *peer);
        let found = found.or_else(|| self.namesake(peer, id))?;
        self.recent = id.counts().then_some(found);
        Some((found, seq))
    }

    #[inline]
    fn in_table(&self, id: StreamKey) -> Option<Key> {
        self.by_id.find(self.secret.of_id(id), |stream| self.streams[stream].id == id)
    }

    fn namesake(&self, peer: &P, id: StreamKey) -> Option<Key> {
        if self.namesakes.is_empty() {
            return None;
        }
        self.namesakes.get(&(self.peer(peer)?, id)).copied()
    }

    pub(crate) fn peer(&self, name: &P) -> Option<Key> {
        self.by_name.find(self.secret.of_name(name), |peer| self.peers[peer].name == *name)
    }

    /// The state of a peer.
    pub(crate) fn peer_state(&mut self, peer: Key) -> &mut Q {
        &mut self.peers[peer].state
    }

    /// How many streams a peer has.
    pub(crate) fn count(&self, peer: Key) -> u32 {
        self.peers[peer].count
    }

    /// The lists of the peers that have streams that `keep` keeps, by name.
    pub(crate) fn by_peer(&self, keep: impl Fn(&S) -> bool) -> impl Iterator<Item = Key> {
        let mut last = None;
        let peers = self.sorted(keep).into_iter().map(|stream| self.streams[stream].peer);
        peers.filter(move |peer| last.replace(*peer) != Some(*peer)).flat_map(|peer| self.of_peer(peer))
    }

    /// The list of a peer, from its first stream; empty when the peer is forgotten.
    pub(crate) fn of_peer(&self, peer: Key) -> impl Iterator<Item = Key> {
        self.of_peers.iter(self.peers.get(peer).map_or(List::EMPTY, |peer| peer.list))
    }

    /// The last stream in the list of a peer; the next look-up begins with it.
    pub(crate) fn last_of(&mut self, name: &P) -> Option<Key> {
        match self.recent {
            Some(recent) if self.streams[recent].name == *name && self.after(recent).is_none() => Some(recent),
            Some(_) | None => self.look_up_last_of(name),
        }
    }

    #[inline(never)]
    fn look_up_last_of(&mut self, name: &P) -> Option<Key> {
        self.recent = self.peers[self.peer(name)?].list.last();
        self.recent
    }

    /// The stream before this one in the list of its peer.
    pub(crate) fn before(&self, stream: Key) -> Option<Key> {
        self.of_peers.prev(stream)
    }

    /// The stream after this one in the list of its peer.
    pub(crate) fn after(&self, stream: Key) -> Option<Key> {
        self.of_peers.next(stream)
    }

    /// All streams that `keep` keeps: by peer, then by id.
    pub(crate) fn sorted(&self, keep: impl Fn(&S) -> bool) -> Vec<Key> {
        let keys = self.streams.keys().filter(|key| keep(&self.streams[*key].state));
        let mut keys: Vec<Key> = keys.collect();
        keys.sort_unstable_by(|a, b| {
            let (a, b) = (&self.streams[*a], &self.streams[*b]);
            a.name.cmp(&b.name).then(a.id.cmp(&b.id))
        });
        keys
    }

    /// Adds a stream that is not in yet; it stands in no list. `None` when its peer has `limit` streams already.
    pub(crate) fn insert(&mut self, peer: &P, id: StreamKey, state: S, limit: usize) -> Option<Key> {
        let name = peer.clone();
        let hash = self.secret.of_name(&name);
        let peer = match self.by_name.find(hash, |peer| self.peers[peer].name == name) {
            Some(peer) if self.peers[peer].count as usize >= limit => return None,
            Some(peer) => peer,
            None => {
                let (name, list) = (name.clone(), List::EMPTY);
                let peer = self.peers.insert(Peer { name, hash, state: Q::default(), count: 0, list });
                self.by_name.insert(peer, hash, |peer| self.peers[peer].hash);
                peer
            }
        };
        self.peers[peer].count += 1;
        let stream = self.streams.insert(Stream { id, peer, name, state });
        match self.in_table(id) {
            None => self.by_id.insert(stream, self.secret.of_id(id), |other| self.secret.of_id(self.streams[other].id)),
            Some(_) => drop(self.namesakes.insert((peer, id), stream)),
        }
        self.recent = id.counts().then_some(stream);
        Some(stream)
    }

    /// Removes a stream that stands in no list; a peer is forgotten with its last one.
    pub(crate) fn remove(&mut self, stream: Key) -> Stream<P, S> {
        if !self.by_id.remove(stream, |stream| self.secret.of_id(self.streams[stream].id)) {
            self.namesakes.remove(&(self.streams[stream].peer, self.streams[stream].id));
        }
        let removed = self.streams.remove(stream);
        self.recent = None;
        let count = &mut self.peers[removed.peer].count;
        *count -= 1;
        if *count == 0 {
            self.by_name.remove(removed.peer, |peer| self.peers[peer].hash);
            self.peers.remove(removed.peer);
        }
        removed
    }

    /// Puts a stream last into the list of its peer.
    pub(crate) fn push_of_peer(&mut self, stream: Key) {
        let peer = self.streams[stream].peer;
        self.of_peers.push_back(&mut self.peers[peer].list, stream, ());
    }

    /// Takes a stream out of the list of its peer.
    pub(crate) fn unlink_of_peer(&mut self, stream: Key) {
        let peer = self.streams[stream].peer;
        self.of_peers.unlink(&mut self.peers[peer].list, stream);
    }

    /// Puts a stream last into the list of silent ones.
    pub(crate) fn push_silent(&mut self, stream: Key) {
        self.silent_links.push_back(&mut self.silent, stream, ());
    }

    /// Takes a stream out of the list of silent ones.
    pub(crate) fn unlink_silent(&mut self, stream: Key) {
        self.silent_links.unlink(&mut self.silent, stream);
    }

    pub(crate) fn last_silent(&self) -> Option<Key> {
        self.silent.last()
    }

    /// The silent streams, the longest silent first.
    pub(crate) fn silent(&self) -> impl Iterator<Item = Key> {
        self.silent_links.iter(self.silent)
    }
}

/// What keeps others from choosing ids or names whose hashes collide.
#[derive(Clone, Debug)]
struct Secret {
    ids: [u128; 3],
    names: SipHasher13,
}

impl Secret {
    /// The upper half of `s + a · high + b · low` modulo 2¹²⁸.
    #[inline]
    fn of_id(&self, id: StreamKey) -> u64 {
        let [high, low] = id.halves().map(u128::from);
        let [s, a, b] = self.ids;
        (s.wrapping_add(a.wrapping_mul(high)).wrapping_add(b.wrapping_mul(low)) >> 64) as u64
    }

    #[inline]
    fn of_name(&self, name: &impl Hash) -> u64 {
        let mut hasher = self.names;
        name.hash(&mut hasher);
        hasher.finish()
    }
}

impl<P, Q, S> Index<Key> for StreamTable<P, Q, S> {
    type Output = Stream<P, S>;

    fn index(&self, stream: Key) -> &Stream<P, S> {
        &self.streams[stream]
    }
}

impl<P, Q, S> IndexMut<Key> for StreamTable<P, Q, S> {
    fn index_mut(&mut self, stream: Key) -> &mut Stream<P, S> {
        &mut self.streams[stream]
    }
}

impl<P, S> Deref for Stream<P, S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.state
    }
}

impl<P, S> DerefMut for Stream<P, S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.state
    }
}
