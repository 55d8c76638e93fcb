//! The frames that the server must send: each is due `patience` after its cause, while its receiver is connected.

use alloc::collections::{BTreeMap, VecDeque, btree_map};
use core::time::Duration;

use super::rule::Rule;
use crate::frame::Types;
use crate::id::MsgId;
use crate::time::Time;

/// The kind of a frame that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owed {
    MsgA,
    MsgN,
    AckA,
    AckN,
}

/// A due frame: its receiver, its kind, the message's sender and id.
pub(super) type Debt<T> = (<T as Types>::Peer, Owed, <T as Types>::Peer, MsgId);

/// A due frame without its receiver: its kind, the message's sender and id.
type Rest<T> = (Owed, <T as Types>::Peer, MsgId);

/// Why a frame is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cause {
    pub(super) rule: Rule,
    pub(super) line: u64,
    due: Time,
}

#[derive(Clone, Debug)]
pub(super) struct Debts<T: Types> {
    /// By receiver: all that is due to one is dropped at once.
    open: BTreeMap<T::Peer, BTreeMap<Rest<T>, Cause>>,
    /// In the order of due times, sent ones included.
    queue: VecDeque<(Time, Debt<T>)>,
}

impl<T: Types> Debts<T> {
    pub(super) const fn new() -> Self {
        Self { open: BTreeMap::new(), queue: VecDeque::new() }
    }

    /// Adds a due frame; one that is already due stays unchanged.
    pub(super) fn owe(&mut self, debt: Debt<T>, rule: Rule, line: u64, now: Time, patience: Duration) {
        let due = now + patience;
        let (to, owed, from, id) = debt.clone();
        if let btree_map::Entry::Vacant(place) = self.open.entry(to).or_default().entry((owed, from, id)) {
            place.insert(Cause { rule, line, due });
            self.queue.push_back((due, debt));
        }
    }

    /// Records that a frame was sent; returns whether it was due.
    pub(super) fn pay(&mut self, debt: &Debt<T>) -> bool {
        self.take(debt, |_| true).is_some()
    }

    /// Drops what is due to an endpoint.
    pub(super) fn forgive(&mut self, endpoint: &T::Peer) {
        self.open.remove(endpoint);
    }

    /// Removes and returns the next frame that was due before `now`.
    pub(super) fn pop_overdue(&mut self, now: Time) -> Option<(Debt<T>, Cause)> {
        while self.queue.front().is_some_and(|(due, _)| *due < now) {
            let (due, debt) = self.queue.pop_front()?;
            // It may have been sent, and be due again.
            if let Some(cause) = self.take(&debt, |cause| cause.due == due) {
                return Some((debt, cause));
            }
        }
        None
    }

    /// Takes an open debt if its cause is the right one.
    fn take(&mut self, debt: &Debt<T>, is_right: impl FnOnce(&Cause) -> bool) -> Option<Cause> {
        let (to, owed, from, id) = debt;
        let btree_map::Entry::Occupied(open) = self.open.get_mut(to)?.entry((*owed, from.clone(), *id)) else {
            return None;
        };
        is_right(open.get()).then(|| open.remove())
    }
}
