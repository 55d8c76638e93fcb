//! The retransmission timeout of RFC 6298, in nanoseconds, and the shorter one of what is overdue.
//!
//! Both halves of Karn's rule. A sample is the answer to a message that was transmitted once; one at a time is timed, as
//! RFC 6298 section 3 asks for one sample a round trip. Which one is timed is decided when it is transmitted, so that
//! quick answers are not preferred. The answer to one that was repeated after the timeout is none: the path may have
//! become slower than the timeout, so it doubles the timeout of all, at most once per timeout, until the next sample.
//!
//! A message is *overdue* when one transmitted later was accepted: then it waits SRTT + 4 · RTTVAR and not the whole
//! timeout (the idea of RFC 8985). If the server answers out of order, such repetitions are needless: each that is
//! proved so doubles this delay, up to the timeout; it is halved again after [`FORGIVENESS`] samples.

use core::time::Duration;

use super::backoff::Backoff;
use super::flights::Timing;
use crate::config::Config;
use crate::time::{Time, nanos};

/// G of RFC 6298: the clock's granularity.
const GRANULARITY: u64 = 1;
/// The number of samples after which one needless repetition is forgiven.
const FORGIVENESS: u32 = 1_000;

#[derive(Clone, Debug)]
pub(crate) struct Rto {
    /// SRTT and RTTVAR.
    estimate: Option<(u64, u64)>,
    /// RTO, clamped, without doubling.
    rto: u64,
    min: u64,
    max: u64,
    /// How often it is doubled since the last sample, and when it was last.
    doublings: usize,
    doubled_at: Time,
    /// The number of the transmission that is timed.
    timed: Option<u32>,
    samples: u32,
    /// How often the delay of what is overdue is doubled.
    needless: usize,
    /// The timers now, computed whenever something above changes.
    timing: Timing,
}

impl Rto {
    pub(crate) fn new(config: &Config) -> Self {
        let (rto, min, max) = (nanos(config.rto_initial), nanos(config.rto_min), nanos(config.rto_max));
        let timing = Timing { version: 1, ..Timing::of(Backoff { base: rto, cap: max }) };
        let (doubled_at, timed) = (Time::ZERO, None);
        Self { estimate: None, rto, min, max, doublings: 0, doubled_at, timed, samples: 0, needless: 0, timing }
    }

    /// All delays that can occur: from the least timeout to the greatest.
    pub(crate) fn range(config: &Config) -> Backoff {
        Backoff { base: nanos(config.rto_min), cap: nanos(config.rto_max) }
    }

    /// The current timeout, without jitter.
    #[inline]
    pub(crate) const fn current(&self) -> u64 {
        self.timing.backoff.base
    }

    #[inline]
    pub(crate) const fn max(&self) -> u64 {
        self.max
    }

    /// The delays of what waits for msg:A.
    #[inline]
    pub(crate) const fn timing(&self) -> &Timing {
        &self.timing
    }

    pub(crate) fn srtt(&self) -> Option<Duration> {
        self.estimate.map(|(srtt, _)| Duration::from_nanos(srtt))
    }

    /// A message is transmitted for the first time: it is timed, unless another is.
    #[inline]
    pub(crate) const fn time(&mut self, number: u32) {
        if self.timed.is_none() {
            self.timed = Some(number);
        }
    }

    /// A transmission needs to be timed no more; returns whether it was.
    #[inline]
    pub(crate) fn stop_timing(&mut self, number: u32) -> bool {
        let was_timed = self.timed == Some(number);
        if was_timed {
            self.timed = None;
        }
        was_timed
    }

    /// What is timed is no sample: the caller came late.
    pub(crate) const fn distrust(&mut self) {
        self.timed = None;
    }

    /// Takes a sample, in nanoseconds (RFC 6298 sections 2.2 to 2.4).
    pub(crate) fn on_sample(&mut self, r: u64) {
        let r = r.min(self.max);
        let (srtt, rttvar) = match self.estimate {
            None => (r, r / 2),
            Some((srtt, rttvar)) => (srtt - srtt / 8 + r / 8, rttvar - rttvar / 4 + srtt.abs_diff(r) / 4),
        };
        self.estimate = Some((srtt, rttvar));
        self.rto = self.sum().unwrap_or(self.rto).clamp(self.min, self.max);
        self.doublings = 0;
        self.samples += 1;
        if self.samples == FORGIVENESS {
            self.samples = 0;
            self.needless = self.needless.saturating_sub(1);
        }
        self.derive();
    }

    /// A message that was repeated after the timeout was accepted.
    pub(crate) fn on_accepted_late(&mut self, now: Time) {
        let is_first = self.doublings == 0 || now.nanos_since(self.doubled_at) >= self.current();
        if is_first && self.current() < self.max {
            self.doublings += 1;
            self.doubled_at = now;
            self.derive();
        }
    }

