//! The effects of process deaths: the account of durable clients, over all lives of both ends.

use alloc::collections::BTreeMap;

use super::World;
use super::durable::Showing;
use crate::frame::Types;
use crate::id::{MsgId, StreamKey};

/// The effects of deaths and restarts on durable clients.
///
/// Records that were [torn](super::Restarts::torn) off a store count as never committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrashReport {
    /// Processes that died.
    pub kills: u64,
    /// Processes that restarted.
    pub restarts: u64,
    /// Records that were torn off a store.
    pub torn: u64,
    /// Handled messages that were undone with them.
    pub undone: u64,
    /// Messages whose `send` was committed.
    pub committed: u64,
    /// Messages among `committed` that the sender's application knows to be delivered.
    pub known_delivered: u64,
    /// Committed messages that their sender's client no longer knows though they were neither handled nor discarded:
    /// wrong.
    pub lost: u64,
    /// How many times a restart found such a message: known to the application, unknown to the client, not handled.
    pub forgotten: u64,
    /// How many times the state of a message in a restored client contradicted its journal: not failed or accepted
    /// though the journal says so, still present though delivered or discarded, or known only to the client.
    pub misplaced: u64,
    /// Ids that one sender used for two messages: the receiver would drop the second.
    pub ids_reused: u64,
    /// Messages that an application wrongly handled twice: inside the transaction, or outside of it after a durable
    /// confirmation or without a death in between.
    pub handled_twice: u64,
    /// Messages that were shown again after a death, outside a transaction and not yet confirmed: allowed, at least
    /// once.
    pub shown_again: u64,
    /// Messages first handled after a later one of the same stream, that is of one sender's process to the same
    /// recipient; messages that their sender's store has lost do not count. Messages of two processes may be handled in
    /// another order than they were sent: the server pushes again what is lost, or forgets.
    pub disordered: u64,
    /// Messages first accepted after one that a later process of the same sender sent to the same recipient; messages
    /// that their sender's store has lost do not count. Allowed for those that no newer stream waits for: failed,
    /// suspect, put off, or unanswered three times although something was heard.
    pub overtaken: u64,
    /// Events and frames emitted before the record that they depend on, and commits without the record of a `send` or
    /// `confirm` in them.
    pub unwritten: u64,
    /// Events that moved a message back to an earlier state, or repeated a final event.
    pub sunken: u64,
}

/// The account during a run.
#[derive(Clone, Debug)]
pub(super) struct Account<T: Types> {
    /// The messages that were sent; `None` for those that their sender has lost.
    sends: BTreeMap<(T::Peer, MsgId), Option<Sent<T>>>,
    /// The latest message of each stream that each recipient has handled.
    latest_handled: BTreeMap<(T::Peer, T::Peer, StreamKey), u64>,
    /// The latest message from a sender to a recipient that was accepted, and its stream.
    latest_accepted: BTreeMap<(T::Peer, T::Peer), (u64, StreamKey)>,
    pub(super) report: CrashReport,
}

/// A message that was sent.
#[derive(Clone, Debug)]
struct Sent<T: Types> {
    to: T::Peer,
    /// Its place in the order of sending.
    number: u64,
    is_accepted: bool,
}

impl<T: Types> Account<T> {
    pub(super) fn new() -> Self {
        Self {
            sends: BTreeMap::new(),
            latest_handled: BTreeMap::new(),
            latest_accepted: BTreeMap::new(),
            report: CrashReport::default(),
        }
    }

    pub(super) fn on_send(&mut self, from: &T::Peer, id: MsgId, to: &T::Peer) {
        let number = self.sends.len() as u64 + self.report.ids_reused;
        let sent = Sent { to: to.clone(), number, is_accepted: false };
        let before = self.sends.insert((from.clone(), id), Some(sent));
        self.report.ids_reused += u64::from(before.is_some());
    }

    /// A message was torn off its sender's store: it no longer counts for the order.
    pub(super) fn on_send_torn(&mut self, from: &T::Peer, id: MsgId) {
        self.sends.insert((from.clone(), id), None);
    }

    /// The server has accepted a message.
    pub(super) fn on_accepted(&mut self, from: &T::Peer, id: MsgId) {
        let Some(Some(sent)) = self.sends.get_mut(&(from.clone(), id)) else { return };
        if core::mem::replace(&mut sent.is_accepted, true) {
            return;
        }
        let this = (sent.number, id.split().0);
        let latest = self.latest_accepted.entry((from.clone(), sent.to.clone())).or_insert(this);
        self.report.overtaken += u64::from(this.0 < latest.0 && this.1 != latest.1);
        *latest = this.max(*latest);
    }

    /// A message was handled for the first time.
    pub(super) fn on_handled(&mut self, by: &T::Peer, from: &T::Peer, id: MsgId) {
        let Some(Some(Sent { number, .. })) = self.sends.get(&(from.clone(), id)) else { return };
        let latest = self.latest_handled.entry((by.clone(), from.clone(), id.split().0)).or_insert(*number);
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

    /// Part of what `by` has handled was undone: only the rest counts.
    pub(super) fn on_undone<'a>(&mut self, by: &T::Peer, rest: impl Iterator<Item = &'a (T::Peer, MsgId)>)
    where
        T: 'a,
    {
        self.latest_handled.retain(|(recipient, ..), _| recipient != by);
        for (from, id) in rest {
            let Some(Some(Sent { number, .. })) = self.sends.get(&(from.clone(), *id)) else { continue };
            let latest = self.latest_handled.entry((by.clone(), from.clone(), id.split().0)).or_insert(*number);
            *latest = (*number).max(*latest);
        }
    }
}

impl<T: Types<ServerId = u64>> World<T> {
    /// Returns the account of durable clients. What a dead client has lost is counted after its restart.
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

    /// Whether a client has lost a message: its application knows it and has not discarded it, and it was not handled.
    pub(super) fn is_forgotten(&self, peer: &T::Peer, id: MsgId) -> bool {
        let host = self.host(peer);
        let discarded = host.durable.as_ref().is_some_and(|durable| durable.store().discarded.contains(&id));
        let handled = self.ledger.message(peer, id).is_some_and(|message| message.confirmed_at.is_some());
        !discarded && !handled && host.client.status(id).is_none()
    }
}
