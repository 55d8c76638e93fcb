//! The messages beyond the cursor: they wait for the ones before them.
//!
//! The rule: what is held was neither seen nor acked, so that any of it may be dropped: it comes again. It is found by
//! stream and seq, and in the order in which it came, the longest held first.

use alloc::collections::BTreeMap;

use super::Message;
use crate::config::{Config, Order};
use crate::frame::Types;
use crate::list::List;
use crate::memory::{self, Bytes};
use crate::slab::{Key, Slab};
use crate::time::{Time, nanos};

#[derive(Clone, Debug)]
pub(super) struct Held<T: Types> {
    messages: Slab<HeldMessage<T>>,
    by_seq: BTreeMap<(Key, u64), Key>,
    /// The one held for longest first.
    ages: List,
    /// When the first of them is handed over whatever is missing; [`Time::MAX`] for never.
    end: Time,
    /// How long one is held, in nanoseconds; the longest time for ever.
    max_hold: u64,
}

#[derive(Clone, Debug)]
struct HeldMessage<T: Types> {
    stream: Key,
    seq: u64,
    since: Time,
    message: Message<T>,
}

impl<T: Types> Held<T> {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            messages: Slab::new(),
            by_seq: BTreeMap::new(),
            ages: List::new(),
            end: Time::MAX,
            max_hold: match config.order {
                Order::InOrder { max_hold: Some(max_hold) } => nanos(max_hold),
                Order::InOrder { max_hold: None } | Order::AsArrived => u64::MAX,
            },
        }
    }

    /// The most heap that the held messages take.
    pub(super) fn memory_bound(config: &Config) -> Bytes {
        let held = config.inbox_capacity;
        memory::slab::<HeldMessage<T>>(held) + memory::map::<(Key, u64), Key>(held) + memory::links(held)
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.messages.len()
    }

    /// When the first hold ends.
    #[inline]
    pub(super) const fn end(&self) -> Time {
        self.end
    }

    pub(super) fn contains(&self, stream: Key, seq: u64) -> bool {
        self.by_seq.contains_key(&(stream, seq))
    }

    /// The lowest seq held of a stream.
    pub(super) fn lowest(&self, stream: Key) -> Option<u64> {
        self.of(stream).next()
    }

    /// The highest seq held of a stream.
    pub(super) fn highest(&self, stream: Key) -> Option<u64> {
        self.of(stream).next_back()
    }

    fn of(&self, stream: Key) -> impl DoubleEndedIterator<Item = u64> {
        self.by_seq.range((stream, 0)..=(stream, u64::MAX)).map(|((_, seq), _)| *seq)
    }

    /// The message held for longest.
    pub(super) fn first(&self) -> Option<(Key, u64)> {
        self.ages.first().map(|key| self.name(key))
    }

    /// The message held last.
    pub(super) fn last(&self) -> Option<(Key, u64)> {
        self.ages.last().map(|key| self.name(key))
    }

    fn name(&self, key: Key) -> (Key, u64) {
        let message = &self.messages[key];
        (message.stream, message.seq)
    }

    /// Holds a message that is not held yet.
    pub(super) fn insert(&mut self, stream: Key, seq: u64, message: Message<T>, now: Time) {
        let key = self.messages.insert(HeldMessage { stream, seq, since: now, message });
        self.by_seq.insert((stream, seq), key);
        self.ages.push_back(key);
        self.end = self.end.min(now.plus(self.max_hold));
    }

    /// Takes a message out, if it is held.
    pub(super) fn take(&mut self, stream: Key, seq: u64) -> Option<Message<T>> {
        let key = self.by_seq.remove(&(stream, seq))?;
        self.ages.remove(key);
        let HeldMessage { message, .. } = self.messages.remove(key);
        let first = self.ages.first().map(|key| self.messages[key].since);
        self.end = first.map_or(Time::MAX, |since| since.plus(self.max_hold));
        Some(message)
    }
}
