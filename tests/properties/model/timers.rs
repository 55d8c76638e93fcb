//! Running timers. A delay is not stored: it follows from what is known at the moment of asking.
//!
//! Timers of one list have entered it one after the other. The order of two lists is not part of the contract: where
//! timers of two lists are due at the same nanosecond, the run is ambiguous.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer<K> {
    pub key: K,
    pub list: u32,
    pub entered: u64,
}

/// Timers in the order of entry, at most one per key.
#[derive(Clone, Debug)]
pub struct Timers<K> {
    running: Vec<Timer<K>>,
}

impl<K: Copy + PartialEq> Timers<K> {
    pub const fn new() -> Self {
        Self { running: Vec::new() }
    }

    pub fn start(&mut self, key: K, list: u32, now: u64) {
        self.stop(key);
        self.running.push(Timer { key, list, entered: now });
    }

    pub fn stop(&mut self, key: K) {
        self.running.retain(|timer| timer.key != key);
    }

    /// The keys, list after list.
    pub fn by_list(&self) -> Vec<K> {
        let mut sorted = self.running.clone();
        sorted.sort_by_key(|timer| timer.list);
        sorted.into_iter().map(|timer| timer.key).collect()
    }

    pub fn stop_all(&mut self) {
        self.running.clear();
    }

    pub fn get(&self, key: K) -> Option<Timer<K>> {
        self.running.iter().find(|timer| timer.key == key).copied()
    }

    pub fn runs(&self, key: K) -> bool {
        self.get(key).is_some()
    }

    /// All timers with their deadlines, the earliest first; of equal ones that which has entered first.
    pub fn by_deadline(&self, delay: impl Fn(Timer<K>) -> u64) -> Vec<(u64, Timer<K>)> {
        let mut sorted: Vec<_> = self.running.iter().map(|timer| (timer.entered + delay(*timer), *timer)).collect();
        sorted.sort_by_key(|(deadline, _)| *deadline);
        sorted
    }
}

/// Returns whether two of these are due at the same time and in different lists.
pub fn are_tied<K>(timers: &[(u64, Timer<K>)]) -> bool {
    timers.iter().any(|(due, a)| timers.iter().any(|(same, b)| same == due && a.list != b.list))
}
