//! The answers of the server: msg:A and ack:N.

use sixfold::{Event, FailReason, MsgId, Rejection, Verdict};

use super::{Place, Sender, State};
use crate::model::shared::{Shared, nanos};
use kit::Test;

impl Sender {
    /// The caller came more than one RTO after a deadline: what is timed gives no sample.
    pub const fn caller_was_late(&mut self) {
        self.timed = None;
    }

    /// A message is timed no more; returns whether it was.
    pub(super) fn stop_timing(&mut self, id: MsgId) -> bool {
        self.timed.take_if(|timed| *timed == id).is_some()
    }

    fn needless(&mut self, shared: &mut Shared) {
        self.hurried = None;
        shared.rto.needless_repetition();
    }

    pub fn on_msg_a(&mut self, id: MsgId, verdict: Verdict<Test>, shared: &mut Shared) {
        if self.find(id).is_none() {
            if self.hurried == Some(id) && matches!(verdict, Verdict::Accepted(_)) {
                self.needless(shared);
            }
            return;
        }
        match verdict {
            Verdict::Accepted(server_id) => self.accept(id, server_id, shared),
            Verdict::Rejected(rejection) => self.reject(id, rejection, shared),
            Verdict::RetryAfter(pause) => self.retry_after(id, nanos(pause.min(shared.knobs.probe[1])), shared),
        }
    }

    fn accept(&mut self, id: MsgId, second: u64, shared: &mut Shared) {
        let message = self.find(id).unwrap();
        match &mut message.state {
            State::Queued | State::Failed { reason: FailReason::Expired, .. } => {}
            State::OnWire => self.accept_first(id, second, shared),
            State::Accepted { server_id } => {
                let first = std::mem::replace(server_id, second);
                if first == second && message.asked == 0 && std::mem::take(&mut message.hurried) {
                    self.needless(shared);
                }
                self.rest(id);
                self.on_answered(id, shared);
                self.conflict(id, first, second, shared);
            }
            State::Failed { server_id, .. } => {
                let first = server_id.replace(second).unwrap_or(second);
                self.conflict(id, first, second, shared);
            }
        }
    }

    fn accept_first(&mut self, id: MsgId, server_id: u64, shared: &mut Shared) {
        let place = self.place(id);
        self.sample(id, shared);
        let message = self.message(id);
        let (to, tx) = (message.to, message.tx);
        let copies = if message.tries.connection == self.connection { message.tries.copies } else { 0 };
        if copies > 1 && message.tries.after_rto {
            shared.rto.double(shared.now);
        }
        if copies == 1 && place == Place::Wire {
            self.accepted_tx = self.accepted_tx.max(tx);
        }
        self.last_retry = None;
        self.on_suspect_answered(id);
        let message = self.find(id).unwrap();
        let hurried = message.tries.overdue && message.tries.copies > 1;
        message.enter(State::Accepted { server_id });
        message.hurried = hurried;
        self.rest(id);
        shared.event(Event::Accepted { id, server_id });
        self.recount(to, shared);
        self.on_newest(id, shared);
        self.on_answered(id, shared);
    }

    fn conflict(&mut self, id: MsgId, first: u64, second: u64, shared: &mut Shared) {
        if first != second {
            shared.event(Event::ServerIdConflict { id, first, second });
            self.lap(id, shared);
        }
    }

    fn reject(&mut self, id: MsgId, rejection: Rejection, shared: &mut Shared) {
        let message = self.find(id).unwrap();
        let once = !message.earlier && message.tries.copies == 1;
        let reason = match &mut message.state {
            State::Queued => return,
            State::Failed { reason, .. } => {
                if let FailReason::Unknown { rejection: known @ None } = reason {
                    *known = Some(rejection);
                }
                return;
            }
            State::OnWire if once => FailReason::Rejected(rejection),
            State::OnWire | State::Accepted { .. } => FailReason::Unknown { rejection: Some(rejection) },
        };
        self.sample(id, shared);
        self.on_suspect_answered(id);
        self.fail(id, reason, shared);
    }

    fn retry_after(&mut self, id: MsgId, pause: u64, shared: &mut Shared) {
        let place = self.place(id);
        if !matches!(place, Place::Wire | Place::Again) {
            return;
        }
        let to = self.message(id).to;
        self.sample(id, shared);
        self.on_suspect_answered(id);
        let message = self.find(id).unwrap();
        if message.is_accepted() {
            self.rest(id);
        } else {
            (message.tries.unanswered, message.tries.attempts, message.tries.has_place) = (0, 0, false);
            (message.cuts, message.lone_cuts) = (0, 0);
            self.move_to(Place::Reentry, id);
        }
        self.pause(to, pause, shared);
    }

    /// Only the first answer to a message that was transmitted once is a sample, and one message at a time is timed.
    fn sample(&mut self, id: MsgId, shared: &mut Shared) {
        let message = self.message(id);
        let once = message.is_on_wire() && !message.earlier && message.tries.copies == 1;
        let sent_at = message.sent_at;
        if message.is_on_wire() && self.stop_timing(id) && once && !self.is_due(id, shared) {
            shared.rto.sample(shared.now - sent_at);
        }
    }

    pub fn on_ack_n(&mut self, id: MsgId, second: u64, shared: &mut Shared) {
        let Some(message) = self.find(id) else { return };
        let first = match &message.state {
            State::Queued | State::Failed { reason: FailReason::Expired, .. } => return,
            State::OnWire => None,
            State::Accepted { server_id } => Some(*server_id),
            State::Failed { server_id, .. } => *server_id,
        };
        let (to, seq, is_live, was_accepted) = (message.to, message.seq(), message.is_live(), message.is_accepted());
        if message.hurried && message.asked == 0 {
            self.hurried = Some(id);
        }
        self.stop_timing(id);
        let answer = was_accepted && matches!(self.place(id), Place::Wire | Place::Again);
        self.on_suspect_answered(id);
        self.remove(id);
        self.recount(to, shared);
        if is_live {
            self.on_end(to, seq, false, shared);
        }
        self.on_recipient_heard(to, seq, answer, shared);
        tell_delivered(id, first, second, shared);
        if first.is_some_and(|first| first != second) {
            self.lap(id, shared);
        }
    }
}

fn tell_delivered(id: MsgId, first: Option<u64>, second: u64, shared: &mut Shared) {
    if let Some(first) = first.filter(|first| *first != second) {
        shared.event(Event::ServerIdConflict { id, first, second });
    }
    shared.event(Event::Delivered { id, server_id: second });
}
