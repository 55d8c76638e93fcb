//! Where a stream is probably found, without asking the ordered maps.
//!
//! The rule: a hint may be wrong or missing, never harmful: whoever takes one checks the stream that it names. Each name has
//! one place, and the stream looked up last has it; so a receiver of many conversations that are busy at once rarely asks a
//! map, and whoever picks names that share a place gains nothing but the look-up in the map.

use alloc::vec;
use alloc::vec::Vec;

use crate::id::StreamKey;
use crate::memory;
use crate::slab::{Key, NIL};

#[derive(Clone, Debug)]
pub(super) struct Hints {
    /// A power of two of places, or none.
    places: Vec<Key>,
}

impl Hints {
    pub(super) const fn new() -> Self {
        Self { places: Vec::new() }
    }

    /// The most heap that the hints take.
    pub(super) const fn memory_bound(streams: usize) -> usize {
        memory::array::<Key>(if streams < MOST { streams } else { MOST })
    }

    /// The stream that `name` may be; [`NIL`] for no idea.
    #[inline]
    pub(super) fn get(&self, name: StreamKey) -> Key {
        self.places.get(self.place(name)).copied().unwrap_or(NIL)
    }

    #[inline]
    pub(super) fn set(&mut self, name: StreamKey, key: Key) {
        let place = self.place(name);
        if let Some(hint) = self.places.get_mut(place) {
            *hint = key;
        }
    }

    /// Makes more places, should `streams` streams need them. Old hints are lost.
    #[inline]
    pub(super) fn grow(&mut self, streams: usize) {
        if streams > self.places.len() && self.places.len() < MOST {
            self.places = vec![NIL; streams.next_power_of_two()];
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

/// The most places: four kilobytes.
const MOST: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    use crate::id::StreamId;

    fn name(n: u64) -> StreamKey {
        StreamId::from_u64(n).into()
    }

    #[test]
    fn what_was_noted_last_at_a_place_is_found() {
        let mut hints = Hints::new();
        assert_eq!(hints.get(name(1)), NIL);
        hints.set(name(1), 7);
        assert_eq!(hints.get(name(1)), NIL, "there is no place yet");
        hints.grow(1);
        hints.set(name(1), 7);
        assert_eq!((hints.get(name(1)), hints.get(name(2))), (7, 7), "one place for all");
        hints.grow(2);
        assert_eq!(hints.get(name(1)), NIL);
    }

    #[test]
    fn names_are_spread_and_places_bounded() {
        let mut hints = Hints::new();
        (1..=5_000).for_each(|streams| hints.grow(streams));
        assert_eq!(hints.places.len(), MOST);
        (0..64).for_each(|n| hints.set(name(n), 9));
        let taken = hints.places.iter().filter(|key| **key == 9).count();
        assert!(taken > 56, "{taken} of 64");
    }
}
