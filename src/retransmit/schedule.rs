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
//!  delay 60.000 s   (the last of a class: what would take longer is capped)
//!  queue  0         [key 1] ⇄ [key 5]
//! ```

use alloc::vec::Vec;

use super::earliest::Earliest;
use super::grid::{self, Delay};
use crate::memory::{self, Bytes};
use crate::slab::{Key, NIL};
use crate::time::Time;

/// Places for timers of so many classes: delays that have a cap in common.
#[derive(Clone, Debug)]
pub(crate) struct Schedule<const CLASSES: usize> {
    /// By key: where it stands.
    nodes: Vec<Node>,
    /// The timer lists, class by class in the order of the grid, then the queues.
    lists: Vec<List>,
    classes: [Class; CLASSES],
    first_queue: usize,
    /// Of the timer lists.
    earliest: Earliest,
    /// How many keys stand in the queues.
    waiting: usize,
}

/// The lists of one class: one for each grid value from the shortest delay on; in the last one everything waits for the cap.
#[derive(Clone, Copy, Debug)]
struct Class {
    shortest: Delay,
    first: usize,
    last: usize,
}

impl Class {
    #[inline]
    fn list(&self, delay: Delay) -> usize {
        (self.first + usize::from(delay.steps_after(self.shortest))).min(self.last)
    }
}

/// A key's place: its list, its neighbours there, and when its timer is due. Packed, since there is one for each message: it
/// takes 18 bytes and not 24.
#[derive(Clone, Copy, Debug)]
#[repr(Rust, packed(2))]
struct Node {
    prev: Key,
    next: Key,
    due: Time,
    list: u16,
}

impl Node {
    /// The place of a key that stands nowhere.
    const IDLE: Self = Self { prev: NIL, next: NIL, due: Time::MAX, list: IDLE };
}

/// The two ends of one list, and the delay of a timer list in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct List {
    head: Key,
    tail: Key,
    delay: u64,
}

impl List {
    const fn new(delay: u64) -> Self {
        Self { head: NIL, tail: NIL, delay }
    }
}

/// The list of a key that stands nowhere.
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

impl<const CLASSES: usize> Schedule<CLASSES> {
    /// Makes a schedule with some queues. Of each class the shortest delay and the cap are told, in nanoseconds.
    pub(crate) fn new(classes: [(u64, u64); CLASSES], queues: usize) -> Self {
        let mut lists = Vec::new();
        let classes = classes.map(|(shortest, cap)| {
            let (shortest, longest) = (grid::delay_for(shortest), grid::delay_for(cap));
            let first = lists.len();
            lists.extend((0..longest.steps_after(shortest)).map(|step| List::new(shortest.plus(step).nanos())));
            lists.push(List::new(cap));
            Class { shortest, first, last: lists.len() - 1 }
        });
        let first_queue = lists.len();
        lists.resize(first_queue + queues, List::new(0));
        Self { nodes: Vec::new(), lists, classes, first_queue, earliest: Earliest::new(first_queue), waiting: 0 }
    }

    /// The most heap that a schedule of so many keys takes.
    pub(crate) fn memory_bound(keys: usize) -> Bytes {
        // Sixteen lists for each of at most sixty octaves, and a few more.
        memory::array::<List>(1_000) * CLASSES + memory::array::<Node>(keys)
    }

    #[inline]
    pub(crate) fn place(&self, key: Key) -> Place {
        match self.nodes.get(key as usize) {
            Some(node) if node.list != IDLE => match usize::from(node.list).checked_sub(self.first_queue) {
                Some(queue) => Place::Waiting(queue),
                None => Place::Armed,
            },
            Some(_) | None => Place::Idle,
        }
    }

    /// Arms a timer of a class with a delay; the key leaves where it stood.
    pub(crate) fn arm(&mut self, key: Key, class: usize, delay: Delay, now: Time) {
        self.cancel(key);
        let list = self.classes[class].list(delay);
        let due = now.plus(self.lists[list].delay);
        if self.enter(key, list, due) {
            self.earliest.on_first(list, due);
        }
    }

    /// Puts a key last into a queue; it leaves where it stood.
    pub(crate) fn wait(&mut self, key: Key, queue: usize) {
        self.cancel(key);
        self.enter(key, self.first_queue + queue, Time::ZERO);
        self.waiting += 1;
    }

