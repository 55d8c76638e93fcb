//! The timers of what is in flight.
//!
//! The rule: **timers are derived, not stored.** What waits for an answer stands in a first-in-first-out list, one for
//! each number of unanswered transmissions (the *level*), with the time at which it entered: always now, always at the
//! back. The delay belongs to the list and follows the current [`Timing`]. So the head of a list is its earliest
//! deadline, the next deadline is the least of the heads, and all deadlines follow the estimate of the round trip.
//!
//! What is *overdue* (a later transmission was answered) stands before the rest in each list and has a shorter delay, so
//! the head is the earliest all the same.
//!
//! ```text
//!  level 0   [key 4, 17.2 s] ⇄ [key 9, 17.9 s]      delay RTO
//!  level 1   [key 7, 17.6 s]                        delay 2 · RTO
//! ```
//!
//! A key is in one list at a time: in one of these, or in a queue of the caller that shares the links.

use alloc::vec::Vec;

use super::backoff::{Backoff, Jitter, Stretch};
use crate::collections::{self, Bytes, Key, Links, List};
use crate::time::Time;

#[derive(Clone, Debug)]
pub(crate) struct Flights {
    links: Links<Flight>,
    /// By level.
    lists: Vec<TimerList>,
    /// A bit for each list that is not empty.
    occupied: u64,
    /// The earliest deadline, unless a head has left or delays have changed since it was computed.
    earliest: Option<Time>,
    timing: Timing,
    /// What was transmitted before this number is overdue.
    overdue_before: u32,
}

/// The delays now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) backoff: Backoff,
    /// The delay of what is overdue, at most the base.
    pub(crate) overdue: u64,
    /// It changes with the others.
    pub(crate) version: u32,
}

#[derive(Clone, Copy, Debug)]
struct TimerList {
    list: List,
    /// Drawn anew when a head fires.
    stretch: Stretch,
    /// The delay of its level, lengthened; true while the list is not empty.
    delay: u64,
}

/// The last transmission, and the list that it waits in. Packed to 13 bytes: there is one for each message.
#[derive(Clone, Copy, Debug)]
#[repr(Rust, packed(4))]
struct Flight {
    entered: Time,
    /// The number of the transmission; it wraps.
    number: u32,
    list: u8,
}

impl Default for Flight {
    fn default() -> Self {
        Self { entered: Time::ZERO, number: 0, list: IDLE }
    }
}

const IDLE: u8 = u8::MAX;
/// The first number of a caller's queue.
const QUEUES: u8 = 0x80;

/// Where a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In no list.
    Idle,
    /// Its timer runs.
    Timer,
    /// In this queue of the caller.
    Queue(u8),
}

/// A flight whose timer has fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) key: Key,
    pub(crate) entered: Time,
    pub(crate) is_overdue: bool,
}

impl Flights {
    /// Makes empty lists for all levels between the least base and the cap.
    pub(crate) fn new(range: Backoff, timing: Timing, jitter: &mut Jitter) -> Self {
        let lists = (0..range.levels()).map(|_| TimerList { list: List::EMPTY, stretch: jitter.draw(), delay: 0 });
        Self {
            links: Links::new(),
            lists: lists.collect(),
            occupied: 0,
            earliest: Some(Time::MAX),
            timing,
            overdue_before: 0,
        }
    }

    /// All delays follow a new timing.
    #[inline]
    pub(crate) fn follow(&mut self, timing: &Timing) {
        if self.timing.version != timing.version {
            self.change(timing);
        }
    }

    #[inline(never)]
    fn change(&mut self, timing: &Timing) {
        self.timing = *timing;
        self.earliest = None;
        let mut occupied = self.occupied;
        while occupied != 0 {
            self.derive(occupied.trailing_zeros() as usize);
            occupied &= occupied - 1;
        }
    }

    fn derive(&mut self, index: usize) {
        let list = &mut self.lists[index];
        list.delay = self.timing.backoff.delay(index, list.stretch);
    }

    /// A transmission was answered that was the only one of its message: what was transmitted before it is overdue.
    #[inline]
    pub(crate) const fn on_answered_once(&mut self, number: u32) {
        if !precedes(number, self.overdue_before) {
            self.overdue_before = number;
            self.earliest = None;
        }
    }

