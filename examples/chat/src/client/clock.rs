//! The client's time: the wall clock at the start plus the monotonic time since.
//!
//! Its origin is the Unix epoch, so that a journal of an earlier process can be read; within a process it never jumps,
//! whatever happens to the wall clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sixfold::Time;

/// A running clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall: Duration,
    start: Instant,
}

impl Clock {
    /// Reads the wall clock, once.
    #[must_use]
    pub fn start() -> Self {
        Self { wall: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(), start: Instant::now() }
    }

    /// Tells the time.
    #[must_use]
    pub fn now(&self) -> Time {
        Time::from_origin(self.wall.saturating_add(self.start.elapsed()))
    }
}
