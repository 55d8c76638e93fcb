//! Suspects: messages on which the server may close the connection.
//!
//! The rule (L10): no message that cuts every connection on which it is transmitted may keep the others from being
//! delivered. A message that was unanswered on the wire when a connection ended counts a *cut*. From two cuts on it is
//! suspect: it holds no newer stream back, and goes only on a connection that has lived for a while, so that a network
//! that fails by itself accuses nobody. How many suspects may be in flight starts at one, doubles with each that is
//! answered, and is one again after a cut. While one is in flight only suspects count cuts. A cut with exactly one
//! suspect in flight is its *lone cut*; ten of them fail it. A suspect that may go has every second free place, so that
//! it does not wait for ever behind what is new.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Outbox, RE_ENTRY, SUSPECTED};
use crate::collections::{Key, List};
use crate::context::Context;
use crate::frame::Types;
use crate::recovery::{Backoff, Flights};
use crate::status::FailReason;
use crate::time::{Time, nanos};

/// The number of lone cuts that fails a message.
const MAX_LONE_CUTS: u8 = 10;
/// A connection need not live longer than this for a suspect, unless the retransmission timeout is longer.
const MAX_WAIT: u64 = nanos(Duration::from_secs(2));

#[derive(Clone, Debug)]
pub(super) struct Suspects {
    /// Those that wait, in the order in which they came.
    waiting: List,
    in_flight: usize,
    limit: usize,
    /// Whether the last free place went to one.
    had_last_place: bool,
}

impl Suspects {
    pub(super) const fn new() -> Self {
        Self { waiting: List::EMPTY, in_flight: 0, limit: 1, had_last_place: false }
    }

    pub(super) fn first(&self) -> Option<Key> {
        self.waiting.first()
    }

    pub(super) fn push(&mut self, flights: &mut Flights, key: Key) {
        flights.push(&mut self.waiting, SUSPECTED, key);
    }

    pub(super) fn remove(&mut self, flights: &mut Flights, key: Key) {
        flights.remove(&mut self.waiting, key);
    }

    /// Whether none waits.
    pub(super) fn is_quiescent(&self) -> bool {
        self.waiting.first().is_none()
    }

    pub(super) const fn on_transmit(&mut self) {
        self.in_flight += 1;
    }

    /// A message takes a free place.
    #[inline]
    pub(super) const fn on_place_taken(&mut self, by_suspect: bool) {
        self.had_last_place = by_suspect;
    }

    /// One in flight was answered.
    pub(super) const fn on_answered(&mut self) {
        self.limit = self.limit.saturating_mul(2);
    }

    /// One is in flight no more.
    pub(super) const fn on_gone(&mut self) {
        self.in_flight -= 1;
    }
}

impl<T: Types> Outbox<T> {
    /// When the first suspect may go; [`Time::MAX`] for never.
    pub(super) fn suspect_at(&self, ctx: &Context<T>) -> Time {
        let Some(first) = self.suspects.first().filter(|_| self.suspects.in_flight < self.suspects.limit) else {
            return Time::MAX;
        };
        let rto = ctx.rto.current();
        let wait = Backoff { base: rto, cap: rto.max(MAX_WAIT) };
        ctx.connected_at.plus(wait.nominal(usize::from(self.messages[first].lone_cuts())))
    }

    /// Whether the next free place is a suspect's: it has every second one, as far as there are tokens.
    pub(super) fn is_suspects_turn(&self, ctx: &Context<T>) -> bool {
        !self.suspects.had_last_place && self.suspect_at(ctx) <= ctx.now && ctx.tokens.next_at() <= ctx.now
    }

    /// Puts suspects where they belong: with the others of their stream while that pauses, and back after that.
    pub(super) fn sort_suspects(&mut self, now: Time) {
        while let Some(key) = self.suspects.first() {
            if !self.is_paused(self.messages[key].stream, now) {
                break;
            }
            self.suspects.remove(&mut self.flights, key);
            self.push_re_entry(key);
        }
        while let Some(key) = self.next_re_entry().filter(|key| self.messages[*key].is_suspect()) {
            self.leave(key, self.messages[key].stream);
            self.suspects.push(&mut self.flights, key);
        }
    }

    /// Stops all timers and empties the window: there is no connection.
    pub(crate) fn on_disconnected(&mut self, ctx: &mut Context<T>) {
        let mut cut: Vec<Key> = self.flights.keys().collect();
        // A stream that pauses has nothing in `again`.
        for stream in self.rings.again() {
            cut.extend(self.flights.iter(self.streams[stream].again));
        }
        cut.sort_unstable_by_key(|key| (self.messages[*key].stream, self.messages[*key].seq));
        while let Some(key) = self.questions.first() {
            self.flights.remove(&mut self.questions, key);
        }
        let (accuses_all, alone) = (self.suspects.in_flight == 0, self.suspects.in_flight == 1);
        let mut before_others = Vec::new();
        for key in cut {
            let in_flight = self.messages[key].is_suspect_in_flight();
            self.leave(key, self.messages[key].stream);
            self.leave_window(key);
            let message = &mut self.messages[key];
            let lone_cuts = message.on_cut(accuses_all || in_flight, alone && in_flight);
            let (stream, seq) = (message.stream, message.seq);
            if message.is_accepted() {
                continue;
            }
            if lone_cuts >= MAX_LONE_CUTS {
                self.fail(key, FailReason::Unknown { rejection: None }, ctx);
            } else if message.is_suspect() {
                self.hold_back_no_more(key);
                self.suspects.push(&mut self.flights, key);
            } else if self.streams[stream].re_entry.first().is_some_and(|first| seq < self.messages[first].seq) {
                before_others.push(key);
            } else {
                self.push_re_entry(key);
            }
        }
        for key in before_others.into_iter().rev() {
            let stream = self.messages[key].stream;
            self.flights.push_front(&mut self.streams[stream].re_entry, RE_ENTRY, key);
            self.update_rings(stream);
        }
        self.suspects.limit = 1;
        ctx.rto.distrust();
    }
}
