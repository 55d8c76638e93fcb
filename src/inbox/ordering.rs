//! In which order messages are handed over: the cursor of each stream.
//!
//! The rule: the cursor only rises, past what was handed over, past the highest received floor, past gaps that were
//! given up after `max_hold`. A message beyond it is held, unacked; the one at it is handed over unless the inbox is
//! full or all ranges are used; an unseen one below it is handed over as late. Keeping order never loses a message.

use super::{Copy, Inbox};
use crate::collections::Key;
use crate::context::Context;
use crate::frame::Types;

impl<T: Types> Inbox<T> {
    /// Holds a message beyond the cursor, if there is room and it is not held yet.
    pub(super) fn hold(&mut self, stream: Key, seq: u64, copy: Copy<T>, ctx: &mut Context<T>) {
        if self.held.contains(stream, seq) {
            ctx.stats.ignored_msg_n_pending += 1;
        } else if self.is_full(ctx) {
            ctx.stats.ignored_msg_n_full += 1;
        } else {
            self.held.insert(stream, seq, copy, ctx.now);
        }
    }

    /// Raises the cursor; held messages below it are handed over first, in order.
    pub(super) fn raise_cursor(&mut self, stream: Key, to: u64, ctx: &mut Context<T>) {
        while let Some(seq) = self.held.lowest(stream).filter(|seq| *seq < to) {
            self.streams[stream].cursor = seq;
            self.hand_over_held(stream, ctx);
        }
        let state = &mut self.streams[stream];
        state.cursor = state.seen.next_absent(to.max(state.cursor));
        self.hand_over_held(stream, ctx);
    }

    /// Hands over the held messages from the cursor on, and advances it.
    #[inline(never)]
    pub(super) fn hand_over_held(&mut self, stream: Key, ctx: &mut Context<T>) {
        loop {
            let seq = self.streams[stream].cursor;
            let Some(copy) = self.held.take(stream, seq) else { return };
            self.hand_over(stream, seq, copy, false, ctx);
            // The cursor passes it even if it was refused: it comes again, as late.
            let state = &mut self.streams[stream];
            state.cursor = state.seen.next_absent(state.cursor.max(seq + 1));
        }
    }

    /// Makes room for a message that can be handed over: drops the highest held one of its stream, else the one that
    /// was held last in any. Held messages are unacked, so it comes again.
    pub(super) fn drop_a_held_one(&mut self, stream: Key, ctx: &mut Context<T>) -> bool {
        let highest = self.held.highest(stream).map(|seq| (stream, seq));
        let Some((payer, seq)) = highest.or_else(|| self.held.last()) else { return false };
        self.drop_held(payer, seq, ctx);
        if payer != stream && self.is_nothing(payer) {
            self.forget_stream(payer);
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
            self.end_message(stream);
        }
    }
}
