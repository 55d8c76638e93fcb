//! The restart of a durable client from its store, and the check of what it then knows.

use alloc::vec::Vec;

use super::witness::{Standing, Witness};
use crate::client::Client;
use crate::frame::Types;
use crate::id::MsgId;
use crate::sim::world::World;
use crate::sim::world::trace::Action;
use crate::status::Status;

impl<T: Types<ServerId = u64>> World<T> {
    /// Restarts a dead durable client from its store, and connects it if it was connected or reconnecting.
    #[track_caller]
    pub(in super::super) fn restart(&mut self, peer: &T::Peer) {
        if self.is_alive(peer) {
            return;
        }
        self.account.report.restarts += 1;
        let restarts = self.durable(peer).restarts.clone();
        self.tear(peer, restarts.torn);
        let mut client = self.restore(peer, restarts.repeated);
        for _ in 1..restarts.restores {
            client = self.restore(peer, restarts.repeated);
        }
        if restarts.compacts {
            let snapshot = client.records().collect();
            self.durable_mut(peer).store.compact(snapshot);
        }
        let host = self.host_mut(peer);
        host.client = client;
        host.released.clear();
        let wanted = host.wanted;
        let durable = self.durable_mut(peer);
        durable.witness = Witness::from_records(durable.store.records());
        durable.alive = true;
        self.trace.action(self.now, Some(peer), Action::Restart);
        self.hold_to_journal(peer);
        self.settle(peer);
        if wanted {
            self.connect(peer);
        }
    }

    #[track_caller]
    fn restore(&mut self, peer: &T::Peer, repeated: usize) -> Client<T> {
        let seed = self.dice.seed();
        let records = self.durable(peer).store.read(repeated);
        match Client::restore(self.host(peer).config.clone(), seed, records, self.now) {
            Ok(client) => client,
            Err(error) => self.fail(format_args!("a config that worked before: {error}")),
        }
    }

    #[track_caller]
    fn tear(&mut self, peer: &T::Peer, records: usize) {
        let torn = self.durable_mut(peer).store.tear(records);
        self.account.report.torn += torn.records;
        self.account.report.undone += torn.handled;
        for id in torn.sent {
            self.account.on_send_torn(peer, id);
        }
        if torn.handled > 0 {
            let rest: Vec<_> = self.durable(peer).store.handled.iter().cloned().collect();
            self.account.on_undone(peer, rest.iter());
        }
    }

    /// Compares what a restored client knows with its application's rows and its journal.
    #[track_caller]
    fn hold_to_journal(&mut self, peer: &T::Peer) {
        let durable = self.durable(peer);
        let client = &self.host(peer).client;
        let known: Vec<_> = durable.store.sent.iter().copied().collect();
        let forgotten = known.iter().filter(|id| self.is_forgotten(peer, **id)).count();
        let misplaced = known.iter().filter(|id| !self.is_placed(peer, **id)).count();
        let strange = client.outbox().filter(|entry| !durable.store.sent.contains(&entry.id)).count();
        self.account.report.forgotten += forgotten as u64;
        self.account.report.misplaced += (misplaced + strange) as u64;
    }

    /// Returns whether the state of a message agrees with the journal.
    fn is_placed(&self, peer: &T::Peer, id: MsgId) -> bool {
        let durable = self.durable(peer);
        let status = self.host(peer).client.status(id);
        let ended = durable.store.delivered.contains(&id) || durable.store.discarded.contains(&id);
        match (durable.witness.standing(id), status) {
            (Standing::Gone, status) => status.is_none(),
            (Standing::Failed, Some(Status::Failed(_))) | (Standing::Accepted, Some(Status::Accepted)) => !ended,
            (Standing::Moving, Some(Status::Queued | Status::OnWire)) => !ended,
            (Standing::Failed | Standing::Accepted | Standing::Moving, _) => false,
        }
    }
}
