//! A durable client: the library's state machine, its journal and the user's messages, in step.
//!
//! The rule (L7): one transaction holds a batch's records and the effects of its events, `confirm` is called inside it,
//! and its frames leave only after the commit. A process killed anywhere finds on its next start exactly what it had
//! committed, and has said nothing that it had not.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;
use sixfold::{Client, Config, Event, Outgoing, Output, Seed, Time};

use super::clock::Clock;
use super::{history, journal};
use crate::{Chat, database};

/// The client and its database.
#[derive(Debug)]
pub struct Session {
    db: Connection,
    client: Client<Chat>,
    clock: Clock,
    /// How many rows the journal has.
    journal: usize,
    /// At which length to think of a shorter one again.
    compact_at: usize,
}

/// What a committed batch leaves to be done.
#[derive(Debug, Default)]
pub struct Batch {
    /// The client's time when it made them.
    pub now: Time,
    /// To transmit, in this order.
    pub frames: Vec<Outgoing<Chat>>,
    /// To show. What they say is in the database already.
    pub events: Vec<Event<Chat>>,
}

impl Session {
    /// Opens the database of `user`, or makes it, and goes on from its journal.
    ///
    /// # Errors
    ///
    /// The file belongs to another process or user, is damaged, or the configuration cannot work.
    pub fn open(path: &Path, user: &str, config: Config) -> Result<Self> {
        let db = database::open(path, &[history::SCHEMA, journal::SCHEMA].concat())?;
        match history::fact::<String>(&db, "user")? {
            Some(owner) => ensure!(owner == user, "{} belongs to {owner}, not to {user}", path.display()),
            None => history::set_fact(&db, "user", user)?,
        }
        let clock = Clock::start();
        let records = journal::read(&db)?;
        let length = records.len();
        let client = Client::restore(config.journal(true), fresh_seed()?, records, clock.now())?;
        Ok(Self { db, client, clock, journal: length, compact_at: 0 })
    }

    /// Feeds the client with `inputs`, drains it, and commits everything at once.
    ///
    /// # Errors
    ///
    /// What `inputs` fails with, or the database says no. The session is then behind its own memory: drop it.
    pub fn batch<R>(
        &mut self,
        inputs: impl FnOnce(&mut Client<Chat>, &Connection, Time) -> Result<R>,
    ) -> Result<(R, Batch)> {
        let now = self.clock.now();
        let transaction = self.db.unchecked_transaction().context("cannot begin a transaction")?;
        let result = inputs(&mut self.client, &transaction, now)?;
        let mut batch = Batch { now, ..Batch::default() };
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Persist(record) => {
                    journal::append(&transaction, &record)?;
                    self.journal += 1;
                    history::on_record(&transaction, &record, |id| self.client.status(id))?;
                }
                Output::Event(event) => {
                    if let Event::Received(delivery) = &event {
                        history::on_received(&transaction, delivery, now)?;
                        self.client.confirm(&delivery.from, delivery.id, now)?;
                    }
                    batch.events.push(event);
                }
                Output::Transmit(frame) => batch.frames.push(frame),
            }
        }
        if self.journal > self.compact_at {
            self.journal = journal::compact(&transaction, self.journal, self.client.records())?;
            self.compact_at = self.journal.max(journal::SHORT) + journal::SHORT / 4;
        }
        transaction.commit().context("cannot commit")?;
        Ok((result, batch))
    }

    /// The client, to look into.
    #[must_use]
    pub fn client(&self) -> &Client<Chat> {
        &self.client
    }

    /// The database, to look into.
    #[must_use]
    pub fn db(&self) -> &Connection {
        &self.db
    }

    /// The client's time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// How long until the client wants to hear of the time; `None` for never.
    #[must_use]
    pub fn wait(&self) -> Option<std::time::Duration> {
        Some(self.client.poll_timeout()?.saturating_duration_since(self.clock.now()))
    }
}

/// Fresh in every process: a repeated seed could repeat message ids.
fn fresh_seed() -> Result<Seed> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the operating system gives no randomness")?;
    Ok(Seed::from_bytes(bytes))
}
