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

use super::footprint::{self, Bytes};

#[derive(Clone, Debug)]
pub(crate) struct RangeSet {
    /// The lowest range; empty when the set is.
    first: Range,
    /// The further ranges, if there are any: start → end.
    #[expect(clippy::box_collection, reason = "nearly all sets have none: eight bytes for that, not 24")]
    rest: Option<Box<BTreeMap<u64, u64>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    start: u64,
    end: u64,
}

impl Range {
    /// The `first` of a set that never held anything.
    const BLANK: Self = Self { start: 0, end: 0 };
    /// The `first` of a set from which everything was removed.
    const EMPTIED: Self = Self { start: u64::MAX, end: u64::MAX };

    const fn is_empty(self) -> bool {
        self.start == self.end
    }

    const fn contains(self, seq: u64) -> bool {
        self.start <= seq && seq < self.end
    }
}

impl RangeSet {
    pub(crate) const fn new() -> Self {
        Self { first: Range::BLANK, rest: None }
    }

    /// The maximum heap of `sets` sets that have `ranges` ranges between them.
    pub(crate) fn footprint(sets: usize, ranges: usize) -> Bytes {
        let one = footprint::map::<u64, u64>(1) + Bytes::of::<BTreeMap<u64, u64>>(1);
        footprint::map::<u64, u64>(ranges) + one * sets.min(ranges)
    }

    /// Whether nothing was ever added.
    #[inline]
    pub(crate) fn is_blank(&self) -> bool {
        self.first == Range::BLANK
    }

    /// The number of ranges.
    pub(crate) fn ranges(&self) -> usize {
        usize::from(!self.first.is_empty()) + self.rest.as_ref().map_or(0, |rest| rest.len())
    }

    #[inline]
    pub(crate) fn contains(&self, seq: u64) -> bool {
        self.first.contains(seq) || (self.rest.is_some() && self.range_of(seq).is_some())
    }

    /// The first seq from `seq` on that is not in the set.
    #[inline]
    pub(crate) fn next_absent(&self, seq: u64) -> u64 {
        self.range_of(seq).map_or(seq, |range| range.end)
    }

    /// Whether `seq` would be a range of its own: it is absent, and so are its neighbours.
    pub(crate) fn would_add_range(&self, seq: u64) -> bool {
        let below = seq.checked_sub(1).is_some_and(|below| self.contains(below));
        !below && !self.contains(seq) && !self.contains(seq + 1)
    }

    /// Adds a seq; returns by how many the number of ranges changes.
    #[inline]
    pub(crate) fn insert(&mut self, seq: u64) -> isize {
        if self.first.is_empty() {
            self.first = Range { start: seq, end: seq + 1 };
            1
        } else if seq == self.first.end && self.rest.is_none() {
            self.first.end += 1;
            0
        } else if self.contains(seq) {
            0
        } else {
            self.insert_absent(seq)
        }
    }

    #[inline(never)]
    fn insert_absent(&mut self, seq: u64) -> isize {
        let below = seq.checked_sub(1).and_then(|below| self.range_of(below));
        let above = self.range_of(seq + 1);
        let start = below.map_or(seq, |range| range.start);
        let end = above.map_or(seq + 1, |range| range.end);
        let mut change = 1;
        for joined in [below, above].into_iter().flatten() {
            self.take(joined);
            change -= 1;
        }
        self.put(Range { start, end });
        change
    }

    /// The end of the lowest range; 0 when the set is empty.
    pub(crate) const fn lowest_end(&self) -> u64 {
        if self.first.is_empty() { 0 } else { self.first.end }
    }

