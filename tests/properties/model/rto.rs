//! The retransmission timeout of the model (RFC 6298).

use kit::configs::Knobs;

use super::shared::nanos;

#[derive(Clone, Debug)]
pub struct Rto {
    min: u64,
    max: u64,
    pub srtt: Option<u64>,
    rttvar: u64,
    estimate: u64,
    /// Karn's doubling of the timeout for all.
    doublings: u32,
    doubled_at: u64,
    samples: u64,
    overdue_level: u32,
}

/// Returns base · 2^level, at most the cap.
pub fn delay(base: u64, level: u32, cap: u64) -> u64 {
    let capped = |delay: u64| delay.min(cap);
    (0..level).fold(capped(base), |delay, _| capped(delay.saturating_mul(2)))
}

/// Returns the level from which on every delay is the cap.
pub fn top(base: u64, cap: u64) -> u32 {
    (0..).find(|level| delay(base, *level, cap) == cap).unwrap()
}

impl Rto {
    pub fn new(knobs: &Knobs) -> Self {
        let [min, initial, max] = knobs.rto.map(nanos);
        Self {
            min,
            max,
            srtt: None,
            rttvar: 0,
            estimate: initial,
            doublings: 0,
            doubled_at: 0,
            samples: 0,
            overdue_level: 0,
        }
    }

    pub fn current(&self) -> u64 {
        self.level(0)
    }

    /// The timeout after this number of unanswered transmissions.
    pub fn level(&self, unanswered: u32) -> u64 {
        delay(self.estimate, self.doublings.saturating_add(unanswered), self.max)
    }

    /// The number of the list of what was transmitted after this number of unanswered transmissions.
    pub fn list(&self, unanswered: u32) -> u32 {
        unanswered.min(top(self.min, self.max))
    }

    /// The delay of what was transmitted before something that was answered already.
    pub fn overdue(&self) -> u64 {
        let Some(srtt) = self.srtt else { return self.current() };
        delay(self.sum(srtt), self.overdue_level, self.current())
    }

    /// SRTT + 4 · RTTVAR.
    fn sum(&self, srtt: u64) -> u64 {
        srtt.saturating_add(self.rttvar.saturating_mul(4).max(1))
    }

    /// RFC 6298, 2.2 and 2.3.
    pub fn sample(&mut self, r: u64) {
        let r = r.min(self.max);
        let srtt = match self.srtt {
            None => {
                self.rttvar = r / 2;
                r
            }
            Some(srtt) => {
                self.rttvar = self.rttvar - self.rttvar / 4 + srtt.abs_diff(r) / 4;
                srtt - srtt / 8 + r / 8
            }
        };
        self.srtt = Some(srtt);
        self.estimate = self.sum(srtt).clamp(self.min, self.max);
        self.doublings = 0;
        self.samples += 1;
        if self.samples % 1_000 == 0 {
            self.overdue_level = self.overdue_level.saturating_sub(1);
        }
    }

    /// A message was accepted that was repeated after the timeout: the path may have become slow.
    pub fn double(&mut self, now: u64) {
        let lately = self.doublings > 0 && now - self.doubled_at < self.current();
        if !lately && self.current() < self.max {
            self.doubled_at = now;
            self.doublings += 1;
        }
    }

    pub const fn end_doubling(&mut self) {
        self.doublings = 0;
    }

    /// A message was repeated although its first transmission had arrived.
    pub fn needless_repetition(&mut self) {
        if self.overdue() < self.current() {
            self.overdue_level += 1;
        }
    }
}
