//! Scheduler: which msg:R is transmitted next.
//!
//! The rules (L8, L10, L11):
//! - A first transmission needs a place in the window and no token. A repetition needs a token, and one that has no
//!   place also a place.
//! - Streams that have something take turns, one message each: what is repeated in `re_entry` goes before what is new.
//!   Each resource has a ring of the streams that wait for it, so that none waits behind what lacks another resource.
//! - Tokens go in turn to `again`, `re_entry`, suspects and ack:R; every fourth one to a question, and more only when
//!   nothing else waits.
//!
//! ```text
//!            place                    token                  token, place
//!  nxt ────────────► on the wire ◄──────────── again    ◄──────────────── re_entry
//!                         │  timeout, keeps its place ──► again
//!                         │  third timeout although something is heard, retry-after, cut ──► re_entry
//! ```

use super::{AGAIN, Outbox, QUESTION, RE_ENTRY, SUSPECTED};
use crate::collections::{self, Bytes, Key, Links, List};
use crate::context::Context;
use crate::frame::{Outgoing, Types};
use crate::recovery::Place;
use crate::time::Time;

/// The streams that wait for a turn: those with something in `again`; those with something in `re_entry` or at `nxt`;
/// those with something at `nxt`.
#[derive(Clone, Debug)]
pub(super) struct Rings([(List, Links); 3]);

const AGAIN_RING: usize = 0;
const PLACE_RING: usize = 1;
const FRESH_RING: usize = 2;

/// What a token may go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Again,
    ReEntry,
    Suspect,
    Ack,
    Question,
}

impl Rings {
    pub(super) const fn new() -> Self {
        Self([const { (List::EMPTY, Links::new()) }; 3])
    }

    pub(super) fn footprint(streams: usize) -> Bytes {
        collections::links::<()>(streams) * 3
    }

    fn first(&self, ring: usize) -> Option<Key> {
        self.0[ring].0.first()
    }

    /// Whether no stream waits for a turn.
    fn are_empty(&self) -> bool {
        self.first(PLACE_RING).is_none() && self.first(AGAIN_RING).is_none()
    }

    /// The streams with something in `again`.
    pub(super) fn again(&self) -> impl Iterator<Item = Key> {
        let (list, links) = &self.0[AGAIN_RING];
        links.iter(*list)
    }
}

impl<T: Types> Outbox<T> {
    /// Puts a stream into the rings for which it qualifies and takes it out of the others.
    #[inline(never)]
    pub(super) fn update_rings(&mut self, stream: Key) {
        let may_begin = self.streams[stream].is_released;
        let fresh = may_begin && self.fresh(stream).is_some();
        let state = &mut self.streams[stream];
        let re_entry = may_begin && state.re_entry.first().is_some();
        let mut qualifies = [state.again.first().is_some(), re_entry || fresh, fresh];
        if self.pauses.contain(stream) {
            qualifies = [false; 3];
            let announces = self.floors.get(&stream).is_some_and(|floor| floor.is_wanted());
            self.pauses.wait(stream, fresh, re_entry || announces);
        }
        for (ring, qualifies) in qualifies.into_iter().enumerate() {
            let bit = 1 << ring;
            let (list, links) = &mut self.rings.0[ring];
            if qualifies && state.rings & bit == 0 {
                links.push_back(list, stream, ());
                state.rings |= bit;
            } else if !qualifies && state.rings & bit != 0 {
                links.unlink(list, stream);
                state.rings &= !bit;
            }
        }
    }

    /// A stream had its turn in rings: the others come first.
    fn rotate(&mut self, stream: Key, rings: &[usize]) {
        for &ring in rings {
            let (list, links) = &mut self.rings.0[ring];
            if self.streams[stream].rings & (1 << ring) != 0 && list.last() != Some(stream) {
                links.unlink(list, stream);
                links.push_back(list, stream, ());
            }
        }
    }

    /// The message at `nxt`, with its seq: the lowest live one from there on that is not accepted.
    #[inline]
    pub(super) fn fresh(&mut self, stream: Key) -> Option<(u64, Key)> {
        loop {
            let state = &mut self.streams[stream];
            let (seq, key) = state.live.first_from(state.fresh_from())?;
            if !self.messages[key].is_accepted() {
                state.skip_to(seq);
                return Some((seq, key));
            }
            state.skip_to(seq + 1);
        }
    }

    /// Whether nothing goes before a message that is sent now to a stream, and there is a place for it.
    #[inline(always)]
    pub(super) fn may_go_at_once(&self, stream: Key, ctx: &Context<T>) -> bool {
        ctx.connected
            && self.rings.are_empty()
            && self.window.has_room()
            && !self.pauses.contain_all()
            && !self.pauses.contain(stream)
            && self.streams[stream].is_released
    }

