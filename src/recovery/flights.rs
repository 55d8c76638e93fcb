//! The timers of what is in flight, and the queues of what waits to leave.
//!
//! The rule: a message is in one list at a time, so it can never have two timers, or a timer and a place in a queue.
//! Every delay is rounded up to the [timer grid](super::grid), and there is one first-in-first-out list for each grid
//! value. The clock only runs forward, so each list is sorted by construction: to arm or to cancel a timer is to relink
//! it, and the next deadline, the minimum of the lists' heads, is exact.
//!
//! ```text
//!  delay  1.007 s   [key 4, due 17.2] ⇄ [key 9, due 17.9] ⇄ [key 2, due 18.1]
//!  delay  1.074 s   [key 7, due 17.6]
//!  delay 60.000 s   (the last list of a class: longer delays are capped)
//!  queue  0         [key 1] ⇄ [key 5]
//! ```

use alloc::vec::Vec;

use super::earliest::Earliest;
use super::grid::{self, Delay};
use crate::collections::{self, Bytes, Key, Links, List};
use crate::time::Time;

/// The lists. A *class* is a set of timer lists whose delays have a minimum and a cap in common.
#[derive(Clone, Debug)]
pub(crate) struct Flights<const CLASSES: usize> {
    /// By message.
    links: Links<Flight>,
    /// The timer lists, class by class in the order of the grid, then the queues.
    lists: Vec<DelayList>,
    classes: [Class; CLASSES],
    first_queue: usize,
    /// Of the timer lists.
    earliest: Earliest,
    /// The number of messages in the queues.
    queued: usize,
}

/// The lists of one class: one for each grid value from the minimum on; the last one is for the cap.
#[derive(Clone, Copy, Debug)]
struct Class {
    min: Delay,
    first: usize,
    last: usize,
}

/// A list, and the delay of a timer list in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct DelayList {
    list: List,
    delay: u64,
}

impl DelayList {
    const fn new(delay: u64) -> Self {
        Self { list: List::EMPTY, delay }
    }
}

/// When the timer of a message is due, and its list. Packed, since there is one for each message: it takes 10 bytes and
/// not 16.
#[derive(Clone, Copy, Debug)]
#[repr(Rust, packed(2))]
struct Flight {
    due: Time,
    list: u16,
}

impl Default for Flight {
    /// In no list.
    fn default() -> Self {
        Self { due: Time::MAX, list: IDLE }
    }
}

/// The list index of a message in no list.
const IDLE: u16 = u16::MAX;

/// In which kind of list a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlightState {
    /// In no list: no timer, no queue.
    Idle,
    /// Its timer runs.
    Armed,
    /// In this queue.
    Queued(usize),
}

impl<const CLASSES: usize> Flights<CLASSES> {
    /// Makes empty lists. A class is given by its minimum and its cap, in nanoseconds.
    pub(crate) fn new(classes: [(u64, u64); CLASSES], queues: usize) -> Self {
        let mut lists = Vec::new();
        let classes = classes.map(|(min, cap)| {
            let (min, max) = (grid::delay_for(min), grid::delay_for(cap));
            let first = lists.len();
            lists.extend((0..max.steps_after(min)).map(|step| DelayList::new(min.plus(step).nanos())));
            lists.push(DelayList::new(cap));
            Class { min, first, last: lists.len() - 1 }
        });
        let first_queue = lists.len();
        lists.resize(first_queue + queues, DelayList::new(0));
        let earliest = Earliest::new(first_queue);
        Self { links: Links::new(), lists, classes, first_queue, earliest, queued: 0 }
    }

    /// The maximum heap for `messages` messages.
    pub(crate) fn footprint(messages: usize) -> Bytes {
        // Sixteen lists for each of at most sixty octaves, and a few more.
        collections::array::<DelayList>(1_000) * CLASSES + collections::links::<Flight>(messages)
    }

    #[inline]
    pub(crate) fn state(&self, key: Key) -> FlightState {
        match self.list(key).map(|list| list.checked_sub(self.first_queue)) {
            Some(Some(queue)) => FlightState::Queued(queue),
            Some(None) => FlightState::Armed,
            None => FlightState::Idle,
        }
    }

    #[inline]
    fn list(&self, key: Key) -> Option<usize> {
        let list = self.links.datum(key)?.list;
        (list != IDLE).then_some(usize::from(list))
    }

    /// Arms a timer of a class with a delay; removes the message from its list first.
    #[inline(always)]
    pub(crate) fn arm(&mut self, key: Key, class: usize, delay: Delay, now: Time) {
        self.cancel(key);
        let Class { min, first, last } = self.classes[class];
        let index = (first + usize::from(delay.steps_after(min))).min(last);
        let due = now.plus(self.lists[index].delay);
        if self.enter(key, index, due) {
            self.earliest.on_first(index, due);
        }
    }

    /// Appends a message to a queue; removes it from its list first.
    pub(crate) fn queue(&mut self, key: Key, queue: usize) {
        self.cancel(key);
        self.enter(key, self.first_queue + queue, Time::ZERO);
        self.queued += 1;
    }

    /// Whether every queue is empty.
    #[inline]
    pub(crate) const fn queues_are_empty(&self) -> bool {
        self.queued == 0
    }

    /// The first message of a queue.
    pub(crate) fn first_queued(&self, queue: usize) -> Option<Key> {
        self.lists[self.first_queue + queue].list.first()
    }

    /// Removes a message from its list, if any.
    #[inline(always)]
    pub(crate) fn cancel(&mut self, key: Key) {
        if let Some(flight) = self.links.datum_mut(key) {
            let list = core::mem::take(flight).list;
            if list != IDLE {
                self.leave(key, usize::from(list));
            }
        }
    }

