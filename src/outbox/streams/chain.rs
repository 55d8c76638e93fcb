//! The streams of one peer: the one that numbers, and those that it replaced.
//!
//! The rule: a peer has one stream that numbers, and each stream knows the one that it replaced while that has messages left:
//! worn, or of an earlier process. So all of a peer's streams are a chain from the newest to the oldest, nearly always of one.

use alloc::vec::Vec;

use super::{Stream, Streams};
use crate::frame::Types;
use crate::id::{SEQ_END, StreamId, StreamKey};
use crate::slab::Key;
use crate::time::Time;

impl<T: Types> Streams<T> {
    /// The streams of a peer, the oldest first.
    pub(in crate::outbox) fn of(&self, peer: &T::Peer) -> impl DoubleEndedIterator<Item = Key> + use<T> {
        let newest = self.current.get(peer).copied();
        let mut keys: Vec<Key> = core::iter::successors(newest, |key| self.slab[*key].older).collect();
        keys.reverse();
        keys.into_iter()
    }

    /// The recipient of a stream was heard of: gives the streams to it that have backed off and may be probed soon again.
    ///
    /// Each at most once per `interval`, so that the cost does not grow with what is in flight; what backed off since then
    /// has not backed off far.
    pub(in crate::outbox) fn take_backed_off(&mut self, heard: Key, interval: u64, now: Time) -> Vec<Key> {
        let mut taken = Vec::new();
        let mut next = self.current.get(&self.slab[heard].peer).copied();
        while let Some(key) = next {
            let stream = &mut self.slab[key];
            if stream.backed_off && now.nanos_since(stream.reset_at) >= interval {
                stream.backed_off = false;
                stream.reset_at = now;
                self.backed_off -= 1;
                taken.push(key);
            }
            next = stream.older;
        }
        taken
    }

    /// Takes over a stream of an earlier process, for the messages that it has left.
    pub(in crate::outbox) fn adopt(&mut self, id: StreamId, peer: &T::Peer) -> Key {
        self.rng.absorb(id.as_u64());
        let name = StreamKey::from(id);
        let older = self.current.get(peer).copied();
        if let Some(older) = older {
            self.slab[older].is_replaced = true;
        }
        // It numbers nothing any more: a stream never outlives its process.
        let stream = Stream::new(name, peer.clone(), SEQ_END, older);
        self.enter(stream, peer.clone())
    }

    /// Drops an adopted stream if it has no messages left: a journal names more streams than there ever were at a time.
    pub(in crate::outbox) fn tidy_adopted(&mut self, key: Key) {
        let Stream { peer, older, is_replaced, .. } = &self.slab[key];
        if !self.slab[key].is_idle() {
            return;
        }
        if *is_replaced {
            self.close_worn(key);
            return;
        }
        let (peer, older) = (peer.clone(), *older);
        match older {
            Some(older) => {
                self.slab[older].is_replaced = false;
                self.current.insert(peer, older);
            }
            None => drop(self.current.remove(&peer)),
        }
        self.forget(key);
    }

    /// Drops a replaced stream that has run empty, out of the chain in which it stands.
    pub(super) fn close_worn(&mut self, key: Key) {
        let Some(mut newer) = self.current.get(&self.slab[key].peer).copied() else { return };
        while let Some(older) = self.slab[newer].older {
            if older == key {
                self.slab[newer].older = self.slab[key].older;
                break;
            }
            newer = older;
        }
        self.forget(key);
    }
}
