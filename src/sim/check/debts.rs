//! What the server owes: each answer is due `patience` after the frame that asks for it, while its receiver is connected.

use alloc::collections::{BTreeMap, VecDeque};
use core::time::Duration;

use super::rule::Rule;
use crate::frame::Types;
use crate::id::MsgId;
use crate::time::Time;

/// The frame that is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owed {
    MsgA,
    MsgN,
    AckA,
    AckN,
}

/// To whom what is owed, about which message of whom.
pub(super) type Debt<T> = (<T as Types>::Peer, Owed, <T as Types>::Peer, MsgId);

/// Why it is owed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cause {
    pub(super) rule: Rule,
    pub(super) line: u64,
    due: Time,
}

#[derive(Clone, Debug)]
pub(super) struct Debts<T: Types> {
    open: BTreeMap<Debt<T>, Cause>,
    /// In the order of their due times, paid ones included.
    queue: VecDeque<(Time, Debt<T>)>,
}

impl<T: Types> Debts<T> {
    pub(super) const fn new() -> Self {
        Self { open: BTreeMap::new(), queue: VecDeque::new() }
    }

    /// Notes a debt; one that is open already stays as it is.
    pub(super) fn owe(&mut self, debt: Debt<T>, rule: Rule, line: u64, now: Time, patience: Duration) {
        let due = now + patience;
        if !self.open.contains_key(&debt) {
            self.queue.push_back((due, debt.clone()));
            self.open.insert(debt, Cause { rule, line, due });
        }
    }

    /// Notes that a frame was sent; tells whether it was owed.
    pub(super) fn pay(&mut self, debt: &Debt<T>) -> bool {
        self.open.remove(debt).is_some()
    }

    /// Nothing is owed to who is gone.
    pub(super) fn forgive(&mut self, endpoint: &T::Peer) {
        self.open.retain(|debt, _| debt.0 != *endpoint);
    }

    /// Takes the next debt that was due before `now`.
    pub(super) fn pop_overdue(&mut self, now: Time) -> Option<(Debt<T>, Cause)> {
        while self.queue.front().is_some_and(|(due, _)| *due < now) {
            let (due, debt) = self.queue.pop_front()?;
            // It may have been paid, and be owed anew.
            if self.open.get(&debt).is_some_and(|cause| cause.due == due) {
                return self.open.remove_entry(&debt);
            }
        }
        None
    }
}
