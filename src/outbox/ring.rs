//! The dense ring: from the seq of a message to its key, within one stream.
//!
//! Seqs count without gaps, so the unsettled ones of a stream lie close together: an array indexed by the low bits of the
//! seq finds each in one step. The rule that keeps it dense: **the ring never spans more than max(64, 4 × live) seqs**.
//! What would stretch it further moves to an ordered map of strays, so that one forgotten message costs one map entry and
//! not a hundred thousand slots. An empty ring has no heap memory, nor has one that spans two seqs.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;

use crate::memory::{self, Bytes};
use crate::slab::{Key, NIL};

/// Spans up to this many seqs are always dense.
const ALWAYS_DENSE: u32 = 64;
/// No span is wider, so that its slots can be counted; there are at most half as many keys.
const WIDEST: u32 = 1 << 31;
/// A larger ring gives memory back when it is used to less than a quarter.
const SLOTS_KEPT: u32 = 64;

#[derive(Clone, Debug)]
pub(super) struct Ring {
    /// The lowest seq of the dense part, which is live, and how many it spans. The end stays where it was when the highest
    /// are gone: the next seq comes after them, and nobody has to look for who is the highest now.
    base: u64,
    span: u32,
    /// How many seqs the dense part holds.
    live: u32,
    /// Seq `s` stands in slot `s` modulo their number, a power of two; all others are [`NIL`].
    slots: Slots,
    /// Few rings ever have any.
    #[expect(
        clippy::box_collection,
        reason = "a pointer in place of three words: there is a ring for each conversation"
    )]
    strays: Option<Box<BTreeMap<u64, Key>>>,
}

#[derive(Clone, Debug)]
enum Slots {
    Few([Key; 2]),
    Many(Box<[Key]>),
}

impl Ring {
    pub(super) const fn new() -> Self {
        Self { base: 0, span: 0, live: 0, slots: Slots::NONE, strays: None }
    }

    /// The most heap that `rings` rings take which hold `live` seqs between them.
    pub(super) fn memory_bound(rings: usize, live: usize) -> Bytes {
        // A ring spans at most 64 + 4 · live slots and has at most four times that many; one at a time moves.
        let kept = SLOTS_KEPT as usize;
        let rings = rings.min(live);
        let spans = Bytes::of::<Key>(kept) * rings + Bytes::of::<Key>(live) * 4;
        let largest = Bytes::of::<Key>(kept) + Bytes::of::<Key>(live) * 4;
        let strays = Bytes::of::<BTreeMap<u64, Key>>(1) + memory::map::<u64, Key>(1);
        (spans + largest) * 4 + memory::map::<u64, Key>(live) + strays * rings
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.live == 0 && self.strays.is_none()
    }

    #[inline]
    pub(super) fn get(&self, seq: u64) -> Option<Key> {
        match self.dense(seq) {
            NIL => self.strays.as_ref()?.get(&seq).copied(),
            key => Some(key),
        }
    }

    /// The lowest seq.
    #[inline]
    pub(super) fn first(&self) -> Option<u64> {
        let dense = (self.live > 0).then_some(self.base);
        let Some(strays) = &self.strays else { return dense };
        let stray = strays.first_key_value().map(|(seq, _)| *seq);
        stray.map_or(dense, |stray| Some(dense.map_or(stray, |dense| dense.min(stray))))
    }

    /// The highest seq below `seq`, with its key.
    pub(super) fn last_below(&self, seq: u64) -> Option<(u64, Key)> {
        let stray = self.strays.as_ref().and_then(|strays| strays.range(..seq).next_back());
        let stray = stray.map(|(seq, key)| (*seq, *key));
        let below = (self.base..seq.min(self.end())).rev().map(|seq| (seq, self.dense(seq)));
        let dense = below.into_iter().find(|(_, key)| *key != NIL);
        stray.max(dense)
    }

