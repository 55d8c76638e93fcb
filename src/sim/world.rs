//! Clients, a relay and the links between them under virtual time: nothing happens but what the seed and the caller decide.
//!
//! Time moves from one deadline exactly to the next. Whatever was touched is drained at once, and each client is then held
//! to its word: after [`Client::handle_timeout`] and a drain, its next deadline must lie in the future. Every panic names
//! the seed of the world, so every failure can be run again.

mod account;
mod acts;
mod application;
mod chaos;
mod durable;
mod host;
mod ledger;
mod look;
mod run;
mod trace;

use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt;
use core::time::Duration;

use crate::frame::Types;
use crate::id::MsgId;
use crate::sim::dice::Dice;
use crate::sim::link::LinkConfig;
use crate::sim::relay::Relay;
use crate::time::Time;

use account::Account;
pub use account::CrashReport;
pub use chaos::Chaos;
use chaos::Trouble;
pub use durable::{Bookkeeping, Restarts};
pub use host::Handling;
use host::Host;
use ledger::Ledger;
pub use ledger::{HandOver, MessageLog, Report};
use trace::Trace;
pub use trace::{Action, Entry, Fate, What};

/// Any number of clients and one relay, joined by lossy links, under virtual time that starts at [`Time::ZERO`].
///
/// Set it up with the consuming setters, add clients, act, and let time run; then ask for the [`Report`]. The same seed and
/// the same calls give the same run: [`World::digest`] tells whether two did.
///
/// # Panics
///
/// Methods that name a peer panic when no such client was added, and when they need its process while it is dead. Running panics when a client breaks its word: when its
/// deadline does not move, when it transmits while disconnected, when it hands a message over and then does not know it, or
/// when nothing settles at one instant. Every message begins with `world seed N`.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use sixfold::Config;
/// use sixfold::sim::{LinkConfig, World};
/// # #[derive(Clone, Debug, PartialEq)]
/// # struct Chat;
/// # impl sixfold::Types for Chat {
/// #     type Peer = &'static str;
/// #     type Payload = &'static str;
/// #     type ServerId = u64;
/// # }
///
/// let lossy = LinkConfig::default().latency(Duration::from_millis(40)).loss(0.3);
/// let mut world = World::<Chat>::new(1).links(lossy.clone(), lossy);
/// world.add_client("alice", Config::default())?;
/// world.add_client("bob", Config::default())?;
///
/// world.send(&"alice", &"bob", "hello").expect("the outbox is empty");
/// assert!(world.run_until_settled(Duration::from_secs(60)));
/// assert_eq!(world.report().delivered, 1);
/// # Ok::<(), sixfold::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct World<T: Types<ServerId = u64>> {
    seed: u64,
    dice: Dice,
    now: Time,
    relay: Relay<T>,
    hosts: BTreeMap<T::Peer, Host<T>>,
    /// When each client or one of its links next has something to do.
    wakes: BTreeSet<(Time, T::Peer)>,
    /// How many clients are not settled.
    unsettled: usize,
    /// What is planned, by time and then in the order of planning.
    agenda: BTreeMap<(Time, u64), Planned<T>>,
    planned: u64,
    chaos: Chaos,
    /// Trouble planned in an earlier round is void.
    chaos_round: u32,
    up: LinkConfig,
    down: LinkConfig,
    reconnect_after: Duration,
    handling: Handling,
    ledger: Ledger<T>,
    account: Account<T>,
    trace: Trace<T>,
    /// How many steps were made without time moving.
    spins: u32,
}

/// What is to happen at some time.
#[derive(Clone, Debug)]
enum Planned<T: Types> {
    Reconnect(T::Peer),
    Heal(T::Peer),
    Restart(T::Peer),
    Confirm { at: T::Peer, life: u32, from: T::Peer, id: MsgId },
    Trouble(u32, Trouble<T::Peer>),
}

impl<T: Types<ServerId = u64>> World<T> {
    /// Makes a world without clients. Its links take 20 ms and lose nothing, its relay's lifetime is 7 days, its clients
    /// reconnect after about 1 s, its applications confirm at once, and nothing breaks by itself.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let link = LinkConfig::default().latency(Duration::from_millis(20));
        Self {
            seed,
            dice: Dice::new(seed, PURPOSE),
            now: Time::ZERO,
            relay: Relay::new(Duration::from_secs(7 * 24 * 3600), Time::ZERO),
            hosts: BTreeMap::new(),
            wakes: BTreeSet::new(),
            unsettled: 0,
            agenda: BTreeMap::new(),
            planned: 0,
            chaos: Chaos::default(),
            chaos_round: 0,
            up: link.clone(),
            down: link,
            reconnect_after: Duration::from_secs(1),
            handling: Handling::default(),
            ledger: Ledger::new(),
            account: Account::new(),
            trace: Trace::new(),
            spins: 0,
        }
    }

    /// Sets what the links of clients added later do: from the client to the relay, and back.
    #[must_use]
    pub fn links(mut self, up: LinkConfig, down: LinkConfig) -> Self {
        self.up = up;
        self.down = down;
        self
    }

    /// Starts the relay anew with another lifetime: set it before the first client is added, to the clients' value.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.relay = Relay::new(lifetime, self.now);
        self
    }

    /// Sets how long a client whose connection broke takes to come back: from half of this to one and a half.
    #[must_use]
    pub fn reconnect_after(mut self, mean: Duration) -> Self {
        self.reconnect_after = mean;
        self
    }

    /// Sets what the applications of clients added later do with messages.
    #[must_use]
    pub fn handling(mut self, handling: Handling) -> Self {
        self.handling = handling;
        self
    }

    /// Begins or stops to keep [`World::trace`]; off at first.
    #[must_use]
    pub fn record_trace(mut self, on: bool) -> Self {
        self.trace.record(on);
        self
    }

    #[track_caller]
    fn host(&self, peer: &T::Peer) -> &Host<T> {
        match self.hosts.get(peer) {
            Some(host) => host,
            None => self.fail(format_args!("no client {peer:?}")),
        }
    }

    #[track_caller]
    fn host_mut(&mut self, peer: &T::Peer) -> &mut Host<T> {
        if !self.hosts.contains_key(peer) {
            self.fail(format_args!("no client {peer:?}"));
        }
        self.hosts.get_mut(peer).expect("looked up just above")
    }

    #[track_caller]
    fn must_live(&self, peer: &T::Peer) {
        if !self.host(peer).is_alive() {
            self.fail(format_args!("client {peer:?} is dead"));
        }
    }

    /// Puts something on the agenda.
    fn plan(&mut self, after: Duration, what: Planned<T>) {
        self.agenda.insert((self.now + after, self.planned), what);
        self.planned += 1;
    }

    /// Ends the run, with what it takes to run it again.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test tool reports by panicking")]
    fn fail(&self, why: fmt::Arguments<'_>) -> ! {
        panic!("world seed {} at {:?}: {why}", self.seed, self.now.since_origin())
    }
}

/// Keeps a world's dice apart from others of the same seed.
const PURPOSE: u64 = 2;
