//! In which order messages are handed over: the cursor of each stream.
//!
//! The rule: the cursor only rises, past what was handed over, past the highest floor heard, past gaps that were given up
//! after `max_hold`. A message beyond it is held, unacked; the one at it is always admitted; an unseen one below it is
//! handed over as late. Order never costs a message.

use super::{Entry, Inbox, Message, State};
use crate::context::Context;
use crate::event::{Delivery, Event};
use crate::frame::Types;
use crate::slab::Key;
use crate::time::Time;

impl<T: Types> Inbox<T> {
    /// Holds a message beyond the cursor, if there is room and it is not held yet.
    #[inline(never)]
    pub(super) fn hold(&mut self, stream: Key, seq: u64, message: Message<T>, ctx: &mut Context<T>) {
        if self.streams[stream].ring.get(seq).is_some() {
            ctx.stats.ignored_msg_n_pending += 1;
            return;
        }
        if self.is_full(ctx) {
            ctx.stats.ignored_msg_n_full += 1;
            return;
        }
        let Message { server_id, payload, .. } = message;
        let state = State::Held { server_id, payload, since: ctx.now };
        let key = self.entries.insert(Entry { stream, seq, state });
        let stream = &mut self.streams[stream];
        stream.ring.insert(seq, key);
        stream.held += 1;
        self.links.push_back(&mut self.holds, key);
        self.hold_end = self.hold_end.min(ctx.now.plus(self.max_hold));
        self.counts.held += 1;
    }

    /// Raises the cursor; what was held below it goes first, in order.
    #[inline(never)]
    pub(super) fn raise_cursor(&mut self, stream: Key, to: u64, ctx: &mut Context<T>) {
        while let Some(seq) = self.next_held(stream).filter(|seq| *seq < to) {
            self.streams[stream].cursor = seq;
            self.advance(stream, ctx);
        }
        let stream_state = &mut self.streams[stream];
        stream_state.cursor = stream_state.cursor.max(to);
        self.advance(stream, ctx);
    }

    /// Moves the cursor past everything that was handed over, handing over what is held at it.
    #[inline]
    pub(super) fn advance(&mut self, stream: Key, ctx: &mut Context<T>) {
        let state = &mut self.streams[stream];
        state.cursor = state.seen.next_unseen(state.cursor);
        if state.held > 0 {
            self.hand_over_held(stream, ctx);
        }
    }

    /// Hands over what is held at the cursor, and moves on.
    #[inline(never)]
    fn hand_over_held(&mut self, stream: Key, ctx: &mut Context<T>) {
        loop {
            let state = &mut self.streams[stream];
            state.cursor = state.seen.next_unseen(state.cursor);
            let seq = state.cursor;
            let Some(key) = state.ring.get(seq) else { return };
            // Below the cursor nothing is held, and what is with the application or acked was seen.
            let Some((server_id, payload)) = self.take_held(key) else { return };
            self.hand_over(stream, seq, server_id, payload, false, ctx);
            // Past it even if it was refused: it comes again, late.
            let state = &mut self.streams[stream];
            state.cursor = state.cursor.max(seq + 1);
        }
    }

    /// Gives a message to the application, unless that would exceed what may be remembered.
    pub(super) fn hand_over(
        &mut self,
        stream: Key,
        seq: u64,
        server_id: T::ServerId,
        payload: T::Payload,
        late: bool,
        ctx: &mut Context<T>,
    ) {
        let state = &self.streams[stream];
        let (from, id) = (self.streams.name(state).clone(), state.key.id(seq));
        // Releases may have split ranges beyond the bound: then a stream of several takes only what fills a gap.
        let ranges = self.streams.ranges();
        let adds = ranges >= ctx.config.max_ranges && state.seen.would_add_range(seq);
        let sprawls = ranges > ctx.config.max_ranges && state.seen.ranges() > 1 && !state.seen.contains(seq + 1);
        if adds || sprawls {
            self.refuse(from, id, ctx);
            return;
        }
        let key = self.entries.insert(Entry { stream, seq, state: State::WithApp });
        self.streams.see(stream, seq);
        let state = &mut self.streams[stream];
        state.ring.insert(seq, key);
        state.pinned += 1;
        self.counts.with_app += 1;
        ctx.stats.received += 1;
        ctx.stats.received_late += u64::from(late);
        ctx.event(Event::Received(Delivery { from, id, server_id, payload, late }));
    }

    /// Makes room for a message that can be handed over: drops the highest held one of its stream, else the one that was
    /// held last in any. Held messages are unacked, so it comes again.
    pub(super) fn drop_a_held_one(&mut self, stream: Key, ctx: &mut Context<T>) -> bool {
        let state = &self.streams[stream];
        let highest = if state.held > 0 { state.ring.last().map(|(_, key)| key) } else { None };
        let Some(key) = highest.or(self.holds.last()) else { return false };
        let payer = self.entries[key].stream;
        self.drop_held(key, ctx);
        if payer != stream {
            self.close_if_blank(payer);
        }
        true
    }

    /// Drops a held message unacked.
    pub(super) fn drop_held(&mut self, key: Key, ctx: &mut Context<T>) {
        self.take_held(key);
        ctx.stats.held_dropped += 1;
    }

    /// Gives up the gaps before messages that were held for `max_hold`.
    pub(super) fn give_up_gaps(&mut self, ctx: &mut Context<T>) {
        while let Some(key) = self.holds.first().filter(|_| self.hold_end <= ctx.now) {
            let Entry { stream, seq, .. } = self.entries[key];
            ctx.stats.gaps_given_up += 1;
            self.raise_cursor(stream, seq, ctx);
            self.close_if_blank(stream);
        }
    }

    /// Until when the message held for longest is held.
    fn next_hold_end(&self) -> Time {
        match self.holds.first().map(|key| &self.entries[key].state) {
            Some(State::Held { since, .. }) => since.plus(self.max_hold),
            Some(State::WithApp | State::AckPending { .. }) | None => Time::MAX,
        }
    }

    /// The lowest seq held in a stream.
    fn next_held(&self, stream: Key) -> Option<u64> {
        let state = &self.streams[stream];
        if state.held == 0 {
            return None;
        }
        // What stands at or beyond the cursor is held: everything else was seen.
        state.ring.next_from(state.cursor).map(|(seq, _)| seq)
    }

    /// Takes a held message out; `None` if it is not held.
    fn take_held(&mut self, key: Key) -> Option<(T::ServerId, T::Payload)> {
        match self.entries[key].state {
            State::Held { .. } => {}
            State::WithApp | State::AckPending { .. } => return None,
        }
        let Entry { stream, seq, state } = self.entries.remove(key);
        self.links.remove(&mut self.holds, key);
        self.hold_end = self.next_hold_end();
        self.counts.held -= 1;
        let stream = &mut self.streams[stream];
        stream.ring.remove(seq);
        stream.held -= 1;
        match state {
            State::Held { server_id, payload, .. } => Some((server_id, payload)),
            State::WithApp | State::AckPending { .. } => None,
        }
    }
}
