//! The frames that the server must send: each is due `patience` after its cause, while its receiver is connected.

use alloc::collections::{BTreeMap, VecDeque};
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

/// Why a frame is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cause {
    pub(super) rule: Rule,
    pub(super) line: u64,
    due: Time,
}

#[derive(Clone, Debug)]
pub(super) struct Debts<T: Types> {
    open: BTreeMap<Debt<T>, Cause>,
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
        if !self.open.contains_key(&debt) {
            self.queue.push_back((due, debt.clone()));
            self.open.insert(debt, Cause { rule, line, due });
        }
    }

    /// Records that a frame was sent; returns whether it was due.
    pub(super) fn pay(&mut self, debt: &Debt<T>) -> bool {
        self.open.remove(debt).is_some()
    }

    /// Drops what is due to an endpoint.
    pub(super) fn forgive(&mut self, endpoint: &T::Peer) {
        self.open.retain(|debt, _| debt.0 != *endpoint);
    }

    /// Removes and returns the next frame that was due before `now`.
    pub(super) fn pop_overdue(&mut self, now: Time) -> Option<(Debt<T>, Cause)> {
        while self.queue.front().is_some_and(|(due, _)| *due < now) {
            let (due, debt) = self.queue.pop_front()?;
            // It may have been sent, and be due again.
            if self.open.get(&debt).is_some_and(|cause| cause.due == due) {
                return self.open.remove_entry(&debt);
            }
        }
        None
    }
}
