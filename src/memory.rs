//! How much memory the collections take at most: what [`Config::memory_bound`] adds up.
//!
//! The rule (L9): memory is bounded by the config, whatever arrives. Each collection tells what it takes for so many
//! elements, growth steps included: while an array moves to a larger place, the old one is still there.

use core::ops::{Add, Mul};

use crate::config::Config;
use crate::event::Output;
use crate::frame::Types;
use crate::inbox::Inbox;
use crate::outbox::Outbox;
use crate::slab::{Key, Slot};

impl Config {
    /// The most heap, in bytes, that a [`Client<T>`](crate::Client) with this config takes, whatever arrives and from
    /// however many peers, as long as the caller drains and confirms.
    ///
    /// It counts what the client itself allocates. What peers, payloads, server ids and rejections point to is the caller's:
    /// at most `outbox_capacity + inbox_capacity` payloads, and a peer's address for each stream.
    ///
    /// The bound is safe, not tight: every collection is taken at its worst moment at once. A small device sets
    /// `outbox_capacity`, `max_streams` and `max_ranges`, which weigh most.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[derive(Clone, Debug, PartialEq)]
    /// # struct Chat;
    /// # impl sixfold::Types for Chat { type Peer = u64; type Payload = [u8; 8]; type ServerId = u64; }
    /// use sixfold::Config;
    ///
    /// let small = Config::default()
    ///     .outbox_capacity(64)
    ///     .inbox_capacity(32)
    ///     .ack_capacity(32)
    ///     .max_streams(64)
    ///     .max_streams_per_peer(8)
    ///     .max_ranges(256);
    /// assert!(small.memory_bound::<Chat>() < 1_000_000);
    /// ```
    #[must_use]
    pub fn memory_bound<T: Types>(&self) -> usize {
        // One call makes at most three outputs per message: retrying or failed, and a frame.
        let messages = self.outbox_capacity.saturating_add(self.inbox_capacity).saturating_add(self.ack_capacity);
        let outputs = messages.saturating_mul(3).saturating_add(16);
        let Bytes(most) =
            Outbox::<T>::memory_bound(self) + Inbox::<T>::memory_bound(self) + array::<Output<T>>(outputs);
        most
    }
}

/// A number of bytes. More than there are addresses for is as many as there are: nothing wraps round, on no platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(usize);

impl Bytes {
    /// So many values, one beside the other.
    pub(crate) const fn of<V>(values: usize) -> Self {
        Self(values.saturating_mul(size_of::<V>()))
    }
}

impl Add for Bytes {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self(self.0.saturating_add(more.0))
    }
}

impl Mul<usize> for Bytes {
    type Output = Self;

    fn mul(self, times: usize) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

/// An array that doubles: at most twice as long as needed, and once more half of that while it moves.
pub(crate) fn array<V>(elements: usize) -> Bytes {
    Bytes::of::<V>(elements.max(4)) * 3
}

/// A slab never shrinks: it is as long as it ever was.
pub(crate) fn slab<V>(elements: usize) -> Bytes {
    array::<Slot<V>>(elements)
}

/// The links of lists over so many keys.
pub(crate) fn links(keys: usize) -> Bytes {
    array::<[Key; 2]>(keys)
}

/// An ordered map: nodes of eleven elements that are at least five elements full, but for the first.
pub(crate) fn map<K, V>(elements: usize) -> Bytes {
    let node = 11 * (size_of::<K>() + size_of::<V>()) + 12 * size_of::<usize>() + 32;
    Bytes(node) * (elements / 5 + 1)
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Test;

    impl Types for Test {
        type Peer = u64;
        type Payload = u64;
        type ServerId = u64;
    }

    #[test]
    fn an_array_is_taken_three_times_over_and_never_below_four_elements() {
        assert_eq!([0, 3, 4, 5].map(array::<u64>), [96, 96, 96, 120].map(Bytes));
        assert_eq!((links(10), slab::<u64>(10)), (Bytes(240), Bytes(480)), "two keys a link, a tag a slot");
    }

    #[test]
    fn a_map_is_taken_as_nodes_of_eleven_that_hold_five() {
        let node = 11 * (8 + 4) + 12 * 8 + 32;
        assert_eq!([0, 4, 5, 9, 10].map(map::<u64, u32>), [1, 1, 2, 2, 3].map(|nodes| Bytes(nodes * node)));
    }

    #[test]
    fn what_exceeds_all_addresses_is_the_most_that_can_be_said() {
        let most = Bytes(usize::MAX);
        assert_eq!((most + Bytes(1), most * 2, Bytes::of::<u64>(usize::MAX / 2)), (most, most, most));
        assert_eq!(
            (array::<u64>(usize::MAX), map::<u64, u64>(usize::MAX), slab::<u64>(usize::MAX)),
            (most, most, most)
        );
    }

    /// A device is sized by this figure: it changes knowingly or not at all.
    #[test]
    fn the_stated_bounds_are_these() {
        let small = Config::default().outbox_capacity(101).inbox_capacity(53).ack_capacity(29);
        let small = small.max_streams(71).max_streams_per_peer(11).max_ranges(307);
        let configs = [
            Config::default(),
            small.clone(),
            small.clone().outbox_capacity(1_009),
            small.clone().inbox_capacity(1_009),
            small.clone().ack_capacity(1_009),
            small.clone().max_streams(1_009),
            small.max_ranges(10_007),
        ];
        let bounds = configs.map(|config| config.memory_bound::<Test>());
        assert_eq!(bounds, [117_762_699, 795_461, 4_577_236, 2_027_997, 1_683_341, 1_632_945, 1_385_221]);
    }
}
