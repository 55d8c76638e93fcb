//! Where each message stands: idle, armed until a deadline, or waiting for its turn.
//!
//! The rule: a key stands in one place at a time, so a message can never have two timers, or a timer and a place in a
//! queue. Every delay is rounded up to the [timer grid](super::grid) and one first-in-first-out list is kept per grid
//! value. The clock only runs forward, so each list is sorted by construction: arming and cancelling are pointer swaps,
//! and the next deadline, the least of the lists' heads, is exact.
//!
//! ```text
//!  delay  1.007 s   [key 4, due 17.2] ⇄ [key 9, due 17.9] ⇄ [key 2, due 18.1]
//!  delay  1.074 s   [key 7, due 17.6]
//!  delay 60.000 s   (a cap that lies off the grid has a list of its own)
//!  queue  0         [key 1] ⇄ [key 5]
//! ```

use alloc::vec;
use alloc::vec::Vec;

use super::grid;
use crate::list::{Ends, Links};
use crate::memory;
use crate::slab::Key;
use crate::time::Time;

#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// The timer lists in the order of the grid from `lowest` on, then one per cap, then the queues.
    lists: Vec<List>,
    links: Links,
    /// By key: the list in which it stands, and when its timer is due.
    places: Vec<u16>,
    dues: Vec<Time>,
    /// A bit per timer list that is not empty.
    occupied: Vec<u64>,
    /// How many keys stand in the queues.
    waiting: usize,
    /// The timer list whose head is due first, and when that is: [`Time::MAX`] for never.
    earliest: usize,
    next_due: Time,
    lowest: usize,
    first_cap: usize,
    first_queue: usize,
}

/// What is known of a list without following a link.
#[derive(Clone, Copy, Debug)]
struct List {
    ends: Ends,
    /// Of a timer list: its delay in nanoseconds and the deadline of its head.
    delay: u64,
    due: Time,
}

/// The place of a key that stands nowhere.
const IDLE: u16 = u16::MAX;

/// Where a key stands, for the halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere: nothing will happen to it by itself.
    Idle,
    /// Until its deadline.
    Armed,
    /// In this queue.
    Waiting(usize),
}

impl Schedule {
    /// Makes a schedule for delays from `shortest`, capped by one of `caps`, with some queues; all in nanoseconds.
    pub(crate) fn new(shortest: u64, caps: &[u64], queues: usize) -> Self {
        let lowest = grid::index_for(shortest);
        let highest = caps.iter().map(|cap| grid::index_for(*cap)).max().unwrap_or(lowest);
        let first_cap = (highest + 1).saturating_sub(lowest).max(1);
        let first_queue = first_cap + caps.len();
        let list = |delay| List { ends: Ends::EMPTY, delay, due: Time::MAX };
        let mut lists: Vec<List> = (lowest..lowest + first_cap).map(|index| list(grid::value_at(index))).collect();
        lists.extend(caps.iter().map(|cap| list(*cap)));
        lists.resize(first_queue + queues, list(0));
        let occupied = vec![0; first_queue.div_ceil(64)];
        Self {
            lists,
            links: Links::new(),
            places: Vec::new(),
            dues: Vec::new(),
            occupied,
            waiting: 0,
            earliest: 0,
            next_due: Time::MAX,
            lowest,
            first_cap,
            first_queue,
        }
    }

    /// The most heap that a schedule of so many keys takes.
    pub(crate) fn memory_bound(keys: usize) -> usize {
        // Sixteen lists for each of at most sixty octaves, and a few more.
        memory::array::<List>(1_000) + memory::links(keys) + memory::array::<u16>(keys) + memory::array::<Time>(keys)
    }

    #[inline]
    pub(crate) fn place(&self, key: Key) -> Place {
        match self.places.get(key as usize) {
            Some(&list) if list != IDLE => match usize::from(list).checked_sub(self.first_queue) {
                Some(queue) => Place::Waiting(queue),
                None => Place::Armed,
            },
            Some(_) | None => Place::Idle,
        }
    }

