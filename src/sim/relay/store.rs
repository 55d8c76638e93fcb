//! What the relay remembers: each message once, by (authenticated sender, id), with the one next change of each in order.
//!
//! A message waits for its recipient until it is confirmed or `lifetime` is over; either way its payload goes, and the rest
//! of it stays for twice `lifetime`, so that a repeated msg:R is answered and not stored again.

use alloc::collections::BTreeMap;
use core::time::Duration;

use crate::frame::Types;
use crate::id::MsgId;
use crate::time::Time;

/// The deduplication key: the authenticated sender and its id.
pub(super) type Key<T> = (<T as Types>::Peer, MsgId);

/// Messages, and where each stands.
#[derive(Clone, Debug)]
pub(super) struct Store<T: Types> {
    messages: BTreeMap<Key<T>, Stored<T>>,
    /// What is to be pushed, by recipient and in the order of acceptance: server ids only rise.
    waiting: BTreeMap<(T::Peer, u64), Key<T>>,
    /// The next change of each message, by time and then by server id.
    deadlines: BTreeMap<(Time, u64), Key<T>>,
    lifetime: Duration,
}

/// One message.
#[derive(Clone, Debug)]
pub(super) struct Stored<T: Types> {
    pub(super) server_id: u64,
    pub(super) to: T::Peer,
    /// As of the latest msg:R.
    pub(super) floor: u64,
    pub(super) progress: Progress<T>,
    first_seen: Time,
}

/// Where a message stands.
#[derive(Clone, Debug)]
pub(super) enum Progress<T: Types> {
    /// Its recipient has not confirmed it.
    Waiting { payload: T::Payload },
    /// Its recipient has.
    Confirmed,
    /// `lifetime` ended first: it is not pushed any more.
    Outlived,
}

/// What an ack:R did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Confirmation {
    /// It is the first of the recipient: the sender is to hear of it, with this server id.
    First(u64),
    /// The recipient has confirmed before.
    Repeated,
    /// No message of that sender and id is meant for the confirming peer.
    Unknown,
}

/// How many messages time has changed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Aged {
    pub(super) outlived: u64,
    pub(super) forgotten: u64,
}

impl<T: Types> Store<T> {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { messages: BTreeMap::new(), waiting: BTreeMap::new(), deadlines: BTreeMap::new(), lifetime }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.lifetime);
    }

    pub(super) fn get(&self, key: &Key<T>) -> Option<&Stored<T>> {
        self.messages.get(key)
    }

    /// Finds a message of which msg:R came again, and takes the newer floor over.
    pub(super) fn heard_again(&mut self, key: &Key<T>, floor: u64) -> Option<&Stored<T>> {
        let stored = self.messages.get_mut(key)?;
        stored.floor = floor;
        Some(stored)
    }

    /// Takes a message that is not there yet.
    pub(super) fn insert(
        &mut self,
        key: Key<T>,
        server_id: u64,
        to: T::Peer,
        floor: u64,
        payload: T::Payload,
        now: Time,
    ) {
        self.waiting.insert((to.clone(), server_id), key.clone());
        self.deadlines.insert((now + self.lifetime, server_id), key.clone());
        let progress = Progress::Waiting { payload };
        self.messages.insert(key, Stored { server_id, to, floor, progress, first_seen: now });
    }

    /// Notes that `by` has handled a message.
    pub(super) fn confirm(&mut self, key: &Key<T>, by: &T::Peer) -> Confirmation {
        match self.messages.get_mut(key).filter(|stored| stored.to == *by) {
            None => Confirmation::Unknown,
            Some(stored) => match stored.progress {
                Progress::Confirmed => Confirmation::Repeated,
                Progress::Waiting { .. } | Progress::Outlived => {
                    stored.progress = Progress::Confirmed;
                    self.waiting.remove(&(by.clone(), stored.server_id));
                    Confirmation::First(stored.server_id)
                }
            },
        }
    }

    /// Lists what waits for a peer, in the order of acceptance.
    pub(super) fn waiting_for(&self, peer: &T::Peer) -> impl Iterator<Item = (&Key<T>, &Stored<T>)> {
        let all = (peer.clone(), 0)..=(peer.clone(), u64::MAX);
        self.waiting.range(all).filter_map(|(_, key)| self.messages.get_key_value(key))
    }

    /// Tells when [`Store::age`] next changes something.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first_key_value().map(|((time, _), _)| *time)
    }

    /// Gives up and forgets what is due.
    pub(super) fn age(&mut self, now: Time) -> Aged {
        let mut aged = Aged::default();
        while let Some(due) = self.deadlines.first_entry().filter(|due| due.key().0 <= now) {
            let ((at, server_id), key) = due.remove_entry();
            let Some(stored) = self.messages.get_mut(&key) else { continue };
            if matches!(stored.progress, Progress::Waiting { .. }) {
                stored.progress = Progress::Outlived;
                self.waiting.remove(&(stored.to.clone(), server_id));
                aged.outlived += 1;
            }
            let end = stored.first_seen + self.lifetime + self.lifetime;
            if at < end {
                self.deadlines.insert((end, server_id), key);
            } else {
                self.messages.remove(&key);
                aged.forgotten += 1;
            }
        }
        aged
    }

    /// Counts the messages remembered, and those among them that wait for their recipient.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.messages.len(), self.waiting.len())
    }
}
