//! An arena: values under small, dense, reused keys; and lists of such keys.
//!
//! The rule: a key is valid from `insert` until `remove` and must not be used after. A value is found by an index, not
//! by a search, so inside the crate a message or a stream is identified by its key of four bytes.
//!
//! [`Links`] has a node for each key of an arena, in an array of its own, so that a walk along a list does not load
//! values into the cache. Adding to and removing from a doubly linked list takes constant time and allocates nothing
//! per step. A key is in at most one list of the same links at a time; the owner of a [`List`] keeps its two ends.
//!
//! ```text
//!  arena   0: value   1: free   2: value   3: value
//!  links   list a ─► 3 ⇄ 0      list b ─► 2
//! ```

use alloc::vec::Vec;

/// The key of a value in an [`Arena`]; the configured capacities keep it below 2³¹.
pub(crate) type Key = u32;

/// No key.
const NIL: Key = Key::MAX;

#[derive(Clone, Debug)]
pub(crate) struct Arena<V> {
    slots: Vec<Slot<V>>,
    /// The slot that was freed last.
    free: Key,
    len: usize,
}

/// A value; or, in a free slot, the key of the one that was freed before it.
pub(crate) type Slot<V> = Result<V, Key>;

impl<V> Arena<V> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: NIL, len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Stores a value; the key freed last is reused first.
    pub(crate) fn insert(&mut self, value: V) -> Key {
        self.len += 1;
        let key = self.free;
        if let Some(Err(before)) = self.slots.get(key as usize) {
            self.free = *before;
            self.slots[key as usize] = Ok(value);
            return key;
        }
        self.slots.push(Ok(value));
        Key::try_from(self.slots.len() - 1).expect("the configured capacities end at 2^30")
    }

    /// Removes a value, whose key must be in no list.
    pub(crate) fn remove(&mut self, key: Key) -> V {
        let slot = core::mem::replace(&mut self.slots[key as usize], Err(self.free));
        self.free = key;
        self.len -= 1;
        slot.expect(VALID)
    }

    pub(crate) fn get(&self, key: Key) -> Option<&V> {
        self.slots.get(key as usize)?.as_ref().ok()
    }

    /// Every key, ascending.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        (0..).zip(&self.slots).filter(|(_, slot)| slot.is_ok()).map(|(key, _)| key)
    }
}

const VALID: &str = "a key is dropped where its value is removed";

impl<V> core::ops::Index<Key> for Arena<V> {
    type Output = V;

    fn index(&self, key: Key) -> &V {
        self.get(key).expect(VALID)
    }
}

impl<V> core::ops::IndexMut<Key> for Arena<V> {
    fn index_mut(&mut self, key: Key) -> &mut V {
        self.slots[key as usize].as_mut().expect(VALID)
    }
}

/// The links of lists of keys; each node can carry a datum.
#[derive(Clone, Debug)]
pub(crate) struct Links<D = ()>(Vec<Node<D>>);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<D> {
    prev: Key,
    next: Key,
    datum: D,
}

/// The two ends of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    head: Key,
    tail: Key,
}

impl List {
    pub(crate) const EMPTY: Self = Self { head: NIL, tail: NIL };

    pub(crate) fn first(self) -> Option<Key> {
        some(self.head)
    }

    pub(crate) fn last(self) -> Option<Key> {
        some(self.tail)
    }
}

impl<D: Copy + Default> Links<D> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends a key, which is in no list, to a list.
    #[inline(always)]
    pub(crate) fn push_back(&mut self, list: &mut List, key: Key, datum: D) {
        self.set(key, Node { prev: list.tail, next: NIL, datum });
        match self.0.get_mut(list.tail as usize) {
            Some(last) => last.next = key,
            None => list.head = key,
        }
        list.tail = key;
    }

    /// Puts a key, which is in no list, before the first of a list.
    pub(crate) fn push_front(&mut self, list: &mut List, key: Key, datum: D) {
        self.set(key, Node { prev: NIL, next: list.head, datum });
        match self.0.get_mut(list.head as usize) {
            Some(first) => first.prev = key,
            None => list.tail = key,
        }
        list.head = key;
    }

    #[inline(always)]
    fn set(&mut self, key: Key, node: Node<D>) {
        match self.0.get_mut(key as usize) {
            Some(place) => *place = node,
            None => self.grow(key, node),
        }
    }

    #[inline(never)]
    fn grow(&mut self, key: Key, node: Node<D>) {
        self.0.resize(key as usize, Node { prev: NIL, next: NIL, datum: D::default() });
        self.0.push(node);
    }

    /// Removes a key from its list.
    #[inline(always)]
    pub(crate) fn unlink(&mut self, list: &mut List, key: Key) {
        let Node { prev, next, .. } = self.0[key as usize];
        match self.0.get_mut(prev as usize) {
            Some(node) => node.next = next,
            None => list.head = next,
        }
        match self.0.get_mut(next as usize) {
            Some(node) => node.prev = prev,
            None => list.tail = prev,
        }
    }

    /// The key before this one in its list.
    pub(crate) fn prev(&self, key: Key) -> Option<Key> {
        some(self.0[key as usize].prev)
    }

    /// The key after this one in its list.
    pub(crate) fn next(&self, key: Key) -> Option<Key> {
        some(self.0[key as usize].next)
    }

    /// The keys of a list from its first.
    pub(crate) fn iter(&self, list: List) -> impl Iterator<Item = Key> {
        core::iter::successors(list.first(), |&key| self.next(key))
    }

    /// The datum of a key: the one it was appended with, or the default; `None` beyond all keys that ever were in one.
    pub(crate) fn datum(&self, key: Key) -> Option<&D> {
        Some(&self.0.get(key as usize)?.datum)
    }

    pub(crate) fn datum_mut(&mut self, key: Key) -> Option<&mut D> {
        Some(&mut self.0.get_mut(key as usize)?.datum)
    }
}

