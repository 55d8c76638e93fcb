//! The simulation's random choices, all from seeded generators, so that a seed determines the run.

use core::time::Duration;

use crate::rng::{Rng, Seed};
use crate::time::nanos;

/// A seeded source of random choices.
#[derive(Clone, Debug)]
pub(super) struct Dice(Rng);

impl Dice {
    /// Makes dice from a seed; dice of one seed with different purposes are independent.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self(Rng::new(&Seed::from_bytes(bytes), purpose))
    }

    /// Returns 64 uniform random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0.next()
    }

    /// Returns a random seed for a client.
    pub(super) fn seed(&mut self) -> Seed {
        let mut bytes = [0; 32];
        for word in bytes.chunks_exact_mut(8) {
            word.copy_from_slice(&self.bits().to_le_bytes());
        }
        Seed::from_bytes(bytes)
    }

    /// Returns true with the given probability, 0.0 to 1.0.
    pub(super) fn hits(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// Returns a random duration, 0.5 to 1.5 times `mean`.
    pub(super) fn about(&mut self, mean: Duration) -> Duration {
        let mean = nanos(mean);
        Duration::from_nanos((mean / 2).saturating_add(self.below(mean)))
    }

    /// Returns the time to the next event of mean interval `mean`: uniform, 1 ns to twice the mean.
    pub(super) fn until_next(&mut self, mean: Duration) -> Duration {
        Duration::from_nanos(self.below(nanos(mean).saturating_mul(2)).saturating_add(1))
    }

    /// Returns a random number below `end`; 0 when `end` is 0.
    fn below(&mut self, end: u64) -> u64 {
        let product = u128::from(self.bits()) * u128::from(end);
        (product >> 64) as u64
    }

    /// Returns a random number, 0.0 inclusive to 1.0 exclusive.
    fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1u64 << 53) as f64;
        (self.bits() >> 11) as f64 * STEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_in_their_ranges_and_shares_are_kept() {
        let mut dice = Dice::new(1, 0);
        let mean = Duration::from_secs(10);
        let hits = (0..10_000).filter(|_| dice.hits(0.25)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| dice.hits(1.0) && !dice.hits(0.0)));
        for _ in 0..1_000 {
            let about = dice.about(mean);
            assert!((mean / 2..mean * 3 / 2).contains(&about), "{about:?}");
            let next = dice.until_next(mean);
            assert!((Duration::from_nanos(1)..=mean * 2).contains(&next), "{next:?}");
        }
        assert_eq!(dice.until_next(Duration::ZERO), Duration::from_nanos(1));
    }
}
