//! How every input begins and ends: time moves on; then what may go goes, and the next deadline is noted.
//!
//! The rule: nothing expired is transmitted, what never left needs no token, and every token goes in turn to ack:R and msg:R.

use super::Client;
use crate::frame::Types;
use crate::time::{Time, earlier};

impl<T: Types> Client<T> {
    pub(super) fn advance(&mut self, now: Time) {
        self.ctx.advance(now);
    }

    /// Ends an input.
    pub(super) fn settle(&mut self) {
        self.outbox.expire(&mut self.ctx);
        self.outbox.open_gates(&self.ctx);
        self.outbox.announce_floors();
        let token = if self.ctx.connected { self.deal() } else { None };
        self.note_deadline(token);
    }

    pub(super) fn note_deadline(&mut self, token: Option<Time>) {
        let outbox = self.outbox.next_deadline(&self.ctx);
        let inbox = self.inbox.next_deadline(&self.ctx);
        self.deadline = earlier(earlier(token, outbox), inbox);
    }

    /// Lets out what may go: first transmissions as the window allows, and repeats as tokens allow, in turn to ack:R and
    /// msg:R. Tells when the next token is there if something waits for it.
    fn deal(&mut self) -> Option<Time> {
        loop {
            let message = self.outbox.next(&self.ctx);
            if let Some(first) = message.filter(|next| !next.needs_token) {
                self.outbox.transmit(first, &mut self.ctx);
                continue;
            }
            let ack = self.inbox.wants_token();
            if !ack && message.is_none() {
                return None;
            }
            if !self.ctx.bucket.take(self.ctx.now) {
                if self.outbox.end_flush() {
                    continue;
                }
                return Some(self.ctx.bucket.next_at());
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
