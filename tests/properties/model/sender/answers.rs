//! The answers of the server: msg:A and ack:N.

use sixfold::{Event, FailReason, MsgId, Rejection, Verdict};

use super::{DUE, Message, RETRY, Sender, State};
use crate::model::shared::{Scheduled, Shared, nanos};
use kit::Test;

impl Sender {
    fn sample(&self, id: MsgId, shared: &mut Shared) {
        if let (State::OnWire { repeated: false, .. }, Some(Scheduled::Armed { at, .. })) =
            (&self.message(id).state, self.schedule.of(id))
        {
            shared.sample(shared.now - at);
        }
    }

    pub fn on_msg_a(&mut self, id: MsgId, verdict: Verdict<Test>, shared: &mut Shared) {
        if self.find(id).is_none() {
            return;
        }
        match verdict {
            Verdict::Accepted(server_id) => self.accept(id, server_id, shared),
            Verdict::Rejected(rejection) => self.reject(id, rejection, shared),
            Verdict::RetryAfter(pause) => {
                let waits = matches!(self.schedule.of(id), Some(Scheduled::Armed { .. } | Scheduled::Waiting(DUE)));
                self.sample_if(waits, id, shared);
                if let (State::OnWire { windowed, .. }, true) = (&mut self.find(id).unwrap().state, waits) {
                    *windowed = false;
                    self.schedule.wait(id, RETRY);
                    let until = shared.now + nanos(pause.min(shared.knobs.probe[1]));
                    self.paused_until = self.paused_until.max(Some(until));
                }
            }
        }
    }

    fn sample_if(&self, waits: bool, id: MsgId, shared: &mut Shared) {
        if waits {
            self.sample(id, shared);
        }
    }

    fn accept(&mut self, id: MsgId, second: u64, shared: &mut Shared) {
        self.sample(id, shared);
        let state = &mut self.find(id).unwrap().state;
        let first = match state {
            State::Queued => return,
            State::OnWire { .. } => {
                *state = State::Accepted { server_id: second, probes: 0 };
                self.schedule.cancel(id);
                if shared.connected {
                    self.schedule.arm(id, shared.probe_delay(0), shared.now);
                }
                shared.event(Event::Accepted { id, server_id: second });
                return;
            }
            State::Accepted { server_id, .. } => std::mem::replace(server_id, second),
            State::Failed { reason: FailReason::Expired, .. } => return,
            State::Failed { server_id, .. } => server_id.replace(second).unwrap_or(second),
        };
        if first != second {
            shared.event(Event::ServerIdConflict { id, first, second });
        }
    }

    fn reject(&mut self, id: MsgId, rejection: Rejection, shared: &mut Shared) {
        self.sample(id, shared);
        let reason = match self.message(id).state {
            State::Queued | State::Failed { .. } => return,
            State::OnWire { repeated: false, .. } => FailReason::Rejected(rejection),
            State::OnWire { .. } | State::Accepted { .. } => FailReason::Unknown { rejection: Some(rejection) },
        };
        self.fail(id, reason, shared);
    }

    pub fn on_ack_n(&mut self, id: MsgId, second: u64, shared: &mut Shared) {
        let Some(message) = self.find(id) else { return };
        let first = match &message.state {
            State::Queued | State::Failed { reason: FailReason::Expired, .. } => return,
            State::OnWire { .. } => None,
            State::Accepted { server_id, .. } => Some(*server_id),
            State::Failed { server_id, .. } => *server_id,
        };
        let gone = self.remove(id);
        if gone.is_active() && gone.below_gap {
            self.leave_gap(&gone, true);
        }
        if let Some(first) = first.filter(|first| *first != second) {
            shared.event(Event::ServerIdConflict { id, first, second });
        }
        shared.event(Event::Delivered { id, server_id: second });
        self.reset_probes(gone.to, shared);
    }

    fn reset_probes(&mut self, peer: u64, shared: &Shared) {
        let stream = self.streams.get_mut(&peer).unwrap();
        if !stream.backed_off || shared.now - stream.reset_at < nanos(shared.knobs.probe[0]) {
            return;
        }
        (stream.backed_off, stream.reset_at) = (false, shared.now);
        let mut messages: Vec<&mut Message> = self.messages.iter_mut().filter(|message| message.to == peer).collect();
        messages.sort_by_key(|message| message.seq());
        for message in messages {
            if let State::Accepted { probes: probes @ 1.., .. } = &mut message.state {
                *probes = 0;
                if matches!(self.schedule.of(message.id), Some(Scheduled::Armed { .. })) {
                    self.schedule.arm(message.id, shared.probe_delay(0), shared.now);
                }
            }
        }
    }
}