    /// Whether at the end of an input nothing can leave or change, unless something is due.
    #[inline]
    pub(crate) fn is_quiescent(&self) -> bool {
        let no_place = !self.window.has_room() && !self.window.is_stuck();
        self.rings.first(AGAIN_RING).is_none()
            && (self.rings.first(PLACE_RING).is_none() || no_place)
            && self.questions.first().is_none()
            && self.suspects.is_quiescent()
            && self.pauses.are_quiescent()
    }

    /// Whether a first transmission has a place: in the window, or as a feeler beyond it.
    fn has_place(&self, ctx: &Context<T>) -> bool {
        self.window.has_room() || ctx.now >= self.feeler_at(ctx)
    }

    /// When a first transmission may go beyond a window that is stuck: each `rto_max`. [`Time::MAX`] for never.
    fn feeler_at(&self, ctx: &Context<T>) -> Time {
        if self.window.is_stuck() { self.last_first.plus(ctx.rto.max()) } else { Time::MAX }
    }

    /// Transmits a message for the first time, if that is the next turn; a stream with something to repeat needs a token,
    /// unless a feeler is due.
    pub(crate) fn transmit_first(&mut self, ctx: &mut Context<T>) -> bool {
        self.sort_suspects(ctx.now);
        if !self.window.has_room() {
            return self.transmit_first_without_token(ctx);
        }
        if self.is_suspects_turn(ctx) {
            return false;
        }
        let stream = self.rings.first(PLACE_RING).filter(|stream| self.streams[*stream].re_entry.first().is_none());
        self.transmit_first_of(stream, ctx)
    }

    /// As [`transmit_first`](Self::transmit_first) while there is no token: streams with something to repeat send what
    /// is new.
    pub(crate) fn transmit_first_without_token(&mut self, ctx: &mut Context<T>) -> bool {
        self.transmit_first_of(self.rings.first(FRESH_RING), ctx)
    }

    fn transmit_first_of(&mut self, stream: Option<Key>, ctx: &mut Context<T>) -> bool {
        if self.pauses.contain_all() || !self.has_place(ctx) {
            return false;
        }
        let Some((stream, (_, key))) = stream.and_then(|stream| Some((stream, self.fresh(stream)?))) else {
            return false;
        };
        self.transmit(key, true, ctx);
        if self.fresh(stream).is_none() {
            self.update_rings(stream);
        }
        self.rotate(stream, &[PLACE_RING, FRESH_RING]);
        true
    }

    /// What wants a token for a msg:R.
    pub(crate) fn wants(&mut self, ctx: &Context<T>) -> [Option<Class>; 4] {
        if self.pauses.contain_all() {
            return [None; 4];
        }
        self.drop_questions_of_paused(ctx.now);
        let room = self.window.has_room();
        let wants = |class, wants: bool| wants.then_some(class);
        [
            wants(Class::Again, self.rings.first(AGAIN_RING).is_some()),
            wants(Class::ReEntry, room && self.next_re_entry().is_some()),
            wants(Class::Suspect, room && self.suspect_at(ctx) <= ctx.now),
            wants(Class::Question, self.questions.first().is_some()),
        ]
    }

    /// What enters the window again next.
    pub(super) fn next_re_entry(&self) -> Option<Key> {
        self.streams[self.rings.first(PLACE_RING)?].re_entry.first()
    }

    /// Transmits what the next token of a class is for.
    pub(crate) fn transmit_with_token(&mut self, class: Class, ctx: &mut Context<T>) {
        let key = match class {
            Class::Again => self.rings.first(AGAIN_RING).and_then(|stream| self.streams[stream].again.first()),
            Class::ReEntry => self.next_re_entry(),
            Class::Suspect => self.suspects.first(),
            Class::Question => self.questions.first(),
            Class::Ack => None,
        };
        let Some(key) = key else { return };
        ctx.stats.retransmissions += 1;
        let stream = self.messages[key].stream;
        self.leave(key, stream);
        match class {
            Class::Suspect => self.suspects.on_transmit(),
            Class::Again => self.rotate(stream, &[AGAIN_RING]),
            Class::ReEntry => self.rotate(stream, &[PLACE_RING, FRESH_RING]),
            Class::Question | Class::Ack => {}
        }
        self.transmit(key, class != Class::Question, ctx);
    }

