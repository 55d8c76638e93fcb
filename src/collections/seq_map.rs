//! From the seq of a message to its key, within one stream.
//!
//! Most streams have no live message or one, and need no heap. The seqs of several lie close together, since they count
//! without gaps: a window from the lowest to the highest finds each in one step. The rule that keeps the window dense:
//! **it never spans more than max(64, 4 × live) seqs**. What stands below it is an *outlier* in an ordered map: the
//! lowest seqs of a window that would be too long, and seqs that come after higher ones. So one forgotten message costs
//! one map entry and not a hundred thousand slots.
//!
//! The slots are an array of our own: a `VecDeque` takes some 30 instructions more for each message of a busy stream.
//!
//! ```text
//!  outliers 3 → k, 907 → k      window  base 5000 [k k . k k k . . k]      k a key, . vacant
//! ```

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;

use super::arena::Key;
use super::footprint::{self, Bytes};

#[derive(Clone, Debug)]
pub(crate) enum SeqMap {
    Empty,
    One {
        seq: u64,
        key: Key,
    },
    /// From the second message on until none is left.
    Several(Box<Window>),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    /// The lowest live seq of the window, if there is one. It never goes back.
    base: u64,
    /// One past the highest seq that was added.
    end: u64,
    /// The number of live seqs from `base` to `end`.
    live: u64,
    /// A seq has the slot of its low bits: a key or [`VACANT`]. Their number is a power of two.
    slots: Box<[Key]>,
    /// All seqs below `base`.
    outliers: BTreeMap<u64, Key>,
}

/// A slot without a key.
const VACANT: Key = 1 << 31;
/// A window may always span this many seqs.
const MIN_SPAN: usize = 64;

impl SeqMap {
    /// The maximum heap of `maps` maps that hold `live` seqs between them.
    pub(crate) fn footprint(maps: usize, live: usize) -> Bytes {
        // A window spans at most 64 + 4 × live slots and has room for four times that; one at a time moves.
        let maps = maps.min(live);
        let spans = Bytes::of::<Key>(MIN_SPAN) * maps + Bytes::of::<Key>(live) * 4;
        let largest = Bytes::of::<Key>(MIN_SPAN) + Bytes::of::<Key>(live) * 4;
        let one = Bytes::of::<Window>(1) + footprint::map::<u64, Key>(1);
        (spans + largest) * 4 + footprint::map::<u64, Key>(live) + one * maps
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    #[inline]
    pub(crate) fn get(&self, seq: u64) -> Option<Key> {
        match self {
            Self::Several(window) => window.get(seq),
            Self::One { seq: only, key } => (*only == seq).then_some(*key),
            Self::Empty => None,
        }
    }

    /// The lowest seq.
    #[inline]
    pub(crate) fn first(&self) -> Option<u64> {
        match self {
            Self::Several(window) if window.outliers.is_empty() => Some(window.base),
            Self::Several(_) | Self::One { .. } | Self::Empty => Some(self.first_from(0)?.0),
        }
    }

    /// The lowest seq from `seq` on, with its key.
    #[inline]
    pub(crate) fn first_from(&self, seq: u64) -> Option<(u64, Key)> {
        match self {
            Self::Several(window) => window.first_from(seq),
            Self::One { seq: only, key } => (*only >= seq).then_some((*only, *key)),
            Self::Empty => None,
        }
    }

    /// Every seq with its key, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Key)> {
        core::iter::successors(self.first_from(0), |(seq, _)| self.first_from(seq + 1))
    }

    /// Adds the key of a seq that is absent.
    #[inline]
    pub(crate) fn insert(&mut self, seq: u64, key: Key) {
        debug_assert_eq!(self.get(seq), None, "a seq is inserted once");
        match self {
            Self::Several(window) => window.insert(seq, key),
            Self::One { seq: other, key: its_key } => {
                let mut window = Box::<Window>::default();
                let mut both = [(seq, key), (*other, *its_key)];
                both.sort_unstable();
                both.into_iter().for_each(|(seq, key)| window.insert(seq, key));
                *self = Self::Several(window);
            }
            Self::Empty => *self = Self::One { seq, key },
        }
    }

