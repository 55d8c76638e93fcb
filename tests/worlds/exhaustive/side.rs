//! One client with its application: each batch is drained, committed as a whole, and only then transmitted.

use super::ledger::Ledger;
use kit::*;
use sixfold::{Client, Event, Outgoing, Output, Record, Time};

#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) peer: u64,
    pub(super) client: Client<Test>,
    pub(super) connected: bool,
    pub(super) ledger: Ledger,
    journal: Vec<Record<Test>>,
    /// Drained but not committed yet.
    batch: Vec<Output<Test>>,
    /// Whether every commit replaces the journal by a snapshot.
    compacts: bool,
    /// The number of restarts, and of connections that ended otherwise.
    restarts: u8,
    cuts: u8,
}

impl Side {
    pub(super) fn new(peer: u64, compacts: bool, now: Time) -> Self {
        let client = Client::new(config(), seed(u8::try_from(peer).unwrap()), now).unwrap();
        let ledger = Ledger::default();
        let (journal, batch) = (Vec::new(), Vec::new());
        Self { peer, client, connected: false, ledger, journal, batch, compacts, restarts: 0, cuts: 0 }
    }

    /// Drains the client, handling and confirming inside; checks that pending output makes the deadline now.
    pub(super) fn drain(&mut self, now: Time) -> Result<(), String> {
        loop {
            let due = self.client.poll_timeout();
            let Some(output) = self.client.poll_output() else { break };
            if due != Some(now) {
                return Err(format!("L4, output is pending and the deadline is {due:?}"));
            }
            if let Output::Event(Event::Received(delivery)) = &output {
                self.client.confirm(&delivery.from, delivery.id, now).map_err(|error| error.to_string())?;
            }
            self.batch.push(output);
        }
        Ok(())
    }

    /// Fires the timers; checks that none is due afterwards.
    pub(super) fn fire(&mut self, now: Time) -> Result<(), String> {
        self.client.handle_timeout(now);
        self.drain(now)?;
        match self.client.poll_timeout() {
            Some(stuck) if stuck <= now => Err(format!("L4, after handle_timeout the deadline is {stuck:?}")),
            _ => Ok(()),
        }
    }

    pub(super) fn has_batch(&self) -> bool {
        !self.batch.is_empty()
    }

    /// Commits the batch and returns the frames that may be transmitted now.
    pub(super) fn commit(&mut self, server_lost_state: bool) -> Result<Vec<Outgoing<Test>>, String> {
        let batch = core::mem::take(&mut self.batch);
        self.ledger.commit(&batch, server_lost_state)?;
        let mut frames = Vec::new();
        for output in batch {
            match output {
                Output::Persist(record) => self.journal.push(record),
                Output::Event(_) => {}
                Output::Transmit(frame) if self.connected => frames.push(frame),
                Output::Transmit(_) => {}
            }
        }
        if self.compacts {
            self.journal = self.client.records().collect();
        }
        Ok(frames)
    }

    pub(super) fn connect(&mut self, now: Time) -> Result<(), String> {
        self.connected = true;
        self.client.handle_connected(now);
        self.drain(now)
    }

    pub(super) fn disconnect(&mut self, now: Time) -> Result<(), String> {
        self.connected = false;
        self.cuts += 1;
        self.client.handle_disconnected(now);
        self.drain(now)
    }

    /// Checks the order of what was handled, and of what was accepted: a message whose connection was cut twice is
    /// suspect, and newer processes do not wait for it.
    pub(super) fn check_order(&self) -> Result<(), String> {
        self.ledger.check_handled()?;
        if self.cuts < 2 { self.ledger.check_accepted() } else { Ok(()) }
    }

    /// The process is killed with its uncommitted batch; a new one restores from the journal.
    pub(super) fn crash(&mut self, now: Time) -> Result<(), String> {
        self.batch.clear();
        self.connected = false;
        self.restarts += 1;
        let seed = seed(u8::try_from(self.peer).unwrap() + 16 * self.restarts);
        self.client = Client::restore(config(), seed, self.journal.iter().cloned(), now).unwrap();
        if self.client.poll_output().is_some() {
            return Err("a restored client has output".into());
        }
        Ok(())
    }
}

fn config() -> sixfold::Config {
    steady().journal(true)
}
