//! An arena: values under small, dense, reused keys, and lists through them.
//!
//! The rule: a key is valid from `insert` until `remove`, and nobody keeps one longer. A value is found by an index, not by
//! a search, so inside the crate a message or a stream is named by its key of four bytes.
//!
//! A value can stand in several doubly linked lists at a time, one for each *lane*. The links lie beside the value, so
//! entering and leaving a list takes constant time and allocates nothing. The ends of a list lie with its owner.
//!
//! ```text
//!             lane 0                lane 1
//!  list a ─► 3 ⇄ 0 ⇄ 7    list x ─► 0 ⇄ 3
//!  list b ─► 4            list y ─► 7 ⇄ 4
//! ```

use alloc::vec::Vec;

/// The key of a value in an [`Arena`]; the configured capacities keep it below 2³¹.
pub(crate) type Key = u32;

/// No key.
const NIL: Key = Key::MAX;

#[derive(Clone, Debug)]
pub(crate) struct Arena<V, const LANES: usize> {
    slots: Vec<Slot<V, LANES>>,
    /// The slot that was freed last; each free slot knows the one freed before it.
    free: Key,
    len: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Slot<V, const LANES: usize> {
    Used { value: V, links: [Link; LANES] },
    Free { next: Key },
}

/// The neighbours of a value in the list in which it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    prev: Key,
    next: Key,
}

impl Link {
    const NONE: Self = Self { prev: NIL, next: NIL };
}

/// The two ends of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    head: Key,
    tail: Key,
}

impl List {
    pub(crate) const EMPTY: Self = Self { head: NIL, tail: NIL };

    #[inline]
    pub(crate) fn first(self) -> Option<Key> {
        some(self.head)
    }

    #[inline]
    pub(crate) fn last(self) -> Option<Key> {
        some(self.tail)
    }
}

impl<V, const LANES: usize> Arena<V, LANES> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: NIL, len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Stores a value that stands in no list; the key freed last is used first.
    #[inline]
    pub(crate) fn insert(&mut self, value: V) -> Key {
        self.len += 1;
        let used = Slot::Used { value, links: [Link::NONE; LANES] };
        let key = self.free;
        match self.slots.get_mut(key as usize) {
            Some(slot @ Slot::Free { .. }) => {
                if let Slot::Free { next } = *slot {
                    self.free = next;
                }
                *slot = used;
                key
            }
            Some(Slot::Used { .. }) | None => self.grow(used),
        }
    }

    #[inline(never)]
    fn grow(&mut self, used: Slot<V, LANES>) -> Key {
        let key = Key::try_from(self.slots.len()).expect("the configured capacities end at 2^30");
        self.slots.push(used);
        key
    }

    /// Removes a value, which must have left its lists.
    #[inline]
    pub(crate) fn remove(&mut self, key: Key) -> V {
        let slot = core::mem::replace(&mut self.slots[key as usize], Slot::Free { next: self.free });
        self.free = key;
        self.len -= 1;
        match slot {
            Slot::Used { value, .. } => value,
            Slot::Free { .. } => unreachable!("a key is dropped where its value is removed"),
        }
    }

    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<&V> {
        match self.slots.get(key as usize) {
            Some(Slot::Used { value, .. }) => Some(value),
            Some(Slot::Free { .. }) | None => None,
        }
    }

    /// Every key, ascending.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        (0..).zip(&self.slots).filter(|(_, slot)| matches!(slot, Slot::Used { .. })).map(|(key, _)| key)
    }

    /// Appends a value, which stands in no list of this lane, to a list.
    #[inline]
    pub(crate) fn push_back<const LANE: usize>(&mut self, list: &mut List, key: Key) {
        let last = core::mem::replace(&mut list.tail, key);
        *self.link_mut::<LANE>(key) = Link { prev: last, next: NIL };
        match some(last) {
            Some(last) => self.link_mut::<LANE>(last).next = key,
            None => list.head = key,
        }
    }

    /// Takes a value out of the list in which it stands.
    #[inline]
    pub(crate) fn unlink<const LANE: usize>(&mut self, list: &mut List, key: Key) {
        let Link { prev, next } = *self.link_mut::<LANE>(key);
        match some(prev) {
            Some(prev) => self.link_mut::<LANE>(prev).next = next,
            None => list.head = next,
        }
        match some(next) {
            Some(next) => self.link_mut::<LANE>(next).prev = prev,
            None => list.tail = prev,
        }
    }

    /// The key before this one in its list.
    pub(crate) fn prev<const LANE: usize>(&self, key: Key) -> Option<Key> {
        some(self.link::<LANE>(key).prev)
    }

    /// The key after this one in its list.
    #[inline]
    pub(crate) fn next<const LANE: usize>(&self, key: Key) -> Option<Key> {
        some(self.link::<LANE>(key).next)
    }

    /// The keys of a list from its first.
    pub(crate) fn iter<const LANE: usize>(&self, list: List) -> impl Iterator<Item = Key> {
        core::iter::successors(list.first(), |&key| self.next::<LANE>(key))
    }

    #[inline]
    fn link<const LANE: usize>(&self, key: Key) -> &Link {
        match &self.slots[key as usize] {
            Slot::Used { links, .. } => &links[LANE],
            Slot::Free { .. } => unreachable!("a key is dropped where its value is removed"),
        }
    }

    #[inline]
    fn link_mut<const LANE: usize>(&mut self, key: Key) -> &mut Link {
        match &mut self.slots[key as usize] {
            Slot::Used { links, .. } => &mut links[LANE],
            Slot::Free { .. } => unreachable!("a key is dropped where its value is removed"),
        }
    }
}

