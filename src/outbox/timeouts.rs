//! What was not answered in time, and what expires.
//!
//! The rule (L10): a timeout moves a message on and never delays another. It counts as an attempt only if something was
//! heard since the transmission: a half-open connection or a tunnel must neither fail a message nor open the window.

use super::Outbox;
use super::message::{MAX_UNANSWERED_IN_WINDOW, Unanswered};
use crate::collections::Key;
use crate::context::Context;
use crate::event::Event;
use crate::frame::Types;
use crate::status::{FailReason, Stage};
use crate::time::Time;

impl<T: Types> Outbox<T> {
    /// Fails what has expired. To be called before anything is transmitted.
    pub(crate) fn expire(&mut self, ctx: &mut Context<T>) {
        while let Some((_, key)) = self.expiry.first(&self.messages).filter(|(at, _)| *at <= ctx.now) {
            let has_left = self.messages[key].has_left();
            let reason = if has_left { FailReason::Unknown { rejection: None } } else { FailReason::Expired };
            self.fail(key, reason, ctx);
        }
    }

    /// Fires the timers that are due.
    pub(crate) fn on_timeout(&mut self, ctx: &mut Context<T>) {
        while let Some(due) = self.flights.pop_due(ctx.now, &mut ctx.jitter) {
            self.on_unanswered(due.key, due.entered, due.is_overdue, ctx);
        }
        self.fire_probes(ctx);
    }

    fn on_unanswered(&mut self, key: Key, sent_at: Time, is_overdue: bool, ctx: &mut Context<T>) {
        let heard = ctx.liveness.heard_since(sent_at);
        let message = &mut self.messages[key];
        let (stream, seq) = (message.stream, message.seq);
        let has_place = message.has_place();
        let Unanswered { stage, unanswered, attempts } = message.on_timeout(heard, is_overdue);
        let exhausted =
            attempts.is_some_and(|attempts| ctx.config.max_attempts.is_some_and(|max| u32::from(attempts) >= max));
        if has_place && unanswered == MAX_UNANSWERED_IN_WINDOW {
            self.window.on_stuck();
        }
        match stage {
            Stage::Accept if exhausted => self.fail(key, FailReason::Unknown { rejection: None }, ctx),
            Stage::Deliver if exhausted => self.messages[key].on_rest(),
            Stage::Accept if has_place && attempts.is_some_and(|attempts| attempts >= MAX_UNANSWERED_IN_WINDOW) => {
                self.give_back_place(key);
            }
            Stage::Accept | Stage::Deliver if self.is_paused(stream, ctx.now) => self.wait_for_pause(key),
            Stage::Accept | Stage::Deliver => self.push_again(key),
        }
        if !exhausted {
            ctx.event(Event::Retrying { id: self.msg_id(stream, seq), stage, attempt: u32::from(unanswered) });
        }
        ctx.on_timeout(sent_at);
    }

    /// A message does not get through although others do: it waits for a place again, behind the others of its stream.
    pub(super) fn give_back_place(&mut self, key: Key) {
        self.leave_window(key);
        self.hold_back_no_more(key);
        if self.messages[key].is_suspect() {
            self.suspects.push(&mut self.flights, key);
        } else {
            self.push_re_entry(key);
        }
    }
}
