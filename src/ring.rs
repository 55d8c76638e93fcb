//! The dense ring: from the seq of a message to its key, within one stream.
//!
//! Seqs count without gaps, so the unsettled ones of a stream lie close together: a ring indexed by `seq - base` finds
//! each in one step. The rule that keeps it dense: **the ring never spans more than max(64, 4 × live) seqs**. What would
//! stretch it further moves to an ordered map of strays, so that one forgotten message costs one map entry and not a
//! hundred thousand slots.

use alloc::collections::{BTreeMap, VecDeque};

use crate::memory;
use crate::slab::{Key, NIL};

/// Spans up to this many seqs are always dense.
const ALWAYS_DENSE: u64 = 64;
/// A ring of so many slots keeps its memory; a larger one gives it back when it is used to less than a quarter.
const SLOTS_KEPT: usize = 64;

#[derive(Clone, Debug)]
pub(crate) struct Ring {
    /// The seq of the first slot. While the ring is not empty, its first and last slots are live.
    base: u64,
    slots: VecDeque<Key>,
    /// How many slots are not [`NIL`].
    live: u64,
    strays: BTreeMap<u64, Key>,
}

impl Ring {
    pub(crate) const fn new() -> Self {
        Self { base: 0, slots: VecDeque::new(), live: 0, strays: BTreeMap::new() }
    }

    /// The most heap that `rings` rings take which hold `live` seqs between them.
    pub(crate) fn memory_bound(rings: usize, live: usize) -> usize {
        // A ring spans at most 64 + 4 · live slots and has at most four times that many; one at a time moves.
        let largest = 4 * (SLOTS_KEPT + 4 * live);
        let slots = 4 * (rings.min(live) * SLOTS_KEPT + 4 * live) + rings * SLOTS_KEPT + largest;
        slots.saturating_mul(size_of::<Key>())
            + memory::map::<u64, Key>(live)
            + rings.min(live) * memory::map::<u64, Key>(1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.live == 0 && self.strays.is_empty()
    }

    pub(crate) fn get(&self, seq: u64) -> Option<Key> {
        match self.slot(seq) {
            Some(slot) if self.slots[slot] != NIL => Some(self.slots[slot]),
            _ if self.strays.is_empty() => None,
            _ => self.strays.get(&seq).copied(),
        }
    }

    /// The lowest seq.
    pub(crate) fn first(&self) -> Option<u64> {
        let stray = self.strays.first_key_value().map(|(seq, _)| *seq);
        let dense = (self.live > 0).then_some(self.base);
        match (stray, dense) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        }
    }

