//! The token bucket of one client, as computed from a log.
//!
//! The rule: it starts full with `burst` tokens, gains `rate` tokens per second, and each retransmission takes one.

use crate::time::Time;

#[derive(Clone, Debug)]
pub(super) struct Bucket {
    /// In billionths of a token, so that each nanosecond gains an integer.
    filled: u128,
    at: Time,
}

const TOKEN: u128 = 1_000_000_000;

impl Bucket {
    pub(super) fn full(burst: u32, now: Time) -> Self {
        Self { filled: u128::from(burst) * TOKEN, at: now }
    }

    /// Takes a token; returns false when there is none.
    pub(super) fn take(&mut self, rate: u32, burst: u32, now: Time) -> bool {
        let gained = u128::from(now.nanos_since(self.at)) * u128::from(rate);
        self.filled = (self.filled + gained).min(u128::from(burst) * TOKEN);
        self.at = self.at.max(now);
        let paid = self.filled.checked_sub(TOKEN);
        self.filled = paid.unwrap_or(self.filled);
        paid.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_available_exactly_when_it_is_due() {
        let mut bucket = Bucket::full(2, Time::ZERO);
        let mut take = |nanos| bucket.take(10, 2, Time::from_nanos(nanos));
        assert_eq!([take(0), take(0), take(0)], [true, true, false]);
        assert_eq!([take(99_999_999), take(100_000_000), take(100_000_000)], [false, true, false]);
        assert_eq!([take(10_000_000_000), take(0), take(0)], [true, true, false], "never more than the burst");
    }
}
