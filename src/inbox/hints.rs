//! Where a stream is, without asking the ordered maps.
//!
//! The rule: each name has one place, which knows how many streams share it and which of them was met last. So, up to about
//! a thousand streams, most names are found, or known to be unknown, in one step, be there many conversations busy at once
//! or many acks that nobody asked for; beyond that it helps those that are busy. Whoever picks names that share a place gains
//! nothing but the look-up in the maps.

use alloc::vec;
use alloc::vec::Vec;

use crate::id::StreamKey;
use crate::memory::{self, Bytes};
use crate::slab::{Key, NIL};

#[derive(Clone, Debug)]
pub(super) struct Hints {
    /// A power of two of places, or none.
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    /// The stream met last, or [`NIL`] if that one is gone.
    last: Key,
    streams: u32,
}

/// What a place tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// No stream has such a name.
    Nobody,
    /// This one or nobody.
    Only(Key),
    /// This one, or another.
    Perhaps(Key),
}

impl Hints {
    pub(super) const fn new() -> Self {
        Self { places: Vec::new() }
    }

    /// The most heap that the hints take.
    pub(super) fn memory_bound(streams: usize) -> Bytes {
        memory::array::<Place>(if streams < MOST { streams } else { MOST })
    }

    #[inline]
    pub(super) fn ask(&self, name: StreamKey) -> Hint {
        match self.places.get(self.place(name)) {
            Some(Place { streams: 0, .. }) | None => Hint::Nobody,
            Some(Place { streams: 1, last }) if *last != NIL => Hint::Only(*last),
            Some(Place { last, .. }) => Hint::Perhaps(*last),
        }
    }

    /// Notes that a stream was met.
    #[inline]
    pub(super) fn meet(&mut self, name: StreamKey, key: Key) {
        let place = self.place(name);
        if let Some(place) = self.places.get_mut(place) {
            place.last = key;
        }
    }

    /// Notes a stream that is new: one of `all`, of which there are so many.
    #[inline]
    pub(super) fn enter(
        &mut self,
        name: StreamKey,
        key: Key,
        streams: usize,
        all: impl Iterator<Item = (StreamKey, Key)>,
    ) {
        if streams > self.places.len() && self.places.len() < MOST {
            self.places = vec![Place { last: NIL, streams: 0 }; streams.next_power_of_two()];
            all.for_each(|(name, key)| self.add(name, key));
        } else {
            self.add(name, key);
        }
    }

    #[inline]
    fn add(&mut self, name: StreamKey, key: Key) {
        let place = self.place(name);
        if let Some(place) = self.places.get_mut(place) {
            place.last = key;
            place.streams += 1;
        }
    }

    /// Notes that a stream is gone.
    pub(super) fn leave(&mut self, name: StreamKey, key: Key) {
        let place = self.place(name);
        if let Some(place) = self.places.get_mut(place) {
            place.streams -= 1;
            if place.last == key {
                place.last = NIL;
            }
        }
    }

    /// The place of a name, by the high bits of a product, in which all bits of the name have a say.
    #[inline]
    fn place(&self, name: StreamKey) -> usize {
        let (high, low) = name.id(0).as_uuid().as_u64_pair();
        let mixed = (high ^ low.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 32) as usize & self.places.len().wrapping_sub(1)
    }
}

/// The most places: eight kilobytes.
const MOST: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    use crate::id::StreamId;

    fn name(n: u64) -> StreamKey {
        StreamId::from_u64(n).into()
    }

    fn hints(streams: u32) -> Hints {
        let mut hints = Hints::new();
        let all = |streams: u32| (0..streams).map(|n| (name(n.into()), n));
        (0..streams).for_each(|n| hints.enter(name(n.into()), n, n as usize + 1, all(n + 1)));
        hints
    }

    #[test]
    fn a_place_tells_who_is_there_while_it_knows() {
        assert_eq!(Hints::new().ask(name(0)), Hint::Nobody);
        let mut hints = hints(1);
        assert_eq!((hints.ask(name(0)), hints.ask(name(5))), (Hint::Only(0), Hint::Only(0)), "one place for all");
        hints.enter(name(5), 5, 1, core::iter::empty());
        assert_eq!(hints.ask(name(0)), Hint::Perhaps(5));
        hints.meet(name(0), 0);
        assert_eq!(hints.ask(name(5)), Hint::Perhaps(0));
        hints.leave(name(0), 0);
        assert_eq!(hints.ask(name(5)), Hint::Perhaps(NIL), "who is left was not met since");
        hints.meet(name(5), 5);
        assert_eq!(hints.ask(name(5)), Hint::Only(5));
        hints.leave(name(5), 5);
        assert_eq!(hints.ask(name(5)), Hint::Nobody);
    }

    #[test]
    fn names_are_spread_and_places_bounded() {
        for (streams, places) in [(3, 4), (64, 64), (65, 128), (5_000, MOST)] {
            let hints = hints(streams);
            assert_eq!(hints.places.len(), places);
            assert_eq!(hints.places.iter().map(|place| place.streams).sum::<u32>(), streams);
        }
        let taken = hints(64).places.iter().filter(|place| place.streams > 0).count();
        assert!(taken > 32, "{taken} of 64");
    }
}
