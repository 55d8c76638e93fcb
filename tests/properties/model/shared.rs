//! What sender and receiver of the model share: time, the RTO, the token bucket, liveness, the outputs.

use std::time::Duration;

use sixfold::{Event, Output, Time};

use super::rto::Rto;
use kit::Test;
use kit::configs::Knobs;

/// A longer step of the clock may be a wrong reading.
const YEAR: u64 = 366 * 24 * 3600 * 1_000_000_000;

pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The shared state.
#[derive(Clone, Debug)]
pub struct Shared {
    pub knobs: Knobs,
    pub now: u64,
    /// The furthest time that the caller's clock has shown.
    furthest: u64,
    pub connected: bool,
    pub out: Vec<Output<Test>>,
    pub rto: Rto,
    /// When the token bucket is full again.
    full_at: u64,
    pub heard_at: u64,
    silent: u32,
    silent_at: Option<u64>,
}

impl Shared {
    pub fn new(knobs: &Knobs, now: u64) -> Self {
        Self {
            knobs: knobs.clone(),
            now,
            furthest: now,
            connected: false,
            out: Vec::new(),
            rto: Rto::new(knobs),
            full_at: 0,
            heard_at: now,
            silent: 0,
            silent_at: None,
        }
    }

    /// A step back counts as zero; one above a year as the part beyond the furthest time, from one year to 21.
    pub fn advance(&mut self, before: Time, now: Time) {
        let step = now.as_nanos().saturating_sub(before.as_nanos());
        let beyond = now.as_nanos().saturating_sub(self.furthest).clamp(YEAR, 21 * YEAR);
        self.now += if step > YEAR { beyond } else { step };
        self.furthest = self.furthest.max(now.as_nanos());
    }

    pub fn event(&mut self, event: Event<Test>) {
        self.out.push(Output::Event(event));
    }

    pub fn heard(&mut self) {
        self.heard_at = self.now;
        self.silent = 0;
        self.silent_at = None;
    }

    /// A frame sent at this time was not answered in time.
    pub fn unanswered(&mut self, sent_at: u64) {
        let lately = self.silent_at.is_some_and(|at| self.now - at < self.rto.current());
        if self.heard_at > sent_at || lately {
            return;
        }
        self.silent_at = Some(self.now);
        self.silent += 1;
        if self.silent >= self.knobs.suspect_after {
            self.silent = 0;
            self.event(Event::SuspectConnection { silent: Duration::from_nanos(self.now - self.heard_at) });
        }
    }

    fn token_interval(&self) -> u64 {
        1_000_000_000_u64.div_ceil(u64::from(self.knobs.rate))
    }

    pub fn next_token(&self) -> u64 {
        let span = self.token_interval() * u64::from(self.knobs.burst);
        (self.full_at + self.token_interval()).saturating_sub(span)
    }

    pub fn tokens(&self) -> u64 {
        let span = self.token_interval() * u64::from(self.knobs.burst);
        (self.now + span).saturating_sub(self.full_at.max(self.now)) / self.token_interval()
    }

    pub fn take_token(&mut self) -> bool {
        let there = self.next_token() <= self.now;
        if there {
            self.full_at = self.full_at.max(self.now) + self.token_interval();
        }
        there
    }
}
