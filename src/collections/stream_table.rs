//! The streams of one half, found by id, by peer and by how long they have been silent.
//!
//! - **By id**: one hash table finds a stream without looking at its peer. The hash is strongly universal under a
//!   secret of the client's seed (multilinear hashing, Lemire and Kaser 2014), so an attacker cannot choose ids that
//!   collide. Only the first stream of an id is in the table; those of other peers that use the same id, which honest
//!   peers never do, are in an ordered map.
//! - **By peer**: another hash table finds a peer by its address, by SipHash-1-3 under the same seed. A peer is known
//!   while it has a stream. Its list holds streams in the order in which they were pushed.
//! - **Silent**: one list over all peers, the longest silent first. The halves decide which streams are in it.
//!
//! ```text
//!  id ──hash──► stream ──► peer      peer ──address──► its list of streams      silent: stream ⇄ stream ⇄ stream
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

/// Streams with a state `S` of peers with an address `P` and a state `Q`.
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
    /// The cached stream: the one found last, if its id counts. The next look-up tries it first.
    recent: Option<Key>,
    secret: Secret,
}

/// A stream of a peer, with its state.
#[derive(Clone, Debug)]
pub(crate) struct Stream<P, S> {
    pub(crate) id: StreamKey,
    pub(crate) peer: Key,
    /// The address of the peer: it is here, since nearly every look-up compares it.
    pub(crate) name: P,
    state: S,
}

#[derive(Clone, Debug)]
struct Peer<P, Q> {
    name: P,
    hash: u64,
    state: Q,
    /// The number of its streams, including those in no list.
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

    /// The maximum heap of `streams` streams, without the heap of their states.
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

    /// The stream of a message and the seq in it, for any peer; a foreign id has none here.
    pub(crate) fn find(&self, id: MsgId) -> Option<(Key, u64)> {
        let (id, seq) = id.split_counting();
        Some((self.in_table(id)?, seq))
    }

    /// As [`find`](Self::find); caches the stream for the next look-up.
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

    /// As [`find`](Self::find), if it is the cached stream.
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

    /// The number of streams of a peer.
    pub(crate) fn count(&self, peer: Key) -> u32 {
        self.peers[peer].count
    }

    /// The lists of the peers that have streams that `keep` keeps, by address.
    pub(crate) fn by_peer(&self, keep: impl Fn(&S) -> bool) -> impl Iterator<Item = Key> {
        let mut last = None;
        let peers = self.sorted(keep).into_iter().map(|stream| self.streams[stream].peer);
        peers.filter(move |peer| last.replace(*peer) != Some(*peer)).flat_map(|peer| self.of_peer(peer))
    }

    /// The list of a peer, from its first stream; empty when the peer is forgotten.
    pub(crate) fn of_peer(&self, peer: Key) -> impl Iterator<Item = Key> {
        self.of_peers.iter(self.peers.get(peer).map_or(List::EMPTY, |peer| peer.list))
    }

    /// The last stream in the list of a peer; caches it for the next look-up. For a table whose streams are all in the
    /// lists of their peers: the cached stream is taken for the last one when none comes after it.
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

    /// Adds a stream that is absent; it is in no list. `None` when its peer has `limit` streams already.
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

    /// Removes a stream that is in no list; a peer is forgotten with its last one.
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

    /// Appends a stream to the list of its peer.
    pub(crate) fn push_of_peer(&mut self, stream: Key) {
        let peer = self.streams[stream].peer;
        self.of_peers.push_back(&mut self.peers[peer].list, stream, ());
    }

    /// Removes a stream from the list of its peer.
    pub(crate) fn unlink_of_peer(&mut self, stream: Key) {
        let peer = self.streams[stream].peer;
        self.of_peers.unlink(&mut self.peers[peer].list, stream);
    }

    /// Appends a stream to the list of silent ones.
    pub(crate) fn push_silent(&mut self, stream: Key) {
        self.silent_links.push_back(&mut self.silent, stream, ());
    }

    /// Removes a stream from the list of silent ones.
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

/// Keeps others from choosing ids or addresses whose hashes collide.
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

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;
    use uuid::Uuid;

    use crate::id::StreamId;
    use crate::rng::{HASHES, Rng, Seed};

    type Table = StreamTable<u64, u32, u32>;

    const PEERS: u64 = 5;
    const IDS: usize = 8;
    const LIMIT: usize = 4;

    fn table(seed: u8) -> Table {
        Table::new(Rng::new(&Seed::from_bytes([seed; 32]), HASHES))
    }

