//! Exponential backoff with jitter.
//!
//! The delay is doubled per level, lengthened by up to the configured share at random, rounded up to the [timer
//! grid](super::grid), and capped last (by [`Flights`](super::Flights)). Jitter only lengthens: a timer never fires
//! early. Since a delay ends on the grid, jitter is drawn there: each grid value from that of the doubled delay to that
//! of the longest one is equally likely.
//!
//! ```text
//!  base 1 s, jitter 0.25     1.007  1.040  1.074  1.141  1.208  1.275     each with probability 1/6
//! ```

use super::grid::{self, Delay};
use crate::rng::Rng;

#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    rng: Rng,
    /// Unused random bits, and the number of draws that they suffice for.
    bits: u64,
    draws: u32,
    jitter: Jitter,
}

/// The share of a delay by which it may be lengthened, in units of 2⁻³².
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jitter(u64);

impl Jitter {
    /// `share` is from 0.0 to 1.0.
    pub(crate) fn new(share: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be from 0.0 to 1.0")]
        let share = (share * 4_294_967_296.0) as u64;
        Self(share)
    }
}

/// The delays from which one is drawn: `values` consecutive grid values from the first on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spread {
    first: Delay,
    values: u16,
}

impl Spread {
    /// `base` nanoseconds doubled `level` times and lengthened, at most `cap`.
    pub(crate) fn new(base: u64, level: u32, cap: u64, jitter: Jitter) -> Self {
        let doubled = match base.checked_shl(level) {
            Some(doubled) if doubled >> level == base => doubled.min(cap),
            Some(_) | None => cap,
        };
        let longer = u64::try_from((u128::from(doubled) * u128::from(jitter.0)) >> 32).unwrap_or(u64::MAX);
        let longest = doubled.saturating_add(longer).min(cap);
        let (first, last) = (grid::delay_for(doubled), grid::delay_for(longest));
        Self { first, values: last.steps_after(first) + 1 }
    }
}

impl Backoff {
    pub(crate) fn new(jitter: Jitter, rng: Rng) -> Self {
        Self { rng, bits: 0, draws: 0, jitter }
    }

    /// Draws one delay: `base` nanoseconds doubled `level` times, lengthened, at most `cap`.
    pub(crate) fn delay(&mut self, base: u64, level: u32, cap: u64) -> Delay {
        self.draw(Spread::new(base, level, cap, self.jitter))
    }

    /// Draws one delay.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "a number of sixteen bits, and less than so many values")]
    pub(crate) fn draw(&mut self, spread: Spread) -> Delay {
        if spread.values == 1 {
            return spread.first;
        }
        if self.draws == 0 {
            (self.bits, self.draws) = (self.rng.next(), u64::BITS / u16::BITS);
        }
        let bits = self.bits as u16;
        self.bits >>= u16::BITS;
        self.draws -= 1;
        spread.first.plus(((u32::from(bits) * u32::from(spread.values)) >> u16::BITS) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    use alloc::collections::BTreeMap;

    fn backoff(jitter: f64) -> Backoff {
        Backoff::new(Jitter::new(jitter), Rng::new(&Seed::from_bytes([1; 32]), 0))
    }

    #[test]
    fn without_jitter_the_delay_doubles_up_to_the_cap() {
        let mut backoff = backoff(0.0);
        let delays = [0, 1, 2, 5, 6, 7, 40, 63, 64, 1000].map(|level| backoff.delay(128, level, 6_144).nanos());
        assert_eq!(delays, [128, 256, 512, 4_096, 6_144, 6_144, 6_144, 6_144, 6_144, 6_144]);
    }

    #[test]
    fn jitter_only_lengthens_by_at_most_its_share_and_spreads_evenly() {
        let mut backoff = backoff(0.25);
        let mut counts = BTreeMap::new();
        for _ in 0..10_000 {
            *counts.entry(backoff.delay(1_024, 0, 10_000).nanos()).or_insert(0) += 1;
        }
        assert!(counts.keys().eq(&[1_024, 1_088, 1_152, 1_216, 1_280]), "{counts:?}");
        assert!(counts.values().all(|count| (1_800..2_200).contains(count)), "{counts:?}");
    }

    #[test]
    fn the_cap_comes_last() {
        let mut backoff = backoff(0.25);
        assert!((0..100).all(|_| backoff.delay(1_024, 3, 8_192).nanos() == 8_192));
        assert!((0..100).any(|_| backoff.delay(1_024, 3, 8_704).nanos() == 8_704));
        assert!((0..100).all(|_| backoff.delay(1_024, 3, 8_704).nanos() <= 8_704));
    }

    #[test]
    fn a_jitter_of_the_whole_delay_spreads_over_an_octave() {
        let spread = Spread::new(1 << 40, 0, u64::MAX, Jitter::new(1.0));
        assert_eq!((spread.first.nanos(), spread.values), (1 << 40, 17));
    }

    #[test]
    fn no_base_level_or_cap_overflows() {
        let mut backoff = backoff(1.0);
        for base in [0, 1, 17, u64::MAX / 2, u64::MAX] {
            for level in [0, 1, 63, 64, u32::MAX] {
                assert!(backoff.delay(base, level, u64::MAX).nanos() >= base);
            }
        }
    }
}