    /// Transmits a message that is in no queue, and waits for the answer. An accepted one that `is_whole` goes with its
    /// payload, else as a question.
    #[inline]
    pub(super) fn transmit(&mut self, key: Key, is_whole: bool, ctx: &mut Context<T>) {
        let message = &mut self.messages[key];
        let departure = message.on_transmit(ctx.connection);
        if departure.takes_place {
            self.window.enter(departure.unanswered);
            self.suspects.on_place_taken(message.is_suspect());
        }
        let (stream, seq) = (message.stream, message.seq);
        let state = &mut self.streams[stream];
        // An accepted one may stand beyond restored ones that wait for their first transmission.
        if departure.asked == 0 && state.on_transmit(seq) {
            self.last_first = ctx.now;
            ctx.rto.time(self.next_number);
        } else {
            ctx.rto.stop_timing(self.flights.last(key).1);
        }
        let is_whole = is_whole || departure.asked == 0 || !ctx.config.questions || is_power_of_8(departure.asked);
        let payload = is_whole.then(|| message.payload.clone());
        let (id, to, floor) = (state.id.id(seq), state.name.clone(), state.una());
        if !self.floors.is_empty() {
            self.on_announced(stream, seq);
        }
        ctx.transmit(Outgoing::MsgR { id, to, floor, payload });
        self.flights.arm(key, u32::from(departure.unanswered), self.next_number, ctx.now);
        self.next_number = self.next_number.wrapping_add(1);
    }

    /// Removes a message from the list in which it is.
    #[inline(always)]
    pub(super) fn leave(&mut self, key: Key, stream: Key) {
        self.leave_place(key, stream, self.flights.place(key));
    }

    /// Removes a message from the list in which it is known to be.
    #[inline(always)]
    pub(super) fn leave_place(&mut self, key: Key, stream: Key, place: Place) {
        match place {
            Place::Timer => self.flights.disarm(key),
            Place::Idle => {}
            Place::Queue(queue) => self.leave_queue(key, stream, queue),
        }
    }

    #[inline(never)]
    fn leave_queue(&mut self, key: Key, stream: Key, queue: u8) {
        match queue {
            AGAIN => self.flights.remove(&mut self.streams[stream].again, key),
            RE_ENTRY => self.flights.remove(&mut self.streams[stream].re_entry, key),
            SUSPECTED => self.suspects.remove(&mut self.flights, key),
            _ => self.flights.remove(&mut self.questions, key),
        }
        if queue == AGAIN || queue == RE_ENTRY {
            self.update_rings(stream);
        }
    }

    /// Puts a message that is in no list into `again`.
    pub(super) fn push_again(&mut self, key: Key) {
        let stream = self.messages[key].stream;
        self.flights.push(&mut self.streams[stream].again, AGAIN, key);
        self.update_rings(stream);
    }

    /// Puts a message that is in no list at the end of `re_entry`.
    pub(super) fn push_re_entry(&mut self, key: Key) {
        let stream = self.messages[key].stream;
        self.flights.push(&mut self.streams[stream].re_entry, RE_ENTRY, key);
        self.update_rings(stream);
    }

    /// Puts a question about an accepted message into the queue, unless it waits for something already, or its stream is
    /// paused. Returns whether it did.
    pub(super) fn ask(&mut self, key: Key, ctx: &Context<T>) -> bool {
        let is_paused = self.is_paused(self.messages[key].stream, ctx.now);
        let is_at_rest = self.messages[key].is_accepted() && self.flights.place(key) == Place::Idle;
        let asks = ctx.connected && is_at_rest && !is_paused;
        if asks {
            self.flights.push(&mut self.questions, QUESTION, key);
        }
        asks
    }

    /// Returns the next deadline of the sender half; the client adds that of the tokens.
    pub(crate) fn next_deadline(&mut self, ctx: &Context<T>) -> Time {
        let timers = self.next_when_quiescent(ctx);
        if !ctx.connected {
            return timers;
        }
        let token = ctx.tokens.next_at();
        let with_token = |at: Time| if at == Time::MAX { at } else { at.max(token) };
        let has_room = self.window.has_room();
        let has_fresh = self.rings.first(FRESH_RING).is_some();
        let after_pauses = if has_room { self.pauses.next_end(token) } else { Time::MAX };
        let suspect = if has_room { with_token(self.suspect_at(ctx)) } else { Time::MAX };
        let feeler = if has_fresh { self.feeler_at(ctx) } else { Time::MAX };
        match self.pauses.all_until() {
            None => timers.min(after_pauses).min(suspect).min(feeler),
            Some(until) => {
                let has_other = self.rings.first(AGAIN_RING).is_some() || self.questions.first().is_some();
                let waits = has_other || has_room && self.rings.first(PLACE_RING).is_some();
                let waiting = if has_room && has_fresh {
                    until
                } else if waits {
                    until.max(token)
                } else {
                    Time::MAX
                };
                timers.min(waiting).min(after_pauses.min(suspect).min(feeler).max(until))
            }
        }
    }

    /// As [`next_deadline`](Self::next_deadline), while nothing waits.
    #[inline]
    pub(crate) fn next_when_quiescent(&mut self, ctx: &Context<T>) -> Time {
        let probes = if ctx.connected { self.next_probe(ctx) } else { Time::MAX };
        self.expiry.next().min(self.flights.next_due()).min(probes)
    }
}

const fn is_power_of_8(n: u16) -> bool {
    n >= 8 && n.is_power_of_two() && n.trailing_zeros() % 3 == 0
}