    /// A few ids: five that count, and three foreign ones of which two differ in their last bits only.
    fn id(n: usize) -> StreamKey {
        match n {
            0..5 => StreamId::from_u64(u64::try_from(n).unwrap() * 0x1_0000_0001).into(),
            5 => MsgId::from_uuid(Uuid::from_u128(1)).split().0,
            6 => MsgId::from_uuid(Uuid::from_u128(2)).split().0,
            _ => MsgId::from_uuid(Uuid::from_u128(0x0123_4567_89ab_4def_8123_4567_89ab_cdef)).split().0,
        }
    }

    /// The id of a message of a stream.
    fn msg_id(id: StreamKey, seq: u64) -> (MsgId, u64) {
        let seq = if id.counts() { seq } else { 0 };
        (id.id(seq), seq)
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u64, usize),
        Remove(usize),
        /// To the end of the list of its peer.
        Push(usize),
        Unlink(usize),
        /// To the end of the silent ones.
        Silence(usize),
        UnlinkSilent(usize),
        LookUp(usize),
        LookUpFrom(u64, usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        let stream = 0usize..20;
        prop_oneof![
            6 => (0..PEERS, 0..IDS).prop_map(|(peer, id)| Step::Insert(peer, id)),
            3 => stream.clone().prop_map(Step::Remove),
            3 => stream.clone().prop_map(Step::Push),
            1 => stream.clone().prop_map(Step::Unlink),
            3 => stream.clone().prop_map(Step::Silence),
            1 => stream.prop_map(Step::UnlinkSilent),
            2 => (0..IDS).prop_map(Step::LookUp),
            3 => (0..PEERS, 0..IDS).prop_map(|(peer, id)| Step::LookUpFrom(peer, id)),
        ]
    }

    #[derive(Clone, Debug)]
    struct Known {
        key: Key,
        peer: u64,
        id: StreamKey,
        state: u32,
        /// Whether it is the one that `find` finds.
        is_first: bool,
    }

    #[derive(Debug, Default)]
    struct Model {
        streams: Vec<Known>,
        /// The list of each peer.
        of_peers: BTreeMap<u64, Vec<Key>>,
        silent: Vec<Key>,
        peer_states: BTreeMap<u64, u32>,
        /// Whether a stream is in the list of its peer as long as it exists.
        always_listed: bool,
    }

    impl Model {
        fn find(&self, id: StreamKey) -> Option<Key> {
            self.streams.iter().find(|known| known.is_first && known.id == id).map(|known| known.key)
        }

        fn find_from(&self, peer: u64, id: StreamKey) -> Option<Key> {
            self.streams.iter().find(|known| known.peer == peer && known.id == id).map(|known| known.key)
        }

        fn count(&self, peer: u64) -> usize {
            self.streams.iter().filter(|known| known.peer == peer).count()
        }

        /// The stream at a position, and whether it is in the list of its peer.
        fn pick(&self, place: usize) -> Option<(Known, bool)> {
            let known = self.streams.get(place % self.streams.len().max(1))?.clone();
            let is_listed = self.of_peers.get(&known.peer).is_some_and(|list| list.contains(&known.key));
            Some((known, is_listed))
        }

        fn push(&mut self, known: &Known, table: &mut Table) {
            table.push_of_peer(known.key);
            self.of_peers.entry(known.peer).or_default().push(known.key);
        }

        fn unlink(&mut self, known: &Known, table: &mut Table) {
            table.unlink_of_peer(known.key);
            self.of_peers.get_mut(&known.peer).unwrap().retain(|key| *key != known.key);
        }

        fn unlink_silent(&mut self, key: Key, table: &mut Table) {
            if self.silent.contains(&key) {
                table.unlink_silent(key);
                self.silent.retain(|silent| *silent != key);
            }
        }

        fn insert(&mut self, peer: u64, id: StreamKey, state: u32, table: &mut Table) {
            if self.find_from(peer, id).is_some() {
                return;
            }
            let inserted = table.insert(&peer, id, state, LIMIT);
            assert_eq!(inserted.is_some(), self.count(peer) < LIMIT);
            let Some(key) = inserted else { return };
            if self.count(peer) == 0 {
                let of_peer = table.peer_state(table[key].peer);
                assert_eq!(core::mem::replace(of_peer, state), 0, "the peer is new");
                self.peer_states.insert(peer, state);
            }
            let known = Known { key, peer, id, state, is_first: self.find(id).is_none() };
            if self.always_listed {
                self.push(&known, table);
            }
            self.streams.push(known);
        }

