//! The timer grid: sixteen steps an octave, so that few different delays exist.
//!
//! A delay is rounded up to the next value `(16 + m) · 2^e` ns, by at most 1/16. Timers of equal delay expire in the
//! order of arming, so one list per grid value is sorted by construction (see [`Flights`](super::Flights)).

/// A delay on the grid, as the number of shorter grid values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Delay(u16);

impl Delay {
    #[inline]
    pub(super) const fn steps_after(self, shorter: Self) -> u16 {
        self.0.saturating_sub(shorter.0)
    }

    #[inline]
    pub(super) const fn plus(self, steps: u16) -> Self {
        Self(self.0 + steps)
    }

    /// In nanoseconds; saturating at the end of the range.
    pub(super) const fn nanos(self) -> u64 {
        let mantissa = 16 + (self.0 % 16) as u64;
        let exponent = self.0 / 16;
        if exponent > 59 { u64::MAX } else { mantissa << exponent }
    }
}

/// Returns the smallest grid value of at least `nanos`; values below 16 count as 16.
pub(super) const fn delay_for(nanos: u64) -> Delay {
    let nanos = if nanos < 16 { 16 } else { nanos };
    let exponent = 59 - nanos.leading_zeros();
    let mantissa = nanos >> exponent;
    let up = (mantissa << exponent != nanos) as u64;
    #[expect(clippy::cast_possible_truncation, reason = "at most 60 · 16")]
    Delay((exponent as u64 * 16 + mantissa - 16 + up) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_delay_is_rounded_up_by_at_most_a_sixteenth(nanos in 16u64..1 << 62) {
            let delay = delay_for(nanos);
            prop_assert!(delay.nanos() >= nanos);
            prop_assert!(delay.nanos() - nanos <= nanos / 16, "{nanos} became {}", delay.nanos());
            prop_assert_eq!(delay_for(delay.nanos()), delay, "a grid value stays where it is");
            prop_assert!(nanos == 16 || Delay(delay.0 - 1).nanos() < nanos, "it is the least");
        }
    }

    #[test]
    fn the_ends_of_the_range_have_a_place() {
        assert_eq!((delay_for(0), delay_for(16), Delay(0).nanos()), (Delay(0), Delay(0), 16));
        assert_eq!((delay_for(17), Delay(1).nanos()), (Delay(1), 17));
        assert_eq!((delay_for(31), delay_for(32), delay_for(33)), (Delay(15), Delay(16), Delay(17)));
        assert_eq!(delay_for(u64::MAX).nanos(), u64::MAX);
    }

    #[test]
    fn the_steps_between_two_delays_are_counted() {
        let (short, long) = (delay_for(1_024), delay_for(1_280));
        assert_eq!((long.steps_after(short), short.steps_after(long), short.plus(4)), (4, 0, long));
    }
}