impl<V, const LANES: usize> core::ops::Index<Key> for Arena<V, LANES> {
    type Output = V;

    #[inline]
    fn index(&self, key: Key) -> &V {
        self.get(key).expect("a key is dropped where its value is removed")
    }
}

impl<V, const LANES: usize> core::ops::IndexMut<Key> for Arena<V, LANES> {
    #[inline]
    fn index_mut(&mut self, key: Key) -> &mut V {
        match &mut self.slots[key as usize] {
            Slot::Used { value, .. } => value,
            Slot::Free { .. } => unreachable!("a key is dropped where its value is removed"),
        }
    }
}

#[inline]
fn some(key: Key) -> Option<Key> {
    (key != NIL).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys<const LANE: usize>(arena: &Arena<u8, 2>, list: List) -> Vec<Key> {
        arena.iter::<LANE>(list).collect()
    }

    #[test]
    fn keys_are_dense_and_reused() {
        let mut arena: Arena<i32, 0> = Arena::new();
        let keys: Vec<Key> = (0..4).map(|value| arena.insert(value)).collect();
        assert_eq!(keys, [0, 1, 2, 3]);
        assert_eq!((arena.remove(1), arena.remove(2), arena.len()), (1, 2, 2));
        assert_eq!(arena.keys().collect::<Vec<_>>(), [0, 3]);
        assert_eq!((arena.insert(8), arena.insert(9), arena.insert(10)), (2, 1, 4));
        assert_eq!(arena.keys().map(|key| arena[key]).collect::<Vec<_>>(), [0, 9, 8, 3, 10]);
        assert_eq!(arena.get(5), None);
    }

    #[test]
    fn keys_leave_a_list_from_the_front_the_middle_and_the_back() {
        let mut arena: Arena<u8, 2> = Arena::new();
        let mut list = List::EMPTY;
        (0..4).for_each(|value| drop(arena.insert(value)));
        [3, 0, 2, 1].into_iter().for_each(|key| arena.push_back::<0>(&mut list, key));
        arena.unlink::<0>(&mut list, 0);
        assert_eq!(keys::<0>(&arena, list), [3, 2, 1]);
        assert_eq!((arena.prev::<0>(2), arena.next::<0>(2)), (Some(3), Some(1)));
        arena.unlink::<0>(&mut list, 3);
        arena.unlink::<0>(&mut list, 1);
        assert_eq!((list.first(), list.last(), arena.prev::<0>(2)), (Some(2), Some(2), None));
        arena.unlink::<0>(&mut list, 2);
        assert_eq!((list.first(), list.last()), (None, None));
    }

    #[test]
    fn a_value_stands_in_one_list_of_each_lane() {
        let mut arena: Arena<u8, 2> = Arena::new();
        let (mut a, mut b, mut x) = (List::EMPTY, List::EMPTY, List::EMPTY);
        (0..3).for_each(|value| drop(arena.insert(value)));
        [0, 1].into_iter().for_each(|key| arena.push_back::<0>(&mut a, key));
        arena.push_back::<0>(&mut b, 2);
        [2, 1, 0].into_iter().for_each(|key| arena.push_back::<1>(&mut x, key));
        arena.unlink::<0>(&mut a, 1);
        arena.push_back::<0>(&mut b, 1);
        assert_eq!((keys::<0>(&arena, a), keys::<0>(&arena, b)), ([0].into(), [2, 1].into()));
        assert_eq!(keys::<1>(&arena, x), [2, 1, 0]);
    }
}