    /// The maximum heap for `keys` keys.
    pub(crate) fn footprint(keys: usize) -> Bytes {
        collections::array::<TimerList>(64) + collections::links::<Flight>(keys)
    }

    #[inline]
    pub(crate) fn place(&self, key: Key) -> Place {
        match self.links.datum(key).map_or(IDLE, |flight| flight.list) {
            IDLE => Place::Idle,
            list if list < QUEUES => Place::Timer,
            list => Place::Queue(list - QUEUES),
        }
    }

    /// When a key entered its list, and the number of its last transmission.
    pub(crate) fn last(&self, key: Key) -> (Time, u32) {
        let Flight { entered, number, .. } = self.links.datum(key).copied().unwrap_or_default();
        (entered, number)
    }

    /// Starts the timer of a key that is in no list.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "at most 64 lists")]
    pub(crate) fn arm(&mut self, key: Key, level: u32, number: u32, now: Time) {
        debug_assert_eq!(self.place(key), Place::Idle, "a key is in one list");
        let index = (level as usize).min(self.lists.len() - 1);
        self.links.push_back(&mut self.lists[index].list, key, Flight { entered: now, number, list: index as u8 });
        if self.occupied & (1 << index) == 0 {
            self.occupied |= 1 << index;
            self.derive(index);
            let due = now.plus(self.lists[index].delay);
            self.earliest = self.earliest.map(|earliest| earliest.min(due));
        }
    }

    /// Stops the timer of a key whose timer runs.
    #[inline(always)]
    pub(crate) fn disarm(&mut self, key: Key) {
        let Some(flight) = self.links.datum_mut(key) else { return };
        let index = usize::from(core::mem::replace(&mut flight.list, IDLE));
        let list = &mut self.lists[index].list;
        if list.first() == Some(key) {
            self.earliest = None;
        }
        self.links.unlink(list, key);
        if list.first().is_none() {
            self.occupied &= !(1 << index);
        }
    }

    /// Appends a key that is in no list to a queue of the caller.
    pub(crate) fn push(&mut self, queue: &mut List, name: u8, key: Key) {
        let flight = self.queued(name, key);
        self.links.push_back(queue, key, flight);
    }

    /// As [`push`](Self::push), before the first.
    pub(crate) fn push_front(&mut self, queue: &mut List, name: u8, key: Key) {
        let flight = self.queued(name, key);
        self.links.push_front(queue, key, flight);
    }

    fn queued(&self, name: u8, key: Key) -> Flight {
        debug_assert_eq!(self.place(key), Place::Idle, "a key is in one list");
        Flight { list: QUEUES + name, ..self.links.datum(key).copied().unwrap_or_default() }
    }

    /// Removes a key from the queue in which it is.
    pub(crate) fn remove(&mut self, queue: &mut List, key: Key) {
        self.links.unlink(queue, key);
        self.links.datum_mut(key).into_iter().for_each(|flight| flight.list = IDLE);
    }

    /// When the next timer is due; [`Time::MAX`] for never.
    #[inline]
    pub(crate) fn next_due(&mut self) -> Time {
        match self.earliest {
            Some(earliest) => earliest,
            None => self.compare_heads(),
        }
    }

    #[inline(never)]
    fn compare_heads(&mut self) -> Time {
        let (mut earliest, mut occupied) = (Time::MAX, self.occupied);
        while occupied != 0 {
            let list = self.lists[occupied.trailing_zeros() as usize].list;
            occupied &= occupied - 1;
            earliest = earliest.min(list.first().and_then(|head| self.due(head)).unwrap_or(Time::MAX));
        }
        self.earliest = Some(earliest);
        earliest
    }

    /// When the timer of a key is due, while it runs.
    #[inline]
    pub(crate) fn due(&self, key: Key) -> Option<Time> {
        let flight = self.links.datum(key).filter(|flight| flight.list < QUEUES)?;
        Some(flight.entered.plus(self.delay(*flight)))
    }

    /// When a timer would be due that starts now.
    pub(crate) fn due_if_armed(&self, level: u32, now: Time) -> Time {
        let index = (level as usize).min(self.lists.len() - 1);
        now.plus(self.timing.backoff.delay(index, self.lists[index].stretch))
    }

    #[inline]
    fn delay(&self, flight: Flight) -> u64 {
        let list = &self.lists[usize::from(flight.list)];
        if precedes(flight.number, self.overdue_before) {
            return list.stretch.of(self.timing.overdue).min(self.timing.backoff.cap);
        }
        list.delay
    }

