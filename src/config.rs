//! The configuration: private fields, consuming setters of one shape, checked once.

use core::time::Duration;

use crate::error::ConfigError;
use crate::time::nanos;

/// What a [`Client`](crate::Client) may use and how patient it is.
///
/// Start from [`Config::default`] and change what differs. It is checked once, by
/// [`Client::new`](crate::Client::new), which names the field that cannot work.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use sixfold::{Config, Order};
///
/// let config = Config::default()
///     .window(64)
///     .max_attempts(None)
///     .order(Order::InOrder { max_hold: None });
/// # let _ = config;
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Config {
    pub(crate) window: usize,
    pub(crate) outbox_capacity: usize,
    pub(crate) inbox_capacity: usize,
    pub(crate) ack_capacity: usize,
    pub(crate) rto_initial: Duration,
    pub(crate) rto_min: Duration,
    pub(crate) rto_max: Duration,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) probe_initial: Duration,
    pub(crate) probe_max: Duration,
    pub(crate) expiry: Duration,
    pub(crate) lifetime: Duration,
    pub(crate) jitter: f64,
    pub(crate) retransmit_rate: u32,
    pub(crate) retransmit_burst: u32,
    pub(crate) order: Order,
    pub(crate) max_streams: usize,
    pub(crate) max_streams_per_peer: usize,
    pub(crate) max_ranges: usize,
    pub(crate) suspect_after: u32,
    pub(crate) journal: bool,
}

/// In which order messages of one stream are handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In the order in which they were sent. A message that arrives early is held, unacked.
    InOrder {
        /// How long a message is held for the ones before it; then they are given up for order's sake and come, if they
        /// come, with [`late`](crate::Delivery::late) set. `None`: until the sender's `floor` passes them.
        max_hold: Option<Duration>,
    },
    /// As they arrive; `late` is never set.
    AsArrived,
}

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Ten years: far from where nanoseconds in 64 bits end, so that no sum of a few of them saturates.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 3600);
/// The shortest timer: two ticks of the timer grid's finest octave.
const SHORTEST: Duration = Duration::from_micros(1);
/// What a 32-bit index can count, with room to spare.
const MOST: usize = 1 << 30;

impl Default for Config {
    fn default() -> Self {
        Self {
            window: 32,
            outbox_capacity: 10_000,
            inbox_capacity: 1_000,
            ack_capacity: 1_000,
            rto_initial: SECOND,
            rto_min: SECOND,
            rto_max: 60 * SECOND,
            max_attempts: Some(8),
            probe_initial: 2 * SECOND,
            probe_max: 600 * SECOND,
            expiry: 3 * DAY,
            lifetime: 7 * DAY,
            jitter: 0.25,
            retransmit_rate: 64,
            retransmit_burst: 128,
            order: Order::InOrder { max_hold: Some(60 * SECOND) },
            max_streams: 65_536,
            max_streams_per_peer: 1_024,
            max_ranges: 262_144,
            suspect_after: 3,
            journal: false,
        }
    }
}

impl Config {
    /// How many msg:R may be on the wire without an answer: 1 to 2³⁰, default 32.
    ///
    /// An accepted message that waits for its recipient holds no place, nor does one after three unanswered
    /// transmissions: neither an offline recipient nor a frame that never gets through blocks the rest.
    pub const fn window(mut self, messages: usize) -> Self {
        self.window = messages;
        self
    }

    /// How many messages are held that are not delivered, in any state: 1 to 2³⁰, default 10,000.
    ///
    /// Beyond it `send` gives the payload back with [`SendError::Full`](crate::SendError::Full). As many idle outgoing
    /// streams are remembered.
    pub const fn outbox_capacity(mut self, messages: usize) -> Self {
        self.outbox_capacity = messages;
        self
    }

    /// How many incoming messages are with the application unconfirmed or held for order: 1 to 2³⁰, default 1,000.
    ///
    /// Beyond it msg:N is left unanswered, so it comes again.
    pub const fn inbox_capacity(mut self, messages: usize) -> Self {
        self.inbox_capacity = messages;
        self
    }

    /// How many ack:R may wait for their ack:A: 1 to 2³⁰, default 1,000.
    ///
    /// Beyond it the oldest is forgotten; a repeated msg:N brings it back.
    pub const fn ack_capacity(mut self, acks: usize) -> Self {
        self.ack_capacity = acks;
        self
    }

    /// The retransmission timeout before the first sample: `rto_min` to `rto_max`, default 1 s (RFC 6298 section 2.1).
    pub const fn rto_initial(mut self, timeout: Duration) -> Self {
        self.rto_initial = timeout;
        self
    }

