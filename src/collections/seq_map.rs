//! From the seq of a message to its key, within one stream.
//!
//! Most streams have no live message or one, and need no heap. The seqs of several lie close together, since they count
//! without gaps: a window from the lowest to the highest finds each in one step. The rule that keeps the window dense: **it
//! never spans more than max(64, 4 × live) seqs**. What would stretch it further becomes an *outlier* in an ordered map, so
//! that one forgotten message costs one map entry and not a hundred thousand slots.
//!
//! ```text
//!  outliers 3 → k, 907 → k      window  base 5000 [k k . k k k . . k]      k a key, . vacant
//! ```

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};

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

#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// The seq of the first slot, which is live unless there is none.
    base: u64,
    /// A key, or [`VACANT`] with a distance. The last slots may be vacant.
    slots: VecDeque<Key>,
    /// How many slots are not vacant.
    live: usize,
    outliers: BTreeMap<u64, Key>,
}

/// The mark of a slot without a key. The other bits tell how many slots, from this one down, are known to be vacant.
const VACANT: Key = 1 << 31;
/// A window may always span this many seqs.
const MIN_SPAN: usize = 64;
/// A window with more slots than this gives memory back when it uses less than a quarter.
const MIN_SLOTS: usize = 64;

impl SeqMap {
    pub(crate) const fn new() -> Self {
        Self::Empty
    }

    /// The most heap that `maps` maps take which hold `live` seqs between them.
    pub(crate) fn footprint(maps: usize, live: usize) -> Bytes {
        // A window spans at most 64 + 4 × live slots and has room for four times that; one at a time moves.
        let maps = maps.min(live);
        let spans = Bytes::of::<Key>(MIN_SLOTS) * maps + Bytes::of::<Key>(live) * 4;
        let largest = Bytes::of::<Key>(MIN_SLOTS) + Bytes::of::<Key>(live) * 4;
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
            Self::Several(window) => window.first(),
            Self::One { seq, .. } => Some(*seq),
            Self::Empty => None,
        }
    }

    /// The highest seq below `seq`, with its key. It remembers the vacant slots that it passed.
    pub(crate) fn last_below(&mut self, seq: u64) -> Option<(u64, Key)> {
        match self {
            Self::Several(window) => window.last_below(seq),
            Self::One { seq: only, key } => (*only < seq).then_some((*only, *key)),
            Self::Empty => None,
        }
    }

    /// Every seq with its key, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Key)> {
        let (one, several) = match self {
            Self::Several(window) => (None, Some(window)),
            Self::One { seq, key } => (Some((*seq, *key)), None),
            Self::Empty => (None, None),
        };
        one.into_iter().chain(several.into_iter().flat_map(|window| window.iter()))
    }

    /// Notes the key of a seq that is not in yet.
    #[inline]
    pub(crate) fn insert(&mut self, seq: u64, key: Key) {
        debug_assert_eq!(self.get(seq), None, "a seq is inserted once");
        match self {
            Self::Several(window) => window.insert(seq, key),
            Self::One { .. } => self.insert_second(seq, key),
            Self::Empty => *self = Self::One { seq, key },
        }
    }

    #[inline(never)]
    fn insert_second(&mut self, seq: u64, key: Key) {
        let mut window = Box::new(Window { base: 0, slots: VecDeque::new(), live: 0, outliers: BTreeMap::new() });
        if let Self::One { seq, key } = *self {
            window.insert(seq, key);
        }
        window.insert(seq, key);
        *self = Self::Several(window);
    }

    #[inline]
    pub(crate) fn remove(&mut self, seq: u64) -> Option<Key> {
        match self {
            Self::Several(window) => {
                let removed = window.remove(seq);
                if window.live == 0 && window.outliers.is_empty() {
                    *self = Self::Empty;
                }
                removed
            }
            Self::One { seq: only, key } if *only == seq => {
                let key = *key;
                *self = Self::Empty;
                Some(key)
            }
            Self::One { .. } | Self::Empty => None,
        }
    }
}

impl Window {
    #[inline]
    fn get(&self, seq: u64) -> Option<Key> {
        match self.index(seq).and_then(|index| self.slots.get(index)) {
            Some(key) if key & VACANT == 0 => Some(*key),
            Some(_) | None => self.outlier(seq),
        }
    }

    #[inline]
    fn outlier(&self, seq: u64) -> Option<Key> {
        if self.outliers.is_empty() { None } else { self.outliers.get(&seq).copied() }
    }

    #[inline]
    fn first(&self) -> Option<u64> {
        let dense = (self.live > 0).then_some(self.base);
        if self.outliers.is_empty() { dense } else { self.first_with_outliers(dense) }
    }

    #[inline(never)]
    fn first_with_outliers(&self, dense: Option<u64>) -> Option<u64> {
        self.outliers.keys().next().copied().into_iter().chain(dense).min()
    }