    #[inline]
    pub(crate) fn remove(&mut self, seq: u64) -> Option<Key> {
        let removed = match self {
            Self::Several(window) => window.remove(seq),
            Self::One { .. } | Self::Empty => self.get(seq),
        }?;
        if !matches!(self, Self::Several(window) if window.live > 0 || !window.outliers.is_empty()) {
            *self = Self::Empty;
        }
        Some(removed)
    }
}

impl Window {
    #[inline]
    fn get(&self, seq: u64) -> Option<Key> {
        if seq < self.base {
            return self.outliers.get(&seq).copied();
        }
        Some(self.slots[slot(seq, &self.slots)]).filter(|key| seq < self.end && *key != VACANT)
    }

    #[inline]
    fn first_from(&self, seq: u64) -> Option<(u64, Key)> {
        if seq < self.base {
            if let Some((seq, key)) = self.outliers.range(seq..).next() {
                return Some((*seq, *key));
            }
        }
        let mut window = (seq.max(self.base)..self.end).map(|seq| (seq, self.slots[slot(seq, &self.slots)]));
        window.find(|(_, key)| *key != VACANT)
    }

    #[inline]
    fn insert(&mut self, seq: u64, key: Key) {
        if seq < self.base {
            self.outliers.insert(seq, key);
            return;
        }
        if self.live == 0 || seq - self.base >= self.slots.len() as u64 || !is_dense(seq + 1 - self.base, self.live + 1)
        {
            self.fit(seq + 1, 1);
        }
        self.end = self.end.max(seq + 1);
        self.live += 1;
        let slot = slot(seq, &self.slots);
        self.slots[slot] = key;
    }

    #[inline]
    fn remove(&mut self, seq: u64) -> Option<Key> {
        if seq < self.base {
            return self.outliers.remove(&seq);
        }
        let removed = self.get(seq)?;
        let slot = slot(seq, &self.slots);
        self.slots[slot] = VACANT;
        self.live -= 1;
        self.trim();
        let span = self.end - self.base;
        if !is_dense(span, self.live) || !is_dense(self.slots.len() as u64, span) {
            self.fit(self.end, 0);
        }
        Some(removed)
    }

    /// Raises `base` to the lowest live seq.
    #[inline]
    fn trim(&mut self) {
        while self.live > 0 && self.slots[slot(self.base, &self.slots)] == VACANT {
            self.base += 1;
        }
    }

    /// Makes the lowest seqs outliers until the window may span the seqs up to `end`, with `more` live ones than now; then
    /// gives it as many slots as it needs.
    #[inline(never)]
    fn fit(&mut self, end: u64, more: u64) {
        while self.live > 0 && !is_dense(end - self.base, self.live + more) {
            let slot = slot(self.base, &self.slots);
            self.outliers.insert(self.base, core::mem::replace(&mut self.slots[slot], VACANT));
            self.live -= 1;
            self.trim();
        }
        if self.live == 0 {
            self.end = end - more;
            self.base = self.end;
        }
        let (span, slots) = (end - self.base, self.slots.len() as u64);
        if span > slots || !is_dense(slots, span) {
            let slots = usize::try_from(span.max(4).next_power_of_two()).expect("a dense window fits in memory");
            let before = core::mem::replace(&mut self.slots, vec![VACANT; slots].into_boxed_slice());
            for seq in self.base..self.end {
                self.slots[slot(seq, &self.slots)] = before[slot(seq, &before)];
            }
        }
    }
}

/// The slot of a seq.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
const fn slot(seq: u64, slots: &[Key]) -> usize {
    seq as usize & slots.len().wrapping_sub(1)
}

/// Returns whether a window with `live` seqs may span `span`; or whether one that spans `live` may have `span` slots.
#[inline]
const fn is_dense(span: u64, live: u64) -> bool {
    span <= MIN_SPAN as u64 || span <= 4 * live
}

