//! Whether the connection is alive: counts silent timeouts in a row.
//!
//! A timeout is silent when no frame was received since the frame that timed out was sent. A lost window times out at
//! once, so at most one is counted per retransmission timeout.

use core::time::Duration;

use crate::time::Time;

#[derive(Clone, Debug)]
pub(crate) struct Liveness {
    suspect_after: u32,
    heard_at: Time,
    counted: u32,
    counted_at: Option<Time>,
}

impl Liveness {
    pub(crate) const fn new(suspect_after: u32, now: Time) -> Self {
        Self { suspect_after, heard_at: now, counted: 0, counted_at: None }
    }

    /// A frame was received, or the connection is new.
    pub(crate) fn on_heard(&mut self, now: Time) {
        self.heard_at = now;
        self.counted = 0;
        self.counted_at = None;
    }

    /// Whether a frame was received after `sent_at`.
    pub(crate) fn heard_since(&self, sent_at: Time) -> bool {
        self.heard_at > sent_at
    }

    /// A frame sent at `sent_at` was not answered in time. When the connection is suspect, returns how long no frame
    /// was received, and the count starts again.
    pub(crate) fn on_timeout(&mut self, sent_at: Time, rto: u64, now: Time) -> Option<Duration> {
        let counted_lately = self.counted_at.is_some_and(|at| now.nanos_since(at) < rto);
        if self.heard_since(sent_at) || counted_lately {
            return None;
        }
        self.counted_at = Some(now);
        self.counted += 1;
        if self.counted < self.suspect_after {
            return None;
        }
        self.counted = 0;
        Some(now.saturating_duration_since(self.heard_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_silent_timeouts_are_suspect_and_a_lost_window_is_one() {
        let at = Time::from_nanos;
        let mut liveness = Liveness::new(3, at(0));
        assert_eq!(liveness.on_timeout(at(5), 10, at(15)), None);
        assert_eq!(liveness.on_timeout(at(5), 10, at(24)), None, "within one timeout");
        assert_eq!(liveness.on_timeout(at(15), 10, at(25)), None);
        assert_eq!(liveness.on_timeout(at(25), 10, at(35)), Some(Duration::from_nanos(35)));
        assert_eq!(liveness.on_timeout(at(35), 10, at(45)), None, "counted anew");
    }

    #[test]
    fn a_timeout_of_a_frame_sent_before_the_last_word_is_not_silent() {
        let at = Time::from_nanos;
        let mut liveness = Liveness::new(1, at(0));
        liveness.on_heard(at(20));
        assert_eq!(liveness.on_timeout(at(10), 10, at(30)), None);
        assert_eq!(liveness.on_timeout(at(20), 10, at(30)), Some(Duration::from_nanos(10)));
    }
}
