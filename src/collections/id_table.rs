//! Keys found by a hash: open addressing with linear probing.
//!
//! At most half of the slots are used, so a look-up takes a step or two as long as an attacker cannot choose hashes.
//! The table does not keep hashes: its owner computes that of a key again when slots move.

use alloc::vec;
use alloc::vec::Vec;

use super::arena::Key;
use super::footprint::{self, Bytes};

#[derive(Clone, Debug)]
pub(super) struct IdTable {
    /// Their number is a power of two.
    slots: Vec<Key>,
    len: usize,
}

const VACANT: Key = Key::MAX;

impl IdTable {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), len: 0 }
    }

    /// The maximum heap for `keys` keys: from a quarter to half full, and half as many old slots while it grows.
    pub(super) fn footprint(keys: usize) -> Bytes {
        footprint::array::<Key>(keys) * 2
    }

    /// The key with a hash that `is` the one looked for.
    pub(super) fn find(&self, hash: u64, is: impl Fn(Key) -> bool) -> Option<Key> {
        Some(self.probe(hash, is).1).filter(|key| *key != VACANT)
    }

    /// The slot of the key that `is` the one looked for, or the vacant one at which the search ends.
    #[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
    fn probe(&self, hash: u64, is: impl Fn(Key) -> bool) -> (usize, Key) {
        let mut slot = hash as usize & self.mask();
        loop {
            match self.slots.get(slot) {
                Some(key) if *key != VACANT && !is(*key) => slot = (slot + 1) & self.mask(),
                found => return (slot, found.copied().unwrap_or(VACANT)),
            }
        }
    }

    /// Adds a key that is absent; `rehash` returns the hash of another one.
    pub(super) fn insert(&mut self, key: Key, hash: u64, rehash: impl Fn(Key) -> u64) {
        self.len += 1;
        if 2 * self.len > self.slots.len() {
            let slots = vec![VACANT; (2 * self.slots.len()).max(8)];
            let before = core::mem::replace(&mut self.slots, slots);
            before.into_iter().filter(|key| *key != VACANT).for_each(|key| self.place(key, rehash(key)));
        }
        self.place(key, hash);
    }

    fn place(&mut self, key: Key, hash: u64) {
        let (slot, _) = self.probe(hash, |_| false);
        self.slots[slot] = key;
    }

    /// Removes a key; returns whether it was present.
    #[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
    pub(super) fn remove(&mut self, key: Key, hash: impl Fn(Key) -> u64) -> bool {
        let (mut gap, found) = self.probe(hash(key), |other| other == key);
        if found == VACANT {
            return false;
        }
        self.len -= 1;
        // A key whose probe sequence includes the gap would no longer be found: it moves there.
        let mut slot = (gap + 1) & self.mask();
        while self.slots[slot] != VACANT {
            let home = hash(self.slots[slot]) as usize;
            if slot.wrapping_sub(home) & self.mask() >= slot.wrapping_sub(gap) & self.mask() {
                self.slots[gap] = self.slots[slot];
                gap = slot;
            }
            slot = (slot + 1) & self.mask();
        }
        self.slots[gap] = VACANT;
        true
    }

    fn mask(&self) -> usize {
        self.slots.len().wrapping_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    impl IdTable {
        /// The longest run of used slots; the longest look-up takes one step more.
        pub(in crate::collections) fn longest_run(&self) -> usize {
            let twice = self.slots.iter().chain(&self.slots);
            let runs = twice.scan(0, |run, key| {
                *run = if *key == VACANT { 0 } else { *run + 1 };
                Some(*run)
            });
            runs.max().unwrap_or(0)
        }

        /// The average distance of the keys from their own slots, rounded down.
        #[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
        pub(in crate::collections) fn mean_distance(&self, hash: impl Fn(Key) -> u64) -> usize {
            let used = (0_usize..).zip(&self.slots).filter(|(_, key)| **key != VACANT);
            let distances = used.map(|(slot, key)| slot.wrapping_sub(hash(*key) as usize) & self.mask());
            distances.sum::<usize>() / self.len.max(1)
        }
    }

    proptest! {
        #[test]
        fn a_table_is_a_set_however_hashes_collide(steps in proptest::collection::vec((0u32..600, any::<bool>()), 1..900)) {
            for hash in [|key: Key| u64::from(key % 7), |key: Key| u64::from(key) * 0x9e37, |_: Key| 5] {
                let (mut table, mut model) = (IdTable::new(), BTreeSet::new());
                for (key, add) in steps.iter().copied() {
                    if add && model.insert(key) {
                        table.insert(key, hash(key), hash);
                    } else if !add && model.remove(&key) {
                        prop_assert!(table.remove(key, hash));
                    }
                    prop_assert_eq!(table.len, model.len());
                    prop_assert!(2 * table.len <= table.slots.len(), "at most half of the slots are used");
                    prop_assert_eq!(table.find(hash(key), |other| other == key), model.get(&key).copied());
                }
                for key in 0..600 {
                    let found = table.find(hash(key), |other| other == key);
                    prop_assert_eq!(found, model.get(&key).copied());
                }
            }
        }
    }

    #[test]
    fn an_empty_table_finds_nothing() {
        let mut table = IdTable::new();
        assert_eq!(table.find(5, |_| true), None);
        table.insert(1, 5, |_| 5);
        assert!(table.remove(1, |_| 5) && !table.remove(1, |_| 5));
        assert_eq!(table.find(5, |_| true), None);
    }
}