    /// The ranges, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = core::ops::Range<u64>> + '_ {
        let first = (!self.first.is_empty()).then_some(self.first.start..self.first.end);
        first.into_iter().chain(self.rest.iter().flat_map(|rest| rest.iter()).map(|(start, end)| *start..*end))
    }

    /// Returns whether a range overlaps or touches one of the set, so that it adds none.
    pub(crate) fn would_join(&self, range: &core::ops::Range<u64>) -> bool {
        self.touching(range).next().is_some()
    }

    /// The ranges that overlap or touch one, ascending; found without a scan of the others.
    fn touching(&self, range: &core::ops::Range<u64>) -> impl Iterator<Item = Range> {
        let core::ops::Range { start, end } = *range;
        let first =
            (!self.first.is_empty() && self.first.start <= end && start <= self.first.end).then_some(self.first);
        let further = self.rest.iter().flat_map(move |rest| {
            let before = rest.range(..start).next_back().filter(|(_, end)| **end >= start);
            rest.range(before.map_or(start, |(start, _)| *start)..=end)
        });
        first.into_iter().chain(further.map(|(start, end)| Range { start: *start, end: *end }))
    }

    /// Adds a whole range; an empty one has no effect.
    pub(crate) fn insert_range(&mut self, range: &core::ops::Range<u64>) {
        if range.is_empty() {
            return;
        }
        let mut joined = Range { start: range.start, end: range.end };
        let touched: alloc::vec::Vec<_> = self.touching(range).collect();
        for range in touched {
            joined = Range { start: joined.start.min(range.start), end: joined.end.max(range.end) };
            self.take(range);
        }
        self.put(joined);
    }

    /// Removes a seq.
    pub(crate) fn remove(&mut self, seq: u64) {
        let Some(range) = self.range_of(seq) else { return };
        self.take(range);
        self.put(Range { start: range.start, end: seq });
        self.put(Range { start: seq + 1, end: range.end });
    }

    #[inline]
    fn range_of(&self, seq: u64) -> Option<Range> {
        if self.first.contains(seq) {
            return Some(self.first);
        }
        match &self.rest {
            Some(rest) if seq >= self.first.end => range_in(rest, seq),
            Some(_) | None => None,
        }
    }

    fn take(&mut self, range: Range) {
        let Some(rest) = &mut self.rest else {
            self.first = Range::EMPTIED;
            return;
        };
        if range != self.first {
            rest.remove(&range.start);
        } else if let Some((start, end)) = rest.pop_first() {
            self.first = Range { start, end };
        }
        if rest.is_empty() {
            self.rest = None;
        }
    }

    fn put(&mut self, range: Range) {
        if range.is_empty() {
            return;
        }
        if self.first.is_empty() {
            self.first = range;
            return;
        }
        let further = if range.start < self.first.start { core::mem::replace(&mut self.first, range) } else { range };
        self.rest.get_or_insert_default().insert(further.start, further.end);
    }
}

fn range_in(rest: &BTreeMap<u64, u64>, seq: u64) -> Option<Range> {
    let (start, end) = rest.range(..=seq).next_back()?;
    let range = Range { start: *start, end: *end };
    range.contains(seq).then_some(range)
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
                prop_assert_eq!(seen.would_add_range(seq), alone);
                if step > 0 {
                    let before = seen.ranges();
                    prop_assert_eq!(before.wrapping_add_signed(seen.insert(seq)), seen.ranges());
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
                seen.insert_range(&range);
                set.extend(range);
                prop_assert!(seen.iter().flatten().eq(set.iter().copied()));
                let ranges: Vec<_> = seen.iter().collect();
                prop_assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start), "joined: {:?}", ranges);
                prop_assert_eq!((seen.ranges(), seen.lowest_end()), (ranges.len(), ranges.first().map_or(0, |r| r.end)));
            }
        }
    }

    #[test]
    fn a_million_in_order_are_one_range() {
        let mut seen = RangeSet::new();
        assert_eq!((0..1_000_000).map(|seq| seen.insert(seq)).sum::<isize>(), 1);
        assert_eq!((seen.ranges(), seen.next_absent(0), seen.contains(1_000_000)), (1, 1_000_000, false));
    }
}
