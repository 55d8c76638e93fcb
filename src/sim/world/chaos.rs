//! Trouble that comes by itself: how often, decided by the world's seed.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Planned, World};
use crate::frame::Types;
use crate::sim::relay::Crash;

/// How often things break by themselves; the default is never.
///
/// Each rate is a mean: the next time is drawn anew, evenly from just now to twice the mean. Clients whose connection
/// broke connect again after the world's [`reconnect_after`](super::World::reconnect_after).
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
    /// Ends each client's connection once every `mean`.
    pub const fn disconnects(mut self, mean: Duration) -> Self {
        self.disconnects = Some(mean);
        self
    }

    /// Lets each client's frames vanish once every `mean`, for about `length`: from half of it to one and a half.
    pub const fn partitions(mut self, mean: Duration, length: Duration) -> Self {
        self.partitions = Some((mean, length));
        self
    }

    /// Crashes the relay once every `mean`; this share of crashes, 0.0 to 1.0, [loses
    /// all](crate::sim::Crash::LosesAll), the others keep what was stored.
    pub const fn relay_crashes(mut self, mean: Duration, loses_all: f64) -> Self {
        self.relay_crashes = Some((mean, loses_all));
        self
    }
}

/// One kind of trouble.
#[derive(Clone, Debug)]
pub(super) enum Trouble<P> {
    Disconnect(P),
    Partition(P),
    RelayCrash,
}

impl<T: Types<ServerId = u64>> World<T> {
    /// Lets things break by themselves from now on, and forgets what was to break before. The default [`Chaos`] ends it;
    /// partitions that have begun heal in time, and clients come back.
    pub fn chaos(&mut self, chaos: Chaos) {
        self.chaos = chaos;
        self.chaos_round += 1;
        self.plan_trouble(self.chaos.relay_crashes.map(|(mean, _)| mean), Trouble::RelayCrash);
        let peers: Vec<_> = self.hosts.keys().cloned().collect();
        for peer in peers {
            self.plan_trouble_for(&peer);
        }
    }

    /// Does what chaos had planned, and plans the next of its kind.
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