    /// A repetition was needless.
    pub(crate) fn on_needless(&mut self) {
        if self.timing.overdue < self.current() {
            self.needless += 1;
            self.derive();
        }
    }

    /// Ends the doubling: a new connection is a new path. The estimate stays until new samples correct it.
    pub(crate) fn on_connected(&mut self) {
        self.doublings = 0;
        self.derive();
    }

    /// SRTT + 4 · RTTVAR.
    fn sum(&self) -> Option<u64> {
        self.estimate.map(|(srtt, rttvar)| srtt.saturating_add(GRANULARITY.max(rttvar.saturating_mul(4))))
    }

    fn derive(&mut self) {
        let base = Backoff { base: self.rto, cap: self.max }.nominal(self.doublings);
        let overdue = self.sum().map_or(base, |sum| Backoff { base: sum, cap: base }.nominal(self.needless));
        if (base, overdue) != (self.timing.backoff.base, self.timing.overdue) {
            (self.timing.backoff.base, self.timing.overdue) = (base, overdue);
            self.timing.version = self.timing.version.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn rto() -> Rto {
        Rto::new(&Config::default().rto_min(Duration::from_millis(1)))
    }

    fn at(ms: u64) -> Time {
        Time::from_nanos(ms * MS)
    }

    #[test]
    fn the_first_sample_sets_srtt_to_r_and_rttvar_to_half() {
        let mut rto = rto();
        assert_eq!((rto.current(), rto.srtt()), (1_000 * MS, None));
        rto.on_sample(100 * MS);
        assert_eq!((rto.current(), rto.srtt()), (300 * MS, Some(Duration::from_millis(100))));
    }

    #[test]
    fn later_samples_move_srtt_by_an_eighth_and_rttvar_by_a_quarter() {
        let mut rto = rto();
        rto.on_sample(100 * MS);
        rto.on_sample(180 * MS);
        // SRTT = 7/8 · 100 + 1/8 · 180, RTTVAR = 3/4 · 50 + 1/4 · 80.
        assert_eq!(rto.srtt(), Some(Duration::from_millis(110)));
        assert_eq!(rto.current(), 110 * MS + 4 * (37 * MS + MS / 2 + 20 * MS));
    }

    #[test]
    fn the_timeout_stays_between_its_bounds() {
        let mut rto = Rto::new(&Config::default());
        rto.on_sample(MS);
        assert_eq!(rto.current(), 200 * MS);
        rto.on_sample(u64::MAX);
        rto.on_sample(u64::MAX);
        assert_eq!(rto.current(), 60_000 * MS);
    }

    #[test]
    fn answers_after_the_timeout_double_it_once_per_timeout_until_a_sample() {
        let mut rto = rto();
        rto.on_accepted_late(at(10));
        rto.on_accepted_late(at(11));
        assert_eq!(rto.current(), 2_000 * MS);
        rto.on_accepted_late(at(2_009));
        assert_eq!(rto.current(), 2_000 * MS, "a nanosecond less than the timeout later is not enough");
        rto.on_accepted_late(at(2_010));
        assert_eq!(rto.current(), 4_000 * MS);
        rto.on_sample(100 * MS);
        assert_eq!(rto.current(), 300 * MS);
    }

    #[test]
    fn the_doubling_stops_at_the_maximum_and_ends_with_the_connection() {
        let mut rto = rto();
        (0..1_000).for_each(|n| rto.on_accepted_late(at(n * 100_000)));
        assert_eq!((rto.current(), rto.doublings), (60_000 * MS, 6), "1 s doubled six times is more than 60 s");
        rto.on_connected();
        assert_eq!(rto.current(), 1_000 * MS);
    }

    #[test]
    fn one_transmission_at_a_time_is_timed() {
        let mut rto = rto();
        (7..10).for_each(|number| rto.time(number));
        assert_eq!([8, 7, 7].map(|number| rto.stop_timing(number)), [false, true, false]);
        rto.time(12);
        rto.distrust();
        assert!(!rto.stop_timing(12));
    }

    #[test]
    fn the_delay_of_what_is_overdue_has_no_minimum_and_grows_with_needless_repetitions() {
        let mut rto = Rto::new(&Config::default());
        assert_eq!(rto.timing().overdue, 1_000 * MS, "without an estimate it is the timeout");
        rto.on_sample(10 * MS);
        assert_eq!((rto.current(), rto.timing().overdue), (200 * MS, 30 * MS));
        for expected in [60, 120, 200, 200] {
            rto.on_needless();
            assert_eq!(rto.timing().overdue, expected * MS);
        }
        (1..1_000).for_each(|_| rto.on_sample(10 * MS));
        assert!(rto.timing().overdue < 100 * MS, "one is forgiven, and the variance has gone: {:?}", rto.timing());
        assert_eq!(rto.needless, 2);
    }
}
