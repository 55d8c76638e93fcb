//! The host of a durable client: polls until `None`, commits, transmits; the process may die in between.

use super::{Bookkeeping, Transaction};
use crate::event::{Delivery, Event};
use crate::frame::Types;
use crate::output::Output;
use crate::sim::world::host::Handling;
use crate::sim::world::trace::Action;
use crate::sim::world::{Planned, World};

use alloc::vec::Vec;
use core::time::Duration;

impl<T: Types<ServerId = u64>> World<T> {
    /// Takes one batch from a durable client, commits it, and transmits its frames; stops if the process dies.
    #[track_caller]
    pub(in super::super) fn drain_durable(&mut self, peer: &T::Peer) {
        while self.is_alive(peer) {
            let output = self.host_mut(peer).client.poll_output();
            if !self.survives(peer) {
                return;
            }
            match output {
                Some(Output::Persist(record)) => self.write(peer, record),
                Some(Output::Event(event)) => self.on_durable_event(peer, event),
                Some(Output::Transmit(frame)) => {
                    let backed = self.durable(peer).witness.backs(&frame);
                    self.account.report.unwritten += u64::from(!backed);
                    self.durable_mut(peer).frames.push(frame);
                }
                None => return self.end_batch(peer),
            }
        }
    }

    #[track_caller]
    fn write(&mut self, peer: &T::Peer, record: crate::Record<T>) {
        self.trace.record_of(self.now, peer, &record);
        let durable = self.durable_mut(peer);
        durable.witness.on_record(&record);
        durable.pending.records.push(record);
    }

    /// Commits, then transmits the frames of the batch.
    #[track_caller]
    fn end_batch(&mut self, peer: &T::Peer) {
        if !self.durable(peer).pending.is_empty() {
            self.commit(peer);
            if !self.survives(peer) {
                return;
            }
        }
        for frame in core::mem::take(&mut self.durable_mut(peer).frames) {
            self.transmit(peer, &frame);
            if !self.survives(peer) {
                return;
            }
        }
    }

    #[track_caller]
    fn commit(&mut self, peer: &T::Peer) {
        let now = self.now;
        let durable = self.durable_mut(peer);
        let transaction = core::mem::take(&mut durable.pending);
        durable.commits += 1;
        let compacts = durable.restarts.compacts_every.is_some_and(|every| durable.commits % every.max(1) == 0);
        let sends = transaction.sent.iter().filter(|id| !durable.witness.has_queued(**id)).count();
        let confirms = transaction.confirmed.iter().filter(|(from, id)| !durable.witness.has_confirmed(from, *id));
        let unwritten = (sends + confirms.count()) as u64;
        self.account.report.unwritten += unwritten;
        for (from, id) in &transaction.handled {
            self.account.on_handled(peer, from, *id);
        }
        for (from, id) in &transaction.confirmed {
            self.ledger.on_confirm(from, *id, now);
        }
        self.durable_mut(peer).store.commit(transaction);
        self.trace.action(now, Some(peer), Action::Commit);
        if compacts {
            let snapshot: Vec<_> = self.host(peer).client.records().collect();
            self.durable_mut(peer).store.compact(snapshot);
        }
    }

    #[track_caller]
    fn on_durable_event(&mut self, peer: &T::Peer, event: Event<T>) {
        self.trace.event(self.now, peer, &event);
        let life = self.host(peer).life;
        self.ledger.on_event(peer, life, &event, self.now);
        let (written, rises) = self.durable_mut(peer).witness.on_event(&event);
        self.account.report.unwritten += u64::from(!written);
        self.account.report.sunken += u64::from(!rises);
        match event {
            Event::Delivered { id, .. } => self.durable_mut(peer).pending.delivered.push(id),
            Event::Received(delivery) => match self.durable(peer).bookkeeping {
                Bookkeeping::Transactional => self.handle_inside(peer, delivery),
                Bookkeeping::AfterTheFact => self.handle_outside(peer, life, delivery),
            },
            Event::Accepted { .. }
            | Event::Retrying { .. }
            | Event::Failed { .. }
            | Event::AckSettled { .. }
            | Event::ServerIdConflict { .. }
            | Event::HorizonExceeded { .. }
            | Event::SuspectConnection { .. } => {}
        }
    }

    /// Handles a message inside the transaction and confirms it in the same batch.
    #[track_caller]
    fn handle_inside(&mut self, peer: &T::Peer, Delivery { from, id, .. }: Delivery<T>) {
        let now = self.now;
        let key = (from.clone(), id);
        let durable = self.durable_mut(peer);
        let twice = durable.store.handled.contains(&key) || durable.pending.handled.contains(&key);
        durable.pending.handled.push(key.clone());
        durable.pending.confirmed.push(key);
        self.account.report.handled_twice += u64::from(twice);
        if let Err(error) = self.host_mut(peer).client.confirm(&from, id, now) {
            self.fail(format_args!("{peer:?} handed it over just now: {error}"));
        }
        self.trace.action(now, Some(peer), Action::Confirm { from, id });
    }

    /// Shows a message at once, which cannot be undone; the application confirms it later.
    #[track_caller]
    fn handle_outside(&mut self, peer: &T::Peer, life: u32, Delivery { from, id, .. }: Delivery<T>) {
        let showing = self.durable_mut(peer).store.show((from.clone(), id), life);
        self.account.on_shown(peer, &from, id, showing);
        if !self.survives(peer) {
            return;
        }
        let delay = match self.host(peer).handling {
            Handling::Never => return,
            Handling::After(delay) => delay,
            Handling::Confirm | Handling::Release(_) => Duration::ZERO,
        };
        self.plan(delay, Planned::Confirm { at: peer.clone(), life, from, id });
    }

    /// Counts one step; returns whether the process is still alive.
    #[track_caller]
    fn survives(&mut self, peer: &T::Peer) -> bool {
        let durable = self.durable_mut(peer);
        durable.steps += 1;
        if !durable.kills.remove(&durable.steps) {
            return true;
        }
        self.die(peer);
        false
    }

    /// Ends a process. The relay is not notified, and frames in flight to the relay arrive.
    #[track_caller]
    pub(super) fn die(&mut self, peer: &T::Peer) {
        self.trace.action(self.now, Some(peer), Action::Kill);
        self.account.report.kills += 1;
        let host = self.host_mut(peer);
        host.life += 1;
        host.connected = false;
        host.down.clear();
        let durable = self.durable_mut(peer);
        durable.alive = false;
        durable.pending = Transaction::default();
        durable.frames.clear();
        let mean = durable.restarts.after;
        let after = self.dice.about(mean).max(Duration::from_nanos(1));
        self.plan(after, Planned::Restart(peer.clone()));
        self.list(peer);
    }
}
