//! How every input begins and ends: time moves on; then what may go goes, and the next deadline is noted.
//!
//! The rule: nothing expired is transmitted, what never left needs no token, and every token goes in turn to ack:R and msg:R.

use super::Client;
use crate::frame::Types;
use crate::time::Time;

impl<T: Types> Client<T> {
    #[inline]
    pub(super) fn advance(&mut self, now: Time) {
        self.ctx.advance(now);
    }

    /// Ends an input.
    #[inline]
    pub(super) fn settle(&mut self) {
        if self.ctx.now >= self.deadline || !self.outbox.is_calm() {
            self.settle_all();
            return;
        }
        self.outbox.end_flush();
        let next_token = if self.inbox.wants_token() { self.deal_to_acks() } else { Time::MAX };
        self.deadline = next_token.min(self.outbox.next_when_calm()).min(self.inbox.next_deadline());
    }

    /// Ends an input after which something expires, opens or goes.
    #[inline(never)]
    fn settle_all(&mut self) {
        self.outbox.expire(&mut self.ctx);
        self.outbox.open_gates(&self.ctx);
        self.outbox.announce_floors();
        let next_token = if self.ctx.connected { self.deal() } else { Time::MAX };
        self.note_deadline(next_token);
    }

    pub(super) fn note_deadline(&mut self, next_token: Time) {
        let outbox = self.outbox.next_deadline(&self.ctx);
        self.deadline = next_token.min(outbox).min(self.inbox.next_deadline());
    }

    /// As [`deal`](Self::deal), when no msg:R waits.
    #[inline(never)]
    fn deal_to_acks(&mut self) -> Time {
        while self.inbox.wants_token() {
            if !self.ctx.bucket.take(self.ctx.now) {
                return self.ctx.bucket.next_at();
            }
            self.inbox.transmit_due(&mut self.ctx);
            self.acks_turn = false;
        }
        Time::MAX
    }

    /// Lets out what may go: first transmissions as the window allows, and repeats as tokens allow, in turn to ack:R and
    /// msg:R. Tells when the next token is there if something waits for it.
    #[inline]
    fn deal(&mut self) -> Time {
        loop {
            let message = self.outbox.next(&self.ctx);
            if let Some(first) = message.filter(|next| !next.needs_token) {
                self.outbox.transmit(first, &mut self.ctx);
                continue;
            }
            let ack = self.inbox.wants_token();
            if !ack && message.is_none() {
                return Time::MAX;
            }
            if !self.ctx.bucket.take(self.ctx.now) {
                if self.outbox.end_flush() {
                    continue;
                }
                return self.ctx.bucket.next_at();
            }
            match message {
                Some(next) if !ack || !self.acks_turn => {
                    self.outbox.transmit(next, &mut self.ctx);
                    self.acks_turn = true;
                }
                Some(_) | None => {
                    self.inbox.transmit_due(&mut self.ctx);
                    self.acks_turn = false;
                }
            }
        }
    }
}
