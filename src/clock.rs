//! The client's own clock, which never runs backward.
//!
//! The rule: a `now` before the last one counts as no time passed, and time runs on from there. Inside the crate every
//! time is on this clock, so deadlines stay in order; [`Clock::to_caller_time`] translates a time for the caller.

use crate::time::Time;

#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// The caller's last `now`.
    caller_now: Time,
    /// The same moment on this clock.
    now: Time,
}

impl Clock {
    pub(crate) const fn new(now: Time) -> Self {
        Self { caller_now: now, now: if now.as_nanos() < END.as_nanos() { now } else { END } }
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
        self.caller_now = caller_now;
        if let Some(step) = step {
            self.now = self.now.plus(step.min(MAX_STEP)).min(END);
        }
        step.is_none()
    }

    /// A past time of this clock on the caller's.
    pub(crate) fn past_to_caller_time(&self, time: Time) -> Time {
        Time::from_nanos(self.caller_now.as_nanos().saturating_sub(self.now.nanos_since(time)))
    }

    /// A time of this clock on the caller's, not before its last `now`; `None` when that is beyond the end of time.
    pub(crate) fn to_caller_time(&self, time: Time) -> Option<Time> {
        self.caller_now.checked_plus(time.nanos_since(self.now))
    }
}

/// The maximum step forward: 21 years, after which every deadline has passed. A longer one is truncated, so that one
/// wrong reading does not exhaust the clock.
const MAX_STEP: u64 = 21 * 366 * 24 * 3600 * 1_000_000_000;
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
        assert_eq!((clock.now(), clock.to_caller_time(deadline)), (at(130), Some(at(60))));
        assert!(!clock.advance(at(55)));
        assert_eq!((clock.now(), clock.to_caller_time(deadline)), (at(135), Some(at(60))));
        assert!(!clock.advance(at(70)));
        assert_eq!(clock.to_caller_time(deadline), Some(at(70)), "a past deadline is due now");
    }

    #[test]
    fn at_the_end_of_time_nothing_is_due_any_more() {
        let mut clock = Clock::new(Time::MAX);
        assert_eq!((clock.now(), clock.to_caller_time(END.plus(1))), (END, None));
        clock.advance(Time::ZERO);
        assert_eq!(clock.to_caller_time(END.plus(1)), Some(Time::from_nanos(1)));
    }

    #[test]
    fn one_reading_from_the_far_future_does_not_exhaust_the_clock() {
        let mut clock = Clock::new(Time::ZERO);
        for _ in 0..10 {
            clock.advance(Time::MAX);
            clock.advance(Time::ZERO);
        }
        let now = clock.now();
        clock.advance(Time::from_nanos(5));
        assert_eq!(clock.now(), now.plus(5));
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