    /// Empties all lists; `each` is called with every message that was in one.
    pub(crate) fn clear(&mut self, mut each: impl FnMut(Key)) {
        for DelayList { list, .. } in &mut self.lists {
            let mut next = core::mem::replace(list, List::EMPTY).first();
            while let Some(key) = next {
                next = self.links.next(key);
                self.links.datum_mut(key).into_iter().for_each(|flight| *flight = Flight::default());
                each(key);
            }
        }
        self.earliest.clear();
        self.queued = 0;
    }

    /// The exact time at which the next timer is due; [`Time::MAX`] for never.
    #[inline]
    pub(crate) const fn next_due(&self) -> Time {
        self.earliest.due()
    }

    /// Removes and returns a message whose timer is due, with the time at which it was armed.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<(Key, Time)> {
        if self.earliest.due() > now {
            return None;
        }
        let index = self.earliest.list();
        let DelayList { list, delay } = self.lists[index];
        let key = list.first()?;
        let due = core::mem::take(self.links.datum_mut(key)?).due;
        self.leave(key, index);
        Some((key, Time::from_nanos(due.as_nanos().saturating_sub(delay))))
    }

    /// Returns when the timer of a message was armed, while it runs.
    #[inline]
    pub(crate) fn armed_at(&self, key: Key) -> Option<Time> {
        let Flight { due, list } = *self.links.datum(key)?;
        let delay = self.lists[..self.first_queue].get(usize::from(list))?.delay;
        Some(Time::from_nanos(due.as_nanos().saturating_sub(delay)))
    }

    /// Appends a message that is in no list to one; returns whether it is alone there.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "there are fewer than 1,000 lists a class")]
    fn enter(&mut self, key: Key, index: usize, due: Time) -> bool {
        let list = &mut self.lists[index].list;
        let is_first = list.first().is_none();
        self.links.push_back(list, key, Flight { due, list: index as u16 });
        is_first
    }

    #[inline(always)]
    fn leave(&mut self, key: Key, index: usize) {
        let Self { links, lists, earliest, .. } = self;
        let list = &mut lists[index].list;
        let was_first = list.first() == Some(key);
        links.unlink(list, key);
        if index >= self.first_queue {
            self.queued -= 1;
        } else if was_first {
            let due = |key| links.datum(key).map_or(Time::MAX, |flight| flight.due);
            let next = list.first().map(due);
            earliest.on_head_left(index, next, |index| lists[index].list.first().map_or(Time::MAX, due));
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
        Queue(Key, usize),
        Cancel(Key),
        Pass(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = 0u32..20;
        prop_oneof![
            4 => (key.clone(), 1_000u64..3_000_000, 0usize..2).prop_map(|(k, d, c)| Step::Arm(k, d, c)),
            1 => (key.clone(), 0usize..2).prop_map(|(k, q)| Step::Queue(k, q)),
            2 => key.prop_map(Step::Cancel),
            3 => (0u64..400_000).prop_map(Step::Pass),
        ]
    }

    proptest! {
        #[test]
        fn the_next_deadline_is_exact_and_timers_fire_once(steps in proptest::collection::vec(step(), 1..400)) {
            let caps = [700_001, 2_500_003];
            let mut flights = Flights::new([(1_000, caps[0]), (1_500, caps[1])], 2);
            let mut armed: BTreeMap<Key, (u64, u64)> = BTreeMap::new();
            let mut now = Time::ZERO;
            for step in steps {
                match step {
                    Step::Arm(key, delay, cap) => {
                        let delay = grid::delay_for(delay + 500);
                        flights.arm(key, cap, delay, now);
                        let rounded = delay.nanos().min(caps[cap]);
                        armed.insert(key, (now.as_nanos() + rounded, now.as_nanos()));
                        prop_assert_eq!(flights.state(key), FlightState::Armed);
                        prop_assert_eq!(flights.armed_at(key), Some(now));
                    }
                    Step::Queue(key, queue) => {
                        flights.queue(key, queue);
                        armed.remove(&key);
                        prop_assert_eq!(flights.state(key), FlightState::Queued(queue));
                    }
                    Step::Cancel(key) => {
                        flights.cancel(key);
                        armed.remove(&key);
                        prop_assert_eq!(flights.state(key), FlightState::Idle);
                    }
                    Step::Pass(nanos) => {
                        now = now.plus(nanos);
                        let mut last = 0;
                        while let Some((key, armed_at)) = flights.pop_due(now) {
                            let (due, since) = armed.remove(&key).expect("armed in the model");
                            prop_assert!(due <= now.as_nanos() && due >= last);
                            prop_assert_eq!(armed_at.as_nanos(), since);
                            last = due;
                        }
                        prop_assert!(armed.values().all(|(due, _)| *due > now.as_nanos()));
                    }
                }
                let next = armed.values().map(|(due, _)| *due).min();
                prop_assert_eq!(flights.next_due().as_nanos(), next.unwrap_or(u64::MAX));
            }
            flights.clear(|_| {});
            prop_assert_eq!(flights.next_due(), Time::MAX);
            prop_assert!((0..20).all(|key| flights.state(key) == FlightState::Idle));
        }
    }

    #[test]
    fn a_queue_is_first_in_first_out() {
        let mut flights = Flights::new([(1_000, 5_000)], 1);
        for key in [3, 1, 2] {
            flights.queue(key, 0);
        }
        let order: Vec<Key> = core::iter::from_fn(|| {
            let key = flights.first_queued(0)?;
            flights.cancel(key);
            Some(key)
        })
        .collect();
        assert_eq!((order, flights.queues_are_empty()), ([3, 1, 2].into(), true));
    }
}
