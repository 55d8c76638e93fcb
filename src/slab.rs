//! A slab: values under small, dense, reused keys.
//!
//! The rule: a key is valid from `insert` until `remove`, and nobody keeps one longer. Everything that refers to a
//! message or a stream inside the crate does so by such a key, so a reference is four bytes and a look-up is an index.

use alloc::vec::Vec;

/// The key of a value in a [`Slab`].
pub(crate) type Key = u32;

/// No key.
pub(crate) const NIL: Key = Key::MAX;

#[derive(Clone, Debug)]
pub(crate) struct Slab<V> {
    slots: Vec<Slot<V>>,
    free: Key,
    len: usize,
}

/// One place of a slab.
#[derive(Clone, Debug)]
pub(crate) enum Slot<V> {
    Used(V),
    Free { next: Key },
}

impl<V> Slab<V> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: NIL, len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Stores a value; the key freed last is used first.
    #[inline]
    pub(crate) fn insert(&mut self, value: V) -> Key {
        self.len += 1;
        let key = self.free;
        if let Some(slot @ Slot::Free { .. }) = self.slots.get_mut(key as usize) {
            if let Slot::Free { next } = *slot {
                self.free = next;
            }
            *slot = Slot::Used(value);
            return key;
        }
        let key = Key::try_from(self.slots.len()).expect("the configured capacities end at 2^30");
        self.slots.push(Slot::Used(value));
        key
    }

    pub(crate) fn get(&self, key: Key) -> Option<&V> {
        match self.slots.get(key as usize) {
            Some(Slot::Used(value)) => Some(value),
            Some(Slot::Free { .. }) | None => None,
        }
    }

    #[inline]
    pub(crate) fn remove(&mut self, key: Key) -> V {
        let slot = core::mem::replace(&mut self.slots[key as usize], Slot::Free { next: self.free });
        self.free = key;
        self.len -= 1;
        match slot {
            Slot::Used(value) => value,
            Slot::Free { .. } => unreachable!("a key is dropped where its value is removed"),
        }
    }

    /// Every value, by key.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.slots.iter_mut().filter_map(|slot| match slot {
            Slot::Used(value) => Some(value),
            Slot::Free { .. } => None,
        })
    }
}

impl<V> core::ops::Index<Key> for Slab<V> {
    type Output = V;

    #[inline]
    fn index(&self, key: Key) -> &V {
        self.get(key).expect("a key is dropped where its value is removed")
    }
}

impl<V> core::ops::IndexMut<Key> for Slab<V> {
    #[inline]
    fn index_mut(&mut self, key: Key) -> &mut V {
        match &mut self.slots[key as usize] {
            Slot::Used(value) => value,
            Slot::Free { .. } => unreachable!("a key is dropped where its value is removed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_dense_and_reused() {
        let mut slab = Slab::new();
        let keys: Vec<Key> = (0..4).map(|v| slab.insert(v)).collect();
        assert_eq!(keys, [0, 1, 2, 3]);
        assert_eq!((slab.remove(1), slab.remove(2), slab.len()), (1, 2, 2));
        assert_eq!((slab.insert(8), slab.insert(9), slab.insert(10)), (2, 1, 4));
        assert_eq!(slab.values_mut().map(|v| *v).collect::<Vec<_>>(), [0, 9, 8, 3, 10]);
        assert_eq!(slab.get(5), None);
    }
}