    /// Every seq with its key, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, Key)> {
        let mut dense = self.dense_from(self.base).peekable();
        let mut strays = self.strays().map(|(seq, key)| (*seq, *key)).peekable();
        core::iter::from_fn(move || match (dense.peek(), strays.peek()) {
            (Some(a), Some(b)) if b < a => strays.next(),
            (Some(_), _) => dense.next(),
            (None, _) => strays.next(),
        })
    }

    /// Notes the key of a seq that is not in yet.
    #[inline]
    pub(super) fn insert(&mut self, seq: u64, key: Key) {
        debug_assert_eq!(self.get(seq), None, "a seq is inserted once");
        // Dense as it is, one more at the end leaves it so: only the last of the spans that are always dense may be the limit.
        let stays_dense = self.span < ALWAYS_DENSE || self.live >= ALWAYS_DENSE / 4;
        if self.live == 0 {
            (self.base, self.span) = (seq, 1);
        } else if seq == self.end() && self.span < self.slots.len() && stays_dense {
            self.span += 1;
        } else if !self.make_room(seq) {
            self.stray(seq, key);
            return;
        }
        self.slots.set(seq, key);
        self.live += 1;
    }

    #[inline(always)]
    pub(super) fn remove(&mut self, seq: u64) -> Option<Key> {
        let place = seq.wrapping_sub(self.base);
        if place >= u64::from(self.span) {
            return self.remove_stray(seq);
        }
        let slots = self.slots.all_mut();
        let mask = slots.len() - 1;
        let key = core::mem::replace(&mut slots[slot(seq, mask)], NIL);
        if key == NIL {
            return self.remove_stray(seq);
        }
        self.live -= 1;
        if self.live == 0 {
            self.empty();
            return Some(key);
        }
        if place == 0 {
            self.base += 1;
            self.span -= 1;
            while slots[slot(self.base, mask)] == NIL {
                self.base += 1;
                self.span -= 1;
            }
        }
        if self.span > widest(self.live) || self.slots.len() > most_slots(self.span) {
            self.tighten();
        }
        Some(key)
    }

    #[inline]
    const fn end(&self) -> u64 {
        self.base + self.span as u64
    }

    fn strays(&self) -> impl DoubleEndedIterator<Item = (&u64, &Key)> {
        self.strays.iter().flat_map(|strays| strays.iter())
    }

    #[inline(never)]
    fn stray(&mut self, seq: u64, key: Key) {
        self.strays.get_or_insert_default().insert(seq, key);
    }

    #[inline(never)]
    fn remove_stray(&mut self, seq: u64) -> Option<Key> {
        let strays = self.strays.as_mut()?;
        let key = strays.remove(&seq);
        if strays.is_empty() {
            self.strays = None;
        }
        key
    }

    /// The key in the dense part, or [`NIL`].
    #[inline]
    fn dense(&self, seq: u64) -> Key {
        if seq.wrapping_sub(self.base) < u64::from(self.span) { self.slots.get(seq) } else { NIL }
    }

    fn dense_from(&self, from: u64) -> impl Iterator<Item = (u64, Key)> {
        (from.max(self.base)..self.end()).map(|seq| (seq, self.slots.get(seq))).filter(|(_, key)| *key != NIL)
    }

    /// Stretches the dense part to a seq that lies outside, or tells that this would not be dense.
    #[inline(never)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a dense part spans at most four times as many seqs as there are keys"
    )]
    fn make_room(&mut self, seq: u64) -> bool {
        let most = u64::from(widest(self.live + 1));
        if seq < self.base && self.end() - seq > most {
            return false;
        }
        while self.live > 0 && seq >= self.end() && seq + 1 - self.base > u64::from(widest(self.live + 1)) {
            self.move_oldest_out();
        }
        let (base, end) = if self.live == 0 { (seq, seq + 1) } else { (self.base.min(seq), self.end().max(seq + 1)) };
        let span = (end - base) as u32;
        if span > self.slots.len() {
            self.resize(span);
        }
        (self.base, self.span) = (base, span);
        self.give_memory_back();
        true
    }

    /// Moves the lowest seq of the dense part to the strays; there must be one.
    fn move_oldest_out(&mut self) {
        let key = self.slots.get(self.base);
        self.slots.set(self.base, NIL);
        self.stray(self.base, key);
        self.live -= 1;
        if self.live == 0 {
            self.empty();
            return;
        }
        while self.slots.get(self.base) == NIL {
            self.base += 1;
            self.span -= 1;
        }
    }

    /// Nothing is left in the dense part.
    #[inline]
    fn empty(&mut self) {
        self.span = 0;
        if let Slots::Many(_) = self.slots {
            self.slots = Slots::NONE;
        }
    }

    /// Makes a ring dense again that has lost too many, and gives the memory back of one that has shrunk to little.
    #[inline(never)]
    fn tighten(&mut self) {
        while self.span > widest(self.live) {
            self.move_oldest_out();
        }
        self.give_memory_back();
    }

    fn give_memory_back(&mut self) {
        if self.slots.len() > most_slots(self.span) {
            self.resize(self.span.max(SLOTS_KEPT / 2) * 2);
        }
    }

    /// Moves the dense part to so many slots, or a few more.
    #[inline(never)]
    fn resize(&mut self, slots: u32) {
        let mut larger = Slots::Many(vec![NIL; slots.max(4).next_power_of_two() as usize].into_boxed_slice());
        for seq in self.base..self.end() {
            larger.set(seq, self.slots.get(seq));
        }
        self.slots = larger;
    }
}

