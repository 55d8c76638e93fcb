//! In which order messages are handed over: the cursor of each stream.
//!
//! The rule: the cursor only rises, past what was handed over, past the highest floor heard, past gaps that were given up
//! after `max_hold`. A message beyond it is held, unacked; the one at it is always admitted; an unseen one below it is
//! handed over as late. Order never costs a message.

use super::{Inbox, Message};
use crate::context::Context;
use crate::event::{Delivery, Event};
use crate::frame::Types;
use crate::id::MsgId;
use crate::slab::Key;

impl<T: Types> Inbox<T> {
    /// Holds a message beyond the cursor, if there is room and it is not held yet.
    #[inline(never)]
    pub(super) fn hold(&mut self, stream: Key, seq: u64, message: Message<T>, ctx: &mut Context<T>) {
        if self.held.contains(stream, seq) {
            ctx.stats.ignored_msg_n_pending += 1;
        } else if self.is_full(ctx) {
            ctx.stats.ignored_msg_n_full += 1;
        } else {
            self.held.insert(stream, seq, message, ctx.now);
        }
    }

    /// Raises the cursor; what was held below it goes first, in order.
    #[inline(never)]
    pub(super) fn raise_cursor(&mut self, stream: Key, to: u64, ctx: &mut Context<T>) {
        while let Some(seq) = self.held.lowest(stream).filter(|seq| *seq < to) {
            self.streams[stream].cursor = seq;
            self.advance(stream, ctx);
        }
        let state = &mut self.streams[stream];
        state.cursor = state.cursor.max(to);
        self.advance(stream, ctx);
    }

    /// Moves the cursor past everything that was handed over, handing over what is held at it.
    #[inline]
    pub(super) fn advance(&mut self, stream: Key, ctx: &mut Context<T>) {
        let state = &mut self.streams[stream];
        state.cursor = state.seen.next_unseen(state.cursor);
        if self.held.len() > 0 {
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
            let Some(message) = self.held.take(stream, seq) else { return };
            self.hand_over(stream, seq, message, false, ctx);
            // Past it even if it was refused: it comes again, late.
            let state = &mut self.streams[stream];
            state.cursor = state.cursor.max(seq + 1);
        }
    }

    /// Gives a message to the application, unless that would exceed what may be remembered.
    pub(super) fn hand_over(&mut self, key: Key, seq: u64, message: Message<T>, late: bool, ctx: &mut Context<T>) {
        let stream = &self.streams[key];
        let (from, id) = (self.streams.name(stream).clone(), stream.key.id(seq));
        // Releases may have split ranges beyond the bound: then a stream of several takes only what fills a gap.
        let ranges = self.streams.ranges();
        let adds = ranges >= ctx.config.max_ranges && stream.seen.would_add_range(seq);
        let sprawls = ranges > ctx.config.max_ranges && stream.seen.ranges() > 1 && !stream.seen.contains(seq + 1);
        if adds || sprawls {
            self.refuse(from, id, ctx);
            return;
        }
        self.streams.see(key, seq);
        self.owed.insert(&mut self.streams[key].live, seq, key);
        self.give(from, id, message, late, ctx);
    }

    /// Tells the application of a message.
    #[inline]
    pub(super) fn give(&mut self, from: T::Peer, id: MsgId, message: Message<T>, late: bool, ctx: &mut Context<T>) {
        self.with_app += 1;
        ctx.stats.received += 1;
        ctx.stats.received_late += u64::from(late);
        let Message { server_id, payload, .. } = message;
        ctx.event(Event::Received(Delivery { from, id, server_id, payload, late }));
    }

    /// Makes room for a message that can be handed over: drops the highest held one of its stream, else the one that was
    /// held last in any. Held messages are unacked, so it comes again.
    pub(super) fn drop_a_held_one(&mut self, stream: Key, ctx: &mut Context<T>) -> bool {
        let highest = self.held.highest(stream).map(|seq| (stream, seq));
        let Some((payer, seq)) = highest.or_else(|| self.held.last()) else { return false };
        self.drop_held(payer, seq, ctx);
        if payer != stream {
            self.close_if_blank(payer);
        }
        true
    }

    /// Drops a held message unacked.
    pub(super) fn drop_held(&mut self, stream: Key, seq: u64, ctx: &mut Context<T>) {
        self.held.take(stream, seq);
        ctx.stats.held_dropped += 1;
    }

    /// Gives up the gaps before messages that were held for `max_hold`.
    pub(super) fn give_up_gaps(&mut self, ctx: &mut Context<T>) {
        while let Some((stream, seq)) = self.held.first().filter(|_| self.held.end() <= ctx.now) {
            ctx.stats.gaps_given_up += 1;
            self.raise_cursor(stream, seq, ctx);
            self.close_if_blank(stream);
        }
    }
}
