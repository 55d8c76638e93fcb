//! Doubly linked lists over slab keys: append and remove anywhere in constant time, nothing allocated per step.
//!
//! The rule: several lists may share one [`Links`] as long as a key stands in at most one of them at a time. The links
//! lie in an array of their own, so that walking a list does not pull messages through the cache.

use alloc::vec::Vec;

use crate::slab::{Key, NIL};

/// The links of all keys.
#[derive(Clone, Debug)]
pub(crate) struct Links(Vec<Link>);

#[derive(Clone, Copy, Debug)]
struct Link {
    prev: Key,
    next: Key,
}

/// The two ends of one list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    head: Key,
    tail: Key,
}

impl Ends {
    pub(crate) const EMPTY: Self = Self { head: NIL, tail: NIL };

    #[inline]
    pub(crate) fn first(self) -> Option<Key> {
        (self.head != NIL).then_some(self.head)
    }

    #[inline]
    pub(crate) fn last(self) -> Option<Key> {
        (self.tail != NIL).then_some(self.tail)
    }
}

impl Links {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    #[inline]
    pub(crate) fn push_back(&mut self, ends: &mut Ends, key: Key) {
        if key as usize >= self.0.len() {
            self.make_room(key);
        }
        self.0[key as usize] = Link { prev: ends.tail, next: NIL };
        match ends.last() {
            Some(last) => self.0[last as usize].next = key,
            None => ends.head = key,
        }
        ends.tail = key;
    }

    /// Takes a key out of the list in which it stands.
    #[inline]
    pub(crate) fn remove(&mut self, ends: &mut Ends, key: Key) {
        let Link { prev, next } = self.0[key as usize];
        if prev == NIL {
            ends.head = next;
        } else {
            self.0[prev as usize].next = next;
        }
        if next == NIL {
            ends.tail = prev;
        } else {
            self.0[next as usize].prev = prev;
        }
    }

    /// The key after this one in its list.
    pub(crate) fn next(&self, key: Key) -> Option<Key> {
        let next = self.0[key as usize].next;
        (next != NIL).then_some(next)
    }

    /// The keys of a list from its first.
    pub(crate) fn iter(&self, ends: Ends) -> impl Iterator<Item = Key> {
        core::iter::successors(ends.first(), |&key| self.next(key))
    }

    #[cold]
    fn make_room(&mut self, key: Key) {
        self.0.resize(key as usize + 1, Link { prev: NIL, next: NIL });
    }
}

/// One list with links of its own.
#[derive(Clone, Debug)]
pub(crate) struct List {
    links: Links,
    ends: Ends,
    len: usize,
}

impl List {
    pub(crate) const fn new() -> Self {
        Self { links: Links::new(), ends: Ends::EMPTY, len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push_back(&mut self, key: Key) {
        self.links.push_back(&mut self.ends, key);
        self.len += 1;
    }

    /// Takes a key out; it must be in.
    pub(crate) fn remove(&mut self, key: Key) {
        self.links.remove(&mut self.ends, key);
        self.len -= 1;
    }

    pub(crate) fn first(&self) -> Option<Key> {
        self.ends.first()
    }

    pub(crate) fn last(&self) -> Option<Key> {
        self.ends.last()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Key> {
        self.links.iter(self.ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_leave_from_the_front_the_middle_and_the_back() {
        let mut list = List::new();
        for key in [4, 0, 2, 9] {
            list.push_back(key);
        }
        list.remove(0);
        assert_eq!(list.iter().collect::<Vec<_>>(), [4, 2, 9]);
        list.remove(4);
        list.remove(9);
        assert_eq!((list.first(), list.last(), list.len()), (Some(2), Some(2), 1));
        list.remove(2);
        assert_eq!((list.first(), list.last(), list.len()), (None, None, 0));
    }

    #[test]
    fn lists_may_share_links() {
        let mut links = Links::new();
        let (mut a, mut b) = (Ends::EMPTY, Ends::EMPTY);
        links.push_back(&mut a, 0);
        links.push_back(&mut a, 1);
        links.push_back(&mut b, 2);
        links.remove(&mut a, 1);
        links.push_back(&mut b, 1);
        assert_eq!(links.iter(a).collect::<Vec<_>>(), [0]);
        assert_eq!(links.iter(b).collect::<Vec<_>>(), [2, 1]);
    }
}
