//! Clients, a relay and the links between them under virtual time, determined by a seed and the caller's actions.
//!
//! Time moves exactly from one deadline to the next. Each client is drained after every input and then checked: after
//! [`handle_timeout`](crate::Client::handle_timeout) and a drain its next deadline must be in the future. Every panic
//! message contains the seed, so every failure can be repeated.

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

/// Any number of clients and one relay, connected by lossy links, under virtual time that starts at [`Time::ZERO`].
///
/// Configure it with the consuming setters, add clients, act, and run; then read the [`Report`]. The same seed and the
/// same calls give the same run, and equal runs have equal [digests](World::digest).
///
/// # Panics
///
/// Methods that take a peer panic when no such client was added, and when they need its process while it is dead.
/// Running panics when a client misbehaves: when its deadline does not move, when it transmits while disconnected, when
/// it does not know a message that it has handed over, or when it produces outputs without end. Every panic message
/// begins with `world seed N`.
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
    /// The next deadline of each client or one of its links.
    wakes: BTreeSet<(Time, T::Peer)>,
    /// The number of clients that are not settled.
    unsettled: usize,
    /// Planned actions, by time and then in the order of planning.
    agenda: BTreeMap<(Time, u64), Planned<T>>,
    planned: u64,
    chaos: Chaos,
    /// Failures planned in an earlier round are ignored.
    chaos_round: u32,
    up: LinkConfig,
    down: LinkConfig,
    reconnect_after: Duration,
    handling: Handling,
    ledger: Ledger<T>,
    account: Account<T>,
    trace: Trace<T>,
    /// The number of steps since time last moved.
    spins: u32,
}

/// A planned action.
#[derive(Clone, Debug)]
enum Planned<T: Types> {
    Reconnect(T::Peer),
    Heal(T::Peer),
    Restart(T::Peer),
    Confirm { at: T::Peer, life: u32, from: T::Peer, id: MsgId },
    Trouble(u32, Trouble<T::Peer>),
}

impl<T: Types<ServerId = u64>> World<T> {
    /// Makes a world without clients. Defaults: links with a latency of 20 ms and no loss, a relay lifetime of 7 days,
    /// clients that reconnect after about 1 s, applications that confirm at once, no random failures.
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

    /// Sets the links of clients added later: from the client to the relay, and back.
    #[must_use]
    pub fn links(mut self, up: LinkConfig, down: LinkConfig) -> Self {
        self.up = up;
        self.down = down;
        self
    }

    /// Restarts the relay with another lifetime. Call it before the first client is added, with the clients' value.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.relay = Relay::new(lifetime, self.now);
        self
    }

    /// Sets the mean delay after which a client reconnects when its connection broke; the delay is 0.5 to 1.5 times
    /// this.
    #[must_use]
    pub fn reconnect_after(mut self, mean: Duration) -> Self {
        self.reconnect_after = mean;
        self
    }

    /// Sets how the applications of clients added later handle messages.
    #[must_use]
    pub fn handling(mut self, handling: Handling) -> Self {
        self.handling = handling;
        self
    }

    /// Turns the recording of [`World::trace`] on or off; off by default.
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

    /// Plans an action.
    fn plan(&mut self, after: Duration, what: Planned<T>) {
        self.agenda.insert((self.now + after, self.planned), what);
        self.planned += 1;
    }

    /// Panics with the seed of the world.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test tool reports by panicking")]
    fn fail(&self, why: fmt::Arguments<'_>) -> ! {
        panic!("world seed {} at {:?}: {why}", self.seed, self.now.since_origin())
    }
}

/// Distinguishes a world's random numbers from others of the same seed.
const PURPOSE: u64 = 2;
