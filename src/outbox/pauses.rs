//! Pauses: the server asks to wait.
//!
//! The rule (L10): RetryAfter pauses the stream of the message that it answers, for at most `probe_max`; the others go
//! on. Only when a second stream is put off before the first pause has ended, and nothing was accepted in between, is the
//! server taken to be busy as a whole: then every msg:R waits, until the later of the two ends. ack:R never does.

use core::time::Duration;

use super::{AGAIN, Outbox};
use crate::collections::Key;
use crate::context::Context;
use crate::frame::Types;
use crate::recovery::Place;
use crate::time::Time;

impl<T: Types> Outbox<T> {
    #[inline(never)]
    pub(super) fn on_retry_after(&mut self, key: Key, pause: Duration, ctx: &mut Context<T>) {
        let waits_for_answer = matches!(self.flights.place(key), Place::Timer | Place::Queue(AGAIN));
        if !waits_for_answer {
            ctx.stats.ignored_msg_a_repeated += 1;
            return;
        }
        ctx.stats.retry_after += 1;
        self.sample(key, ctx);
        self.on_answered(key);
        self.leave(key);
        self.messages[key].on_put_off();
        let stream = self.messages[key].stream;
        if !self.messages[key].is_accepted() {
            self.hold_back_no_more(key);
            self.push_re_entry(key);
        }
        self.pause(stream, ctx.now + pause.min(ctx.config.probe_max), ctx.now);
    }

    fn pause(&mut self, stream: Key, until: Time, now: Time) {
        let until = self.paused.get(&stream).map_or(until, |before| until.max(*before));
        self.forget_pause(stream);
        self.paused.insert(stream, until);
        self.pause_ends.insert((until, stream));
        self.update_rings(stream);
        if let Some((_, other_until)) = self.put_off.filter(|(other, until)| *other != stream && *until > now) {
            self.paused_until = self.paused_until.max(Some(until.max(other_until)));
        }
        self.put_off = Some((stream, until));
    }

    /// Ends the pauses that are over.
    pub(crate) fn end_pauses(&mut self, ctx: &Context<T>) {
        self.paused_until = self.paused_until.filter(|until| *until > ctx.now);
        while let Some((_, stream)) = self.pause_ends.first().copied().filter(|(until, _)| *until <= ctx.now) {
            self.forget_pause(stream);
            self.update_rings(stream);
            self.announce(stream, ctx);
        }
    }

    #[inline]
    pub(super) fn is_paused(&self, stream: Key) -> bool {
        !self.paused.is_empty() && self.paused.contains_key(&stream)
    }

    /// Forgets the pause of a stream.
    pub(super) fn forget_pause(&mut self, stream: Key) {
        if let Some(until) = self.paused.remove(&stream) {
            self.pause_ends.remove(&(until, stream));
        }
    }

    /// Drops the questions about paused streams that are next: the walk of the peer comes to them again.
    pub(super) fn drop_questions_of_paused(&mut self) {
        while let Some(key) = self.questions.first().filter(|key| self.is_paused(self.messages[*key].stream)) {
            self.leave(key);
        }
    }

    /// When the first pause of a stream ends; with something new in it that is the next transmission, else a token too
    /// is needed.
    pub(super) fn next_pause_end(&mut self, token: Time) -> Time {
        let Some((until, stream)) = self.pause_ends.first().copied() else { return Time::MAX };
        let is_idle = self.streams[stream].is_idle();
        let needs_no_token = is_idle || self.window.has_room() && self.fresh(stream).is_some();
        if needs_no_token { until } else { until.max(token) }
    }
}
