//! When live messages expire.
//!
//! The rule: what this process has sent expires in the order of sending, so a list is sorted by construction. Only what was
//! sent again or restored expires out of that order, and stands in an ordered set.

use alloc::collections::BTreeSet;

use super::{Message, Messages};
use crate::collections::{self, Bytes, Key, List};
use crate::frame::Types;
use crate::time::Time;

#[derive(Clone, Debug)]
pub(super) struct Expiry {
    /// In the order of sending.
    sent: List,
    /// All other live messages.
    dated: BTreeSet<(Time, Key)>,
    /// When the first of all expires; [`Time::MAX`] for never.
    next: Time,
}

/// The lane of the list.
const LANE: usize = 1;

impl Expiry {
    pub(super) const fn new() -> Self {
        Self { sent: List::EMPTY, dated: BTreeSet::new(), next: Time::MAX }
    }

    pub(super) fn footprint(messages: usize) -> Bytes {
        collections::map::<(Time, Key), ()>(messages)
    }

    /// A message was just sent: it expires after all that were sent before it.
    #[inline]
    pub(super) fn push<T: Types>(&mut self, messages: &mut Messages<T>, key: Key) {
        messages.push_back::<LANE>(&mut self.sent, key);
        self.next = self.next.min(messages[key].expires_at);
    }

    /// A message expires out of the order of sending.
    pub(super) fn push_dated<T: Types>(&mut self, message: &Message<T>, key: Key) {
        self.dated.insert((message.expires_at, key));
        self.next = self.next.min(message.expires_at);
    }

    #[inline]
    pub(super) fn remove<T: Types>(&mut self, messages: &mut Messages<T>, key: Key) {
        let expires_at = messages[key].expires_at;
        if self.dated.is_empty() || !self.dated.remove(&(expires_at, key)) {
            messages.unlink::<LANE>(&mut self.sent, key);
        }
        if expires_at == self.next {
            self.next = self.first(messages).map_or(Time::MAX, |(expires_at, _)| expires_at);
        }
    }

    /// When the first message expires; [`Time::MAX`] for never.
    #[inline]
    pub(super) const fn next(&self) -> Time {
        self.next
    }

    /// Which message expires first, and when.
    #[inline]
    pub(super) fn first<T: Types>(&self, messages: &Messages<T>) -> Option<(Time, Key)> {
        let sent = self.sent.first().map(|key| (messages[key].expires_at, key));
        match (sent, self.dated.first().copied()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        }
    }

    /// All live messages, in no useful order.
    pub(super) fn keys<T: Types>(&self, messages: &Messages<T>) -> impl Iterator<Item = Key> {
        messages.iter::<LANE>(self.sent).chain(self.dated.iter().map(|(_, key)| *key))
    }
}
