//! Pauses: the server asks to wait.
//!
//! The rule (L10): RetryAfter pauses the stream of the message that it answers, for at most `probe_max`; the others go
//! on. Only when a second stream is put off before the first pause has ended, and nothing was accepted in between, is the
//! server taken to be busy as a whole: then every msg:R waits, until the later of the two ends. ack:R never does.
//!
//! What waits in `again` when its stream pauses gives its place back, so that a busy part of the server shuts no window.

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use super::{AGAIN, Outbox};
use crate::collections::{self, Bytes, Key};
use crate::context::Context;
use crate::frame::Types;
use crate::recovery::Place;
use crate::time::Time;

#[derive(Clone, Debug)]
pub(super) struct Pauses {
    /// Until when each stream pauses. It may be over, if nothing has waited for the end.
    streams: BTreeMap<Key, Time>,
    /// The ends of those in which something waits: with something new, which needs no token; and only with other things.
    fresh: BTreeSet<(Time, Key)>,
    others: BTreeSet<(Time, Key)>,
    /// Until when everything pauses.
    all: Option<Time>,
    /// The stream that was put off last, and until when, if nothing was accepted since.
    last: Option<(Key, Time)>,
}

impl Pauses {
    pub(super) const fn new() -> Self {
        let streams = BTreeMap::new();
        Self { streams, fresh: BTreeSet::new(), others: BTreeSet::new(), all: None, last: None }
    }

    pub(super) fn footprint(streams: usize) -> Bytes {
        collections::map::<Key, Time>(streams) + collections::map::<(Time, Key), ()>(streams) * 2
    }

    /// Whether nothing waits for the end of a pause.
    #[inline]
    pub(super) fn are_quiescent(&self) -> bool {
        self.streams.is_empty() || self.fresh.is_empty() && self.others.is_empty() && self.all.is_none()
    }

    #[inline]
    pub(super) fn contain(&self, stream: Key) -> bool {
        !self.streams.is_empty() && self.streams.contains_key(&stream)
    }

    /// Whether everything pauses.
    #[inline]
    pub(super) const fn contain_all(&self) -> bool {
        self.all.is_some()
    }

    pub(super) fn all_until(&self) -> Option<Time> {
        self.all
    }

    /// A message was accepted.
    #[inline]
    pub(super) const fn on_accepted(&mut self) {
        self.last = None;
    }

    fn begin(&mut self, stream: Key, until: Time, now: Time) {
        let until = self.streams.get(&stream).map_or(until, |before| until.max(*before));
        self.end(stream);
        self.streams.insert(stream, until);
        if let Some((_, other_until)) = self.last.filter(|(other, until)| *other != stream && *until > now) {
            self.all = self.all.max(Some(until.max(other_until)));
        }
        self.last = Some((stream, until));
    }

    pub(super) fn end(&mut self, stream: Key) {
        if let Some(until) = self.streams.remove(&stream) {
            self.fresh.remove(&(until, stream));
            self.others.remove(&(until, stream));
        }
    }

    /// What waits in a paused stream for the end: something new, or something else.
    pub(super) fn wait(&mut self, stream: Key, fresh: bool, other: bool) {
        let Some(until) = self.streams.get(&stream).copied() else { return };
        for (ends, waits) in [(&mut self.fresh, fresh), (&mut self.others, other && !fresh)] {
            if waits {
                ends.insert((until, stream));
            } else {
                ends.remove(&(until, stream));
            }
        }
    }

    /// The pause that ends first of those for whose end something waits.
    fn first(&self) -> Option<(Time, Key)> {
        self.fresh.first().copied().into_iter().chain(self.others.first().copied()).min()
    }

    /// When something can be transmitted after a pause of its stream, if there is a place; [`Time::MAX`] for never.
    pub(super) fn next_end(&self, token: Time) -> Time {
        let fresh = self.fresh.first().map_or(Time::MAX, |(until, _)| *until);
        let other = self.others.first().map_or(Time::MAX, |(until, _)| token.max(*until));
        fresh.min(other)
    }
}

impl<T: Types> Outbox<T> {
    #[inline(never)]
    pub(super) fn on_retry_after(&mut self, key: Key, pause: Duration, ctx: &mut Context<T>) {
        if !matches!(self.flights.place(key), Place::Timer | Place::Queue(AGAIN)) {
            ctx.stats.ignored_msg_a_repeated += 1;
            return;
        }
        ctx.stats.retry_after += 1;
        let stream = self.messages[key].stream;
        if self.on_answered(key, ctx).is_some() {
            self.push_re_entry(key);
        } else {
            self.leave(key, stream);
        }
        self.messages[key].on_put_off();
        self.pauses.begin(stream, ctx.now + pause.min(ctx.config.probe_max), ctx.now);
        while let Some(key) = self.streams[stream].again.first() {
            self.leave(key, stream);
            self.wait_for_pause(key);
        }
        self.update_rings(stream);
    }

    /// A message of a paused stream was not answered.
    pub(super) fn wait_for_pause(&mut self, key: Key) {
        if self.messages[key].is_accepted() {
            self.messages[key].on_rest();
        } else {
            self.give_back_place(key);
        }
    }

    /// Ends the pauses that are over.
    pub(crate) fn end_pauses(&mut self, ctx: &Context<T>) {
        self.pauses.all = self.pauses.all.filter(|until| *until > ctx.now);
        while let Some((_, stream)) = self.pauses.first().filter(|(until, _)| *until <= ctx.now) {
            self.pauses.end(stream);
            self.update_rings(stream);
            self.announce(stream, ctx);
        }
    }

    /// Whether a stream pauses. A pause for whose end nothing has waited ends here.
    #[inline]
    pub(super) fn is_paused(&mut self, stream: Key, now: Time) -> bool {
        if !self.pauses.contain(stream) {
            return false;
        }
        let is_over = self.pauses.streams.get(&stream).is_some_and(|until| *until <= now);
        if is_over {
            self.pauses.end(stream);
            self.update_rings(stream);
        }
        !is_over
    }

    /// Drops the questions about paused streams that are next: the walk of the peer comes to them again.
    pub(super) fn drop_questions_of_paused(&mut self, now: Time) {
        while let Some(key) = self.questions.first() {
            if !self.is_paused(self.messages[key].stream, now) {
                break;
            }
            self.flights.remove(&mut self.questions, key);
        }
    }
}