    /// Arms a timer with a delay, rounded up to the grid and capped by cap number `cap`; the key leaves where it stood.
    #[inline]
    pub(crate) fn arm(&mut self, key: Key, delay: u64, cap: usize, now: Time) {
        let cap = self.first_cap + cap;
        let index = grid::index_for(delay).saturating_sub(self.lowest).min(self.first_cap - 1);
        let list = if self.lists[index].delay < self.lists[cap].delay { index } else { cap };
        self.enter(key, list);
        let entry = &mut self.lists[list];
        let due = now.plus(entry.delay);
        self.dues[key as usize] = due;
        if entry.ends.is_only(key) {
            entry.due = due;
            self.occupied[list / 64] |= 1 << (list % 64);
            if due < self.next_due {
                (self.earliest, self.next_due) = (list, due);
            }
        }
    }

    /// Puts a key last into a queue; it leaves where it stood.
    pub(crate) fn wait(&mut self, key: Key, queue: usize) {
        self.enter(key, self.first_queue + queue);
        self.waiting += 1;
    }

    /// Whether a key stands in any queue.
    #[inline]
    pub(crate) const fn is_anyone_waiting(&self) -> bool {
        self.waiting > 0
    }

    /// The key that is first in a queue.
    pub(crate) fn first_waiting(&self, queue: usize) -> Option<Key> {
        self.lists[self.first_queue + queue].ends.first()
    }

    /// Takes a key from wherever it stands.
    #[inline]
    pub(crate) fn cancel(&mut self, key: Key) {
        if let Some(place) = self.places.get_mut(key as usize) {
            let list = core::mem::replace(place, IDLE);
            self.leave(key, list);
        }
    }

    /// Takes everything from wherever it stands.
    pub(crate) fn clear(&mut self) {
        self.places.fill(IDLE);
        for list in &mut self.lists {
            list.ends = Ends::EMPTY;
            list.due = Time::MAX;
        }
        self.occupied.fill(0);
        self.waiting = 0;
        self.next_due = Time::MAX;
    }

    /// The exact time at which the next timer is due; [`Time::MAX`] for never.
    #[inline]
    pub(crate) const fn next_due(&self) -> Time {
        self.next_due
    }

