//! Which of many sorted lists has the earliest head.
//!
//! The rule: the earliest time is exact, and rarely recomputed. Timers are mostly answered in the order in which they
//! were armed, so nearly every answer removes the head of the earliest list, and the next head is the earliest again:
//! it is not past a bound below all other heads. Only when the head has passed the bound are the lists compared.

use alloc::vec;
use alloc::vec::Vec;

use crate::time::Time;

#[derive(Clone, Debug)]
pub(super) struct Earliest {
    /// The list whose head is due first, and when that is: [`Time::MAX`] for never.
    list: usize,
    due: Time,
    /// No head of another list is due before this.
    others: Time,
    /// A bit per list that is not empty.
    occupied: Vec<u64>,
}

impl Earliest {
    /// For `lists` lists, all empty.
    pub(super) fn new(lists: usize) -> Self {
        Self { list: 0, due: Time::MAX, others: Time::MAX, occupied: vec![0; lists.div_ceil(64)] }
    }

    #[inline]
    pub(super) const fn list(&self) -> usize {
        self.list
    }

    /// [`Time::MAX`] for never.
    #[inline]
    pub(super) const fn due(&self) -> Time {
        self.due
    }

    /// A list that was empty has a head.
    #[inline(never)]
    pub(super) fn on_first(&mut self, list: usize, due: Time) {
        self.occupied[list / 64] |= 1 << (list % 64);
        if due < self.due {
            self.others = self.due;
            (self.list, self.due) = (list, due);
        } else {
            self.others = self.others.min(due);
        }
    }

    /// A list's head was removed; the next, if any, is due at `next`. `head` returns when the head of any list is due.
    #[inline]
    pub(super) fn on_head_left(&mut self, list: usize, next: Option<Time>, head: impl Fn(usize) -> Time) {
        if next.is_none() {
            self.occupied[list / 64] &= !(1 << (list % 64));
        }
        if list == self.list {
            self.due = next.unwrap_or(Time::MAX);
            if self.due >= self.others && self.others < Time::MAX {
                self.compare(head);
            }
        }
    }

    /// All lists have become empty.
    pub(super) fn clear(&mut self) {
        self.occupied.fill(0);
        (self.due, self.others) = (Time::MAX, Time::MAX);
    }

    #[inline(never)]
    fn compare(&mut self, head: impl Fn(usize) -> Time) {
        (self.due, self.others) = (Time::MAX, Time::MAX);
        for (word, bits) in self.occupied.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                let list = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let due = head(list);
                if due < self.due {
                    self.others = self.due;
                    (self.list, self.due) = (list, due);
                } else {
                    self.others = self.others.min(due);
                }
            }
        }
    }
}
