//! From the seq of a message to its key, within a stream that has several.
//!
//! The sender's ring must know the lowest seq of all, for the floor; here nobody asks for it, so there are no ends to keep.
//!
//! The rule: a seq has one slot, told by its low bits. Seqs count without gaps, so those of the newest messages have slots
//! of their own, and nothing is kept of where the oldest and the newest stand. When two want one slot, the slots are doubled
//! as long as they are not many for so few messages; beyond that, the higher seq has the slot and the lower one moves to an
//! ordered map of strays. So one forgotten message costs one map entry, and far-apart seqs no more memory than close ones.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;

use super::entries::Entries;
use crate::memory::{self, Bytes};
use crate::slab::{Key, NIL};

#[derive(Clone, Debug)]
pub(super) struct Crowd {
    /// A power of two of them.
    slots: Box<[Key]>,
    strays: BTreeMap<u64, Key>,
    /// How many messages there are.
    len: usize,
}

impl Crowd {
    pub(super) fn new() -> Self {
        Self { slots: vec![NIL; FEWEST].into_boxed_slice(), strays: BTreeMap::new(), len: 0 }
    }

    /// The most heap that so many crowds take which have `messages` messages between them.
    pub(super) fn memory_bound(crowds: usize, messages: usize) -> Bytes {
        // While the slots of one move, the old ones are still there.
        let slots =
            Bytes::of::<Key>(KEPT) * crowds + Bytes::of::<Key>(messages) * (2 * SPARSE) + Bytes::of::<Key>(KEPT);
        slots + memory::map::<u64, Key>(messages) + memory::map::<u64, Key>(1) * crowds
    }

    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    pub(super) fn find(&self, seq: u64, entries: &Entries) -> Option<Key> {
        let key = self.slots[place(seq, self.slots.len())];
        if entries.is(key, seq) { Some(key) } else { self.find_stray(seq) }
    }

    #[inline]
    fn find_stray(&self, seq: u64) -> Option<Key> {
        if self.strays.is_empty() { None } else { self.strays.get(&seq).copied() }
    }

    /// The keys of all messages, in no order.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        self.slots.iter().copied().filter(|key| *key != NIL).chain(self.strays.values().copied())
    }

    /// Adds a message that is not in yet.
    #[inline]
    pub(super) fn insert(&mut self, seq: u64, key: Key, entries: &Entries) {
        self.len += 1;
        let place = place(seq, self.slots.len());
        let slot = &mut self.slots[place];
        if *slot == NIL {
            *slot = key;
        } else {
            self.make_room(seq, key, entries);
        }
    }

    /// Takes a message out.
    #[inline]
    pub(super) fn remove(&mut self, seq: u64, key: Key, entries: &Entries) {
        self.len -= 1;
        let place = place(seq, self.slots.len());
        let slot = &mut self.slots[place];
        if *slot == key {
            *slot = NIL;
        } else {
            self.strays.remove(&seq);
        }
        if self.slots.len() > KEPT && self.slots.len() > SPARSE * self.len {
            self.resize(self.slots.len() / 2, entries);
        }
    }

    #[inline(never)]
    fn make_room(&mut self, seq: u64, key: Key, entries: &Entries) {
        if self.slots.len() < DENSE * self.len {
            self.resize(self.slots.len() * 2, entries);
        }
        self.place(seq, key, entries);
    }

    /// Puts a message into its slot, or, if a higher one has it, among the strays.
    fn place(&mut self, seq: u64, key: Key, entries: &Entries) {
        let place = place(seq, self.slots.len());
        let slot = &mut self.slots[place];
        let resident = if *slot == NIL { None } else { Some((entries.seq(*slot), *slot)) };
        let stray = match resident {
            Some((higher, _)) if higher > seq => Some((seq, key)),
            Some(_) | None => {
                *slot = key;
                resident
            }
        };
        self.strays.extend(stray);
    }

    #[inline(never)]
    fn resize(&mut self, slots: usize, entries: &Entries) {
        let before = core::mem::replace(&mut self.slots, vec![NIL; slots].into_boxed_slice());
        for key in before.iter().copied().filter(|key| *key != NIL) {
            self.place(entries.seq(key), key, entries);
        }
    }
}

/// The slot of a seq.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
const fn place(seq: u64, slots: usize) -> usize {
    seq as usize & (slots - 1)
}

/// A crowd starts with so many slots.
const FEWEST: usize = 4;
/// Fewer slots than so many for a message may be doubled.
const DENSE: usize = 4;
/// More slots than so many for a message are halved, unless they are no more than [`KEPT`].
const SPARSE: usize = 16;
const KEPT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_crowd_is_a_map_whatever_comes(steps in proptest::collection::vec((0u64..200, any::<bool>(), 0u64..3), 1..300)) {
            let (mut crowd, mut entries, mut map) = (Crowd::new(), Entries::new(), BTreeMap::new());
            for (low, insert, jump) in steps {
                let seq = low + jump * 65_536;
                match (map.get(&seq).copied(), insert) {
                    (Some(key), false) => {
                        crowd.remove(seq, key, &entries);
                        entries.remove(key);
                        map.remove(&seq);
                    }
                    (None, true) => {
                        let key = entries.insert(seq, 0);
                        crowd.insert(seq, key, &entries);
                        map.insert(seq, key);
                    }
                    (Some(_), true) | (None, false) => {}
                }
                for near in seq.saturating_sub(2)..seq + 2 {
                    prop_assert_eq!(crowd.find(near, &entries), map.get(&near).copied());
                }
                prop_assert_eq!(crowd.is_empty(), map.is_empty());
                prop_assert!(crowd.slots.len() <= (SPARSE * map.len()).max(KEPT), "{} for {}", crowd.slots.len(), map.len());
            }
            let mut keys: Vec<Key> = crowd.keys().collect();
            keys.sort_unstable_by_key(|key| entries.seq(*key));
            prop_assert!(keys.into_iter().eq(map.into_values()));
        }
    }

    /// Messages of which the lowest stays for ever, while `window` others come and go.
    fn slide(window: u64) -> Crowd {
        let (mut crowd, mut entries) = (Crowd::new(), Entries::new());
        for seq in 0..5_000 {
            let key = entries.insert(seq, 0);
            crowd.insert(seq, key, &entries);
            if seq > window {
                let key = crowd.find(seq - window, &entries).expect("it is in");
                crowd.remove(seq - window, key, &entries);
                entries.remove(key);
            }
        }
        crowd
    }

    #[test]
    fn one_forgotten_message_is_one_stray() {
        let crowd = slide(50);
        assert_eq!((crowd.strays.len(), crowd.slots.len(), crowd.len), (1, 256, 51));
    }

    #[test]
    fn messages_in_a_row_have_slots_of_their_own() {
        let (mut crowd, mut entries) = (Crowd::new(), Entries::new());
        for seq in 1_000..2_000 {
            let key = entries.insert(seq, 0);
            crowd.insert(seq, key, &entries);
        }
        assert_eq!((crowd.strays.len(), crowd.slots.len()), (0, 1_024));
    }
}
