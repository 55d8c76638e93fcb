//! The senders: which streams each has, and who has most.
//!
//! The rule: a peer that was never restarted has one stream, and that costs no more than its key. Only a peer with several
//! has them in the map by name, in a list of its own with the longest silent first, and a place in the order by number.

use alloc::collections::{BTreeMap, BTreeSet, btree_map};

use crate::id::StreamKey;
use crate::list::{Ends, Links};
use crate::memory::{self, Bytes};
use crate::slab::{Key, Slab};

#[derive(Clone, Debug)]
pub(super) struct Peers<P> {
    peers: Slab<Peer<P>>,
    by_name: BTreeMap<P, Key>,
    /// The streams of the peers that have several.
    by_key: BTreeMap<(Key, StreamKey), Key>,
    /// The peers that have several streams, by how many.
    by_count: BTreeSet<(u32, Key)>,
    /// For the lists of the peers that have several.
    links: Links,
}

#[derive(Clone, Debug)]
struct Peer<P> {
    name: P,
    streams: Holding,
}

#[derive(Clone, Copy, Debug)]
enum Holding {
    One(Key),
    /// How many, and all of them with the longest silent first.
    Several(u32, Ends),
}

/// What a peer was found to have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// Its only stream, whatever its name.
    Only(Key),
    /// The stream of that name.
    Named(Key),
    Nothing,
}

/// What [`Peers::meet`] comes to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Acquaintance {
    Old(Key),
    /// A stranger and its first stream.
    New(Key, Key),
    /// A stranger without a stream.
    Refused,
}

impl<P: Clone + Ord> Peers<P> {
    pub(super) const fn new() -> Self {
        Self {
            peers: Slab::new(),
            by_name: BTreeMap::new(),
            by_key: BTreeMap::new(),
            by_count: BTreeSet::new(),
            links: Links::new(),
        }
    }

    /// The most heap that the peers of so many streams take.
    pub(super) fn memory_bound(streams: usize) -> Bytes {
        memory::slab::<Peer<P>>(streams)
            + memory::map::<P, Key>(streams)
            + memory::map::<(Key, StreamKey), Key>(streams)
            + memory::map::<(u32, Key), ()>(streams / 2)
            + memory::links(streams)
    }

    #[inline]
    pub(super) fn name(&self, peer: Key) -> &P {
        &self.peers[peer].name
    }

    pub(super) fn find(&self, name: &P) -> Option<Key> {
        self.by_name.get(name).copied()
    }

    /// How many streams a peer has.
    pub(super) fn count(&self, peer: Key) -> usize {
        match self.peers[peer].streams {
            Holding::One(_) => 1,
            Holding::Several(count, _) => count as usize,
        }
    }

    pub(super) fn find_stream(&self, peer: Key, key: StreamKey) -> Found {
        match self.peers[peer].streams {
            Holding::One(only) => Found::Only(only),
            Holding::Several(..) => {
                self.by_key.get(&(peer, key)).map_or(Found::Nothing, |stream| Found::Named(*stream))
            }
        }
    }

    /// The streams of a peer, the longest silent first.
    pub(super) fn silent(&self, peer: Key) -> impl Iterator<Item = Key> {
        let (only, several) = match self.peers[peer].streams {
            Holding::One(only) => (Some(only), Ends::EMPTY),
            Holding::Several(_, ends) => (None, ends),
        };
        only.into_iter().chain(self.links.iter(several))
    }

    /// All streams: by peer, then by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&P, Key)> {
        self.by_name.iter().flat_map(move |(name, peer)| {
            let only = match self.peers[*peer].streams {
                Holding::One(only) => Some(only),
                Holding::Several(..) => None,
            };
            let several = only.is_none().then(|| self.by_key.range((*peer, StreamKey::MIN)..=(*peer, StreamKey::MAX)));
            only.into_iter().chain(several.into_iter().flatten().map(|(_, key)| *key)).map(move |key| (name, key))
        })
    }

    /// The peer that has most streams, if every place for a peer is taken or some peer has several.
    pub(super) fn greatest(&self) -> Option<Key> {
        let last = || Key::try_from(self.peers.len()).ok()?.checked_sub(1).filter(|key| self.peers.get(*key).is_some());
        self.by_count.last().map(|(_, peer)| *peer).or_else(last)
    }

    /// Notes that a stream was heard of.
    #[inline]
    pub(super) fn touch(&mut self, peer: Key, stream: Key) {
        match &mut self.peers[peer].streams {
            Holding::One(_) => {}
            Holding::Several(_, ends) => {
                self.links.remove(ends, stream);
                self.links.push_back(ends, stream);
            }
        }
    }

    /// Looks a peer up, and adds a stranger with its first stream, if it gets one.
    #[inline]
    pub(super) fn meet(&mut self, name: &P, first: impl FnOnce() -> Option<Key>) -> Acquaintance {
        match self.by_name.entry(name.clone()) {
            btree_map::Entry::Occupied(peer) => Acquaintance::Old(*peer.get()),
            btree_map::Entry::Vacant(place) => {
                let Some(stream) = first() else { return Acquaintance::Refused };
                let peer = self.peers.insert(Peer { name: name.clone(), streams: Holding::One(stream) });
                place.insert(peer);
                Acquaintance::New(peer, stream)
            }
        }
    }

    /// Adds a further stream, named `key`, to a peer; `name_of` tells the name of a stream.
    pub(super) fn add(&mut self, peer: Key, stream: Key, key: StreamKey, name_of: impl FnOnce(Key) -> StreamKey) {
        let streams = &mut self.peers[peer].streams;
        let (count, mut ends) = match *streams {
            Holding::One(only) => {
                let mut ends = Ends::EMPTY;
                self.links.push_back(&mut ends, only);
                self.by_key.insert((peer, name_of(only)), only);
                (1, ends)
            }
            Holding::Several(count, ends) => {
                self.by_count.remove(&(count, peer));
                (count, ends)
            }
        };
        self.links.push_back(&mut ends, stream);
        *streams = Holding::Several(count + 1, ends);
        self.by_key.insert((peer, key), stream);
        self.by_count.insert((count + 1, peer));
    }

    /// Takes a stream, named `key`, from its peer, who is forgotten with the last; `name_of` tells the name of a stream.
    pub(super) fn remove(&mut self, peer: Key, stream: Key, key: StreamKey, name_of: impl FnOnce(Key) -> StreamKey) {
        let streams = &mut self.peers[peer].streams;
        let Holding::Several(count, mut ends) = *streams else {
            let Peer { name, .. } = self.peers.remove(peer);
            self.by_name.remove(&name);
            return;
        };
        self.links.remove(&mut ends, stream);
        self.by_key.remove(&(peer, key));
        self.by_count.remove(&(count, peer));
        match ends.first().filter(|first| ends.last() == Some(*first)) {
            Some(only) => {
                self.by_key.remove(&(peer, name_of(only)));
                *streams = Holding::One(only);
            }
            None => {
                self.by_count.insert((count - 1, peer));
                *streams = Holding::Several(count - 1, ends);
            }
        }
    }
}
