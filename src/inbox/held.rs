//! The messages beyond the cursor: they wait for the ones before them.
//!
//! The rule: a held message was neither seen nor acked, so that any of them may be dropped: it comes again. It is found
//! by stream and seq, and in the order of arrival, the longest held first.

use alloc::collections::BTreeMap;

use super::Copy;
use crate::collections::{self, Arena, Bytes, Key, Links, List};
use crate::config::{Config, Order};
use crate::frame::Types;
use crate::time::{Time, nanos};

#[derive(Clone, Debug)]
pub(super) struct Held<T: Types> {
    messages: Arena<HeldMessage<T>>,
    by_seq: BTreeMap<(Key, u64), Key>,
    /// The one held for longest first.
    arrivals: List,
    links: Links,
    /// How long one is held, in nanoseconds; `u64::MAX` for ever.
    max_hold: u64,
}

#[derive(Clone, Debug)]
struct HeldMessage<T: Types> {
    stream: Key,
    seq: u64,
    /// When it is handed over despite a gap.
    until: Time,
    copy: Copy<T>,
}

impl<T: Types> Held<T> {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            messages: Arena::new(),
            by_seq: BTreeMap::new(),
            arrivals: List::EMPTY,
            links: Links::new(),
            max_hold: match config.order {
                Order::InOrder { max_hold: Some(max_hold) } => nanos(max_hold),
                Order::InOrder { max_hold: None } | Order::AsArrived => u64::MAX,
            },
        }
    }

    /// The maximum heap of the held messages.
    pub(super) fn footprint(config: &Config) -> Bytes {
        let held = config.inbox_capacity;
        collections::arena::<HeldMessage<T>>(held)
            + collections::links::<()>(held)
            + collections::map::<(Key, u64), Key>(held)
    }

    pub(super) const fn len(&self) -> usize {
        self.messages.len()
    }

    /// When the first hold ends; [`Time::MAX`] for never.
    pub(super) fn end(&self) -> Time {
        self.arrivals.first().map_or(Time::MAX, |key| self.messages[key].until)
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
        let message = &self.messages[self.arrivals.first()?];
        Some((message.stream, message.seq))
    }

    /// The message held last.
    pub(super) fn last(&self) -> Option<(Key, u64)> {
        let message = &self.messages[self.arrivals.last()?];
        Some((message.stream, message.seq))
    }

    /// Holds a message that is not held yet.
    pub(super) fn insert(&mut self, stream: Key, seq: u64, copy: Copy<T>, now: Time) {
        let key = self.messages.insert(HeldMessage { stream, seq, until: now.plus(self.max_hold), copy });
        self.by_seq.insert((stream, seq), key);
        self.links.push_back(&mut self.arrivals, key, ());
    }

    /// Removes and returns a message, if it is held.
    pub(super) fn take(&mut self, stream: Key, seq: u64) -> Option<Copy<T>> {
        let key = self.by_seq.remove(&(stream, seq))?;
        self.links.unlink(&mut self.arrivals, key);
        Some(self.messages.remove(key).copy)
    }
}
