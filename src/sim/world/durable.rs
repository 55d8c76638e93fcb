//! Clients whose process may die after any step: what the host holds, and what of it survives.
//!
//! The rule (L7): a batch ends when `poll_output` returns `None`; its records and the effects of its events are
//! committed in one transaction, and only then its frames are transmitted. Each polled output, the end of each drain,
//! each effect of the application outside the transaction, each commit and each frame is one step; the process can die
//! right after any step.
//!
//! - `store.rs`: what is durable, and how it may be damaged
//! - `drive.rs`: the batches, and death
//! - `restart.rs`: a new process from the store, and its check
//! - `witness.rs`: whether each output comes after its record

mod drive;
mod restart;
mod store;
mod witness;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use super::World;
use crate::config::Config;
use crate::error::ConfigError;
use crate::frame::{Outgoing, Types};
use crate::journal::Record;

pub(super) use store::{Showing, Store, Transaction};
pub(super) use witness::Witness;

/// How the application of a durable client handles received messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bookkeeping {
    /// Inside the transaction of the batch: it confirms at once and commits its effect together with the batch's
    /// records.
    Transactional,
    /// At once and outside the transaction, like a screen; it confirms in a later batch, according to the world's
    /// [`handling`](World::handling).
    AfterTheFact,
}

/// How a durable client restarts after its death; by default from the undamaged store, after about 1 s.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use sixfold::sim::Restarts;
///
/// let old_backup = Restarts::default().after(Duration::from_secs(5)).torn(20);
/// assert_ne!(old_backup, Restarts::default());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Restarts {
    after: Duration,
    torn: usize,
    repeated: usize,
    restores: u32,
    compacts: bool,
    compacts_every: Option<u64>,
}

impl Default for Restarts {
    fn default() -> Self {
        Self { after: Duration::from_secs(1), torn: 0, repeated: 0, restores: 1, compacts: false, compacts_every: None }
    }
}

impl Restarts {
    /// Sets the mean time until the restart; the time is 0.5 to 1.5 times this.
    pub const fn after(mut self, mean: Duration) -> Self {
        self.after = mean;
        self
    }

    /// Sets how many of the last records are lost: a torn tail, or an old backup. The effects that were committed with
    /// them are undone too. A snapshot is never torn.
    pub const fn torn(mut self, records: usize) -> Self {
        self.torn = records;
        self
    }

    /// Sets how many of the last records are applied twice; `usize::MAX` for the whole journal.
    pub const fn repeated(mut self, records: usize) -> Self {
        self.repeated = records;
        self
    }

    /// Sets how many times in a row the client is restored, at least once; all but the last are dropped unused.
    pub const fn restores(mut self, times: u32) -> Self {
        self.restores = times;
        self
    }

    /// Sets whether each start replaces the journal by [`records`](crate::Client::records).
    pub const fn compacts(mut self, on: bool) -> Self {
        self.compacts = on;
        self
    }

    /// Sets after how many commits the running client replaces the journal by [`records`](crate::Client::records).
    pub const fn compacts_every(mut self, commits: u64) -> Self {
        self.compacts_every = Some(commits);
        self
    }
}

/// The state of a durable client.
#[derive(Debug)]
pub(super) struct Durable<T: Types> {
    bookkeeping: Bookkeeping,
    restarts: Restarts,
    alive: bool,
    store: Store<T>,
    /// The batch so far: lost with the process.
    pending: Transaction<T>,
    frames: Vec<Outgoing<T>>,
    steps: u64,
    kills: BTreeSet<u64>,
    commits: u64,
    witness: Witness<T>,
}

impl<T: Types> Durable<T> {
    fn new(bookkeeping: Bookkeeping) -> Self {
        Self {
            bookkeeping,
            restarts: Restarts::default(),
            alive: true,
            store: Store::new(),
            pending: Transaction::default(),
            frames: Vec::new(),
            steps: 0,
            kills: BTreeSet::new(),
            commits: 0,
            witness: Witness::new(),
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.alive
    }

    pub(super) fn store(&self) -> &Store<T> {
        &self.store
    }

    /// An action of the application belongs to the next batch.
    pub(super) fn pending(&mut self) -> &mut Transaction<T> {
        &mut self.pending
    }

    pub(super) fn witness(&mut self) -> &mut Witness<T> {
        &mut self.witness
    }
}

impl<T: Types<ServerId = u64>> World<T> {
    /// Adds a client with a journal, and connects it. Its process may be killed; what it has committed survives.
    ///
    /// # Errors
    ///
    /// The config is invalid.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "the world keeps the name")]
    pub fn add_durable_client(
        &mut self,
        peer: T::Peer,
        config: Config,
        bookkeeping: Bookkeeping,
    ) -> Result<(), ConfigError> {
        self.admit(&peer, config.journal(true), Some(Durable::new(bookkeeping)))?;
        self.connect(&peer);
        Ok(())
    }

    /// Sets how a durable client restarts from now on.
    #[track_caller]
    pub fn set_restarts(&mut self, peer: &T::Peer, restarts: Restarts) {
        self.durable_mut(peer).restarts = restarts;
    }

    /// Kills a durable client's process right after a step, counted from 1 over all its lives. An uncommitted batch and
    /// the frames that are not yet on the link are lost; those on the link arrive. The client is dropped, and later
    /// [restored](crate::Client::restore). Several steps may be planned.
    #[track_caller]
    pub fn kill_at(&mut self, peer: &T::Peer, step: u64) {
        self.durable_mut(peer).kills.insert(step);
    }

    /// Kills a durable client's process now. No effect if it is dead.
    #[track_caller]
    pub fn kill(&mut self, peer: &T::Peer) {
        if self.durable(peer).alive {
            self.die(peer);
        }
    }

    /// Returns the number of steps of a durable client, over all its lives.
    #[must_use]
    #[track_caller]
    pub fn steps(&self, peer: &T::Peer) -> u64 {
        self.durable(peer).steps
    }

    /// Returns whether a client's process runs; always true for a client that is not durable.
    #[must_use]
    #[track_caller]
    pub fn is_alive(&self, peer: &T::Peer) -> bool {
        self.host(peer).is_alive()
    }

    /// Returns the durable records of a client, the oldest first.
    #[track_caller]
    pub fn journal(&self, peer: &T::Peer) -> impl Iterator<Item = &Record<T>> {
        self.durable(peer).store.records()
    }

    #[track_caller]
    fn durable(&self, peer: &T::Peer) -> &Durable<T> {
        match &self.host(peer).durable {
            Some(durable) => durable,
            None => self.fail(format_args!("client {peer:?} is not durable")),
        }
    }

    #[track_caller]
    fn durable_mut(&mut self, peer: &T::Peer) -> &mut Durable<T> {
        if self.host(peer).durable.is_none() {
            self.fail(format_args!("client {peer:?} is not durable"));
        }
        self.host_mut(peer).durable.as_mut().expect("looked up just above")
    }
}
