//! When live messages expire.
//!
//! The rule: what this process has sent expires in the order of sending, so a list is sorted by construction. Only what
//! was sent again or restored expires out of that order, and is in an ordered set.

use alloc::collections::BTreeSet;

use super::Messages;
use crate::collections::{self, Bytes, Key, Links, List};
use crate::config::Config;
use crate::frame::Types;
use crate::time::{Time, nanos};

#[derive(Clone, Debug)]
pub(super) struct Expiry {
    /// Nanoseconds from sending to expiry.
    delay: u64,
    /// In the order of sending.
    sent: List,
    links: Links,
    /// All other live messages.
    dated: BTreeSet<(Time, Key)>,
    /// When the first of all expires; [`Time::MAX`] for never.
    next: Time,
}

impl Expiry {
    pub(super) const fn new(config: &Config) -> Self {
        Self {
            delay: nanos(config.expiry),
            sent: List::EMPTY,
            links: Links::new(),
            dated: BTreeSet::new(),
            next: Time::MAX,
        }
    }

    pub(super) fn footprint(messages: usize) -> Bytes {
        collections::links::<()>(messages) + collections::map::<(Time, Key), ()>(messages)
    }

    /// Returns when a message expires that is sent at `at`.
    pub(super) const fn after(&self, at: Time) -> Time {
        at.plus(self.delay)
    }

    /// Adds a message that was just sent: it expires after all that were sent before it.
    pub(super) fn push(&mut self, key: Key, expires_at: Time) {
        self.links.push_back(&mut self.sent, key, ());
        self.next = self.next.min(expires_at);
    }

    /// Adds a message that does not expire in the order of sending.
    pub(super) fn push_dated(&mut self, key: Key, expires_at: Time) {
        self.dated.insert((expires_at, key));
        self.next = self.next.min(expires_at);
    }

    #[inline(always)]
    pub(super) fn remove<T: Types>(&mut self, key: Key, expires_at: Time, messages: &Messages<T>) {
        if self.dated.is_empty() || !self.dated.remove(&(expires_at, key)) {
            self.links.unlink(&mut self.sent, key);
        }
        if expires_at == self.next {
            self.next = self.first(messages).map_or(Time::MAX, |(expires_at, _)| expires_at);
        }
    }

    /// When the first message expires; [`Time::MAX`] for never.
    pub(super) const fn next(&self) -> Time {
        self.next
    }

    /// Returns the message that expires first, and when.
    pub(super) fn first<T: Types>(&self, messages: &Messages<T>) -> Option<(Time, Key)> {
        let sent = self.sent.first().map(|key| (messages[key].expires_at, key));
        match (sent, self.dated.first().copied()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        }
    }
}
