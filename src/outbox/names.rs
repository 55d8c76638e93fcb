//! From the name of an outgoing stream to its key.
//!
//! The rule: only what this client or an earlier process of it has drawn goes in, so the bits of a name are their own hash.
//! They are uniform, and nobody else can choose them: a forged ack can ask for any name, but it cannot put one in. Open addressing with linear
//! probing, at most half full, so that a look-up takes a step or two however many conversations there are.

use alloc::vec;
use alloc::vec::Vec;

use crate::id::StreamKey;
use crate::memory::{self, Bytes};
use crate::slab::{Key, NIL};

#[derive(Clone, Debug)]
pub(super) struct Names {
    /// A power of two of them; [`NIL`] where there is none.
    slots: Vec<Key>,
    len: usize,
}

impl Names {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), len: 0 }
    }

    /// The most heap for so many names.
    pub(super) fn memory_bound(names: usize) -> Bytes {
        // From a quarter to half full, and the old half as many slots beside them while they grow.
        memory::array::<Key>(names) * 2
    }

    /// The key under which `name_of` tells this name.
    #[inline]
    pub(super) fn get(&self, name: StreamKey, name_of: impl Fn(Key) -> StreamKey) -> Option<Key> {
        let mut slot = self.home(name);
        loop {
            match *self.slots.get(slot)? {
                NIL => return None,
                key if name_of(key) == name => return Some(key),
                _ => slot = self.after(slot),
            }
        }
    }

    /// Adds a name that is not in.
    pub(super) fn insert(&mut self, name: StreamKey, key: Key, name_of: impl Fn(Key) -> StreamKey) {
        self.len += 1;
        if 2 * self.len > self.slots.len() {
            self.resize((2 * self.slots.len()).max(8), name_of);
        }
        self.put(name, key);
    }

    /// Takes a name out that is in.
    pub(super) fn remove(&mut self, name: StreamKey, key: Key, name_of: impl Fn(Key) -> StreamKey) {
        let mut gap = self.home(name);
        while self.slots[gap] != key {
            gap = self.after(gap);
        }
        self.len -= 1;
        // What stands further from home than the gap would not be found behind it: it moves in.
        let mut slot = self.after(gap);
        while self.slots[slot] != NIL {
            let home = self.home(name_of(self.slots[slot]));
            if self.distance(home, slot) >= self.distance(gap, slot) {
                self.slots[gap] = self.slots[slot];
                gap = slot;
            }
            slot = self.after(slot);
        }
        self.slots[gap] = NIL;
        if 16 * self.len < self.slots.len() && self.slots.len() > 64 {
            self.resize(self.slots.len() / 4, name_of);
        }
    }

    fn put(&mut self, name: StreamKey, key: Key) {
        let mut slot = self.home(name);
        while self.slots[slot] != NIL {
            slot = self.after(slot);
        }
        self.slots[slot] = key;
    }

    #[cold]
    fn resize(&mut self, slots: usize, name_of: impl Fn(Key) -> StreamKey) {
        let keys = core::mem::replace(&mut self.slots, vec![NIL; slots]);
        for key in keys.into_iter().filter(|key| *key != NIL) {
            self.put(name_of(key), key);
        }
    }

    #[inline]
    fn home(&self, name: StreamKey) -> usize {
        name.random_bits() & self.slots.len().wrapping_sub(1)
    }

    #[inline]
    fn after(&self, slot: usize) -> usize {
        (slot + 1) & (self.slots.len() - 1)
    }

    /// How many steps it is from one slot to another.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.slots.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    use crate::id::StreamId;

    proptest! {
        #[test]
        fn names_are_a_map_however_they_collide(steps in proptest::collection::vec((0u64..600, any::<bool>()), 1..900)) {
            // All bits that are looked at are among 16 values, the others tell the names apart.
            let name = |n: u64| StreamKey::from(StreamId::from_u64((n % 16) << 16 | (n / 16)));
            let (mut names, mut model) = (Names::new(), BTreeMap::new());
            for (n, insert) in steps {
                let key = Key::try_from(n).unwrap();
                let name_of = |key: Key| name(u64::from(key));
                match (insert, model.contains_key(&n)) {
                    (true, false) => {
                        names.insert(name(n), key, name_of);
                        model.insert(n, key);
                    }
                    (false, true) => {
                        names.remove(name(n), key, name_of);
                        model.remove(&n);
                    }
                    _ => {}
                }
                prop_assert_eq!(names.get(name(n), name_of), model.get(&n).copied());
                prop_assert_eq!(names.len, model.len());
                prop_assert!(2 * names.len <= names.slots.len());
            }
            for n in 0..600 {
                prop_assert_eq!(names.get(name(n), |key| name(u64::from(key))), model.get(&n).copied());
            }
        }
    }

    #[test]
    fn slots_are_given_back() {
        let name_of = |key: Key| StreamKey::from(StreamId::from_u64(u64::from(key) << 16));
        let mut names = Names::new();
        (0..10_000).for_each(|key| names.insert(name_of(key), key, name_of));
        assert_eq!(names.slots.len(), 32_768);
        (0..9_990).for_each(|key| names.remove(name_of(key), key, name_of));
        assert!(names.slots.len() <= 256, "{}", names.slots.len());
        assert!((0..10_000).all(|key| names.get(name_of(key), name_of) == (key >= 9_990).then_some(key)));
    }
}
