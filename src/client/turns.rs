//! How every input ends: what expired fails, timers fire, what has a turn leaves, the next deadline is computed.
//!
//! The rule: nothing expired is transmitted, a first transmission needs no token, and tokens go in turn to what waits for
//! them: messages again on the wire, messages that enter it again, suspects and ack:R. Every fourth goes to a question.

use super::Client;
use crate::frame::Types;
use crate::outbox::Class;
use crate::time::Time;

/// Every fourth token goes to a question.
const QUESTIONS_TURN: u8 = 4;

/// Whose turn is next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turns {
    /// Counts tokens.
    tokens: u8,
    /// The class that was served last, of those that take turns.
    last: Class,
}

impl Turns {
    pub(super) const fn new() -> Self {
        Self { tokens: 0, last: Class::Ack }
    }

    /// Returns what the next token is for, if anything wants one.
    fn next(&mut self, wants: &[Option<Class>]) -> Option<Class> {
        let questions_turn = self.tokens % QUESTIONS_TURN == QUESTIONS_TURN - 1;
        let question = wants.contains(&Some(Class::Question));
        let in_turn = wants.iter().flatten().copied().filter(|class| *class != Class::Question);
        let after_last = |class: &Class| (*class as u8).wrapping_sub(self.last as u8 + 1) % 4;
        let other = in_turn.min_by_key(after_last);
        let next = if question && (questions_turn || other.is_none()) { Some(Class::Question) } else { other }?;
        self.serve(next);
        Some(next)
    }

    /// A token goes to a class.
    fn serve(&mut self, class: Class) {
        self.tokens = self.tokens.wrapping_add(1);
        if class != Class::Question {
            self.last = class;
        }
    }
}

impl<T: Types> Client<T> {
    /// Begins an input: takes the caller's `now`.
    #[inline(always)]
    pub(super) fn begin_input(&mut self, now: Time) {
        self.ctx.advance(now);
        if self.ctx.now > self.deadline {
            self.come_late();
        }
    }

    /// A caller that comes more than a timeout late has slept: what it brings is no sample of the round trip.
    #[inline(never)]
    fn come_late(&mut self) {
        if self.ctx.now.nanos_since(self.deadline) > self.ctx.rto.current() {
            self.ctx.rto.distrust();
        }
    }

    /// Ends an input.
    #[inline(always)]
    pub(super) fn end_input(&mut self) {
        if self.ctx.now >= self.deadline || !self.outbox.is_quiescent() || self.inbox.wants_token() {
            self.let_out();
            return;
        }
        (self.sending_deadline, self.token_deadline) = (self.outbox.next_when_quiescent(&self.ctx), Time::MAX);
        self.end_quietly();
    }

    /// Ends an input that does not concern the sender half.
    #[inline(always)]
    pub(super) fn end_receiving(&mut self) {
        if self.ctx.now >= self.deadline || self.inbox.wants_token() || self.token_deadline < Time::MAX {
            self.let_out();
            return;
        }
        self.end_quietly();
    }

    /// Ends an input after which nothing waits to leave; something may have become due.
    #[inline(always)]
    fn end_quietly(&mut self) {
        self.deadline = self.sending_deadline.min(self.inbox.next_deadline(&self.ctx));
        if self.deadline <= self.ctx.now {
            self.let_out();
        }
    }

    /// Ends an input after which something expires, fires or leaves.
    #[inline(never)]
    fn let_out(&mut self) {
        self.outbox.expire(&mut self.ctx);
        self.outbox.on_timeout(&mut self.ctx);
        self.inbox.on_timeout(&mut self.ctx);
        self.outbox.end_pauses(&self.ctx);
        let next_token = if self.ctx.connected { self.deal() } else { Time::MAX };
        self.note_deadline(next_token);
    }

    pub(super) fn note_deadline(&mut self, next_token: Time) {
        (self.sending_deadline, self.token_deadline) = (self.outbox.next_deadline(&self.ctx), next_token);
        self.deadline = self.sending_deadline.min(next_token).min(self.inbox.next_deadline(&self.ctx));
    }

    /// Transmits first transmissions as the window allows and all else as tokens allow. Returns when the next token is
    /// available, if one is waited for.
    #[inline(always)]
    fn deal(&mut self) -> Time {
        let Self { ctx, outbox, inbox, turns, .. } = self;
        while outbox.is_quiescent() {
            if !inbox.wants_token() {
                return Time::MAX;
            }
            if !ctx.tokens.take(ctx.now) {
                return ctx.tokens.next_at();
            }
            turns.serve(Class::Ack);
            inbox.transmit_next(ctx);
        }
        loop {
            if outbox.transmit_first(ctx) {
                continue;
            }
            let [again, re_entry, suspect, question] = outbox.wants(ctx);
            let ack = inbox.wants_token().then_some(Class::Ack);
            let wants = [again, re_entry, suspect, ack, question];
            if wants.iter().all(Option::is_none) {
                return Time::MAX;
            }
            if !ctx.tokens.take(ctx.now) {
                if outbox.transmit_first_without_token(ctx) {
                    continue;
                }
                return ctx.tokens.next_at();
            }
            match turns.next(&wants) {
                Some(Class::Ack) => inbox.transmit_next(ctx),
                Some(class) => outbox.transmit_with_token(class, ctx),
                None => return Time::MAX,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use Class::{Ack, Again, Question, ReEntry, Suspect};

    fn served(wants: &[Class], tokens: usize) -> alloc::vec::Vec<Class> {
        let wants: alloc::vec::Vec<Option<Class>> = wants.iter().copied().map(Some).collect();
        let mut turns = Turns::new();
        core::iter::from_fn(|| turns.next(&wants)).take(tokens).collect()
    }

    #[test]
    fn tokens_go_in_turn_to_what_wants_them_and_every_fourth_to_a_question() {
        assert_eq!(served(&[Again, ReEntry, Suspect, Ack], 5), [Again, ReEntry, Suspect, Ack, Again]);
        assert_eq!(served(&[ReEntry, Ack], 3), [ReEntry, Ack, ReEntry]);
        assert_eq!(served(&[Again, Ack, Question], 8), [Again, Ack, Again, Question, Ack, Again, Ack, Question]);
        assert_eq!(served(&[Question], 2), [Question; 2], "all of them when nothing else waits");
        assert_eq!(served(&[], 1), []);
    }
}
