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

/// The seqs from `base` to `base + span`.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// The lowest seq, which is live.
    base: u64,
    /// The end stays where it was when the highest seqs are gone: the next one comes after them.
    span: usize,
    live: usize,
    /// A seq has the slot of its low bits: a key, or [`VACANT`] with a distance. There are a power of two of them.
    slots: Box<[Key]>,
    outliers: BTreeMap<u64, Key>,
}

/// The mark of a slot without a key. The other bits tell how many slots, from this one down, are known to be vacant.
const VACANT: Key = 1 << 31;
/// A window may always span this many seqs.
const MIN_SPAN: usize = 64;
/// A window with more slots than this gives memory back when it spans less than a quarter of them.
const MIN_SLOTS: usize = 64;

impl SeqMap {
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
        let mut window = Box::new(Window {
            base: 0,
            span: 0,
            live: 0,
            slots: vec![0; 4].into_boxed_slice(),
            outliers: BTreeMap::new(),
        });
        if let Self::One { seq, key } = *self {
            window.insert(seq, key);
        }
        window.insert(seq, key);
        *self = Self::Several(window);
    }

    #[inline(always)]
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
    #[inline(always)]
    fn get(&self, seq: u64) -> Option<Key> {
        if self.spans(seq) {
            let slot = self.slots[slot(seq, &self.slots)];
            if slot & VACANT == 0 {
                return Some(slot);
            }
        }
        if self.outliers.is_empty() { None } else { self.outliers.get(&seq).copied() }
    }

    #[inline]
    fn first(&self) -> Option<u64> {
        let dense = (self.live > 0).then_some(self.base);
        match self.outliers.first_key_value() {
            Some((outlier, _)) => dense.into_iter().chain([*outlier]).min(),
            None => dense,
        }
    }

    fn last_below(&mut self, seq: u64) -> Option<(u64, Key)> {
        let outlier = self.outliers.range(..seq).next_back().map(|(seq, key)| (*seq, *key));
        let top = seq.min(self.end());
        let mut end = top;
        while end > self.base {
            let key = self.slots[slot(end - 1, &self.slots)];
            if key & VACANT == 0 {
                break;
            }
            end = end.saturating_sub(u64::from(key & !VACANT));
        }
        if end < top {
            let vacant = Key::try_from(top - end).unwrap_or(VACANT).min(VACANT - 1);
            self.slots[slot(top - 1, &self.slots)] = VACANT | vacant;
        }
        let dense = (end > self.base).then(|| (end - 1, self.slots[slot(end - 1, &self.slots)]));
        outlier.max(dense)
    }

    fn iter(&self) -> impl Iterator<Item = (u64, Key)> {
        let dense = (self.base..self.end()).map(|seq| (seq, self.slots[slot(seq, &self.slots)]));
        let dense = dense.filter(|(_, key)| key & VACANT == 0);
        merge(dense, self.outliers.iter().map(|(seq, key)| (*seq, *key)))
    }

    #[inline]
    fn insert(&mut self, seq: u64, key: Key) {
        // One more at the end leaves a window dense that is, unless it just spans what every window may.
        let stays_dense = self.span < MIN_SPAN || self.live > MIN_SPAN / 4;
        if seq == self.end() && self.span < self.slots.len() && self.live > 0 && stays_dense {
            self.span += 1;
            self.live += 1;
            self.slots[slot(seq, &self.slots)] = key;
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
            (self.base, self.span) = (seq, 0);
        }
        let (base, end) = (self.base.min(seq), self.end().max(seq + 1));
        let span = usize::try_from(end - base).unwrap_or(usize::MAX);
        if span > self.slots.len() {
            self.resize(span);
        }
        for vacant in (base..self.base).chain(self.end()..end) {
            self.slots[slot(vacant, &self.slots)] = VACANT | 1;
        }
        (self.base, self.span) = (base, span);
        self.forget_vacancy_above(seq);
        self.slots[slot(seq, &self.slots)] = key;
        self.live += 1;
    }

    /// A vacant slot is about to be filled: no slot above it may claim that it is vacant.
    fn forget_vacancy_above(&mut self, seq: u64) {
        for (distance, above) in (1..).zip(seq + 1..self.end()) {
            let slot = &mut self.slots[slot(above, &self.slots)];
            if *slot & VACANT == 0 {
                break;
            }
            *slot = VACANT | (*slot & !VACANT).min(distance);
        }
    }

    #[inline(always)]
    fn remove(&mut self, seq: u64) -> Option<Key> {
        let slot = slot(seq, &self.slots);
        let key = self.slots[slot];
        if !self.spans(seq) || key & VACANT != 0 {
            return self.outliers.remove(&seq);
        }
        self.slots[slot] = VACANT | 1;
        self.live -= 1;
        if seq == self.base {
            self.trim();
        }
        if self.span > MIN_SPAN && self.span > 4 * self.live || self.slots.len() > MIN_SLOTS.max(4 * self.span) {
            self.tighten();
        }
        Some(key)
    }

    /// Makes a window dense again that has lost too many, and gives back the memory of one that has become short.
    #[inline(never)]
    fn tighten(&mut self) {
        while self.span as u64 > max_span(self.live) {
            self.evict_first();
        }
        if self.slots.len() > MIN_SLOTS.max(4 * self.span) {
            self.resize(MIN_SLOTS.max(2 * self.span));
        }
    }

    /// Makes the lowest seq of the window an outlier.
    fn evict_first(&mut self) {
        let slot = slot(self.base, &self.slots);
        self.outliers.insert(self.base, self.slots[slot]);
        self.slots[slot] = VACANT | 1;
        self.live -= 1;
        self.trim();
    }

    /// Makes the lowest seq a live one, if there is any.
    #[inline(always)]
    fn trim(&mut self) {
        if self.live == 0 {
            self.span = 0;
            return;
        }
        while self.slots[slot(self.base, &self.slots)] & VACANT != 0 {
            self.base += 1;
            self.span -= 1;
        }
    }

    #[inline(never)]
    fn resize(&mut self, slots: usize) {
        let before = core::mem::replace(&mut self.slots, vec![0; slots.next_power_of_two()].into_boxed_slice());
        for seq in self.base..self.end() {
            self.slots[slot(seq, &self.slots)] = before[slot(seq, &before)];
        }
    }

    #[inline]
    const fn spans(&self, seq: u64) -> bool {
        seq.wrapping_sub(self.base) < self.span as u64
    }

    #[inline]
    const fn end(&self) -> u64 {
        self.base + self.span as u64
    }
}

/// The slot of a seq.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
const fn slot(seq: u64, slots: &[Key]) -> usize {
    seq as usize & (slots.len() - 1)
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