impl Slots {
    const NONE: Self = Self::Few([NIL; 2]);

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "at most sixteen times as many slots as there are keys")]
    fn len(&self) -> u32 {
        self.all().len() as u32
    }

    #[inline]
    fn all(&self) -> &[Key] {
        match self {
            Self::Few(few) => few,
            Self::Many(many) => many,
        }
    }

    #[inline]
    fn all_mut(&mut self) -> &mut [Key] {
        match self {
            Self::Few(few) => few,
            Self::Many(many) => many,
        }
    }

    #[inline]
    fn get(&self, seq: u64) -> Key {
        let all = self.all();
        all[slot(seq, all.len() - 1)]
    }

    #[inline]
    fn set(&mut self, seq: u64, key: Key) {
        let all = self.all_mut();
        all[slot(seq, all.len() - 1)] = key;
    }
}

/// The slot of a seq; `mask` is one less than their number.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
const fn slot(seq: u64, mask: usize) -> usize {
    seq as usize & mask
}

/// How many slots a ring of such a span may keep.
const fn most_slots(span: u32) -> u32 {
    let most = span.saturating_mul(4);
    if most > SLOTS_KEPT { most } else { SLOTS_KEPT }
}

/// How many seqs the dense part may span when it holds so many.
const fn widest(live: u32) -> u32 {
    match live.saturating_mul(4) {
        ..=ALWAYS_DENSE => ALWAYS_DENSE,
        dense if dense < WIDEST => dense,
        _ => WIDEST,
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
                prop_assert_eq!(ring.last_below(seq), map.range(..seq).next_back().map(|(s, k)| (*s, *k)));
                prop_assert_eq!(ring.is_empty(), map.is_empty());
                let span = ring.span;
                prop_assert!(span <= (4 * ring.live).max(64), "{} seqs over {}", ring.live, span);
                prop_assert!(span <= ring.slots.len() && ring.slots.len() <= (4 * span).max(64));
            }
            prop_assert_eq!(ring.iter().collect::<Vec<_>>(), map.into_iter().collect::<Vec<_>>());
        }
    }

    /// A ring with the seqs from 0 on and one far off; what it spans, how many slots it has, and which seqs are strays.
    fn ring_of(low: u64, far: &[u64]) -> (u32, u32, Vec<u64>) {
        let mut ring = Ring::new();
        (0..low).chain(far.iter().copied()).for_each(|seq| ring.insert(seq, 1));
        (ring.span, ring.slots.len(), ring.strays().map(|(seq, _)| *seq).collect())
    }

    #[test]
    fn a_ring_is_dense_within_64_seqs_or_four_for_each_and_not_one_more() {
        assert_eq!(ring_of(1, &[63]), (64, 64, vec![]), "64 seqs always are");
        assert_eq!(ring_of(1, &[64]), (1, 2, vec![0]), "65 are not, of two");
        assert_eq!(ring_of(14, &[63, 64]), (64, 64, vec![0]), "nor of sixteen, when the next one comes");
        assert_eq!(ring_of(15, &[63, 64]), (65, 128, vec![]), "but of seventeen");
        assert_eq!(ring_of(20, &[83]), (84, 128, vec![]), "four for each of 21");
        assert_eq!(ring_of(20, &[84]), (1, 2, (0..20).collect()), "one more, and the more that go the more it is");
        assert_eq!(ring_of(200, &[]), (200, 256, vec![]));
    }

    /// Slots for 65 seqs are there, since a hundred were; of 64 in a row fifteen are left.
    #[test]
    fn a_65th_seq_is_not_dense_because_there_is_a_slot_for_it() {
        let mut ring = Ring::new();
        (0..100).for_each(|seq| ring.insert(seq, 1));
        (0..36).chain(37..86).for_each(|seq| assert_eq!(ring.remove(seq), Some(1)));
        assert_eq!((ring.span, ring.live, ring.slots.len()), (64, 15, 128));
        ring.insert(100, 1);
        assert_eq!(ring.strays().map(|(seq, _)| *seq).collect::<Vec<_>>(), [36]);
    }

    #[test]
    fn a_seq_below_is_dense_within_the_same_bounds() {
        for (far, span, strays) in [(63, 64, vec![]), (64, 1, vec![0])] {
            let mut ring = Ring::new();
            ring.insert(far, 1);
            ring.insert(0, 2);
            assert_eq!((ring.span, ring.strays().map(|(seq, _)| *seq).collect::<Vec<_>>()), (span, strays));
            assert_eq!((ring.first(), ring.get(0), ring.get(far)), (Some(0), Some(2), Some(1)));
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
        assert_eq!((ring.first(), ring.get(5), ring.iter().last()), (Some(5), Some(1), Some((5, 1))));
        assert!(ring.slots.len() <= 128, "{}", ring.slots.len());
    }

    #[test]
    fn answers_to_the_newest_alone_cost_one_stray_for_each_that_is_stuck() {
        let mut ring = Ring::new();
        (0..1_000).for_each(|seq| ring.insert(seq, 1));
        let mut sizes = Vec::new();
        for seq in 1_000..9_000 {
            ring.insert(seq, 2);
            assert_eq!(ring.remove(seq), Some(2));
            sizes.push(ring.slots.len());
        }
        assert_eq!((ring.first(), ring.iter().count()), (Some(0), 1_000));
        sizes.dedup();
        assert!(sizes.len() <= 4, "the slots are not made anew for each message: {sizes:?}");
    }

    #[test]
    fn one_removal_may_move_thousands_to_the_strays() {
        let mut ring = Ring::new();
        let most = 50_000;
        (0..most).for_each(|seq| ring.insert(seq, 1));
        ring.insert(4 * most, 2);
        assert_eq!(ring.remove(7), Some(1));
        assert_eq!((ring.first(), ring.iter().last(), ring.live), (Some(0), Some((4 * most, 2)), 1));
        assert!((0..most).all(|seq| ring.get(seq) == (seq != 7).then_some(1)));
    }

    #[test]
    fn one_message_that_is_left_does_not_keep_the_memory_of_thousands() {
        let mut ring = Ring::new();
        (0..10_000).for_each(|seq| ring.insert(seq, 1));
        (0..9_999).for_each(|seq| assert_eq!(ring.remove(seq), Some(1)));
        assert_eq!(ring.first(), Some(9_999));
        assert!(ring.slots.len() <= 128, "{}", ring.slots.len());
    }

    #[test]
    fn a_ring_that_was_wide_gives_its_memory_back() {
        let mut ring = Ring::new();
        (0..10_000).for_each(|seq| ring.insert(seq, 1));
        (0..10_000).for_each(|seq| assert_eq!(ring.remove(seq), Some(1)));
        assert_eq!(ring.slots.len(), 2, "it needs no heap");
    }
}
