//! The client's own clock, which never runs backward.
//!
//! The rule: a `now` before the last one counts as no time passed, and time runs on from there. Inside the crate every
//! time is on this clock, so deadlines stay in order; [`Clock::to_caller_time`] translates a time for the caller.
//!
//! A step of more than a year is rather a clock being set than time that passed. What lies beyond the furthest `now` so
//! far counts, up to [`MAX_STEP`], so that a clock set from 1970 to today expires what is old; what lies before it
//! counts as one year, so that leaps to and fro do not use the clock up.

use crate::time::Time;

#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// The caller's last `now`.
    caller_now: Time,
    /// The same moment on this clock.
    now: Time,
    /// The caller's greatest `now`.
    furthest: Time,
}

impl Clock {
    pub(crate) const fn new(now: Time) -> Self {
        Self { caller_now: now, now: if now.as_nanos() < END.as_nanos() { now } else { END }, furthest: now }
    }

    pub(crate) const fn now(&self) -> Time {
        self.now
    }

    /// The caller's last `now`.
    pub(crate) const fn caller_now(&self) -> Time {
        self.caller_now
    }

    /// Takes the caller's `now`; returns whether it steps back.
    #[inline]
    pub(crate) fn advance(&mut self, caller_now: Time) -> bool {
        let step = caller_now.as_nanos().checked_sub(self.caller_now.as_nanos());
        if let Some(step) = step {
            let step = if step <= YEAR { step } else { self.leap(caller_now) };
            self.now = self.now.plus(step).min(END);
            self.furthest = self.furthest.max(caller_now);
        }
        self.caller_now = caller_now;
        step.is_none()
    }

    /// Returns how much of a step of more than a year counts.
    #[inline(never)]
    fn leap(&self, caller_now: Time) -> u64 {
        caller_now.nanos_since(self.furthest).clamp(YEAR, MAX_STEP)
    }

    /// A past time of this clock on the caller's.
    pub(crate) fn past_to_caller_time(&self, time: Time) -> Time {
        Time::from_nanos(self.caller_now.as_nanos().saturating_sub(self.now.nanos_since(time)))
    }

    /// A time of this clock on the caller's, not before its last `now`; saturates at the end of time.
    pub(crate) fn to_caller_time(&self, time: Time) -> Time {
        self.caller_now.plus(time.nanos_since(self.now))
    }
}

const YEAR: u64 = 366 * 24 * 3600 * 1_000_000_000;
/// The maximum step forward: 21 years, after which every deadline has passed.
const MAX_STEP: u64 = 21 * YEAR;
/// Where this clock stops, after 438 years: every deadline still lies after every `now`.
const END: Time = Time::from_nanos(u64::MAX / 4 * 3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_back_is_no_time_and_deadlines_shift_with_it() {
        let at = Time::from_nanos;
        let mut clock = Clock::new(at(100));
        assert!(!clock.advance(at(130)));
        let deadline = clock.now().plus(10);
        assert!(clock.advance(at(50)));
        assert_eq!((clock.now(), clock.to_caller_time(deadline)), (at(130), at(60)));
        assert!(!clock.advance(at(55)));
        assert_eq!((clock.now(), clock.to_caller_time(deadline)), (at(135), at(60)));
        assert!(!clock.advance(at(70)));
        assert_eq!(clock.to_caller_time(deadline), at(70), "a past deadline is due now");
    }

    #[test]
    fn a_time_beyond_the_end_of_time_is_the_end_for_the_caller() {
        let mut clock = Clock::new(Time::MAX);
        assert_eq!((clock.now(), clock.to_caller_time(END.plus(1))), (END, Time::MAX));
        clock.advance(Time::ZERO);
        assert_eq!(clock.to_caller_time(END.plus(1)), Time::from_nanos(1));
    }

    #[test]
    fn leaps_to_and_fro_do_not_use_the_clock_up() {
        let mut clock = Clock::new(Time::ZERO);
        for _ in 0..300 {
            clock.advance(Time::MAX);
            clock.advance(Time::ZERO);
        }
        let now = clock.now();
        assert!(now < END);
        clock.advance(Time::from_nanos(5));
        assert_eq!(clock.now(), now.plus(5));
    }

    #[test]
    fn a_leap_into_a_time_already_seen_counts_as_a_year_and_a_step_in_full() {
        let mut clock = Clock::new(Time::ZERO);
        clock.advance(Time::from_nanos(5 * YEAR));
        for (to, believed) in [(YEAR, YEAR), (YEAR + 1, YEAR), (5 * YEAR, YEAR), (6 * YEAR, YEAR), (7 * YEAR, 2 * YEAR)]
        {
            let mut clock = clock.clone();
            clock.advance(Time::ZERO);
            clock.advance(Time::from_nanos(to));
            assert_eq!(clock.now(), Time::from_nanos(5 * YEAR + believed), "a leap to {to}");
        }
    }

    #[test]
    fn steps_are_truncated_at_21_years() {
        let years = 21 * 366 * 24 * 3_600;
        let second = 1_000_000_000;
        for (caller_now, believed) in [(years - 1, years - 1), (years, years), (years + 1, years)] {
            let mut clock = Clock::new(Time::ZERO);
            assert!(!clock.advance(Time::from_nanos(caller_now * second)));
            assert_eq!(clock.now(), Time::from_nanos(believed * second));
        }
    }

    #[test]
    fn standing_still_is_no_step_back() {
        let mut clock = Clock::new(Time::from_nanos(7));
        assert!(!clock.advance(Time::from_nanos(7)));
        assert_eq!(
            (clock.now(), clock.past_to_caller_time(Time::from_nanos(5))),
            (Time::from_nanos(7), Time::from_nanos(5))
        );
    }
}
