//! Random failures, drawn from the world's seed.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Planned, World};
use crate::frame::Types;
use crate::sim::relay::Crash;

/// The rates of random failures; the default is none.
///
/// Each rate is a mean interval: the next one is drawn uniformly from 0 to twice the mean. Clients whose connection
/// broke reconnect after the world's [`reconnect_after`](super::World::reconnect_after).
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use sixfold::sim::Chaos;
///
/// let bad_day = Chaos::default()
///     .disconnects(Duration::from_secs(20))
///     .partitions(Duration::from_secs(60), Duration::from_secs(5))
///     .relay_crashes(Duration::from_secs(120), 0.5);
/// assert_ne!(bad_day, Chaos::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Chaos {
    pub(super) disconnects: Option<Duration>,
    pub(super) partitions: Option<(Duration, Duration)>,
    pub(super) relay_crashes: Option<(Duration, f64)>,
}

impl Chaos {
    /// Ends each client's connection, at intervals of `mean` on average.
    pub const fn disconnects(mut self, mean: Duration) -> Self {
        self.disconnects = Some(mean);
        self
    }

    /// Loses all frames of each client, at intervals of `mean` on average, for 0.5 to 1.5 times `length`.
    pub const fn partitions(mut self, mean: Duration, length: Duration) -> Self {
        self.partitions = Some((mean, length));
        self
    }

    /// Crashes the relay, at intervals of `mean` on average. The share `loses_all` of the crashes, 0.0 to 1.0, [loses
    /// all](crate::sim::Crash::LosesAll); the others keep what was stored.
    pub const fn relay_crashes(mut self, mean: Duration, loses_all: f64) -> Self {
        self.relay_crashes = Some((mean, loses_all));
        self
    }
}

/// One kind of failure.
#[derive(Clone, Debug)]
pub(super) enum Trouble<P> {
    Disconnect(P),
    Partition(P),
    RelayCrash,
}

impl<T: Types<ServerId = u64>> World<T> {
    /// Sets the random failures from now on and drops those planned before. The default [`Chaos`] stops them;
    /// partitions that have begun end as planned, and clients reconnect.
    pub fn chaos(&mut self, chaos: Chaos) {
        self.chaos = chaos;
        self.chaos_round += 1;
        self.plan_trouble(self.chaos.relay_crashes.map(|(mean, _)| mean), Trouble::RelayCrash);
        let peers: Vec<_> = self.hosts.keys().cloned().collect();
        for peer in peers {
            self.plan_trouble_for(&peer);
        }
    }

    /// Executes a planned failure and plans the next one of its kind.
    pub(super) fn make_trouble(&mut self, trouble: Trouble<T::Peer>) {
        let mean = match &trouble {
            Trouble::Disconnect(peer) => {
                self.break_connection(peer);
                self.chaos.disconnects
            }
            Trouble::Partition(peer) => self.chaos.partitions.map(|(mean, length)| {
                if !self.host(peer).partitioned {
                    self.partition(peer);
                    let length = self.dice.about(length);
                    self.plan(length, Planned::Heal(peer.clone()));
                }
                mean
            }),
            Trouble::RelayCrash => self.chaos.relay_crashes.map(|(mean, loses_all)| {
                let kind = if self.dice.hits(loses_all) { Crash::LosesAll } else { Crash::KeepsStored };
                self.crash_relay(kind);
                mean
            }),
        };
        self.plan_trouble(mean, trouble);
    }

    pub(super) fn plan_trouble_for(&mut self, peer: &T::Peer) {
        self.plan_trouble(self.chaos.disconnects, Trouble::Disconnect(peer.clone()));
        self.plan_trouble(self.chaos.partitions.map(|(mean, _)| mean), Trouble::Partition(peer.clone()));
    }

    fn plan_trouble(&mut self, mean: Option<Duration>, trouble: Trouble<T::Peer>) {
        if let Some(mean) = mean {
            let after = self.dice.until_next(mean);
            self.plan(after, Planned::Trouble(self.chaos_round, trouble));
        }
    }
}
