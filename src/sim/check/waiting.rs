//! What the server has accepted and nobody has acked: it is pushed to its recipient whenever that one comes back.
//!
//! The rule: what an endpoint's connection costs depends on what waits for it alone, not on what the log has shown before.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::Key;
use crate::frame::Types;

#[derive(Clone, Debug)]
pub(super) struct Waiting<T: Types> {
    /// By recipient.
    keys: BTreeMap<T::Peer, BTreeSet<Key<T>>>,
}

impl<T: Types> Waiting<T> {
    pub(super) const fn new() -> Self {
        Self { keys: BTreeMap::new() }
    }

    pub(super) fn insert(&mut self, to: T::Peer, key: Key<T>) {
        self.keys.entry(to).or_default().insert(key);
    }

    pub(super) fn remove(&mut self, to: &T::Peer, key: &Key<T>) {
        if let Some(keys) = self.keys.get_mut(to) {
            keys.remove(key);
            if keys.is_empty() {
                self.keys.remove(to);
            }
        }
    }

    /// What waits for an endpoint and is young; what has become too old is dropped.
    pub(super) fn of(&mut self, to: &T::Peer, is_young: impl Fn(&Key<T>) -> bool) -> Vec<Key<T>> {
        let Some(keys) = self.keys.get_mut(to) else { return Vec::new() };
        keys.retain(is_young);
        keys.iter().cloned().collect()
    }
}
