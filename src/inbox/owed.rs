//! The messages that somebody owes an answer to: the application a confirmation, or the server its ack:A.
//!
//! The rule: a stream pays for what it has. Most have none or one such message most of the time, and need nothing but its
//! key; a [crowd](Crowd) is made for the second one and lasts until the last is gone. So an idle conversation costs four
//! bytes here. A stream to which an answer is owed is never forgotten.
//!
//! ```text
//!  stream ─► Live ─┬─ nothing
//!                  ├─ the only message ────────────────► entry
//!                  └─ a crowd, by seq ─► key ──────────► entry
//! ```

use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::crowd::Crowd;
use super::entries::{Entries, State};
use crate::config::Config;
use crate::memory::{self, Bytes};
use crate::slab::{Key, Slab};

#[derive(Clone, Debug)]
pub(super) struct Owed {
    pub(super) entries: Entries,
    crowds: Slab<Crowd>,
}

/// Where the messages of one stream are: nowhere, under the only one's key, or in a crowd, whose key has the highest bit
/// set. All keys are one too high, so that zero is free and a stream in a slab needs no further mark.
#[derive(Clone, Copy, Debug)]
pub(super) struct Live(NonZeroU32);

#[derive(Clone, Copy)]
enum Kind {
    Nothing,
    One(Key),
    Many(Key),
}

impl Live {
    pub(super) const NOTHING: Self = Self(NonZeroU32::MAX);
    /// Above every key: the two capacities that these messages share end at 2^30 each, and the last key of so many is never
    /// reached, since it would take fifty gigabytes.
    const CROWD: u32 = 1 << 31;

    #[inline]
    pub(super) fn is_nothing(self) -> bool {
        self.0 == NonZeroU32::MAX
    }

    #[inline]
    const fn one(key: Key) -> Self {
        Self(NonZeroU32::MIN.saturating_add(key))
    }

    fn many(key: Key) -> Self {
        Self(NonZeroU32::MIN.saturating_add(key) | Self::CROWD)
    }

    #[inline]
    fn kind(self) -> Kind {
        let bits = self.0.get();
        if bits < Self::CROWD {
            Kind::One(bits - 1)
        } else if bits == u32::MAX {
            Kind::Nothing
        } else {
            Kind::Many((bits & !Self::CROWD) - 1)
        }
    }
}

impl Owed {
    pub(super) const fn new() -> Self {
        Self { entries: Entries::new(), crowds: Slab::new() }
    }

    /// The most heap that so many messages take.
    pub(super) fn memory_bound(config: &Config, messages: usize) -> Bytes {
        let crowds = messages.min(config.max_streams);
        Entries::memory_bound(messages)
            + memory::slab::<Crowd>(crowds)
            + Crowd::memory_bound(crowds, messages)
            + memory::array::<Key>(messages)
    }

    #[inline(always)]
    pub(super) fn find(&self, live: Live, seq: u64) -> Option<Key> {
        match live.kind() {
            Kind::Many(crowd) => self.crowds[crowd].find(seq, &self.entries),
            Kind::One(key) => self.entries.is(key, seq).then_some(key),
            Kind::Nothing => None,
        }
    }

    /// The messages of a stream by seq.
    pub(super) fn iter(&self, live: Live) -> impl Iterator<Item = (u64, State)> {
        let (one, mut many) = match live.kind() {
            Kind::Many(crowd) => (None, self.crowds[crowd].keys().collect()),
            Kind::One(key) => (Some(key), Vec::new()),
            Kind::Nothing => (None, Vec::new()),
        };
        many.sort_unstable_by_key(|key| self.entries.seq(*key));
        one.into_iter().chain(many).map(|key| (self.entries.seq(key), self.entries.state(key)))
    }

    /// Adds a message that is with the application to those of its stream.
    #[inline(always)]
    pub(super) fn insert(&mut self, live: &mut Live, seq: u64, stream: Key) -> Key {
        let key = self.entries.insert(seq, stream);
        match live.kind() {
            Kind::Many(crowd) => self.crowds[crowd].insert(seq, key, &self.entries),
            Kind::Nothing => *live = Live::one(key),
            Kind::One(first) => *live = self.gather(first, key),
        }
        key
    }

    #[inline(never)]
    fn gather(&mut self, first: Key, second: Key) -> Live {
        let mut crowd = Crowd::new();
        for key in [first, second] {
            crowd.insert(self.entries.seq(key), key, &self.entries);
        }
        Live::many(self.crowds.insert(crowd))
    }

    /// Removes a message that is with the application.
    pub(super) fn remove(&mut self, live: &mut Live, seq: u64, key: Key) {
        self.leave(live, seq, key);
        self.entries.remove(key);
    }

    /// Removes a message whose ack is pending.
    #[inline]
    pub(super) fn settle(&mut self, live: &mut Live, seq: u64, key: Key) {
        self.leave(live, seq, key);
        self.entries.settle(key);
    }

    /// Takes a message from those of its stream.
    #[inline(always)]
    fn leave(&mut self, live: &mut Live, seq: u64, message: Key) {
        match live.kind() {
            Kind::Many(key) => {
                let crowd = &mut self.crowds[key];
                crowd.remove(seq, message, &self.entries);
                if crowd.is_empty() {
                    self.disperse(live, key);
                }
            }
            Kind::One(_) | Kind::Nothing => *live = Live::NOTHING,
        }
    }

    #[inline(never)]
    fn disperse(&mut self, live: &mut Live, crowd: Key) {
        self.crowds.remove(crowd);
        *live = Live::NOTHING;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_finds_none_one_and_several() {
        let (mut owed, mut live) = (Owed::new(), Live::NOTHING);
        assert_eq!((owed.find(live, 0), live.is_nothing()), (None, true));
        let first = owed.insert(&mut live, 9, 3);
        assert_eq!((owed.find(live, 9), owed.find(live, 8), live.is_nothing()), (Some(first), None, false));
        let second = owed.insert(&mut live, 8, 3);
        assert_eq!((owed.find(live, 9), owed.find(live, 8), owed.find(live, 7)), (Some(first), Some(second), None));
        assert_eq!(owed.iter(live).map(|(seq, _)| seq).collect::<Vec<_>>(), [8, 9]);
        owed.remove(&mut live, 9, first);
        assert_eq!((owed.find(live, 9), owed.find(live, 8), owed.iter(live).count()), (None, Some(second), 1));
        owed.entries.pend(second, true);
        owed.settle(&mut live, 8, second);
        assert_eq!((owed.find(live, 8), live.is_nothing(), owed.iter(live).count()), (None, true, 0));
    }
}
