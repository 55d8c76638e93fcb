//! The configuration: private fields, consuming setters, one check.

use core::time::Duration;

use crate::error::ConfigError;
use crate::time::nanos;

/// The limits and the delays of a [`Client`](crate::Client).
///
/// Start from [`Config::default`] and change what differs. [`Client::new`](crate::Client::new) checks the values and
/// returns an error that names the first invalid field.
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
    pub(crate) questions: bool,
}

/// The order in which messages of one stream are handed over to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In the order in which they were sent. A message that arrives early is held and not acked.
    InOrder {
        /// How long a message is held while earlier ones are missing. After that it is handed over, and the earlier
        /// ones are handed over with [`late`](crate::Delivery::late) set if they arrive. `None`: until the floor passes
        /// them.
        max_hold: Option<Duration>,
    },
    /// In the order of arrival; `late` is never set.
    AsArrived,
}

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Ten years: far below 2⁶⁴ nanoseconds, so that no sum of a few durations saturates.
const MAX_DURATION: Duration = Duration::from_secs(10 * 366 * 24 * 3600);
/// The shortest timer.
const MIN_DURATION: Duration = Duration::from_micros(1);
/// Fits a 32-bit index with room to spare.
const MAX_COUNT: usize = 1 << 30;

impl Default for Config {
    fn default() -> Self {
        Self {
            window: 32,
            outbox_capacity: 10_000,
            inbox_capacity: 1_000,
            ack_capacity: 1_000,
            rto_initial: SECOND,
            rto_min: Duration::from_millis(200),
            rto_max: 60 * SECOND,
            max_attempts: Some(10),
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
            questions: true,
        }
    }
}

impl Config {
    /// Sets the window: the maximum number of msg:R that wait for msg:A, 1 to 2³⁰, default 32.
    ///
    /// A message leaves the window when it is answered, and after three unanswered transmissions if something else was
    /// heard each time. While nothing at all is heard, one first transmission may go beyond a full window each `rto_max`.
    /// So neither an offline recipient nor a frame that never arrives blocks the others, and a dead connection swallows
    /// no backlog.
    pub const fn window(mut self, messages: usize) -> Self {
        self.window = messages;
        self
    }

    /// Sets the maximum number of undelivered messages, failed ones included: 1 to 2³⁰, default 10,000.
    ///
    /// At the limit `send` returns the payload in [`SendError::Full`](crate::SendError::Full). The same number of idle
    /// outgoing streams is remembered.
    pub const fn outbox_capacity(mut self, messages: usize) -> Self {
        self.outbox_capacity = messages;
        self
    }

    /// Sets the maximum number of incoming messages that are unconfirmed or held for order: 1 to 2³⁰, default 1,000.
    ///
    /// At the limit msg:N is not answered, so it comes again.
    pub const fn inbox_capacity(mut self, messages: usize) -> Self {
        self.inbox_capacity = messages;
        self
    }

    /// Sets the maximum number of ack:R that wait for their ack:A: 1 to 2³⁰, default 1,000.
    ///
    /// At the limit the oldest is forgotten; a repeated msg:N makes it pending again.
    pub const fn ack_capacity(mut self, acks: usize) -> Self {
        self.ack_capacity = acks;
        self
    }

    /// Sets the retransmission timeout before the first sample: `rto_min` to `rto_max`, default 1 s (RFC 6298 section
    /// 2.1).
    pub const fn rto_initial(mut self, timeout: Duration) -> Self {
        self.rto_initial = timeout;
        self
    }

    /// Sets the minimum retransmission timeout: 1 µs to `rto_max`, default 200 ms. RFC 6298 section 2.4
    /// asks for 1 s, for a network whose delays are unknown; servers that batch their answers need some 100 ms.
    pub const fn rto_min(mut self, timeout: Duration) -> Self {
        self.rto_min = timeout;
        self
    }

    /// Sets the maximum retransmission timeout, backoff and jitter included: `rto_min` to 10 years, default 60 s (RFC
    /// 6298 section 2.5).
    pub const fn rto_max(mut self, timeout: Duration) -> Self {
        self.rto_max = timeout;
        self
    }

    /// Sets after how many unanswered transmissions a message fails: 1 to 65,535, default 10; `None` for no limit, which
    /// suits a lossy datagram link.
    ///
    /// Only a transmission counts after which something was heard: on a silent link, in a tunnel for example, a message
    /// fails only when it expires. A reconnect resets the count. Whatever the limit, a message fails after ten
    /// connections that ended while it was the only suspect of having ended them.
    pub const fn max_attempts(mut self, attempts: Option<u32>) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the delay between msg:A and the first probes of a recipient: 1 µs to `probe_max`, default 2 s. It doubles each
    /// time, and begins anew when something is accepted or the recipient is heard of.
    pub const fn probe_initial(mut self, delay: Duration) -> Self {
        self.probe_initial = delay;
        self
    }

    /// Sets the maximum delay between two probes of a recipient, and the maximum pause that a server may request:
    /// `probe_initial` to 10 years, default 10 min.
    pub const fn probe_max(mut self, delay: Duration) -> Self {
        self.probe_max = delay;
        self
    }

    /// Sets how long after `send` or `resend` an undelivered message fails: 1 µs to `lifetime`, default 3 days.
    pub const fn expiry(mut self, age: Duration) -> Self {
        self.expiry = age;
        self
    }

