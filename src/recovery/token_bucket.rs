//! The token bucket over all retransmissions: no storms, for any input and any clock.
//!
//! The rule (L8): in any time Δt at most `burst + rate · Δt` tokens are taken. Kept as one number, the time at which
//! the bucket will be full again (the generic cell rate algorithm, ITU-T I.371 annex A): nothing to tick, and the next
//! token's time is exact. The time for one token is rounded up, so the rate is never exceeded.

use crate::time::Time;

#[derive(Clone, Debug)]
pub(crate) struct TokenBucket {
    /// Nanoseconds for one token, rounded up.
    interval: u64,
    /// Nanoseconds for a whole burst.
    span: u64,
    full_at: Time,
    /// When the next token is available.
    next_at: Time,
}

impl TokenBucket {
    /// A full bucket.
    pub(crate) fn new(rate: u32, burst: u32) -> Self {
        let interval = 1_000_000_000_u64.div_ceil(u64::from(rate));
        Self { interval, span: interval * u64::from(burst), full_at: Time::ZERO, next_at: Time::ZERO }
    }

    /// Takes a token if there is one.
    pub(crate) fn take(&mut self, now: Time) -> bool {
        if self.next_at > now {
            return false;
        }
        self.full_at = self.full_at.max(now).plus(self.interval);
        let next_at = self.full_at.plus(self.interval).nanos_since(Time::from_nanos(self.span));
        self.next_at = Time::from_nanos(next_at);
        true
    }

    /// Returns the number of tokens at hand.
    pub(crate) fn available(&self, now: Time) -> u64 {
        self.span.saturating_sub(self.full_at.nanos_since(now)) / self.interval
    }

    /// Returns when the next token is available, possibly in the past.
    pub(crate) const fn next_at(&self) -> Time {
        self.next_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn a_full_bucket_gives_its_burst_and_then_one_per_interval() {
        let mut bucket = TokenBucket::new(3, 4);
        let now = Time::from_nanos(7_000_000_000);
        assert_eq!(bucket.available(now), 4);
        assert_eq!((0..9).filter(|_| bucket.take(now)).count(), 4);
        let next = bucket.next_at();
        assert_eq!(next, now.plus(333_333_334), "rounded up");
        assert!(!bucket.take(Time::from_nanos(next.as_nanos() - 1)));
        assert!(bucket.take(next));
        assert!(!bucket.take(next));
    }

    proptest! {
        #[test]
        fn no_window_of_time_sees_more_than_burst_plus_rate(
            rate in 1u32..1_000, burst in 1u32..50, gaps in proptest::collection::vec(0u64..20_000_000, 1..300),
        ) {
            let mut bucket = TokenBucket::new(rate, burst);
            let mut now = Time::ZERO;
            let mut taken: Vec<u64> = Vec::new();
            for gap in gaps {
                now = now.plus(gap);
                while bucket.take(now) {
                    taken.push(now.as_nanos());
                }
                prop_assert!(bucket.next_at() > now);
                prop_assert_eq!(bucket.available(now), 0);
                prop_assert_eq!(bucket.available(bucket.next_at()), 1);
            }
            for (i, from) in taken.iter().enumerate() {
                for (n, to) in (1u64..).zip(&taken[i..]) {
                    let allowed = u128::from(burst) * 1_000_000_000 + u128::from(rate) * u128::from(to - from);
                    prop_assert!(u128::from(n) * 1_000_000_000 <= allowed);
                }
            }
        }
    }
}
