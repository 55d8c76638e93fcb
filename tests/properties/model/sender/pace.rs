//! Transmissions, as far as time, the window and the token bucket allow.

use sixfold::{Event, FailReason, MsgId, Outgoing, Output, Stage};

use super::{DUE, Message, PROBE, READY, RETRY, Sender, State};
use crate::model::shared::{Scheduled, Shared};

impl Sender {
    pub fn on_connected(&mut self, shared: &mut Shared) {
        self.flushing = true;
        shared.level = 0;
        let mut ids: Vec<MsgId> = self.active().map(|message| message.id).collect();
        ids.sort_by_key(|id| self.age(*id));
        for id in ids {
            let state = &mut self.find(id).unwrap().state;
            if let State::OnWire { unanswered, .. } = state {
                *unanswered = 0;
            }
            let queue = if matches!(state, State::Accepted { .. }) { PROBE } else { READY };
            self.schedule.wait(id, queue);
        }
    }

    pub fn on_disconnected(&mut self) {
        self.schedule.clear();
        self.flushing = false;
        for message in &mut self.messages {
            if let State::OnWire { windowed, .. } = &mut message.state {
                *windowed = false;
            }
        }
    }

    pub fn on_timeout(&mut self, shared: &mut Shared) {
        while let Some((id, sent_at)) = self.schedule.pop_due(shared.now) {
            let message = self.find(id).unwrap();
            let to = message.to;
            match &mut message.state {
                State::OnWire { unanswered, windowed, .. } => {
                    shared.double(sent_at);
                    *unanswered += 1;
                    let attempt = *unanswered;
                    if shared.knobs.max_attempts.is_some_and(|most| attempt >= most) {
                        self.fail(id, FailReason::Unknown { rejection: None }, shared);
                    } else {
                        *windowed &= attempt < 3;
                        self.schedule.wait(id, DUE);
                        shared.event(Event::Retrying { id, stage: Stage::Accept, attempt });
                    }
                }
                State::Accepted { probes, .. } => {
                    *probes += 1;
                    let attempt = *probes;
                    self.streams.get_mut(&to).unwrap().backed_off = true;
                    self.schedule.wait(id, PROBE);
                    shared.event(Event::Retrying { id, stage: Stage::Deliver, attempt });
                }
                State::Queued | State::Failed { .. } => {}
            }
            shared.unanswered(sent_at);
        }
    }

    pub(super) fn windowed(&self) -> usize {
        self.messages.iter().filter(|m| matches!(m.state, State::OnWire { windowed: true, .. })).count()
    }

    pub fn next(&mut self, shared: &Shared) -> Option<MsgId> {
        self.flushing &= self.schedule.first(READY).or(self.schedule.first(PROBE)).is_some();
        self.paused_until = self.paused_until.filter(|until| *until > shared.now);
        if self.paused_until.is_some() { None } else { self.candidate(shared) }
    }

    /// In this order: a paused message; after a connect the oldest one; a first transmission; then the queues in turn.
    fn candidate(&self, shared: &Shared) -> Option<MsgId> {
        let has_slot = self.windowed() < shared.knobs.window;
        let windowed = |queue| self.schedule.first(queue).filter(|_| has_slot);
        let (ready, due, probe) = (windowed(READY), self.schedule.first(DUE), self.schedule.first(PROBE));
        if let Some(retry) = windowed(RETRY) {
            return Some(retry);
        }
        if let (true, Some(ready), Some(probe)) = (self.flushing, ready, probe) {
            return Some(if self.age(ready) < self.age(probe) { ready } else { probe });
        }
        let first = ready.filter(|id| !self.has_left(*id));
        let for_probe = probe.filter(|_| self.repeats % 4 == 3);
        let for_ready = ready.filter(|_| due.is_none() || self.repeats % 2 == 0);
        first.or(for_probe).or(for_ready).or(due).or(probe)
    }

    pub fn repeat(&mut self, id: MsgId, shared: &mut Shared) {
        self.repeats = self.repeats.wrapping_add(1);
        self.transmit(id, shared);
    }

    pub fn transmit(&mut self, id: MsgId, shared: &mut Shared) {
        let (to, seq) = (self.message(id).to, self.message(id).seq());
        let next_seq = self.streams[&to].next_seq;
        let floor = self.active().filter(|m| m.to == to).map(Message::seq).min().unwrap_or(next_seq);
        let sent_end = &mut self.streams.get_mut(&to).unwrap().sent_end;
        *sent_end = (seq + 1).max(*sent_end);
        let takes_slot = matches!(self.schedule.of(id), Some(Scheduled::Waiting(READY | RETRY)));
        let message = self.find(id).unwrap();
        let payload = message.payload;
        let delay = match &mut message.state {
            State::Queued => {
                message.state = State::OnWire { repeated: false, unanswered: 0, windowed: true };
                shared.rto_delay(shared.level)
            }
            State::OnWire { repeated, unanswered, windowed } => {
                *repeated = true;
                *windowed |= takes_slot;
                shared.rto_delay(shared.level.max(*unanswered))
            }
            State::Accepted { probes, .. } => shared.probe_delay(*probes),
            State::Failed { .. } => return,
        };
        shared.out.push(Output::Transmit(Outgoing::MsgR { id, to, floor, payload: Some(payload) }));
        self.schedule.arm(id, delay, shared.now);
    }

    pub fn deadline(&self, shared: &Shared) -> Option<u64> {
        let expiry = self.active().map(|message| message.expires_at).min();
        let pause = self.paused_until.filter(|_| shared.connected).and_then(|until| {
            let next = self.candidate(shared)?;
            let for_token = self.has_left(next) && !self.flushing;
            Some(if for_token { until.max(shared.next_token()) } else { until })
        });
        [expiry, pause, self.schedule.next_due()].into_iter().flatten().min()
    }
}