    /// Whether a key stands in any queue.
    #[inline]
    pub(crate) const fn is_anyone_waiting(&self) -> bool {
        self.waiting > 0
    }

    /// The key that is first in a queue.
    pub(crate) fn first_waiting(&self, queue: usize) -> Option<Key> {
        let head = self.lists[self.first_queue + queue].head;
        (head != NIL).then_some(head)
    }

    /// Takes a key from wherever it stands.
    #[inline]
    pub(crate) fn cancel(&mut self, key: Key) {
        if let Some(node) = self.nodes.get_mut(key as usize) {
            let Node { prev, next, list, .. } = *node;
            if list != IDLE {
                node.list = IDLE;
                self.leave(prev, next, list);
            }
        }
    }

    /// Takes everything from wherever it stands.
    pub(crate) fn clear(&mut self) {
        self.nodes.fill(Node::IDLE);
        for list in &mut self.lists {
            (list.head, list.tail) = (NIL, NIL);
        }
        self.earliest.clear();
        self.waiting = 0;
    }

    /// The exact time at which the next timer is due; [`Time::MAX`] for never.
    #[inline]
    pub(crate) const fn next_due(&self) -> Time {
        self.earliest.due()
    }

    /// A key whose timer is due, with the time at which it was armed; the timer is gone.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<(Key, Time)> {
        if self.earliest.due() > now {
            return None;
        }
        let key = self.lists[self.earliest.list()].head;
        let armed_at = self.armed_at(key)?;
        self.cancel(key);
        Some((key, armed_at))
    }

    /// When a key was armed, while it is.
    #[inline]
    pub(crate) fn armed_at(&self, key: Key) -> Option<Time> {
        let node = self.nodes.get(key as usize)?;
        let list = usize::from(node.list);
        let delay = self.lists.get(list)?.delay;
        (list < self.first_queue).then(|| Time::from_nanos(node.due.as_nanos().saturating_sub(delay)))
    }

    /// Puts a key that stands nowhere last into a list; tells whether it is alone there.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "there are fewer than 1,000 lists a class")]
    fn enter(&mut self, key: Key, list: usize, due: Time) -> bool {
        if key as usize >= self.nodes.len() {
            self.make_room(key);
        }
        let ends = &mut self.lists[list];
        let last = core::mem::replace(&mut ends.tail, key);
        self.nodes[key as usize] = Node { prev: last, next: NIL, due, list: list as u16 };
        match self.nodes.get_mut(last as usize) {
            Some(node) => node.next = key,
            None => ends.head = key,
        }
        last == NIL
    }

    #[cold]
    fn make_room(&mut self, key: Key) {
        self.nodes.resize(key as usize + 1, Node::IDLE);
    }

    /// Takes a key that stood between two others out of its list.
    #[inline(always)]
    fn leave(&mut self, prev: Key, next: Key, list: u16) {
        let list = usize::from(list);
        let ends = &mut self.lists[list];
        match self.nodes.get_mut(next as usize) {
            Some(node) => node.prev = prev,
            None => ends.tail = prev,
        }
        match self.nodes.get_mut(prev as usize) {
            Some(node) => node.next = next,
            None => ends.head = next,
        }
        if list >= self.first_queue {
            self.waiting -= 1;
        } else if prev == NIL {
            let Self { nodes, lists, earliest, .. } = self;
            let head = |list: usize| nodes[lists[list].head as usize].due;
            match nodes.get(next as usize) {
                Some(node) => earliest.on_next(list, node.due, head),
                None => earliest.on_last(list, head),
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
            let mut schedule = Schedule::new([(1_000, caps[0]), (1_500, caps[1])], 2);
            let mut armed: BTreeMap<Key, (u64, u64)> = BTreeMap::new();
            let mut now = Time::ZERO;
            for step in steps {
                match step {
                    Step::Arm(key, delay, cap) => {
                        let delay = grid::delay_for(delay + 500);
                        schedule.arm(key, cap, delay, now);
                        let rounded = delay.nanos().min(caps[cap]);
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
        let mut schedule = Schedule::new([(1_000, 5_000)], 1);
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