        fn remove(&mut self, known: &Known, is_listed: bool, table: &mut Table) {
            if is_listed {
                self.unlink(known, table);
            }
            self.unlink_silent(known.key, table);
            let removed = table.remove(known.key);
            assert_eq!((removed.id, removed.name, *removed), (known.id, known.peer, known.state));
            self.streams.retain(|other| other.key != known.key);
        }

        fn apply(&mut self, step: &Step, state: u32, table: &mut Table) {
            match *step {
                Step::Insert(peer, n) => self.insert(peer, id(n), state, table),
                Step::Remove(place) => {
                    let Some((known, is_listed)) = self.pick(place) else { return };
                    self.remove(&known, is_listed, table);
                }
                Step::Push(place) => {
                    let Some((known, is_listed)) = self.pick(place) else { return };
                    if is_listed {
                        self.unlink(&known, table);
                    }
                    self.push(&known, table);
                }
                Step::Unlink(place) => {
                    let Some((known, true)) = self.pick(place) else { return };
                    if !self.always_listed {
                        self.unlink(&known, table);
                    }
                }
                Step::Silence(place) => {
                    let Some((known, _)) = self.pick(place) else { return };
                    self.unlink_silent(known.key, table);
                    table.push_silent(known.key);
                    self.silent.push(known.key);
                }
                Step::UnlinkSilent(place) => {
                    let Some((known, _)) = self.pick(place) else { return };
                    self.unlink_silent(known.key, table);
                }
                Step::LookUp(n) if id(n).counts() => {
                    let (msg_id, seq) = msg_id(id(n), 7);
                    let found = self.find(id(n)).map(|key| (key, seq));
                    assert_eq!(table.look_up(msg_id), found);
                    if found.is_some() {
                        assert_eq!(table.find_recent(msg_id), found);
                    }
                }
                Step::LookUp(_) => {}
                Step::LookUpFrom(peer, n) => {
                    let (msg_id, seq) = msg_id(id(n), 9);
                    let found = self.find_from(peer, id(n)).map(|key| (key, seq));
                    assert_eq!(table.look_up_from(&peer, msg_id), found);
                    if found.is_some() {
                        assert_eq!(table.find_recent(msg_id), found.filter(|_| id(n).counts()));
                    }
                }
            }
        }

        fn check_look_ups(&self, table: &Table) {
            let mut asked = table.clone();
            for n in 0..IDS {
                let (msg_id, seq) = msg_id(id(n), 3);
                let found = self.find(id(n)).filter(|_| id(n).counts()).map(|key| (key, seq));
                assert_eq!(table.find(msg_id), found, "foreign ids are found by peer only");
                if let Some((recent, in_recent)) = table.find_recent(msg_id) {
                    let known = self.streams.iter().find(|known| known.key == recent).unwrap();
                    assert_eq!((known.id, in_recent), (id(n), seq));
                }
                for peer in 0..PEERS {
                    let found = self.find_from(peer, id(n)).map(|key| (key, seq));
                    assert_eq!(asked.look_up_from(&peer, msg_id), found, "of {peer}, {n}");
                    assert_eq!(asked.look_up_from(&peer, msg_id), found, "again");
                }
            }
        }

        fn check_peers(&self, table: &Table) {
            let mut asked = table.clone();
            for name in 0..=PEERS {
                let listed = self.of_peers.get(&name).map_or(&[][..], |list| list);
                let peer = table.peer(&name);
                assert_eq!(peer.is_some(), self.count(name) > 0);
                let Some(peer) = peer else { continue };
                assert_eq!(table.count(peer) as usize, self.count(name));
                assert_eq!(*asked.peer_state(peer), self.peer_states[&name]);
                assert!(table.of_peer(peer).eq(listed.iter().copied()));
                for pair in listed.windows(2) {
                    assert_eq!((table.after(pair[0]), table.before(pair[1])), (Some(pair[1]), Some(pair[0])));
                }
                if let [first, .., last] | [first @ last] = listed {
                    assert_eq!((table.before(*first), table.after(*last)), (None, None));
                }
            }
            assert!(table.by_peer(|_| true).eq(self.of_peers.values().flatten().copied()));
            if self.always_listed {
                for name in (0..=PEERS).chain(0..=PEERS).flat_map(|name| [name, name]) {
                    assert_eq!(asked.last_of(&name), self.of_peers.get(&name).and_then(|list| list.last()).copied());
                }
            }
        }