    /// The least retransmission timeout: 1 µs to `rto_max`, default 1 s (RFC 6298 section 2.4).
    pub const fn rto_min(mut self, timeout: Duration) -> Self {
        self.rto_min = timeout;
        self
    }

    /// The greatest retransmission timeout, backoff and jitter included: `rto_min` to 10 years, default 60 s (RFC 6298
    /// section 2.5).
    pub const fn rto_max(mut self, timeout: Duration) -> Self {
        self.rto_max = timeout;
        self
    }

    /// How many unanswered transmissions until a message fails: from 1, default 8; `None` for no limit, which a lossy
    /// datagram link wants.
    ///
    /// A reconnect starts the count again.
    pub const fn max_attempts(mut self, attempts: Option<u32>) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// How long after msg:A the sender waits for ack:N before it asks again: 1 µs to `probe_max`, default 2 s. Each probe
    /// doubles it.
    pub const fn probe_initial(mut self, delay: Duration) -> Self {
        self.probe_initial = delay;
        self
    }

    /// The greatest delay between two probes, and the longest pause that a server may ask for: `probe_initial` to 10
    /// years, default 10 min.
    pub const fn probe_max(mut self, delay: Duration) -> Self {
        self.probe_max = delay;
        self
    }

    /// When a message that is not settled fails, counted from `send` or `resend`: 1 µs to `lifetime`, default 3 days.
    pub const fn expiry(mut self, age: Duration) -> Self {
        self.expiry = age;
        self
    }

    /// How long after `send` a message may still be transmitted by anyone: `expiry` to 10 years, default 7 days. **One
    /// value for the whole deployment**: a receiver remembers a stream for at least twice this after it last heard of it.
    pub const fn lifetime(mut self, age: Duration) -> Self {
        self.lifetime = age;
        self
    }

    /// By up to which share each delay is lengthened at random: 0.0 to 1.0, default 0.25. On top of it a delay is rounded
    /// up to the timer grid, by at most 1/16.
    pub const fn jitter(mut self, share: f64) -> Self {
        self.jitter = share;
        self
    }

    /// How many retransmissions a second, over all messages and acks: 1 to 1,000,000, default 64.
    pub const fn retransmit_rate(mut self, per_second: u32) -> Self {
        self.retransmit_rate = per_second;
        self
    }

    /// How many retransmissions at once after a quiet time: 1 to 1,000,000, default 128.
    pub const fn retransmit_burst(mut self, frames: u32) -> Self {
        self.retransmit_burst = frames;
        self
    }

    /// In which order messages are handed over; default [`Order::InOrder`] with a `max_hold` of 60 s (1 µs to 10 years).
    pub const fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// How many incoming streams are remembered: 1 to 2³⁰, default 65,536.
    pub const fn max_streams(mut self, streams: usize) -> Self {
        self.max_streams = streams;
        self
    }

    /// How many of them may be of one peer, its share: 1 to 2³⁰, default 1,024. A peer beyond it pays with its own
    /// longest-silent stream.
    pub const fn max_streams_per_peer(mut self, streams: usize) -> Self {
        self.max_streams_per_peer = streams;
        self
    }

    /// How many seq ranges are remembered over all incoming streams: 1 to 2³⁰, default 262,144. A conversation without
    /// gaps is one range.
    pub const fn max_ranges(mut self, ranges: usize) -> Self {
        self.max_ranges = ranges;
        self
    }

    /// After how many silent timeouts in a row [`SuspectConnection`](crate::Event::SuspectConnection) is said: from 1,
    /// default 3. At most one is counted per retransmission timeout.
    pub const fn suspect_after(mut self, timeouts: u32) -> Self {
        self.suspect_after = timeouts;
        self
    }

    /// Whether [`Output::Persist`](crate::Output::Persist) comes out, so that a killed client can be
    /// [restored](crate::Client::restore); default no, and then no record is built.
    pub const fn journal(mut self, on: bool) -> Self {
        self.journal = on;
        self
    }

