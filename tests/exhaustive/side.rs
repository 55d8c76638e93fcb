//! One client with its application: a batch is drained, committed as a whole, and only then put on the wire.

use crate::ledger::Ledger;
use kit::*;
use sixfold::{Client, Event, Outgoing, Output, Record, Time};

#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) peer: u64,
    pub(crate) client: Client<Test>,
    pub(crate) connected: bool,
    pub(crate) ledger: Ledger,
    journal: Vec<Record<Test>>,
    /// Drained and not committed.
    batch: Vec<Output<Test>>,
    /// Whether every commit replaces the journal by the shortest one.
    compacts: bool,
    /// How many processes there have been.
    life: u8,
}

impl Side {
    pub(crate) fn new(peer: u64, compacts: bool, now: Time) -> Self {
        let client = Client::new(config(), seed(u8::try_from(peer).unwrap()), now).unwrap();
        let ledger = Ledger::default();
        Self { peer, client, connected: false, ledger, journal: Vec::new(), batch: Vec::new(), compacts, life: 0 }
    }

    /// Drains the client, handling and confirming inside; tells whether it keeps its word about its deadline.
    pub(crate) fn drain(&mut self, now: Time) -> Result<(), String> {
        loop {
            let due = self.client.poll_timeout();
            let Some(output) = self.client.poll_output() else { break };
            if due != Some(now) {
                return Err(format!("L4, output waits and the deadline is {due:?}"));
            }
            if let Output::Event(Event::Received(delivery)) = &output {
                self.client.confirm(&delivery.from, delivery.id, now).map_err(|error| error.to_string())?;
            }
            self.batch.push(output);
        }
        Ok(())
    }

    /// Fires the timers.
    pub(crate) fn fire(&mut self, now: Time) -> Result<(), String> {
        self.client.handle_timeout(now);
        self.drain(now)?;
        match self.client.poll_timeout() {
            Some(stuck) if stuck <= now => Err(format!("L4, after handle_timeout the deadline is {stuck:?}")),
            _ => Ok(()),
        }
    }

    pub(crate) fn has_batch(&self) -> bool {
        !self.batch.is_empty()
    }

    /// Commits the batch, and gives the frames that may go out now.
    pub(crate) fn commit(&mut self, server_forgets: bool) -> Result<Vec<Outgoing<Test>>, String> {
        let batch = core::mem::take(&mut self.batch);
        self.ledger.commit(&batch, server_forgets)?;
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

    pub(crate) fn connect(&mut self, now: Time) -> Result<(), String> {
        self.connected = true;
        self.client.handle_connected(now);
        self.drain(now)
    }

    pub(crate) fn disconnect(&mut self, now: Time) -> Result<(), String> {
        self.connected = false;
        self.client.handle_disconnected(now);
        self.drain(now)
    }

    /// The process dies with its uncommitted batch; another takes over from the journal.
    pub(crate) fn crash(&mut self, now: Time) -> Result<(), String> {
        self.batch.clear();
        self.connected = false;
        self.life += 1;
        let seed = seed(u8::try_from(self.peer).unwrap() + 16 * self.life);
        self.client = Client::restore(config(), seed, self.journal.iter().cloned(), now).unwrap();
        if self.client.poll_output().is_some() {
            return Err("a restore emits nothing".into());
        }
        Ok(())
    }
}

fn config() -> sixfold::Config {
    steady().journal(true)
}
