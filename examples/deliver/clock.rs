//! The one clock: the three threads measure time from the same origin, so that their traces can be laid side by side.

use std::time::{Duration, Instant};

use sixfold::Time;

/// Real time since the start of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    pub(crate) fn now(self) -> Time {
        Time::from_origin(self.elapsed())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.origin.elapsed()
    }
}