/// Merges two ascending sequences of different seqs into one.
pub(crate) fn merge(
    a: impl Iterator<Item = (u64, Key)>,
    b: impl Iterator<Item = (u64, Key)>,
) -> impl Iterator<Item = (u64, Key)> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    core::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(x), Some(y)) if y < x => b.next(),
        (Some(_), _) => a.next(),
        (None, _) => b.next(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        /// This number of seqs, from a distance above the highest one on.
        InsertAbove(u64, u64),
        /// At a distance below the lowest one.
        InsertBelow(u64),
        /// The next absent seq from a distance above the lowest one on.
        InsertWithin(u64),
        /// This number of seqs, from a position in their order on.
        Remove(usize, usize),
        /// At a distance above the lowest one.
        RemoveAt(u64),
        FirstFrom(u64),
    }

    /// Distances that are short, about as long as a window, and so long that seqs share their low bits.
    fn distance() -> impl Strategy<Value = u64> {
        prop_oneof![
            8 => 1u64..4,
            4 => 4u64..80,
            3 => 80u64..700,
            1 => (1u64..3, 0u64..3).prop_map(|(times, more)| times * 65_536 + more),
        ]
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            5 => (distance(), 1u64..60).prop_map(|(distance, count)| Step::InsertAbove(distance, count)),
            2 => distance().prop_map(Step::InsertBelow),
            4 => (0u64..500).prop_map(Step::InsertWithin),
            4 => (any::<prop::sample::Index>(), 1usize..40).prop_map(|(place, count)| Step::Remove(place.index(400), count)),
            1 => (0u64..500).prop_map(Step::RemoveAt),
            6 => (0u64..500).prop_map(Step::FirstFrom),
        ]
    }

    fn apply(step: &Step, map: &mut SeqMap, model: &mut BTreeMap<u64, Key>) {
        const FIRST: u64 = 10_000_000;
        let first = model.first_key_value().map_or(FIRST, |(seq, _)| *seq);
        let last = model.last_key_value().map_or(FIRST, |(seq, _)| *seq);
        let insert = |seq: u64, map: &mut SeqMap, model: &mut BTreeMap<u64, Key>| {
            let key = Key::try_from(seq % 1_000_003).unwrap();
            map.insert(seq, key);
            model.insert(seq, key);
        };
        match *step {
            Step::InsertAbove(distance, count) => {
                (last + distance..last + distance + count).for_each(|seq| insert(seq, map, model));
            }
            Step::InsertBelow(distance) => insert(first - distance, map, model),
            Step::InsertWithin(distance) => {
                let absent = (first + distance..).find(|seq| !model.contains_key(seq)).unwrap();
                insert(absent, map, model);
            }
            Step::Remove(place, count) => {
                let skip = place % model.len().max(1);
                let seqs: Vec<u64> = model.keys().copied().skip(skip).take(count).collect();
                seqs.into_iter().for_each(|seq| assert_eq!(map.remove(seq), model.remove(&seq)));
            }
            Step::RemoveAt(distance) => {
                assert_eq!(map.remove(first + distance), model.remove(&(first + distance)));
            }
            Step::FirstFrom(distance) => {
                let seq = first + distance;
                assert_eq!(map.first_from(seq), first_from(model, seq));
            }
        }
    }

    fn first_from(model: &BTreeMap<u64, Key>, seq: u64) -> Option<(u64, Key)> {
        model.range(seq..).next().map(|(seq, key)| (*seq, *key))
    }

    /// Asserts that the map equals the model, by every method.
    fn check_content(map: &SeqMap, model: &BTreeMap<u64, Key>) {
        assert_eq!((map.is_empty(), map.first()), (model.is_empty(), model.keys().next().copied()));
        assert!(map.iter().eq(model.iter().map(|(seq, key)| (*seq, *key))));
        for seq in model.keys().flat_map(|seq| [seq - 1, *seq, seq + 1]) {
            assert_eq!(map.get(seq), model.get(&seq).copied(), "{seq}");
        }
        if let SeqMap::Several(window) = map {
            for seq in window.base.saturating_sub(2)..window.end + 2 {
                assert_eq!(map.first_from(seq), first_from(model, seq), "{seq}");
                assert_eq!(map.get(seq), model.get(&seq).copied(), "{seq}");
            }
        }
    }

    /// Asserts what is true of a window between two calls, its density aside.
    fn check_window(window: &Window) {
        let Window { base, end, live, ref slots, ref outliers } = *window;
        assert!(slots.len().is_power_of_two() && span(window) <= slots.len(), "{base} to {end} in {}", slots.len());
        assert!(live > 0 || !outliers.is_empty(), "a map without a seq is empty");
        assert!(outliers.keys().all(|seq| *seq < base), "{outliers:?} below {base}");
        let keys = (base..end).filter(|seq| slots[slot(*seq, slots)] != VACANT).count();
        assert_eq!((keys as u64, slots.iter().filter(|key| **key != VACANT).count()), (live, keys));
        assert!(live == 0 || slots[slot(base, slots)] != VACANT, "the lowest seq is live");
    }

    /// Asserts the rule: never more than max(64, 4 × live) seqs; and never many more slots than that.
    fn check_density(window: &Window) {
        let Window { live, ref slots, .. } = *window;
        let span = span(window);
        assert!(span as u64 <= (4 * live).max(64), "{live} live ones span {span}");
        assert!(slots.len() <= (4 * span).max(64), "{} slots for {span} seqs", slots.len());
    }

    fn span(window: &Window) -> usize {
        usize::try_from(window.end - window.base).unwrap()
    }

    fn window(map: &SeqMap) -> &Window {
        match map {
            SeqMap::Several(window) => window,
            SeqMap::Empty | SeqMap::One { .. } => panic!("no window: {map:?}"),
        }
    }

    fn outliers(map: &SeqMap) -> Vec<u64> {
        window(map).outliers.keys().copied().collect()
    }

    fn map_of(seqs: impl IntoIterator<Item = u64>) -> SeqMap {
        let mut map = SeqMap::Empty;
        seqs.into_iter().for_each(|seq| map.insert(seq, 1));
        map
    }

    /// A map with the seqs from 0 on and some far ones: what its window spans, its slots, and the outliers.
    fn window_of(low: u64, far: &[u64]) -> (usize, usize, Vec<u64>) {
        let map = map_of((0..low).chain(far.iter().copied()));
        (span(window(&map)), window(&map).slots.len(), outliers(&map))
    }

    proptest! {
        #[test]
        fn a_seq_map_equals_an_ordered_map(steps in proptest::collection::vec(step(), 1..50)) {
            let (mut map, mut model) = (SeqMap::Empty, BTreeMap::new());
            for step in steps {
                apply(&step, &mut map, &mut model);
                check_content(&map, &model);
                if let SeqMap::Several(window) = &map {
                    check_window(window);
                }
            }
        }

        #[test]
        fn a_window_is_dense_after_every_step(steps in proptest::collection::vec(step(), 1..80)) {
            let (mut map, mut model) = (SeqMap::Empty, BTreeMap::new());
            for step in steps {
                apply(&step, &mut map, &mut model);
                if let SeqMap::Several(window) = &map {
                    check_density(window);
                }
            }
        }
    }

    #[test]
    fn a_stream_finds_none_one_and_several() {
        let mut map = SeqMap::Empty;
        assert_eq!((map.get(0), map.first(), map.first_from(0), map.remove(0)), (None, None, None, None));
        map.insert(9, 3);
        assert!(matches!(map, SeqMap::One { seq: 9, key: 3 }), "one needs no heap");
        assert_eq!((map.get(9), map.get(8), map.first(), map.is_empty()), (Some(3), None, Some(9), false));
        assert_eq!((map.first_from(10), map.first_from(9), map.remove(8)), (None, Some((9, 3)), None));
        map.insert(8, 4);
        assert_eq!((map.get(9), map.get(8), map.get(7), map.first()), (Some(3), Some(4), None, Some(8)));
        assert_eq!(map.iter().collect::<Vec<_>>(), [(8, 4), (9, 3)]);
        assert_eq!((map.remove(9), map.remove(9)), (Some(3), None));
        assert_eq!((map.get(9), map.get(8), map.iter().count()), (None, Some(4), 1));
        assert_eq!((map.remove(8), map.is_empty(), map.iter().count()), (Some(4), true, 0));
        map.insert(5, 6);
        assert_eq!((map.remove(5), map.is_empty()), (Some(6), true));
    }

    #[test]
    fn a_window_is_dense_within_64_seqs_or_four_for_each_and_not_one_more() {
        assert_eq!(window_of(1, &[63]), (64, 64, vec![]), "64 seqs always are");
        assert_eq!(window_of(1, &[64]), (1, 4, vec![0]), "65 are not, of two");
        assert_eq!(window_of(14, &[63, 64]), (64, 64, vec![0]), "nor of sixteen, when the next one comes");
        assert_eq!(window_of(15, &[63, 64]), (65, 128, vec![]), "but of seventeen");
        assert_eq!(window_of(20, &[83]), (84, 128, vec![]), "four for each of 21");
        assert_eq!(window_of(200, &[]), (200, 256, vec![]));
    }

    #[test]
    fn each_eviction_by_a_far_seq_narrows_what_the_window_may_span() {
        let (span, slots, outliers) = window_of(20, &[84]);
        assert_eq!((span, outliers), (1, (0..20).collect()), "one more than four for each of 21");
        assert!(slots <= 64, "{slots}");
    }

    #[test]
    fn three_messages_far_apart_do_not_keep_the_slots_of_a_thousand() {
        let mut map = map_of((0..1_000).chain([4_003, 5_006]));
        (0..999).for_each(|seq| assert_eq!(map.remove(seq), Some(1)));
        assert_eq!(map.iter().map(|(seq, _)| seq).collect::<Vec<_>>(), [999, 4_003, 5_006]);
        let slots = window(&map).slots.len();
        assert!(slots <= 64, "{slots}");
    }

    #[test]
    fn a_far_seq_gives_back_the_slots_of_those_before_it() {
        let mut map = map_of((0..10_000).chain([1_000_000]));
        (0..10_000).for_each(|seq| assert_eq!(map.remove(seq), Some(1)));
        let slots = window(&map).slots.len();
        assert!(slots <= 64, "{slots}");
    }

    /// Slots for 65 seqs are there, since a hundred were; of 64 in a row fifteen are left.
    #[test]
    fn a_65th_seq_is_not_dense_because_there_is_a_slot_for_it() {
        let mut map = map_of(0..100);
        (0..36).chain(37..86).for_each(|seq| assert_eq!(map.remove(seq), Some(1)));
        let Window { live, slots, .. } = window(&map);
        assert_eq!((span(window(&map)), *live, slots.len()), (64, 15, 128));
        map.insert(100, 1);
        assert_eq!(outliers(&map), [36]);
    }

    #[test]
    fn the_lower_of_the_first_two_is_dense_within_the_same_bounds() {
        for (far, width, expected) in [(63, 64, vec![]), (64, 1, vec![0])] {
            let mut map = SeqMap::Empty;
            map.insert(far, 1);
            map.insert(0, 2);
            assert_eq!((span(window(&map)), outliers(&map)), (width, expected));
            assert_eq!((map.first(), map.get(0), map.get(far)), (Some(0), Some(2), Some(1)));
            assert_eq!((map.first_from(0), map.first_from(1)), (Some((0, 2)), Some((far, 1))));
        }
    }

    #[test]
    fn a_seq_below_the_window_is_an_outlier_even_when_the_window_has_become_empty() {
        let mut map = map_of([5, 70]);
        assert_eq!(outliers(&map), [5]);
        assert_eq!(map.remove(70), Some(1));
        [69, 9, 72, 71].into_iter().for_each(|seq| map.insert(seq, 2));
        assert_eq!((outliers(&map), span(window(&map))), (vec![5, 9, 69, 71], 1));
        assert_eq!((map.first_from(6), map.first_from(70)), (Some((9, 2)), Some((71, 2))));
        assert_eq!((map.remove(5), map.first(), map.remove(70)), (Some(1), Some(9), None));
        [72, 71, 69, 9].into_iter().for_each(|seq| assert_eq!(map.remove(seq), Some(2)));
        assert!(map.is_empty());
    }

    #[test]
    fn one_stuck_seq_costs_one_outlier() {
        let mut map = SeqMap::Empty;
        for seq in 0..100_000 {
            map.insert(seq, 1);
            if seq != 5 {
                assert_eq!(map.remove(seq), Some(1));
            }
        }
        assert_eq!((map.first(), map.get(5), map.iter().last()), (Some(5), Some(1), Some((5, 1))));
        assert!(window(&map).slots.len() <= 128, "{}", window(&map).slots.len());
    }

    #[test]
    fn a_window_slides_past_one_stuck_seq() {
        let mut map = SeqMap::Empty;
        for seq in 0..5_000 {
            map.insert(seq, 1);
            if seq > 50 {
                assert_eq!(map.remove(seq - 50), Some(1));
            }
        }
        assert_eq!((outliers(&map), window(&map).live), (vec![0], 50));
        assert!(window(&map).slots.len() <= 256, "{}", window(&map).slots.len());
    }

    #[test]
    fn seqs_in_a_row_have_slots_of_their_own() {
        let map = map_of(1_000..2_000);
        assert_eq!((outliers(&map), window(&map).slots.len()), (vec![], 1_024));
    }

    #[test]
    fn answers_to_the_newest_alone_cost_one_outlier_for_each_that_is_stuck() {
        let mut map = map_of(0..1_000);
        let mut sizes = Vec::new();
        for seq in 1_000..9_000 {
            map.insert(seq, 2);
            assert_eq!(map.remove(seq), Some(2));
            sizes.push(window(&map).slots.len());
        }
        assert_eq!((map.first(), map.iter().count()), (Some(0), 1_000));
        sizes.dedup();
        assert!(sizes.len() <= 4, "the slots are not made anew for each message: {sizes:?}");
    }

    #[test]
    fn one_removal_may_move_thousands_to_the_outliers() {
        let count = 50_000;
        let mut map = map_of(0..count);
        map.insert(4 * count, 2);
        assert_eq!(map.remove(7), Some(1));
        assert_eq!((map.first(), map.iter().last(), window(&map).live), (Some(0), Some((4 * count, 2)), 1));
        assert!((0..count).all(|seq| map.get(seq) == (seq != 7).then_some(1)));
        assert!(window(&map).slots.len() <= 64, "{}", window(&map).slots.len());
    }

    #[test]
    fn one_message_that_is_left_does_not_keep_the_memory_of_thousands() {
        let mut map = map_of(0..10_000);
        (0..9_999).for_each(|seq| assert_eq!(map.remove(seq), Some(1)));
        assert_eq!(map.first(), Some(9_999));
        assert!(window(&map).slots.len() <= 128, "{}", window(&map).slots.len());
    }

    #[test]
    fn a_wide_window_gives_its_memory_back() {
        let mut map = map_of(0..10_000);
        (0..10_000).for_each(|seq| assert_eq!(map.remove(seq), Some(1)));
        assert!(matches!(map, SeqMap::Empty), "it needs no heap");
        let mut map = map_of([0].into_iter().chain(100_000..110_000));
        (100_000..110_000).for_each(|seq| assert_eq!(map.remove(seq), Some(1)));
        assert_eq!(outliers(&map), [0]);
        assert!(window(&map).slots.len() <= 64, "{}", window(&map).slots.len());
    }

    #[test]
    fn two_sequences_merge_in_ascending_order() {
        let pairs = |seqs: &[u64]| seqs.iter().map(|seq| (*seq, 1)).collect::<Vec<_>>();
        for (a, b, merged) in [
            (&[1, 4, 5][..], &[0, 2, 9][..], &[0, 1, 2, 4, 5, 9][..]),
            (&[], &[3], &[3]),
            (&[3], &[], &[3]),
            (&[1], &[2], &[1, 2]),
            (&[], &[], &[]),
        ] {
            assert_eq!(merge(pairs(a).into_iter(), pairs(b).into_iter()).collect::<Vec<_>>(), pairs(merged));
        }
    }
}
