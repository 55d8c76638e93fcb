//! How every input ends: what expired fails, what is unblocked or has a turn leaves, the next deadline is computed.
//!
//! The rule: nothing expired is transmitted, a first transmission needs no token, and tokens go in turn to ack:R and
//! msg:R.

use super::Client;
use crate::frame::Types;
use crate::time::Time;

impl<T: Types> Client<T> {
    /// Ends an input.
    #[inline(always)]
    pub(super) fn end_input(&mut self) {
        if self.ctx.now >= self.deadline || !self.outbox.is_quiescent() {
            self.let_out();
            return;
        }
        self.outbox.end_flush();
        let next_token = if self.inbox.wants_token() { self.deal() } else { Time::MAX };
        self.deadline = next_token.min(self.outbox.next_when_quiescent()).min(self.inbox.next_deadline());
    }

    /// Ends an input after which something expires, is unblocked or leaves.
    #[inline(never)]
    fn let_out(&mut self) {
        self.outbox.expire(&mut self.ctx);
        self.outbox.open_barrier(&self.ctx);
        self.outbox.announce_floors();
        let next_token = if self.ctx.connected { self.deal() } else { Time::MAX };
        self.note_deadline(next_token);
    }

    pub(super) fn note_deadline(&mut self, next_token: Time) {
        let outbox = self.outbox.next_deadline(&self.ctx);
        self.deadline = next_token.min(outbox).min(self.inbox.next_deadline());
    }

    /// Transmits first transmissions as the window allows and retransmissions as tokens allow, alternating ack:R and
    /// msg:R. Returns when the next token is available, if one is waited for.
    #[inline(always)]
    fn deal(&mut self) -> Time {
        loop {
            let message = self.outbox.next(&self.ctx);
            if let Some(first) = message.filter(|next| !next.needs_token) {
                self.outbox.transmit_next(first, &mut self.ctx);
                continue;
            }
            let ack = self.inbox.wants_token();
            if !ack && message.is_none() {
                return Time::MAX;
            }
            if !self.ctx.tokens.take(self.ctx.now) {
                if self.outbox.end_flush() {
                    continue;
                }
                return self.ctx.tokens.next_at();
            }
            match message {
                Some(next) if !ack || !self.acks_turn => {
                    self.outbox.transmit_next(next, &mut self.ctx);
                    self.acks_turn = true;
                }
                Some(_) | None => {
                    self.inbox.transmit_next(&mut self.ctx);
                    self.acks_turn = false;
                }
            }
        }
    }
}