    /// Returns the flight whose timer is due first and stops it, if it is due now.
    #[inline]
    pub(crate) fn pop_due(&mut self, now: Time, jitter: &mut Jitter) -> Option<Due> {
        if self.next_due() <= now { self.pop(now, jitter, |_| 0) } else { None }
    }

    /// As [`pop_due`](Self::pop_due), up to an eighth of its delay before it is due.
    pub(crate) fn pop_nearly_due(&mut self, now: Time, jitter: &mut Jitter) -> Option<Due> {
        self.pop(now, jitter, |delay| delay / 8)
    }

    fn pop(&mut self, now: Time, jitter: &mut Jitter, slack: impl Fn(u64) -> u64) -> Option<Due> {
        let heads = self.lists.iter().filter_map(|list| list.list.first()).filter_map(|key| {
            let flight = *self.links.datum(key)?;
            let delay = self.delay(flight);
            Some((flight.entered.plus(delay - slack(delay)), flight.list, key))
        });
        let (_, list, key) = heads.min().filter(|(due, ..)| *due <= now)?;
        let (entered, number) = self.last(key);
        self.disarm(key);
        self.lists[usize::from(list)].stretch = jitter.draw();
        self.derive(usize::from(list));
        Some(Due { key, entered, is_overdue: precedes(number, self.overdue_before) })
    }

    /// The keys whose timers run: by level, and within each in the order of entering.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        self.lists.iter().flat_map(|list| self.links.iter(list.list))
    }

    /// The keys of a queue.
    pub(crate) fn iter(&self, queue: List) -> impl Iterator<Item = Key> {
        self.links.iter(queue)
    }

    /// All timers start again now.
    pub(crate) fn restart(&mut self, now: Time) {
        for index in 0..self.lists.len() {
            let mut next = self.lists[index].list.first();
            while let Some(key) = next {
                next = self.links.next(key);
                self.links.datum_mut(key).into_iter().for_each(|flight| flight.entered = now);
            }
        }
        self.earliest = None;
    }
}

impl Timing {
    /// Timers without overdue ones.
    pub(crate) const fn of(backoff: Backoff) -> Self {
        Self { backoff, overdue: backoff.base, version: 0 }
    }
}