    /// The highest seq with its key.
    pub(crate) fn last(&self) -> Option<(u64, Key)> {
        let stray = self.strays.last_key_value().map(|(seq, key)| (*seq, *key));
        let dense = self.slots.back().map(|key| (self.end() - 1, *key));
        match (stray, dense) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (one, other) => one.or(other),
        }
    }

    /// The lowest seq from `from` on, with its key.
    pub(crate) fn next_from(&self, from: u64) -> Option<(u64, Key)> {
        let stray = self.strays.range(from..).next().map(|(seq, key)| (*seq, *key));
        let start = from.max(self.base);
        let dense = (start..self.end()).map(|seq| (seq, self.slots[self.offset(seq)])).find(|(_, key)| *key != NIL);
        match (stray, dense) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        }
    }

    /// The highest seq below `seq`, with its key.
    pub(crate) fn last_below(&self, seq: u64) -> Option<(u64, Key)> {
        let stray = self.strays.range(..seq).next_back().map(|(seq, key)| (*seq, *key));
        let end = seq.min(self.end());
        let mut below = (self.base..end).rev().map(|seq| (seq, self.slots[self.offset(seq)]));
        let dense = below.find(|(_, key)| *key != NIL);
        match (stray, dense) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (one, other) => one.or(other),
        }
    }

    /// Every seq with its key, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Key)> {
        let mut dense = (self.base..).zip(self.slots.iter().copied()).filter(|(_, key)| *key != NIL).peekable();
        let mut strays = self.strays.iter().map(|(seq, key)| (*seq, *key)).peekable();
        core::iter::from_fn(move || match (dense.peek(), strays.peek()) {
            (Some(a), Some(b)) if b < a => strays.next(),
            (Some(_), _) => dense.next(),
            (None, _) => strays.next(),
        })
    }

    /// Notes the key of a seq that is not in yet.
    pub(crate) fn insert(&mut self, seq: u64, key: Key) {
        debug_assert_eq!(self.get(seq), None, "a seq is inserted once");
        if self.slots.is_empty() {
            self.base = seq;
        }
        if seq < self.base {
            if self.end() - seq > self.widest(self.live + 1) {
                self.strays.insert(seq, key);
                return;
            }
            while self.base > seq {
                self.slots.push_front(NIL);
                self.base -= 1;
            }
        }
        while !self.slots.is_empty() && seq >= self.end() && seq + 1 - self.base > self.widest(self.live + 1) {
            self.move_oldest_out();
        }
        if self.slots.is_empty() {
            self.base = seq;
        }
        while self.end() <= seq {
            self.slots.push_back(NIL);
        }
        let slot = self.offset(seq);
        self.slots[slot] = key;
        self.live += 1;
    }

    pub(crate) fn remove(&mut self, seq: u64) -> Option<Key> {
        let slot = match self.slot(seq) {
            Some(slot) if self.slots[slot] != NIL => slot,
            _ => return self.strays.remove(&seq),
        };
        let key = core::mem::replace(&mut self.slots[slot], NIL);
        self.live -= 1;
        self.trim();
        while self.live > 0 && self.slots.len() as u64 > self.widest(self.live) {
            self.move_oldest_out();
        }
        Some(key)
    }

    fn end(&self) -> u64 {
        self.base + self.slots.len() as u64
    }

    fn slot(&self, seq: u64) -> Option<usize> {
        (self.base..self.end()).contains(&seq).then(|| self.offset(seq))
    }

    #[expect(clippy::cast_possible_truncation, reason = "the offset lies within the ring, which lies in memory")]
    fn offset(&self, seq: u64) -> usize {
        (seq - self.base) as usize
    }

    const fn widest(&self, live: u64) -> u64 {
        let dense = live.saturating_mul(4);
        if dense > ALWAYS_DENSE { dense } else { ALWAYS_DENSE }
    }

    fn move_oldest_out(&mut self) {
        if let Some(key) = self.slots.pop_front() {
            self.strays.insert(self.base, key);
            self.base += 1;
            self.live -= 1;
            self.trim();
        }
    }

    /// Makes both ends live again, and gives the memory of a ring back that has shrunk to little.
    fn trim(&mut self) {
        while self.slots.front() == Some(&NIL) {
            self.slots.pop_front();
            self.base += 1;
        }
        while self.slots.back() == Some(&NIL) {
            self.slots.pop_back();
        }
        let capacity = self.slots.capacity();
        if capacity > SLOTS_KEPT && capacity > 4 * self.slots.len() {
            self.slots.shrink_to(SLOTS_KEPT.max(2 * self.slots.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_ring_is_a_map_whatever_comes(steps in proptest::collection::vec((0u64..400, any::<bool>(), 0u64..3), 1..300)) {
            let (mut ring, mut map) = (Ring::new(), BTreeMap::new());
            for (step, (low, insert, jump)) in (0u32..).zip(steps) {
                let seq = low + jump * 100_000;
                if insert && !map.contains_key(&seq) {
                    ring.insert(seq, step);
                    map.insert(seq, step);
                } else {
                    prop_assert_eq!(ring.remove(seq), map.remove(&seq));
                }
                prop_assert_eq!(ring.first(), map.keys().next().copied());
                prop_assert_eq!(ring.last(), map.iter().next_back().map(|(s, k)| (*s, *k)));
                prop_assert_eq!(ring.next_from(seq), map.range(seq..).next().map(|(s, k)| (*s, *k)));
                prop_assert_eq!(ring.last_below(seq), map.range(..seq).next_back().map(|(s, k)| (*s, *k)));
                prop_assert_eq!(ring.is_empty(), map.is_empty());
                prop_assert!(ring.slots.len() as u64 <= ring.widest(ring.live));
            }
            prop_assert_eq!(ring.iter().collect::<Vec<_>>(), map.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn one_stuck_seq_costs_one_stray() {
        let mut ring = Ring::new();
        for seq in 0..100_000 {
            ring.insert(seq, 1);
            if seq != 5 {
                assert_eq!(ring.remove(seq), Some(1));
            }
        }
        assert_eq!((ring.first(), ring.get(5), ring.last()), (Some(5), Some(1), Some((5, 1))));
        assert!(ring.slots.capacity() <= 128, "{}", ring.slots.capacity());
    }

    #[test]
    fn one_message_that_is_left_does_not_keep_the_memory_of_thousands() {
        let mut ring = Ring::new();
        (0..10_000).for_each(|seq| ring.insert(seq, 1));
        (0..9_999).for_each(|seq| assert_eq!(ring.remove(seq), Some(1)));
        assert_eq!(ring.first(), Some(9_999));
        assert!(ring.slots.capacity() <= 128, "{}", ring.slots.capacity());
    }

    #[test]
    fn a_ring_that_was_wide_gives_its_memory_back() {
        let mut ring = Ring::new();
        (0..10_000).for_each(|seq| ring.insert(seq, 1));
        (0..10_000).for_each(|seq| assert_eq!(ring.remove(seq), Some(1)));
        assert!(ring.slots.capacity() <= 128);
    }
}