        fn check(&self, table: &Table) {
            assert_eq!(table.len(), self.streams.len());
            for known in &self.streams {
                let stream = &table[known.key];
                assert_eq!((stream.id, stream.name, **stream), (known.id, known.peer, known.state));
                assert_eq!(Some(stream.peer), table.peer(&known.peer));
            }
            assert!(table.silent().eq(self.silent.iter().copied()));
            assert_eq!(table.last_silent(), self.silent.last().copied());
            let mut sorted: Vec<&Known> = self.streams.iter().filter(|known| known.state % 3 > 0).collect();
            sorted.sort_by_key(|known| (known.peer, known.id));
            assert!(table.sorted(|state| state % 3 > 0).into_iter().eq(sorted.iter().map(|known| known.key)));
            self.check_look_ups(table);
            self.check_peers(table);
        }
    }

    proptest! {
        #[test]
        fn a_table_equals_a_list_of_streams(
            always_listed: bool,
            seed: u8,
            steps in proptest::collection::vec(step(), 1..150),
        ) {
            let (mut table, mut model) = (table(seed), Model { always_listed, ..Model::default() });
            for (state, step) in (1..).zip(steps) {
                model.apply(&step, state, &mut table);
                model.check(&table);
            }
        }
    }

    #[test]
    fn a_namesake_is_found_by_its_peer_and_by_nobody_else() {
        let (mut table, shared) = (table(1), id(1));
        let (first, second) = (table.insert(&1, shared, 0, 9).unwrap(), table.insert(&2, shared, 0, 9).unwrap());
        let message = shared.id(5);
        assert_eq!(table.find(message), Some((first, 5)));
        assert_eq!(table.look_up_from(&1, message), Some((first, 5)));
        assert_eq!(table.look_up_from(&2, message), Some((second, 5)));
        assert_eq!(table.look_up_from(&3, message), None);
        table.remove(first);
        assert_eq!((table.find(message), table.look_up_from(&1, message)), (None, None));
        assert_eq!(table.look_up_from(&2, message), Some((second, 5)));
        let third = table.insert(&3, shared, 0, 9).unwrap();
        assert_eq!((table.find(message), table.look_up_from(&2, message)), (Some((third, 5)), Some((second, 5))));
        table.remove(second);
        table.remove(third);
        assert_eq!((table.len(), table.namesakes.len(), table.peer(&2)), (0, 0, None));
    }

    #[test]
    fn a_peer_at_its_limit_gets_no_further_stream_until_one_is_gone() {
        let mut table = table(2);
        let streams: Vec<Key> = (0..3).map(|n| table.insert(&7, id(n), 0, 3).unwrap()).collect();
        assert_eq!((table.insert(&7, id(3), 0, 3), table.len()), (None, 3));
        assert_eq!(table.find(id(3).id(0)), None);
        assert!(table.insert(&8, id(3), 0, 3).is_some(), "another peer has room");
        table.remove(streams[1]);
        assert!(table.insert(&7, id(4), 0, 3).is_some());
    }

    /// Ids of which each can be chosen by a peer, in patterns that a weak hash keeps.
    #[test]
    fn crafted_ids_do_not_make_look_ups_long() {
        const COUNT: u32 = 100_000;
        let counting = |bits: u64| StreamKey::from(StreamId::from_u64(bits));
        let foreign = |bits: u128| MsgId::from_uuid(Uuid::from_u128(bits)).split().0;
        let patterns: [(&str, &dyn Fn(u32) -> StreamKey); 7] = [
            ("consecutive", &|n| counting(n.into())),
            ("the same low 20 bits", &|n| counting(u64::from(n) << 20)),
            ("the same low 47 bits", &|n| counting(u64::from(n) << 47)),
            ("multiples of 2^16 + 1", &|n| counting(u64::from(n) * 0x1_0001)),
            ("foreign and consecutive", &|n| foreign(n.into())),
            ("foreign with the same low half", &|n| foreign(u128::from(n) << 64)),
            ("foreign with two equal halves", &|n| foreign(u128::from(n) << 64 | u128::from(n))),
        ];
        for seed in 0..4 {
            let secret = &table(seed).secret;
            for (name, pattern) in patterns {
                let hash = |key: Key| secret.of_id(pattern(key));
                let mut ids = IdTable::new();
                (0..COUNT).for_each(|key| ids.insert(key, hash(key), hash));
                let (longest, mean) = (ids.longest_run(), ids.mean_distance(hash));
                assert!(longest <= 64 && mean <= 8, "{name}: runs of {longest}, {mean} steps");
            }
        }
    }
}
