//! The timer grid: sixteen steps an octave, so that few different delays exist.
//!
//! A delay is rounded up to the next value `(16 + m) · 2^e` ns, by at most 1/16. Timers of equal delay expire in the order
//! in which they were armed, so one list per grid value is sorted by construction (see [`Schedule`](super::Schedule)).

/// The index of the least grid value that is not less than `delay`; delays below 16 ns count as 16.
pub(super) fn index_for(delay: u64) -> usize {
    let delay = delay.max(16);
    let exponent = 59 - delay.leading_zeros();
    let mantissa = delay >> exponent;
    let up = u64::from(mantissa << exponent != delay);
    #[expect(clippy::cast_possible_truncation, reason = "at most 60 · 16")]
    let index = (u64::from(exponent) * 16 + mantissa - 16 + up) as usize;
    index
}

/// The grid value at an index, in nanoseconds; saturating at the end of the range.
pub(super) fn value_at(index: usize) -> u64 {
    let mantissa = 16 + (index % 16) as u64;
    let exponent = index / 16;
    if exponent > 59 { u64::MAX } else { mantissa << exponent }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_delay_is_rounded_up_by_at_most_a_sixteenth(delay in 16u64..1 << 62) {
            let value = value_at(index_for(delay));
            prop_assert!(value >= delay);
            prop_assert!(value - delay <= delay / 16, "{delay} became {value}");
            prop_assert_eq!(index_for(value), index_for(delay), "a grid value stays where it is");
            prop_assert!(value_at(index_for(delay) - usize::from(delay > 16)) <= delay);
        }
    }

    #[test]
    fn the_ends_of_the_range_have_a_place() {
        assert_eq!((index_for(0), index_for(16), value_at(0)), (0, 0, 16));
        assert_eq!((index_for(17), value_at(1)), (1, 17));
        assert_eq!((index_for(31), index_for(32), index_for(33)), (15, 16, 17));
        assert_eq!(value_at(index_for(u64::MAX)), u64::MAX);
    }
}