fn some(key: Key) -> Option<Key> {
    (key != NIL).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    use alloc::collections::{BTreeMap, VecDeque};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_arena_is_a_map_that_reuses_the_key_freed_last(steps in proptest::collection::vec((0u32..40, 0u8..5), 1..300)) {
            let (mut arena, mut model, mut free) = (Arena::new(), BTreeMap::new(), Vec::new());
            for (value, (key, step)) in (0u32..).zip(steps) {
                if step < 3 {
                    let next = Key::try_from(model.len()).unwrap();
                    prop_assert_eq!(arena.insert(value), free.last().copied().unwrap_or(next));
                    model.insert(free.pop().unwrap_or(next), value);
                } else if let Some(removed) = model.remove(&key) {
                    prop_assert_eq!(arena.remove(key), removed);
                    free.push(key);
                }
                prop_assert_eq!(arena.len(), model.len());
                prop_assert!(arena.keys().eq(model.keys().copied()));
                for key in 0..50 {
                    prop_assert_eq!(arena.get(key), model.get(&key), "a free slot has no value");
                }
            }
        }

        #[test]
        fn lists_that_share_links_are_sequences(steps in proptest::collection::vec((0u32..20, 0usize..4), 1..300)) {
            let mut links = Links::new();
            let (mut lists, mut models) = ([List::EMPTY; 3], [const { VecDeque::new() }; 3]);
            for (datum, (key, to)) in (0u32..).zip(steps) {
                match models.iter().position(|model| model.contains(&(key, datum_of(&links, key)))) {
                    Some(from) => {
                        links.unlink(&mut lists[from], key);
                        models[from].retain(|(other, _)| *other != key);
                    }
                    None if to == 3 => {
                        links.push_front(&mut lists[0], key, datum);
                        models[0].push_front((key, datum));
                    }
                    None => {
                        links.push_back(&mut lists[to], key, datum);
                        models[to].push_back((key, datum));
                    }
                }
                for (list, model) in lists.iter().zip(&models) {
                    prop_assert!(links.iter(*list).map(|key| (key, datum_of(&links, key))).eq(model.iter().copied()));
                    prop_assert_eq!(list.first(), model.front().map(|(key, _)| *key));
                    prop_assert_eq!(list.last(), model.back().map(|(key, _)| *key));
                    for (one, next) in model.iter().zip(model.iter().skip(1)) {
                        prop_assert_eq!((links.next(one.0), links.prev(next.0)), (Some(next.0), Some(one.0)));
                    }
                }
            }
        }
    }

    fn datum_of(links: &Links<u32>, key: Key) -> u32 {
        links.datum(key).copied().unwrap_or_default()
    }

    #[test]
    fn keys_are_dense_and_reused() {
        let mut arena = Arena::new();
        let keys: Vec<Key> = (0..4).map(|value| arena.insert(value)).collect();
        assert_eq!(keys, [0, 1, 2, 3]);
        assert_eq!((arena.remove(1), arena.remove(2), arena.len()), (1, 2, 2));
        assert_eq!(arena.keys().collect::<Vec<_>>(), [0, 3]);
        assert_eq!((arena.get(1), arena.get(3)), (None, Some(&3)), "a free slot has no value");
        assert_eq!((arena.insert(8), arena.insert(9), arena.insert(10)), (2, 1, 4));
        assert_eq!(arena.keys().map(|key| arena[key]).collect::<Vec<_>>(), [0, 9, 8, 3, 10]);
        assert_eq!(arena.get(5), None);
    }

    #[test]
    fn keys_leave_a_list_from_the_front_the_middle_and_the_back() {
        let (mut links, mut list) = (Links::new(), List::EMPTY);
        let keys = |links: &Links, list| links.iter(list).collect::<Vec<_>>();
        [4, 0, 2, 9].into_iter().for_each(|key| links.push_back(&mut list, key, ()));
        links.unlink(&mut list, 0);
        assert_eq!(keys(&links, list), [4, 2, 9]);
        assert_eq!((links.prev(2), links.next(2)), (Some(4), Some(9)));
        links.unlink(&mut list, 4);
        links.unlink(&mut list, 9);
        assert_eq!((list.first(), list.last(), links.prev(2), links.next(2)), (Some(2), Some(2), None, None));
        links.unlink(&mut list, 2);
        assert_eq!((list.first(), list.last(), keys(&links, list)), (None, None, Vec::new()));
    }

    #[test]
    fn lists_may_share_links_and_nodes_carry_data() {
        let mut links = Links::new();
        let (mut a, mut b) = (List::EMPTY, List::EMPTY);
        links.push_back(&mut a, 0, 'x');
        links.push_back(&mut a, 1, 'y');
        links.push_back(&mut b, 2, 'z');
        links.unlink(&mut a, 1);
        links.push_back(&mut b, 1, 'w');
        assert_eq!((links.iter(a).collect::<Vec<_>>(), links.iter(b).collect::<Vec<_>>()), ([0].into(), [2, 1].into()));
        assert_eq!((links.datum(0), links.datum(1), links.datum(3)), (Some(&'x'), Some(&'w'), None));
        links.push_back(&mut b, 4, 'v');
        assert_eq!(links.datum(3), Some(&char::default()), "a key between that stood in no list");
    }
}
