//! The relay's messages, each once, by (authenticated sender, id), and the next change of each by time.
//!
//! A message waits for its recipient until it is confirmed or `lifetime` is over; then its payload is dropped. The rest
//! stays for twice `lifetime`, so that a repeated msg:R is answered and not stored again.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::frame::Types;
use crate::id::MsgId;
use crate::time::Time;

/// The deduplication key: the authenticated sender and its id.
pub(super) type Key<T> = (<T as Types>::Peer, MsgId);

/// Messages and their states.
#[derive(Clone, Debug)]
pub(super) struct Store<T: Types> {
    messages: BTreeMap<Key<T>, Stored<T>>,
    /// What must be pushed, by recipient and server id, that is in the order of acceptance.
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
    /// The floor of the latest msg:R, questions included.
    pub(super) floor: u64,
    pub(super) progress: Progress<T>,
    /// Whether it was ever pushed.
    pub(super) was_pushed: bool,
    first_seen: Time,
}

/// The state of a message.
#[derive(Clone, Debug)]
pub(super) enum Progress<T: Types> {
    /// Its recipient has not confirmed it.
    Waiting { payload: T::Payload },
    /// Its recipient has confirmed it.
    Confirmed,
    /// `lifetime` ended first: it is no longer pushed.
    Outlived,
}

/// The effect of an ack:R.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Confirmation {
    /// It is the recipient's first: ack:N goes to the sender, with this server id.
    First(u64),
    /// The recipient has already confirmed.
    Repeated,
    /// There is no message of that sender and id to the confirming peer.
    Unknown,
}

/// The number of messages that time has changed.
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

    pub(super) fn get_mut(&mut self, key: &Key<T>) -> Option<&mut Stored<T>> {
        self.messages.get_mut(key)
    }

    /// Finds a message whose msg:R was repeated, and stores the newer floor.
    pub(super) fn heard_again(&mut self, key: &Key<T>, floor: u64) -> Option<&Stored<T>> {
        let stored = self.messages.get_mut(key)?;
        stored.floor = floor;
        Some(stored)
    }

    /// Finds the message that a question is about, and stores the newer floor. The payload of one that was given up is
    /// gone: it is not found.
    pub(super) fn asked_about(&mut self, key: &Key<T>, to: &T::Peer, floor: u64) -> Option<&Stored<T>> {
        let stored = self.messages.get_mut(key).filter(|stored| stored.to == *to)?;
        match stored.progress {
            Progress::Waiting { .. } | Progress::Confirmed => stored.floor = floor,
            Progress::Outlived => return None,
        }
        Some(stored)
    }

    /// Stores a message that is not stored yet.
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
        self.messages.insert(key, Stored { server_id, to, floor, progress, was_pushed: false, first_seen: now });
    }

    /// Records that `by` has handled a message.
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

    /// Returns what waits for a peer, in the order of acceptance.
    pub(super) fn waiting_for(&self, peer: &T::Peer) -> Vec<Key<T>> {
        let all = (peer.clone(), 0)..=(peer.clone(), u64::MAX);
        self.waiting.range(all).map(|(_, key)| key.clone()).collect()
    }

    /// Returns when [`Store::age`] next changes something.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first_key_value().map(|((time, _), _)| *time)
    }

    /// Gives up or forgets what is due, and tells what is given up.
    pub(super) fn age(&mut self, now: Time, mut on_outlived: impl FnMut(&Key<T>, &Stored<T>)) -> Aged {
        let mut aged = Aged::default();
        while let Some(due) = self.deadlines.first_entry().filter(|due| due.key().0 <= now) {
            let ((at, server_id), key) = due.remove_entry();
            let Some(stored) = self.messages.get_mut(&key) else { continue };
            if matches!(stored.progress, Progress::Waiting { .. }) {
                stored.progress = Progress::Outlived;
                self.waiting.remove(&(stored.to.clone(), server_id));
                aged.outlived += 1;
                on_outlived(&key, stored);
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

    /// Returns the number of messages, and of those that wait for their recipient.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.messages.len(), self.waiting.len())
    }
}
