//! A set of seqs, kept as ranges: the seen seqs of a stream.
//!
//! The rule: the set is exact; nothing is dropped by age or count. A conversation without gaps is one range, kept
//! inline, and the next seq makes it longer by one:
//!
//! ```text
//!  set   0 1 2 3 4 5 6 7 . . 10 11 12 . 14         first 0..8, rest 10..13 and 14..15
//!                        └┬┘          └ 13: fills a gap, never adds a range
//!                         8: extends    9: with 8 in the set, joins two ranges
//! ```
//!
//! An empty set knows whether it ever held anything; if not, it is *blank*, and forgetting it loses nothing.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::ops::Range;

use super::footprint::{self, Bytes};

#[derive(Clone, Debug)]
pub(crate) struct RangeSet {
    /// The lowest range; empty when the set is.
    first: Range<u64>,
    /// The further ranges, if there are any: start → end.
    #[expect(clippy::box_collection, reason = "nearly all sets have none: eight bytes for that, not 24")]
    rest: Option<Box<BTreeMap<u64, u64>>>,
}

/// The `first` of a set that never held anything.
const BLANK: Range<u64> = 0..0;
/// The `first` of a set from which everything was removed.
const EMPTIED: Range<u64> = u64::MAX..u64::MAX;

impl RangeSet {
    pub(crate) const fn new() -> Self {
        Self { first: BLANK, rest: None }
    }

    /// The maximum heap of `sets` sets that have `ranges` ranges between them.
    pub(crate) fn footprint(sets: usize, ranges: usize) -> Bytes {
        let one = footprint::map::<u64, u64>(1) + Bytes::of::<BTreeMap<u64, u64>>(1);
        footprint::map::<u64, u64>(ranges) + one * sets.min(ranges)
    }

    /// Whether nothing was ever added.
    #[inline]
    pub(crate) fn is_blank(&self) -> bool {
        self.first == BLANK
    }

    /// The number of ranges.
    pub(crate) fn ranges(&self) -> usize {
        usize::from(!self.first.is_empty()) + self.rest.as_ref().map_or(0, |rest| rest.len())
    }

    /// The ranges, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        let first = (!self.first.is_empty()).then(|| self.first.clone());
        first.into_iter().chain(self.rest.iter().flat_map(|rest| rest.iter()).map(|(start, end)| *start..*end))
    }

    #[inline]
    pub(crate) fn contains(&self, seq: u64) -> bool {
        self.next_absent(seq) > seq
    }

    /// The first seq from `seq` on that is not in the set.
    #[inline]
    pub(crate) fn next_absent(&self, seq: u64) -> u64 {
        if self.first.contains(&seq) {
            self.first.end
        } else if self.rest.is_none() {
            seq
        } else {
            self.touching(&(seq..seq)).map_or(seq, |range| range.end)
        }
    }

    /// Returns whether a range overlaps or touches one of the set, so that it adds none.
    pub(crate) fn would_join(&self, range: &Range<u64>) -> bool {
        self.touching(range).is_some()
    }

    /// The highest range that overlaps or touches this one: no other than the last that starts within it or before.
    #[inline(never)]
    fn touching(&self, range: &Range<u64>) -> Option<Range<u64>> {
        let further = self.rest.as_ref().and_then(|rest| rest.range(..=range.end).next_back());
        let last = further.map_or_else(|| self.first.clone(), |(start, end)| *start..*end);
        (!last.is_empty() && last.start <= range.end && range.start <= last.end).then_some(last)
    }

    /// Adds a seq.
    #[inline]
    pub(crate) fn insert(&mut self, seq: u64) {
        if seq == self.first.end && self.rest.is_none() {
            self.first.end += 1;
        } else {
            self.insert_range(seq..seq + 1);
        }
    }

    /// Adds a whole range; an empty one has no effect.
    #[inline(never)]
    pub(crate) fn insert_range(&mut self, mut range: Range<u64>) {
        while let Some(touched) = self.touching(&range) {
            self.take(&touched);
            range = range.start.min(touched.start)..range.end.max(touched.end);
        }
        self.put(range);
    }

    /// Removes a seq.
    pub(crate) fn remove(&mut self, seq: u64) {
        if let Some(range) = self.touching(&(seq..seq)).filter(|range| range.contains(&seq)) {
            self.take(&range);
            self.put(range.start..seq);
            self.put(seq + 1..range.end);
        }
    }

    /// Removes a range of the set.
    fn take(&mut self, range: &Range<u64>) {
        let rest = self.rest.as_mut();
        if *range != self.first {
            rest.and_then(|rest| rest.remove(&range.start));
        } else {
            let next = rest.and_then(|rest| rest.pop_first());
            self.first = next.map_or(EMPTIED, |(start, end)| start..end);
        }
        self.rest.take_if(|rest| rest.is_empty());
    }

    /// Adds a range that touches none of the set; an empty one has no effect.
    fn put(&mut self, mut range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        if range.start < self.first.start || self.first.is_empty() {
            core::mem::swap(&mut self.first, &mut range);
        }
        if !range.is_empty() {
            self.rest.get_or_insert_default().insert(range.start, range.end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranges_are_a_set_with_the_fewest_ranges(steps in proptest::collection::vec((0u64..60, 0u8..3), 1..300)) {
            let (mut seen, mut set, mut was_any) = (RangeSet::new(), BTreeSet::new(), false);
            for (seq, step) in steps {
                let alone = ![seq.wrapping_sub(1), seq, seq + 1].iter().any(|near| set.contains(near));
                prop_assert_eq!(!seen.would_join(&(seq..seq + 1)), alone);
                if step > 0 {
                    seen.insert(seq);
                    set.insert(seq);
                    was_any = true;
                } else {
                    seen.remove(seq);
                    set.remove(&seq);
                }
                let runs = set.iter().filter(|seq| **seq == 0 || !set.contains(&(**seq - 1))).count();
                prop_assert_eq!((seen.ranges(), seen.is_blank()), (runs, !was_any));
                for seq in 0..62 {
                    prop_assert_eq!(seen.contains(seq), set.contains(&seq));
                    prop_assert_eq!(seen.next_absent(seq), (seq..).find(|s| !set.contains(s)).unwrap());
                }
            }
        }
    }

    proptest! {
        #[test]
        fn whole_ranges_join_what_they_touch(ranges in proptest::collection::vec((0u64..60, 0u64..9), 1..40)) {
            let (mut seen, mut set) = (RangeSet::new(), BTreeSet::new());
            for (start, length) in ranges {
                let range = start..start + length;
                let touches = (start.saturating_sub(1)..=range.end).any(|seq| set.contains(&seq));
                prop_assert_eq!(seen.would_join(&range), touches, "{:?} and {:?}", &seen, &range);
                seen.insert_range(range.clone());
                set.extend(range);
                prop_assert!(seen.iter().flatten().eq(set.iter().copied()));
                let ranges: Vec<_> = seen.iter().collect();
                prop_assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start), "joined: {:?}", ranges);
                prop_assert_eq!(seen.ranges(), ranges.len());
                for seq in 0..70 {
                    prop_assert_eq!(seen.contains(seq), set.contains(&seq));
                    prop_assert_eq!(seen.next_absent(seq), (seq..).find(|s| !set.contains(s)).unwrap());
                }
            }
        }
    }

    #[test]
    fn a_million_in_order_are_one_range() {
        let mut seen = RangeSet::new();
        (0..1_000_000).for_each(|seq| seen.insert(seq));
        assert_eq!((seen.ranges(), seen.next_absent(0), seen.contains(1_000_000)), (1, 1_000_000, false));
    }
}