/// Whether a number comes before another. Numbers wrap: the nearer way round decides.
#[inline]
const fn precedes(number: u32, other: u32) -> bool {
    number.wrapping_sub(other) > u32::MAX / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    use crate::rng::{Rng, Seed};

    #[derive(Clone, Debug)]
    enum Step {
        Arm(Key, u32),
        Queue(Key),
        Leave(Key),
        Answered(Key),
        Base(u64),
        Pass(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = 0u32..20;
        prop_oneof![
            6 => (key.clone(), 0u32..9).prop_map(|(key, level)| Step::Arm(key, level)),
            1 => key.clone().prop_map(Step::Queue),
            2 => key.clone().prop_map(Step::Leave),
            1 => key.prop_map(Step::Answered),
            1 => (1_000u64..9_000).prop_map(Step::Base),
            3 => (0u64..40_000).prop_map(Step::Pass),
        ]
    }

    fn jitter(share: f64) -> Jitter {
        Jitter::new(share, Rng::new(&Seed::from_bytes([1; 32]), 0))
    }

    const CAP: u64 = 100_000;

    proptest! {
        #[test]
        fn the_next_deadline_is_the_least_and_timers_fire_once_in_order(steps in proptest::collection::vec(step(), 1..400)) {
            let mut jitter = jitter(0.0);
            let mut timing = Timing { backoff: Backoff { base: 1_000, cap: CAP }, overdue: 700, version: 0 };
            let mut flights = Flights::new(timing.backoff, timing, &mut jitter);
            let mut overdue_before = 0;
            let mut queue = List::EMPTY;
            let (mut armed, mut now): (BTreeMap<Key, (u64, u32, u32)>, _) = (BTreeMap::new(), Time::ZERO);
            let due_of = |(entered, level, number): (u64, u32, u32), timing: &Timing, overdue_before| {
                let delay = if number < overdue_before { timing.overdue } else { (timing.backoff.base << level.min(7)).min(CAP) };
                entered + delay
            };
            for (number, step) in (0..).zip(steps) {
                match step {
                    Step::Arm(key, level) => {
                        leave(&mut flights, &mut queue, key);
                        flights.arm(key, level, number, now);
                        armed.insert(key, (now.as_nanos(), level, number));
                    }
                    Step::Queue(key) => {
                        leave(&mut flights, &mut queue, key);
                        flights.push(&mut queue, 3, key);
                        armed.remove(&key);
                        prop_assert_eq!(flights.place(key), Place::Queue(3));
                    }
                    Step::Leave(key) => {
                        leave(&mut flights, &mut queue, key);
                        armed.remove(&key);
                        prop_assert_eq!(flights.place(key), Place::Idle);
                    }
                    Step::Answered(key) => {
                        let number = armed.get(&key).map_or(0, |armed| armed.2);
                        overdue_before = overdue_before.max(number);
                        flights.on_answered_once(number);
                    }
                    Step::Base(base) => {
                        (timing.backoff.base, timing.version) = (base, timing.version + 1);
                        flights.follow(&timing);
                    }
                    Step::Pass(nanos) => now = now.plus(nanos),
                }
                let mut last = 0;
                while let Some(Due { key, entered, is_overdue }) = flights.pop_due(now, &mut jitter) {
                    let flight = armed.remove(&key).expect("armed in the model");
                    let due = due_of(flight, &timing, overdue_before);
                    prop_assert!(due <= now.as_nanos() && due >= last);
                    prop_assert_eq!((entered.as_nanos(), is_overdue), (flight.0, flight.2 < overdue_before));
                    last = due;
                }
                let next = armed.values().map(|flight| due_of(*flight, &timing, overdue_before)).min();
                prop_assert!(next.is_none_or(|next| next > now.as_nanos()));
                prop_assert_eq!(flights.next_due().as_nanos(), next.unwrap_or(u64::MAX));
                for (key, flight) in &armed {
                    prop_assert_eq!(flights.due(*key), Some(Time::from_nanos(due_of(*flight, &timing, overdue_before))));
                }
            }
        }
    }

    fn leave(flights: &mut Flights, queue: &mut List, key: Key) {
        match flights.place(key) {
            Place::Timer => flights.disarm(key),
            Place::Queue(_) => flights.remove(queue, key),
            Place::Idle => {}
        }
    }

    #[test]
    fn a_timer_may_be_popped_up_to_an_eighth_of_its_delay_early() {
        let mut jitter = jitter(0.0);
        let timing = Timing::of(Backoff { base: 800, cap: 800 });
        let mut flights = Flights::new(timing.backoff, timing, &mut jitter);
        flights.arm(4, 0, 0, Time::ZERO);
        assert_eq!(flights.pop_nearly_due(Time::from_nanos(699), &mut jitter), None);
        let due = Due { key: 4, entered: Time::ZERO, is_overdue: false };
        assert_eq!(flights.pop_nearly_due(Time::from_nanos(700), &mut jitter), Some(due));
    }

    #[test]
    fn a_restart_moves_all_deadlines() {
        let mut jitter = jitter(0.0);
        let timing = Timing::of(Backoff { base: 100, cap: 800 });
        let mut flights = Flights::new(timing.backoff, timing, &mut jitter);
        [(4, 1), (7, 0), (5, 0)].into_iter().for_each(|(key, level)| flights.arm(key, level, 0, Time::ZERO));
        flights.restart(Time::from_nanos(1_000));
        assert_eq!(flights.next_due(), Time::from_nanos(1_100));
        assert_eq!(flights.keys().collect::<Vec<_>>(), [7, 5, 4]);
    }

    #[test]
    fn the_jitter_of_a_list_is_drawn_again_when_its_head_fires() {
        let mut jitter = jitter(1.0);
        let timing = Timing::of(Backoff { base: 1_000_000, cap: 1_500_000 });
        let mut flights = Flights::new(timing.backoff, timing, &mut jitter);
        let mut delays = Vec::new();
        for _ in 0..20 {
            flights.arm(0, 0, 0, Time::ZERO);
            let due = flights.next_due();
            delays.push(due.as_nanos());
            assert!(flights.pop_due(due, &mut jitter).is_some());
        }
        assert!(delays.iter().all(|delay| (1_000_000..=1_500_000).contains(delay)));
        delays.sort_unstable();
        delays.dedup();
        assert!(delays.len() > 8, "{delays:?}");
    }
}
