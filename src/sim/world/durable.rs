//! A client whose process may die after any step: what its host keeps, and what of that survives.
//!
//! The rule (L7): a batch ends when the client has nothing more to say; its records and the effects of its events are
//! committed in one transaction, and only then its frames go on the link. Each output polled, the end of each drain, each
//! effect that the application makes outside of the transaction, each commit and each frame is one step; the process can
//! be told to die right after any of them.
//!
//! - `store.rs`: what is durable, and what may happen to it
//! - `drive.rs`: one batch after another, and death
//! - `restart.rs`: a new process from what is durable, held to it
//! - `witness.rs`: whether each output had been written first

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

/// How the application of a durable client handles what it receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bookkeeping {
    /// In the transaction of the batch: it confirms at once and commits its effect together with the batch's records.
    Transactional,
    /// At once and outside of the transaction, as a screen does; it confirms in a later batch, as the world's
    /// [`handling`](World::handling) says.
    AfterTheFact,
}

/// What happens when a durable client that died starts again; the default is a start from the undamaged store after about
/// 1 s.
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
    /// How long the process stays dead: from half of this to one and a half.
    pub const fn after(mut self, mean: Duration) -> Self {
        self.after = mean;
        self
    }

    /// How many of the last records are gone: a torn tail, or an old backup. The effects that were committed together with
    /// them are undone too. A snapshot is never torn.
    pub const fn torn(mut self, records: usize) -> Self {
        self.torn = records;
        self
    }

    /// How many of the last records are applied twice; `usize::MAX` for the whole journal.
    pub const fn repeated(mut self, records: usize) -> Self {
        self.repeated = records;
        self
    }

    /// How often the client is restored in a row: all but the last are dropped before they did anything. At least once.
    pub const fn restores(mut self, times: u32) -> Self {
        self.restores = times;
        self
    }

    /// Whether each start replaces the journal with what [`records`](crate::Client::records) gives.
    pub const fn compacts(mut self, on: bool) -> Self {
        self.compacts = on;
        self
    }

    /// After how many commits the living client replaces the journal with what [`records`](crate::Client::records) gives.
    pub const fn compacts_every(mut self, commits: u64) -> Self {
        self.compacts_every = Some(commits);
        self
    }
}

/// What makes a client durable.
#[derive(Debug)]
pub(super) struct Durable<T: Types> {
    bookkeeping: Bookkeeping,
    restarts: Restarts,
    alive: bool,
    store: Store<T>,
    /// What the batch has said so far: lost with the process.
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

    /// What the application does belongs to the batch that is drained next.
    pub(super) fn pending(&mut self) -> &mut Transaction<T> {
        &mut self.pending
    }

    pub(super) fn witness(&mut self) -> &mut Witness<T> {
        &mut self.witness
    }
}

impl<T: Types<ServerId = u64>> World<T> {
    /// Adds a client that keeps a journal, and connects it. Its process may be killed; what it has committed stays.
    ///
    /// # Errors
    ///
    /// The config cannot work.
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

    /// Changes what happens when a durable client starts again, from now on.
    #[track_caller]
    pub fn set_restarts(&mut self, peer: &T::Peer, restarts: Restarts) {
        self.durable_mut(peer).restarts = restarts;
    }

    /// Lets a durable client's process die right after a step, counted from 1 over all its lives. Its batch is lost if it
    /// was not committed, and so are the frames that were not yet on the link; those on the link arrive. The client is
    /// dropped, and after a while [`restored`](crate::Client::restore). Several steps may be planned.
    #[track_caller]
    pub fn kill_at(&mut self, peer: &T::Peer, step: u64) {
        self.durable_mut(peer).kills.insert(step);
    }

    /// Lets a durable client's process die now. A dead one stays dead.
    #[track_caller]
    pub fn kill(&mut self, peer: &T::Peer) {
        if self.durable(peer).alive {
            self.die(peer);
        }
    }

    /// Tells how many steps a durable client has made, over all its lives.
    #[must_use]
    #[track_caller]
    pub fn steps(&self, peer: &T::Peer) -> u64 {
        self.durable(peer).steps
    }

    /// Tells whether a client's process runs; one that is not durable always does.
    #[must_use]
    #[track_caller]
    pub fn is_alive(&self, peer: &T::Peer) -> bool {
        self.host(peer).is_alive()
    }

    /// Lists the durable records of a client, the oldest first.
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
