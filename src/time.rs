//! Time as the caller passes it in: nanoseconds since an origin of the caller's choice.
//!
//! The crate never reads a clock, so there is no `now()`: a test, a simulator, a browser and a microcontroller each
//! have their own.

use core::fmt;
use core::ops::Add;
use core::time::Duration;

/// A point in time: unsigned nanoseconds since an origin that the caller chooses.
///
/// The range is 584 years. Use one origin for one [`Client`](crate::Client); a monotonic clock is best. Arithmetic
/// saturates: it never wraps and never panics.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use sixfold::Time;
///
/// let start = Time::from_nanos(5);
/// let later = start + Duration::from_secs(1);
/// assert_eq!(later.as_nanos(), 1_000_000_005);
/// assert_eq!(later.saturating_duration_since(start), Duration::from_secs(1));
/// assert_eq!(start.saturating_duration_since(later), Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Time(u64);

impl Time {
    /// The origin.
    pub const ZERO: Self = Self(0);
    /// The last representable time.
    pub const MAX: Self = Self(u64::MAX);

    /// Makes a time from nanoseconds since the origin.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Returns the nanoseconds since the origin.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Makes a time from the duration since the origin; saturates at [`Time::MAX`].
    #[must_use]
    pub const fn from_origin(since: Duration) -> Self {
        Self(nanos(since))
    }

    /// Returns the duration since the origin, the inverse of [`Time::from_origin`].
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// Adds a duration; `None` when the sum exceeds [`Time::MAX`].
    #[must_use]
    pub const fn checked_add(self, duration: Duration) -> Option<Self> {
        let added = duration.as_nanos();
        if added > (u64::MAX - self.0) as u128 {
            return None;
        }
        Some(self.plus(nanos(duration)))
    }

    /// Returns the duration since `earlier`; zero when `earlier` is later.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos_since(earlier))
    }

    /// Adds nanoseconds, saturating.
    pub(crate) const fn plus(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// Returns the nanoseconds since `earlier`; zero when `earlier` is later.
    pub(crate) const fn nanos_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Adds a duration, saturating at [`Time::MAX`].
impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.plus(nanos(duration))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Time({:?})", self.since_origin())
    }
}

/// Returns a duration in nanoseconds, saturating.
pub(crate) const fn nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos > u64::MAX as u128 {
        u64::MAX
    } else {
        #[expect(clippy::cast_possible_truncation, reason = "compared just above")]
        {
            nanos as u64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addition_saturates_and_checked_addition_returns_none() {
        let last = Time::MAX;
        assert_eq!(last + Duration::from_nanos(1), Time::MAX);
        assert_eq!(last.checked_add(Duration::from_nanos(1)), None);
        assert_eq!(last.checked_add(Duration::ZERO), Some(last));
        assert_eq!(Time::ZERO.checked_add(Duration::MAX), None);
        assert_eq!(Time::from_origin(Duration::MAX), Time::MAX);
        assert_eq!(Time::from_origin(Duration::from_secs(1 << 35)), Time::MAX, "a thousand years");
    }

    #[test]
    fn from_origin_and_since_origin_are_inverse() {
        for nanos in [0, 1, 999_999_999, 1_000_000_000, u64::MAX] {
            let time = Time::from_nanos(nanos);
            assert_eq!(Time::from_origin(time.since_origin()), time);
        }
    }
}
