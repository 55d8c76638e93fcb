//! What deaths did: the account that durable clients are judged by, over all lives of both ends.

use alloc::collections::BTreeMap;

use super::World;
use super::durable::Showing;
use crate::frame::Types;
use crate::id::MsgId;

/// What deaths and restarts did to durable clients.
///
/// Where a store was [torn](super::Restarts::torn), what was torn off counts as never committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrashReport {
    /// Processes that died.
    pub kills: u64,
    /// Processes that started again.
    pub restarts: u64,
    /// Records that were torn off a store.
    pub torn: u64,
    /// Handled messages that were undone with them.
    pub undone: u64,
    /// Messages whose `send` was committed.
    pub committed: u64,
    /// How many of `committed` the sender's application knows to be delivered.
    pub known_delivered: u64,
    /// Committed messages that their sender's client does not know any more though nobody handled them and nobody discarded
    /// them: a broken promise.
    pub lost: u64,
    /// How often a restart found such a message: one that the application knew, the client did not, and nobody had handled.
    pub forgotten: u64,
    /// How often a restored client placed a message elsewhere than its journal: back on its way when it had ended, elsewhere
    /// than accepted or failed when it was, or known to it and to no one else.
    pub misplaced: u64,
    /// Ids that one sender gave to two messages: what the receiver would swallow.
    pub ids_reused: u64,
    /// Messages that an application handled twice without an excuse: inside the transaction, or outside of it after a
    /// durable confirmation or without a death in between.
    pub handled_twice: u64,
    /// Messages that were shown once more after a death, outside of any transaction and not yet confirmed: at-least-once.
    pub shown_again: u64,
    /// Messages handled for the first time after a later one of the same sender to the same recipient; a message that its
    /// sender's store has lost has no place in the order.
    pub disordered: u64,
    /// Events and frames that came out before the record that they rely on, and commits without the record of what was sent
    /// or confirmed in them.
    pub unwritten: u64,
    /// Events that moved a message down, or said again what had been said for good.
    pub sunken: u64,
}

/// The account while it is kept.
#[derive(Clone, Debug)]
pub(super) struct Account<T: Types> {
    /// In which order the messages were sent; `None` for what their sender has lost.
    sends: BTreeMap<(T::Peer, MsgId), Option<u64>>,
    /// The latest message that each recipient has handled of each sender.
    latest: BTreeMap<(T::Peer, T::Peer), u64>,
    pub(super) report: CrashReport,
}

impl<T: Types> Account<T> {
    pub(super) fn new() -> Self {
        Self { sends: BTreeMap::new(), latest: BTreeMap::new(), report: CrashReport::default() }
    }

    pub(super) fn on_send(&mut self, from: &T::Peer, id: MsgId) {
        let number = self.sends.len() as u64 + self.report.ids_reused;
        let before = self.sends.insert((from.clone(), id), Some(number));
        self.report.ids_reused += u64::from(before.is_some());
    }

    /// A message was torn off its sender's store: nobody can keep what comes after it behind it.
    pub(super) fn on_send_torn(&mut self, from: &T::Peer, id: MsgId) {
        self.sends.insert((from.clone(), id), None);
    }

    /// A message was handled for the first time.
    pub(super) fn on_handled(&mut self, by: &T::Peer, from: &T::Peer, id: MsgId) {
        let Some(Some(number)) = self.sends.get(&(from.clone(), id)) else { return };
        let latest = self.latest.entry((by.clone(), from.clone())).or_insert(*number);
        self.report.disordered += u64::from(*number < *latest);
        *latest = (*number).max(*latest);
    }

    pub(super) fn on_shown(&mut self, by: &T::Peer, from: &T::Peer, id: MsgId, showing: Showing) {
        match showing {
            Showing::First => self.on_handled(by, from, id),
            Showing::Again => self.report.shown_again += 1,
            Showing::Twice => self.report.handled_twice += 1,
        }
    }

    /// What `by` has handled was undone in part: only the rest counts.
    pub(super) fn on_undone<'a>(&mut self, by: &T::Peer, rest: impl Iterator<Item = &'a (T::Peer, MsgId)>)
    where
        T: 'a,
    {
        self.latest.retain(|(recipient, _), _| recipient != by);
        for key in rest {
            let Some(Some(number)) = self.sends.get(key) else { continue };
            let latest = self.latest.entry((by.clone(), key.0.clone())).or_insert(*number);
            *latest = (*number).max(*latest);
        }
    }
}

impl<T: Types<ServerId = u64>> World<T> {
    /// Draws up the account of what deaths did to durable clients. What a dead client has lost shows once it is back.
    #[must_use]
    pub fn crash_report(&self) -> CrashReport {
        let mut report = self.account.report;
        for (peer, host) in &self.hosts {
            let Some(durable) = &host.durable else { continue };
            let store = durable.store();
            report.committed += store.sent.len() as u64;
            report.known_delivered += store.delivered.intersection(&store.sent).count() as u64;
            if durable.is_alive() {
                report.lost += store.sent.iter().filter(|id| self.is_forgotten(peer, **id)).count() as u64;
            }
        }
        report
    }

    /// Whether a client does not know a message that its application knows, has not discarded, and that nobody has handled.
    pub(super) fn is_forgotten(&self, peer: &T::Peer, id: MsgId) -> bool {
        let host = self.host(peer);
        let discarded = host.durable.as_ref().is_some_and(|durable| durable.store().discarded.contains(&id));
        let handled = self.ledger.message(peer, id).is_some_and(|message| message.confirmed_at.is_some());
        !discarded && !handled && host.client.status(id).is_none()
    }
}
