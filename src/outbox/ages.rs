//! When the messages on their way expire.
//!
//! The rule: what this process has sent expires in the order of sending, `expiry` after it, so a list is sorted by
//! construction; only what was sent again or restored expires out of that order, and is kept sorted by its own time.

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use crate::list::List;
use crate::memory::{self, Bytes};
use crate::slab::Key;
use crate::time::{Time, nanos};

#[derive(Clone, Debug)]
pub(super) struct Ages {
    expiry: u64,
    /// In the order of sending.
    sent: List,
    /// Of all others: by when they expire, and when each does.
    dated: BTreeSet<(Time, Key)>,
    dates: BTreeMap<Key, Time>,
    /// When the first of all expires; [`Time::MAX`] for never.
    next: Time,
}

impl Ages {
    pub(super) const fn new(expiry: Duration) -> Self {
        Self {
            expiry: nanos(expiry),
            sent: List::new(),
            dated: BTreeSet::new(),
            dates: BTreeMap::new(),
            next: Time::MAX,
        }
    }

    pub(super) fn memory_bound(messages: usize) -> Bytes {
        memory::links(messages) + memory::map::<(Time, Key), ()>(messages) + memory::map::<Key, Time>(messages)
    }

    /// A message is sent now, after all that were sent before it.
    #[inline]
    pub(super) fn push(&mut self, key: Key, now: Time) {
        self.sent.push_back(key);
        self.next = self.next.min(now.plus(self.expiry));
    }

    /// A message that this process has not sent, or not only now, expires at a time of its own.
    pub(super) fn date(&mut self, key: Key, expires_at: Time) {
        self.dates.insert(key, expires_at);
        self.dated.insert((expires_at, key));
        self.next = self.next.min(expires_at);
    }

    /// Forgets a message; it must be known. `queued_at` tells when another one was sent.
    #[inline]
    pub(super) fn remove(&mut self, key: Key, queued_at: impl Fn(Key) -> Time) {
        if !self.dates.is_empty() {
            self.remove_dated(key, queued_at);
            return;
        }
        let was_first = self.sent.first() == Some(key);
        self.sent.remove(key);
        if was_first {
            self.next = self.sent.first().map_or(Time::MAX, |first| queued_at(first).plus(self.expiry));
        }
    }

    #[inline(never)]
    fn remove_dated(&mut self, key: Key, queued_at: impl Fn(Key) -> Time) {
        match self.dates.remove(&key) {
            Some(expires_at) => drop(self.dated.remove(&(expires_at, key))),
            None => self.sent.remove(key),
        }
        self.next = self.first(queued_at).map_or(Time::MAX, |(expires_at, _)| expires_at);
    }

    /// When a message expires that was queued at `queued_at`.
    pub(super) fn expires_at(&self, key: Key, queued_at: Time) -> Time {
        self.dates.get(&key).copied().unwrap_or_else(|| queued_at.plus(self.expiry))
    }

    /// When the first message expires; [`Time::MAX`] for never.
    #[inline]
    pub(super) const fn next(&self) -> Time {
        self.next
    }

    /// Which message expires first, and when; `queued_at` tells when one was sent.
    pub(super) fn first(&self, queued_at: impl Fn(Key) -> Time) -> Option<(Time, Key)> {
        let sent = self.sent.first().map(|key| (queued_at(key).plus(self.expiry), key));
        let dated = self.dated.first().copied();
        match (sent, dated) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        }
    }

    /// All messages, in no useful order.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        self.sent.iter().chain(self.dates.keys().copied())
    }
}