    /// Sets how long after `send` a message may be transmitted: `expiry` to 10 years, default 7 days. **One value
    /// for the whole deployment**: a receiver remembers a stream for at least twice this after its last message.
    pub const fn lifetime(mut self, age: Duration) -> Self {
        self.lifetime = age;
        self
    }

    /// Sets the maximum share by which each delay is randomly lengthened: 0.0 to 1.0, default 0.25.
    pub const fn jitter(mut self, share: f64) -> Self {
        self.jitter = share;
        self
    }

    /// Sets the tokens per second, for all messages and acks together: 1 to 1,000,000, default 64.
    pub const fn retransmit_rate(mut self, per_second: u32) -> Self {
        self.retransmit_rate = per_second;
        self
    }

    /// Sets the maximum number of tokens that accumulate, and so of retransmissions at once: 1 to 1,000,000, default
    /// 128.
    pub const fn retransmit_burst(mut self, frames: u32) -> Self {
        self.retransmit_burst = frames;
        self
    }

    /// Sets the order of handing over; default [`Order::InOrder`] with a `max_hold` of 60 s (1 µs to 10 years).
    pub const fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Sets the maximum number of incoming streams that are remembered: 1 to 2³⁰, default 65,536.
    pub const fn max_streams(mut self, streams: usize) -> Self {
        self.max_streams = streams;
        self
    }

    /// Sets the maximum number of incoming streams per peer: 1 to 2³⁰, default 1,024. At the limit the peer's own
    /// longest-silent stream is forgotten for its new one.
    pub const fn max_streams_per_peer(mut self, streams: usize) -> Self {
        self.max_streams_per_peer = streams;
        self
    }

    /// Sets the maximum number of seq ranges that are remembered for all incoming streams: 1 to 2³⁰, default 262,144. A
    /// stream without gaps is one range.
    pub const fn max_ranges(mut self, ranges: usize) -> Self {
        self.max_ranges = ranges;
        self
    }

    /// Sets after how many consecutive timeouts without any received frame
    /// [`SuspectConnection`](crate::Event::SuspectConnection) is emitted: from 1, default 3. At most one is counted per
    /// retransmission timeout.
    pub const fn suspect_after(mut self, timeouts: u32) -> Self {
        self.suspect_after = timeouts;
        self
    }

    /// Sets whether [`Output::Persist`](crate::Output::Persist) is emitted, so that a killed client can be
    /// [restored](crate::Client::restore); default `false`: no record is built.
    pub const fn journal(mut self, on: bool) -> Self {
        self.journal = on;
        self
    }

    /// Sets whether a message that the server has accepted is asked about without its payload; default `true`. `false`
    /// for servers that do not know such questions: whole copies stand in.
    pub const fn questions(mut self, known: bool) -> Self {
        self.questions = known;
        self
    }

    /// Checks every field; the error names the first invalid one.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let max_hold = match self.order {
            Order::InOrder { max_hold } => max_hold.unwrap_or(MAX_DURATION),
            Order::AsArrived => MAX_DURATION,
        };
        let count = |n: usize| (1..=MAX_COUNT).contains(&n);
        let timer = |d: Duration| (MIN_DURATION..=MAX_DURATION).contains(&d);
        let rate = |n: u32| (1..=1_000_000).contains(&n);
        let attempts = self.max_attempts.is_none_or(|n| (1..=u32::from(u16::MAX)).contains(&n));
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
            ("max_attempts", attempts, "must be from 1 to 65535, or None for no limit"),
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

    /// Returns for how many nanoseconds a receiver remembers a stream without new messages: twice `lifetime`.
    pub(crate) fn retention(&self) -> u64 {
        nanos(self.lifetime).saturating_mul(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn the_default_is_valid() {
        assert_eq!(Config::default().check(), Ok(()));
    }

    #[test]
    fn every_invalid_field_is_named_with_its_reason() {
        let good = Config::default;
        let ms = Duration::from_millis;
        let hold = |max_hold| Order::InOrder { max_hold: Some(max_hold) };
        let wrong = [
            (good().window(0), "window"),
            (good().window(MAX_COUNT + 1), "window"),
            (good().outbox_capacity(0), "outbox_capacity"),
            (good().inbox_capacity(0), "inbox_capacity"),
            (good().ack_capacity(0), "ack_capacity"),
            (good().rto_min(ms(0)), "rto_min"),
            (good().rto_max(ms(199)), "rto_max"),
            (good().rto_max(MAX_DURATION + ms(1)), "rto_max"),
            (good().rto_initial(ms(199)), "rto_initial"),
            (good().rto_initial(ms(60_001)), "rto_initial"),
            (good().max_attempts(Some(0)), "max_attempts"),
            (good().max_attempts(Some(65_536)), "max_attempts"),
            (good().probe_initial(ms(0)), "probe_initial"),
            (good().probe_max(ms(1_999)), "probe_max"),
            (good().expiry(ms(0)), "expiry"),
            (good().expiry(8 * DAY), "expiry"),
            (good().lifetime(MAX_DURATION + ms(1)), "lifetime"),
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
    fn durations_are_from_one_microsecond_to_ten_years() {
        let ten_years = Duration::from_secs(316_224_000);
        let config = |lifetime| Config::default().lifetime(lifetime).expiry(Duration::from_micros(1));
        assert_eq!(config(ten_years).check(), Ok(()));
        assert!(config(ten_years + Duration::from_nanos(1)).check().is_err());
        assert!(config(ten_years).expiry(Duration::from_nanos(999)).check().is_err());
    }
}