    fn last_below(&mut self, seq: u64) -> Option<(u64, Key)> {
        let outlier = self.outliers.range(..seq).next_back().map(|(seq, key)| (*seq, *key));
        let top = self.index(seq.min(self.end())).unwrap_or(0);
        let mut index = top;
        while let Some(slot) = index.checked_sub(1).map(|below| self.slots[below]).filter(|slot| slot & VACANT != 0) {
            index = index.saturating_sub((slot & !VACANT) as usize);
        }
        if top > index {
            self.slots[top - 1] = VACANT | Key::try_from(top - index).unwrap_or(VACANT).min(VACANT - 1);
        }
        let dense = index.checked_sub(1).map(|index| (self.base + index as u64, self.slots[index]));
        outlier.max(dense)
    }

    fn iter(&self) -> impl Iterator<Item = (u64, Key)> {
        let dense = (self.base..).zip(self.slots.iter().copied()).filter(|(_, key)| key & VACANT == 0);
        merge(dense, self.outliers.iter().map(|(seq, key)| (*seq, *key)))
    }

    #[inline]
    fn insert(&mut self, seq: u64, key: Key) {
        if seq == self.end() && (self.slots.len() < MIN_SPAN || self.slots.len() < 4 * self.live) && self.live > 0 {
            self.slots.push_back(key);
            self.live += 1;
        } else {
            self.insert_anywhere(seq, key);
        }
    }

    #[inline(never)]
    fn insert_anywhere(&mut self, seq: u64, key: Key) {
        let max_span = max_span(self.live + 1);
        if self.live > 0 && seq < self.base && self.end() - seq > max_span {
            self.outliers.insert(seq, key);
            return;
        }
        while self.live > 0 && seq >= self.end() && seq + 1 - self.base > max_span {
            self.evict_first();
        }
        if self.live == 0 {
            self.slots.clear();
            self.base = seq;
        }
        while seq < self.base {
            self.slots.push_front(VACANT | 1);
            self.base -= 1;
        }
        while seq >= self.end() {
            self.slots.push_back(VACANT | 1);
        }
        self.forget_vacancy_above(seq);
        if let Some(index) = self.index(seq) {
            self.slots[index] = key;
        }
        self.live += 1;
    }

    /// A vacant slot is about to be filled: no slot above it may claim that it is vacant.
    fn forget_vacancy_above(&mut self, seq: u64) {
        let above = self.index(seq + 1).unwrap_or(0);
        for (distance, slot) in (1..).zip(self.slots.range_mut(above..)).take_while(|(_, slot)| **slot & VACANT != 0) {
            *slot = VACANT | (*slot & !VACANT).min(distance);
        }
    }

    #[inline]
    fn remove(&mut self, seq: u64) -> Option<Key> {
        let slot = self.index(seq).and_then(|index| self.slots.get_mut(index)).filter(|slot| **slot & VACANT == 0);
        let Some(slot) = slot else { return self.outliers.remove(&seq) };
        let key = core::mem::replace(slot, VACANT | 1);
        self.live -= 1;
        self.trim();
        if self.slots.len() > MIN_SPAN && self.slots.len() > 4 * self.live
            || self.slots.capacity() > MIN_SLOTS && self.slots.capacity() > 4 * self.slots.len()
        {
            self.tighten();
        }
        Some(key)
    }

    /// Makes a window dense again that has lost too many, and gives back the memory of one that has become short.
    #[inline(never)]
    fn tighten(&mut self) {
        while self.slots.len() as u64 > max_span(self.live) {
            self.evict_first();
        }
        if self.slots.capacity() > MIN_SLOTS.max(4 * self.slots.len()) {
            self.slots.shrink_to(MIN_SLOTS.max(2 * self.slots.len()));
        }
    }

    /// Makes the lowest seq of the window an outlier.
    fn evict_first(&mut self) {
        if let Some(key) = self.slots.pop_front() {
            self.outliers.insert(self.base, key);
            self.base += 1;
            self.live -= 1;
            self.trim();
        }
    }

    /// Makes the first slot a live one.
    #[inline]
    fn trim(&mut self) {
        if self.live == 0 {
            self.slots.clear();
        }
        while self.slots.front().is_some_and(|slot| slot & VACANT != 0) {
            self.slots.pop_front();
            self.base += 1;
        }
    }

    #[inline]
    fn index(&self, seq: u64) -> Option<usize> {
        usize::try_from(seq.checked_sub(self.base)?).ok()
    }

    #[inline]
    fn end(&self) -> u64 {
        self.base + self.slots.len() as u64
    }
}

/// How many seqs a window may span that has so many.
const fn max_span(live: usize) -> u64 {
    let span = live.saturating_mul(4);
    (if span > MIN_SPAN { span } else { MIN_SPAN }) as u64
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
