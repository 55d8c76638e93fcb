//! The seeded generator, xoshiro256++: the crate's only source of randomness.
//!
//! Every run can be replayed from its [`Seed`]. The generator is by Blackman and Vigna (public domain,
//! <https://prng.di.unimi.it/xoshiro256plusplus.c>): small, fast, 256 bits of state. It is not cryptographic and need
//! not be: ids are compared only within one authenticated sender, so an attacker gains nothing by guessing one.

/// Purposes; each has its own generator.
pub(crate) const JITTER: u64 = 1;
pub(crate) const STREAM_IDS: u64 = 2;
pub(crate) const HASHES: u64 = 3;

/// 256 bits that determine every random choice of one client.
///
/// **Take fresh random bytes from the operating system in every process** (`getrandom`, `crypto.getRandomValues`, a
/// hardware generator). A second process with the same seed and the same `now` reuses the ids of the first: the
/// receiver takes its new messages for duplicates and confirms them unread. Use a fixed seed only in tests, to repeat a
/// run.
///
/// # Examples
///
/// ```
/// use sixfold::Seed;
///
/// let in_a_test = Seed::from_bytes([7; 32]);
/// # let _ = in_a_test;
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// Makes a seed; every value is valid.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// Hides the bytes: with them the ids can be predicted.
impl core::fmt::Debug for Seed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// xoshiro256++ 1.0.
#[derive(Clone, Debug)]
pub(crate) struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// Makes a generator; generators of one seed with different purposes are independent.
    pub(crate) fn new(seed: &Seed, purpose: u64) -> Self {
        let mut state = [0; 4];
        for (word, bytes) in state.iter_mut().zip(seed.0.chunks_exact(8)) {
            let mut buffer = [0; 8];
            buffer.copy_from_slice(bytes);
            *word = u64::from_le_bytes(buffer);
        }
        let mut rng = Self { state };
        rng.absorb(purpose);
        rng
    }

    /// Mixes a value into the state, so that equal seeds with different inputs give different sequences.
    pub(crate) fn absorb(&mut self, value: u64) {
        self.state[0] ^= value;
        // The SplitMix64 words keep the state from being all zero, which xoshiro never leaves.
        self.state[1] = self.state[1].wrapping_add(split_mix(value));
        self.state[3] ^= split_mix(!value) | 1;
        for _ in 0..8 {
            self.next();
        }
    }

    /// Returns 64 uniform random bits.
    pub(crate) fn next(&mut self) -> u64 {
        let [s0, s1, s2, s3] = &mut self.state;
        let result = s0.wrapping_add(*s3).rotate_left(23).wrapping_add(*s0);
        let t = *s1 << 17;
        *s2 ^= *s0;
        *s3 ^= *s1;
        *s1 ^= *s2;
        *s0 ^= *s3;
        *s2 ^= t;
        *s3 = s3.rotate_left(45);
        result
    }
}

/// The output function of SplitMix64 (Steele, Lea, Flood 2014).
const fn split_mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_returns_the_reference_sequence() {
        let mut rng = Rng { state: [1, 2, 3, 4] };
        let drawn: [u64; 5] = core::array::from_fn(|_| rng.next());
        let reference = [41943041, 58720359, 3588806011781223, 3591011842654386, 9228616714210784205];
        assert_eq!(drawn, reference);
    }

    #[test]
    fn a_seed_a_purpose_and_an_absorbed_value_give_this_sequence() {
        let mut rng = Rng::new(&Seed::from_bytes([7; 32]), 2);
        rng.absorb(1_000_000_007);
        assert_eq!(
            [rng.next(), rng.next()],
            [10_791_432_625_362_174_705, 5_011_085_285_557_845_018],
            "ids and jitter of a recorded run hang on it"
        );
    }

    #[test]
    fn a_zero_seed_does_not_give_a_zero_state() {
        let mut rng = Rng::new(&Seed::from_bytes([0; 32]), 0);
        assert!((0..64).any(|_| rng.next() != rng.next()));
    }

    #[test]
    fn different_purposes_or_absorbed_values_give_different_sequences() {
        let seed = Seed::from_bytes([9; 32]);
        let mut drawn = alloc::collections::BTreeSet::new();
        for purpose in 0..4 {
            for value in 0..4 {
                let mut rng = Rng::new(&seed, purpose);
                rng.absorb(value);
                drawn.insert(rng.next());
            }
        }
        assert_eq!(drawn.len(), 16);
    }
}
