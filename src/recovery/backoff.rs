//! Exponential backoff with jitter.
//!
//! A delay is the base doubled once per level, at most the cap; then lengthened by up to the configured share at
//! random, and capped again. Jitter only lengthens: a timer never fires early.

use crate::rng::Rng;

/// The delays of one kind of timer, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    pub(crate) base: u64,
    pub(crate) cap: u64,
}

/// The part of a delay by which it is lengthened, in units of 2⁻³².
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch(u64);

/// Draws by how much delays are lengthened.
#[derive(Clone, Debug)]
pub(crate) struct Jitter {
    rng: Rng,
    /// The maximum, in units of 2⁻³².
    share: u64,
}

impl Backoff {
    /// The delay of a level without jitter.
    pub(crate) const fn nominal(self, level: usize) -> u64 {
        if level < self.base.leading_zeros() as usize && self.base << level < self.cap {
            return self.base << level;
        }
        self.cap
    }

    /// The delay of a level.
    pub(crate) fn delay(self, level: usize, stretch: Stretch) -> u64 {
        stretch.of(self.nominal(level)).min(self.cap)
    }

    /// The number of levels with different delays.
    pub(crate) fn levels(self) -> usize {
        (0..).take_while(|level| self.nominal(*level) < self.cap).count() + 1
    }
}

impl Stretch {
    /// A delay, lengthened.
    pub(crate) fn of(self, delay: u64) -> u64 {
        if self.0 == 0 {
            return delay;
        }
        let longer = (u128::from(delay) * u128::from(self.0)) >> 32;
        delay.saturating_add(u64::try_from(longer).unwrap_or(u64::MAX))
    }
}

impl Jitter {
    /// `share` is from 0.0 to 1.0.
    pub(crate) fn new(share: f64, rng: Rng) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be from 0.0 to 1.0")]
        let share = (share * 4_294_967_296.0) as u64;
        Self { rng, share }
    }

    pub(crate) fn draw(&mut self) -> Stretch {
        if self.share == 0 {
            return Stretch(0);
        }
        Stretch(((self.rng.next() >> 32) * self.share) >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    use alloc::vec::Vec;

    fn jitter(share: f64) -> Jitter {
        Jitter::new(share, Rng::new(&Seed::from_bytes([1; 32]), 0))
    }

    #[test]
    fn without_jitter_the_delay_doubles_up_to_the_cap() {
        let backoff = Backoff { base: 128, cap: 6_144 };
        let stretch = jitter(0.0).draw();
        let delays = [0, 1, 2, 5, 6, 7, 40, 63, 64, 1000].map(|level| backoff.delay(level, stretch));
        assert_eq!(delays, [128, 256, 512, 4_096, 6_144, 6_144, 6_144, 6_144, 6_144, 6_144]);
        assert_eq!(backoff.levels(), 7, "128 doubled six times is more than 6,144");
    }

    #[test]
    fn a_base_at_the_cap_has_one_level() {
        assert_eq!(Backoff { base: 7, cap: 7 }.levels(), 1);
        assert_eq!(Backoff { base: 7, cap: 8 }.levels(), 2);
    }

    #[test]
    fn jitter_only_lengthens_by_at_most_its_share_and_spreads_evenly() {
        let (backoff, mut jitter) = (Backoff { base: 1_000_000, cap: u64::MAX }, jitter(0.25));
        let delays: Vec<u64> = (0..10_000).map(|_| backoff.delay(1, jitter.draw())).collect();
        assert!(delays.iter().all(|delay| (2_000_000..=2_500_000).contains(delay)));
        let parts = [0, 1, 2, 3].map(|part| {
            let from = 2_000_000 + part * 125_000;
            delays.iter().filter(|delay| (from..from + 125_000).contains(*delay)).count()
        });
        assert!(parts.iter().all(|count| (2_300..2_700).contains(count)), "{parts:?}");
    }

    #[test]
    fn the_cap_comes_last() {
        let (backoff, mut jitter) = (Backoff { base: 1_000, cap: 8_100 }, jitter(0.25));
        assert!((0..100).all(|_| (8_000..=8_100).contains(&backoff.delay(3, jitter.draw()))));
        assert!((0..100).any(|_| backoff.delay(3, jitter.draw()) == 8_100));
    }

    #[test]
    fn no_base_level_or_cap_overflows() {
        let mut jitter = jitter(1.0);
        for base in [0, 1, 17, u64::MAX / 2, u64::MAX] {
            for level in [0, 1, 63, 64, usize::MAX] {
                assert!(Backoff { base, cap: u64::MAX }.delay(level, jitter.draw()) >= base);
            }
        }
    }
}