    /// Checks every field.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let max_hold = match self.order {
            Order::InOrder { max_hold } => max_hold.unwrap_or(LONGEST),
            Order::AsArrived => LONGEST,
        };
        let count = |n: usize| (1..=MOST).contains(&n);
        let timer = |d: Duration| (SHORTEST..=LONGEST).contains(&d);
        let rate = |n: u32| (1..=1_000_000).contains(&n);
        const COUNT: &str = "must be from 1 to 2^30";
        const TIMER: &str = "must be from 1 microsecond to 10 years";
        const RATE: &str = "must be from 1 to 1000000";
        let rules = [
            ("window", count(self.window), COUNT),
            ("outbox_capacity", count(self.outbox_capacity), COUNT),
            ("inbox_capacity", count(self.inbox_capacity), COUNT),
            ("ack_capacity", count(self.ack_capacity), COUNT),
            ("rto_min", timer(self.rto_min), TIMER),
            ("rto_max", timer(self.rto_max), TIMER),
            ("rto_max", self.rto_max >= self.rto_min, "must not be less than rto_min"),
            ("rto_initial", self.rto_initial >= self.rto_min, "must not be less than rto_min"),
            ("rto_initial", self.rto_initial <= self.rto_max, "must not be greater than rto_max"),
            ("max_attempts", self.max_attempts != Some(0), "must be at least 1, or None for no limit"),
            ("probe_initial", timer(self.probe_initial), TIMER),
            ("probe_max", timer(self.probe_max), TIMER),
            ("probe_max", self.probe_max >= self.probe_initial, "must not be less than probe_initial"),
            ("expiry", timer(self.expiry), TIMER),
            ("lifetime", timer(self.lifetime), TIMER),
            ("expiry", self.expiry <= self.lifetime, "must not be greater than lifetime"),
            ("jitter", (0.0..=1.0).contains(&self.jitter), "must be from 0.0 to 1.0"),
            ("retransmit_rate", rate(self.retransmit_rate), RATE),
            ("retransmit_burst", rate(self.retransmit_burst), RATE),
            ("order", timer(max_hold), "must have a max_hold from 1 microsecond to 10 years, or None"),
            ("max_streams", count(self.max_streams), COUNT),
            ("max_streams_per_peer", count(self.max_streams_per_peer), COUNT),
            ("max_ranges", count(self.max_ranges), COUNT),
            ("suspect_after", self.suspect_after >= 1, "must be at least 1"),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((field, _, reason)) => Err(ConfigError { field, reason }),
            None => Ok(()),
        }
    }

    /// How long a receiver remembers a stream that it no longer hears of, in nanoseconds: twice `lifetime`.
    pub(crate) fn retention(&self) -> u64 {
        nanos(self.lifetime).saturating_mul(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn the_default_is_sound() {
        assert_eq!(Config::default().check(), Ok(()));
    }

    #[test]
    fn every_wrong_field_is_named_with_its_reason() {
        let good = Config::default;
        let ms = Duration::from_millis;
        let hold = |max_hold| Order::InOrder { max_hold: Some(max_hold) };
        let wrong = [
            (good().window(0), "window"),
            (good().window(MOST + 1), "window"),
            (good().outbox_capacity(0), "outbox_capacity"),
            (good().inbox_capacity(0), "inbox_capacity"),
            (good().ack_capacity(0), "ack_capacity"),
            (good().rto_min(ms(0)), "rto_min"),
            (good().rto_max(ms(999)), "rto_max"),
            (good().rto_max(LONGEST + ms(1)), "rto_max"),
            (good().rto_initial(ms(999)), "rto_initial"),
            (good().rto_initial(ms(60_001)), "rto_initial"),
            (good().max_attempts(Some(0)), "max_attempts"),
            (good().probe_initial(ms(0)), "probe_initial"),
            (good().probe_max(ms(1_999)), "probe_max"),
            (good().expiry(ms(0)), "expiry"),
            (good().expiry(8 * DAY), "expiry"),
            (good().lifetime(LONGEST + ms(1)), "lifetime"),
            (good().jitter(-0.1), "jitter"),
            (good().jitter(1.1), "jitter"),
            (good().jitter(f64::NAN), "jitter"),
            (good().retransmit_rate(0), "retransmit_rate"),
            (good().retransmit_burst(1_000_001), "retransmit_burst"),
            (good().order(hold(ms(0))), "order"),
            (good().max_streams(0), "max_streams"),
            (good().max_streams_per_peer(0), "max_streams_per_peer"),
            (good().max_ranges(0), "max_ranges"),
            (good().suspect_after(0), "suspect_after"),
        ];
        for (config, field) in wrong {
            let error = config.check().unwrap_err();
            assert_eq!(error.field(), field);
            assert_eq!(error.to_string(), alloc::format!("config field `{field}` {}", error.reason()));
            assert!(error.reason().starts_with("must "), "{error}");
        }
    }

    #[test]
    fn ten_years_are_the_longest_and_a_microsecond_the_shortest() {
        let ten_years = Duration::from_secs(316_224_000);
        let config = |lifetime| Config::default().lifetime(lifetime).expiry(Duration::from_micros(1));
        assert_eq!(config(ten_years).check(), Ok(()));
        assert!(config(ten_years + Duration::from_nanos(1)).check().is_err());
        assert!(config(ten_years).expiry(Duration::from_nanos(999)).check().is_err());
    }
}
