//! The retransmission timeout of RFC 6298, in nanoseconds.
//!
//! Samples come from msg:R → msg:A of messages that were transmitted once (Karn's rule, RFC 6298 section 3): an answer
//! to a repeated frame may belong to any copy. A timeout doubles the timeout of what is sent next (5.5); a fresh sample
//! takes the doubling back (the note under 5.7).

use core::time::Duration;

use super::backoff::{Jitter, Spread};
use crate::config::Config;
use crate::time::{Time, nanos};

/// G of RFC 6298: the clock's granularity.
const GRANULARITY: u64 = 1;

#[derive(Clone, Debug)]
pub(crate) struct Rto {
    /// SRTT and RTTVAR.
    estimate: Option<(u64, u64)>,
    /// RTO, clamped, without backoff.
    rto: u64,
    min: u64,
    max: u64,
    /// The delays of a first transmission.
    spread: Spread,
    jitter: Jitter,
    /// How often the timeout has been doubled since the last fresh sample.
    level: u32,
    doubled_at: Time,
}

impl Rto {
    pub(crate) fn new(config: &Config) -> Self {
        let (min, max) = (nanos(config.rto_min), nanos(config.rto_max));
        let (rto, jitter) = (nanos(config.rto_initial), Jitter::new(config.jitter));
        let spread = Spread::new(rto, 0, max, jitter);
        Self { estimate: None, rto, min, max, spread, jitter, level: 0, doubled_at: Time::ZERO }
    }

    /// The current timeout without backoff.
    pub(crate) const fn base(&self) -> u64 {
        self.rto
    }

    /// The timeouts from which one is drawn, without backoff.
    #[inline]
    pub(crate) const fn spread(&self) -> Spread {
        self.spread
    }

    /// The maximum timeout.
    pub(crate) const fn max(&self) -> u64 {
        self.max
    }

    /// How often a first timeout is doubled now.
    pub(crate) const fn level(&self) -> u32 {
        self.level
    }

    pub(crate) fn srtt(&self) -> Option<Duration> {
        self.estimate.map(|(srtt, _)| Duration::from_nanos(srtt))
    }

    /// Takes a sample, in nanoseconds (RFC 6298 sections 2.2 to 2.4).
    #[inline(always)]
    pub(crate) fn on_sample(&mut self, r: u64) {
        let r = r.min(self.max);
        let (srtt, rttvar) = match self.estimate {
            None => (r, r / 2),
            Some((srtt, rttvar)) => (srtt - srtt / 8 + r / 8, rttvar - rttvar / 4 + srtt.abs_diff(r) / 4),
        };
        self.estimate = Some((srtt, rttvar));
        let rto = srtt.saturating_add(GRANULARITY.max(rttvar.saturating_mul(4)));
        self.level = 0;
        let rto = rto.clamp(self.min, self.max);
        if rto != self.rto {
            self.set(rto);
        }
    }

    fn set(&mut self, rto: u64) {
        self.rto = rto;
        self.spread = Spread::new(rto, 0, self.max, self.jitter);
    }

    /// What was sent at `sent_at` went unanswered (RFC 6298 section 5.5). What was sent before the last doubling
    /// does not double again: a lost window is one loss.
    pub(crate) fn on_timeout(&mut self, sent_at: Time, now: Time) {
        if sent_at < self.doubled_at {
            return;
        }
        self.doubled_at = now;
        if self.rto.checked_shl(self.level).is_some_and(|rto| rto < self.max) {
            self.level += 1;
        }
    }

    /// Resets the doubling: a new connection is a new path. The estimate stays until new samples correct it.
    pub(crate) fn on_connected(&mut self) {
        self.level = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn rto() -> Rto {
        Rto::new(&Config::default().rto_min(Duration::from_millis(1)))
    }

    #[test]
    fn the_first_sample_sets_srtt_to_r_and_rttvar_to_half() {
        let mut rto = rto();
        assert_eq!((rto.base(), rto.srtt()), (1_000 * MS, None));
        rto.on_sample(100 * MS);
        assert_eq!((rto.base(), rto.srtt()), (300 * MS, Some(Duration::from_millis(100))));
    }

    #[test]
    fn later_samples_move_srtt_by_an_eighth_and_rttvar_by_a_quarter() {
        let mut rto = rto();
        rto.on_sample(100 * MS);
        rto.on_sample(180 * MS);
        // SRTT = 7/8 · 100 + 1/8 · 180, RTTVAR = 3/4 · 50 + 1/4 · 80.
        assert_eq!(rto.srtt(), Some(Duration::from_millis(110)));
        assert_eq!(rto.base(), 110 * MS + 4 * (37 * MS + MS / 2 + 20 * MS));
    }

    #[test]
    fn the_timeout_stays_between_its_bounds() {
        let mut rto = Rto::new(&Config::default());
        rto.on_sample(MS);
        assert_eq!(rto.base(), 1_000 * MS);
        rto.on_sample(u64::MAX);
        rto.on_sample(u64::MAX);
        assert_eq!(rto.base(), 60_000 * MS);
    }

    #[test]
    fn a_lost_window_doubles_once_and_a_fresh_sample_takes_it_back() {
        let mut rto = rto();
        let at = Time::from_nanos;
        (0..32).for_each(|n| rto.on_timeout(at(n), at(100 + n)));
        assert_eq!(rto.level(), 1);
        (0..32).for_each(|n| rto.on_timeout(at(100 + n), at(200 + n)));
        assert_eq!(rto.level(), 2);
        rto.on_timeout(at(99), at(300));
        assert_eq!(rto.level(), 2);
        rto.on_sample(100 * MS);
        assert_eq!(rto.level(), 0);
    }

    #[test]
    fn the_level_stops_where_the_maximum_is_reached() {
        let mut rto = rto();
        (0..1_000).map(Time::from_nanos).for_each(|at| rto.on_timeout(at, at));
        assert_eq!(rto.level(), 6, "1 s doubled six times is 64 s");
    }

    #[test]
    fn a_timeout_that_is_the_maximum_is_not_doubled() {
        let mut rto = Rto::new(&Config::default().rto_max(Duration::from_secs(32)));
        (0..1_000).map(Time::from_nanos).for_each(|at| rto.on_timeout(at, at));
        assert_eq!(rto.level(), 5, "1 s doubled five times is 32 s");
    }
}