    /// A key whose timer is due, with the time at which it was armed; the timer is gone.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<(Key, Time)> {
        if self.next_due > now {
            return None;
        }
        let key = self.lists[self.earliest].ends.first()?;
        let armed_at = self.armed_at(key)?;
        self.cancel(key);
        Some((key, armed_at))
    }

    /// When a key was armed, while it is.
    #[inline]
    pub(crate) fn armed_at(&self, key: Key) -> Option<Time> {
        let list = usize::from(*self.places.get(key as usize)?);
        let due = self.dues[key as usize].as_nanos();
        (list < self.first_queue).then(|| Time::from_nanos(due.saturating_sub(self.lists[list].delay)))
    }

    /// Moves a key to the end of a list.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "there are fewer than 2000 lists")]
    fn enter(&mut self, key: Key, list: usize) {
        if key as usize >= self.places.len() {
            self.places.resize(key as usize + 1, IDLE);
            self.dues.resize(key as usize + 1, Time::MAX);
        }
        let from = core::mem::replace(&mut self.places[key as usize], list as u16);
        self.leave(key, from);
        self.links.push_back(&mut self.lists[list].ends, key);
    }

    /// Takes a key out of the list in which it stood.
    #[inline]
    fn leave(&mut self, key: Key, list: u16) {
        if list == IDLE {
            return;
        }
        let list = usize::from(list);
        let ends = &mut self.lists[list].ends;
        let was_first = ends.first() == Some(key);
        self.links.remove(ends, key);
        if list >= self.first_queue {
            self.waiting -= 1;
        } else if was_first {
            self.note_head(list);
        }
    }

    /// A timer list has a new head, or none.
    fn note_head(&mut self, list: usize) {
        let entry = &mut self.lists[list];
        match entry.ends.first() {
            Some(head) => entry.due = self.dues[head as usize],
            None => {
                entry.due = Time::MAX;
                self.occupied[list / 64] &= !(1 << (list % 64));
            }
        }
        if list == self.earliest {
            self.find_earliest();
        }
    }

    fn find_earliest(&mut self) {
        self.next_due = Time::MAX;
        for (word, bits) in self.occupied.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                let list = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if self.lists[list].due < self.next_due {
                    (self.earliest, self.next_due) = (list, self.lists[list].due);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Arm(Key, u64, usize),
        Wait(Key, usize),
        Cancel(Key),
        Pass(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = 0u32..20;
        prop_oneof![
            4 => (key.clone(), 1_000u64..3_000_000, 0usize..2).prop_map(|(k, d, c)| Step::Arm(k, d, c)),
            1 => (key.clone(), 0usize..2).prop_map(|(k, q)| Step::Wait(k, q)),
            2 => key.prop_map(Step::Cancel),
            3 => (0u64..400_000).prop_map(Step::Pass),
        ]
    }

    proptest! {
        #[test]
        fn the_next_deadline_is_exact_and_timers_fire_once(steps in proptest::collection::vec(step(), 1..400)) {
            let caps = [700_001, 2_500_003];
            let mut schedule = Schedule::new(1_000, &caps, 2);
            let mut armed: BTreeMap<Key, (u64, u64)> = BTreeMap::new();
            let mut now = Time::ZERO;
            for step in steps {
                match step {
                    Step::Arm(key, delay, cap) => {
                        schedule.arm(key, delay, cap, now);
                        let rounded = grid::value_at(grid::index_for(delay)).min(caps[cap]);
                        armed.insert(key, (now.as_nanos() + rounded, now.as_nanos()));
                        prop_assert_eq!(schedule.place(key), Place::Armed);
                        prop_assert_eq!(schedule.armed_at(key), Some(now));
                    }
                    Step::Wait(key, queue) => {
                        schedule.wait(key, queue);
                        armed.remove(&key);
                        prop_assert_eq!(schedule.place(key), Place::Waiting(queue));
                    }
                    Step::Cancel(key) => {
                        schedule.cancel(key);
                        armed.remove(&key);
                        prop_assert_eq!(schedule.place(key), Place::Idle);
                    }
                    Step::Pass(nanos) => {
                        now = now.plus(nanos);
                        let mut last = 0;
                        while let Some((key, armed_at)) = schedule.pop_due(now) {
                            let (due, since) = armed.remove(&key).expect("armed in the model");
                            prop_assert!(due <= now.as_nanos() && due >= last);
                            prop_assert_eq!(armed_at.as_nanos(), since);
                            last = due;
                        }
                        prop_assert!(armed.values().all(|(due, _)| *due > now.as_nanos()));
                    }
                }
                let next = armed.values().map(|(due, _)| *due).min();
                prop_assert_eq!(schedule.next_due().as_nanos(), next.unwrap_or(u64::MAX));
            }
            schedule.clear();
            prop_assert_eq!(schedule.next_due(), Time::MAX);
            prop_assert!((0..20).all(|key| schedule.place(key) == Place::Idle));
        }
    }

    #[test]
    fn a_queue_is_first_in_first_out() {
        let mut schedule = Schedule::new(1_000, &[5_000], 1);
        for key in [3, 1, 2] {
            schedule.wait(key, 0);
        }
        let order: Vec<Key> = core::iter::from_fn(|| {
            let key = schedule.first_waiting(0)?;
            schedule.cancel(key);
            Some(key)
        })
        .collect();
        assert_eq!(order, [3, 1, 2]);
    }
}
