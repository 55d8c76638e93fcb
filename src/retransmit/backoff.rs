//! Exponential backoff with jitter: how long to wait, this time.
//!
//! The delay is doubled per level, lengthened by up to the configured share at random, and capped last (rounding up to the
//! timer grid lies between, in [`Schedule`](super::Schedule)). Jitter only lengthens: a timer never fires early.

use crate::rng::Rng;

#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    rng: Rng,
    /// The share of a delay by which it may be lengthened, in units of 2⁻³².
    jitter: u64,
}

impl Backoff {
    pub(crate) fn new(jitter: f64, rng: Rng) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be from 0.0 to 1.0")]
        let jitter = (jitter * 4_294_967_296.0) as u64;
        Self { rng, jitter }
    }

    /// The delay in nanoseconds: `base` doubled `level` times, lengthened, at most `cap`.
    #[inline]
    pub(crate) fn delay(&mut self, base: u64, level: u32, cap: u64) -> u64 {
        let doubled = match base.checked_shl(level) {
            Some(doubled) if doubled >> level == base => doubled.min(cap),
            Some(_) | None => cap,
        };
        if self.jitter == 0 {
            return doubled;
        }
        // A share of the delay, in 2⁻⁶⁴: neither factor exceeds 2³², and the draw is less.
        let share = self.jitter * (self.rng.next() >> 32);
        let longer = ((u128::from(doubled) * u128::from(share)) >> 64) as u64;
        doubled.saturating_add(longer).min(cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    fn backoff(jitter: f64) -> Backoff {
        Backoff::new(jitter, Rng::new(&Seed::from_bytes([1; 32]), 0))
    }

    #[test]
    fn without_jitter_the_delay_doubles_up_to_the_cap() {
        let mut backoff = backoff(0.0);
        let delays = [0, 1, 2, 5, 6, 7, 40, 63, 64, 1000].map(|level| backoff.delay(100, level, 6_000));
        assert_eq!(delays, [100, 200, 400, 3_200, 6_000, 6_000, 6_000, 6_000, 6_000, 6_000]);
    }

    #[test]
    fn jitter_only_lengthens_by_at_most_its_share_and_spreads() {
        let mut backoff = backoff(0.25);
        let delays: alloc::vec::Vec<u64> = (0..1_000).map(|_| backoff.delay(1_000, 0, 10_000)).collect();
        assert!(delays.iter().all(|d| (1_000..=1_250).contains(d)));
        assert!(delays.iter().any(|d| *d < 1_010) && delays.iter().any(|d| *d > 1_240));
        assert!((0..100).all(|_| backoff.delay(1_000, 3, 8_000) == 8_000), "the cap comes last");
    }
}
