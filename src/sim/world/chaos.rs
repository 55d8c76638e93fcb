//! Trouble that comes by itself: how often, decided by the world's seed.

use core::time::Duration;

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
