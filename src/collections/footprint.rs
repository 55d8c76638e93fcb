//! The maximum memory of the containers; [`Config::memory_bound`](crate::Config::memory_bound) adds it up.
//!
//! The rule (L9): memory is bounded by the config, whatever arrives. Each container states its maximum for *n*
//! elements, growth included: while an array is reallocated, the old one is still there.

use core::ops::{Add, Mul};

use super::arena::{Node, Slot};

/// A number of bytes; it saturates, so that no sum overflows on any platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(usize);

impl Bytes {
    /// The size of an array of values.
    pub(crate) const fn of<V>(values: usize) -> Self {
        Self(values.saturating_mul(size_of::<V>()))
    }

    pub(crate) const fn count(self) -> usize {
        self.0
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

/// An array that doubles: at most twice as long as needed, and once more half of that while it is reallocated.
pub(crate) fn array<V>(elements: usize) -> Bytes {
    Bytes::of::<V>(elements.max(4)) * 3
}

/// An arena never shrinks: it keeps its maximum length.
pub(crate) fn arena<V>(values: usize) -> Bytes {
    array::<Slot<V>>(values)
}

/// The links of lists of `keys` keys.
pub(crate) fn links<D>(keys: usize) -> Bytes {
    array::<Node<D>>(keys)
}

/// An ordered map: nodes of eleven elements that are at least five elements full, but for the first.
pub(crate) fn map<K, V>(elements: usize) -> Bytes {
    let node = 11 * (size_of::<K>() + size_of::<V>()) + 12 * size_of::<usize>() + 32;
    Bytes(node) * (elements / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn an_array_is_taken_three_times_over_and_never_below_four_elements() {
        assert_eq!([0, 3, 4, 5].map(array::<u64>), [96, 96, 96, 120].map(Bytes));
        assert_eq!((links::<()>(10), arena::<u64>(10)), (Bytes(240), Bytes(480)), "two keys a node, a tag a slot");
    }

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn a_map_is_taken_as_nodes_of_eleven_that_hold_five() {
        let node = 11 * (8 + 4) + 12 * 8 + 32;
        assert_eq!([0, 4, 5, 9, 10].map(map::<u64, u32>), [1, 1, 2, 2, 3].map(|nodes| Bytes(nodes * node)));
    }

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn a_bound_beyond_the_address_space_saturates() {
        let most = Bytes(usize::MAX);
        assert_eq!((most + Bytes(1), most * 2, Bytes::of::<u64>(usize::MAX / 2)), (most, most, most));
        assert_eq!(
            (array::<u64>(usize::MAX), map::<u64, u64>(usize::MAX), arena::<u64>(usize::MAX)),
            (most, most, most)
        );
    }
}
