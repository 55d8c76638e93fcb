//! ack:R until ack:A.

use sixfold::{Event, MsgId, Outgoing, Output};

use super::{Key, Receiver, State, id, key};
use crate::model::shared::Shared;
use crate::model::timers::are_tied;

impl Receiver {
    /// Returns the pending acks, by arrival, and whether each was sent.
    pub(super) fn acks(&self) -> Vec<(Key, bool)> {
        let mut acks: Vec<(u64, Key, bool)> = Vec::new();
        for (key, state) in &self.messages {
            if let State::Ack { arrival, sent, .. } = state {
                acks.push((*arrival, *key, *sent));
            }
        }
        acks.sort_unstable();
        acks.into_iter().map(|(_, key, sent)| (key, sent)).collect()
    }

    /// An ack:R is pending from here on; at capacity the oldest one is removed.
    pub(super) fn pend(&mut self, key: Key, sent: bool, shared: &Shared) {
        let acks = self.acks();
        if acks.len() >= shared.knobs.capacity[2] {
            self.messages.remove(&acks[0].0);
            self.leave(acks[0].0);
        }
        let arrival = self.arrival();
        self.messages.insert(key, State::Ack { sent, unanswered: 0, arrival });
    }

    fn leave(&mut self, key: Key) {
        self.timers.stop(key);
        self.waiting.retain(|waiting| *waiting != key);
    }

    pub(super) fn wait(&mut self, key: Key) {
        self.leave(key);
        self.waiting.push(key);
    }

    /// Returns whether an ack:R waits for a token.
    pub fn wants(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Transmits the ack:R that has waited for longest.
    pub fn transmit_next(&mut self, shared: &mut Shared) {
        self.transmit(self.waiting[0], shared);
    }

    pub(super) fn transmit(&mut self, key: Key, shared: &mut Shared) {
        let Some(State::Ack { sent, unanswered, .. }) = self.messages.get_mut(&key) else { return };
        *sent = true;
        let list = shared.rto.list(*unanswered);
        shared.out.push(Output::Transmit(Outgoing::AckR { id: id(key), from: key.0.0 }));
        self.leave(key);
        self.timers.start(key, list, shared.now);
    }

    pub fn on_ack_a(&mut self, from: u64, id: MsgId, shared: &mut Shared) {
        let key = key(from, id);
        if let Some(State::Ack { sent: true, .. }) = self.messages.get(&key) {
            self.messages.remove(&key);
            self.leave(key);
            shared.event(Event::AckSettled { from, id });
        }
    }

    pub fn on_connected(&mut self, shared: &mut Shared) {
        for (key, sent) in self.acks() {
            if !sent {
                self.transmit(key, shared);
            } else if let Some(State::Ack { unanswered, .. }) = self.messages.get_mut(&key) {
                *unanswered = 0;
                self.wait(key);
            }
        }
    }

    pub fn on_disconnected(&mut self) {
        self.timers.stop_all();
        self.waiting.clear();
    }

    pub(super) fn fire_acks(&mut self, shared: &mut Shared) {
        let mut due = self.timers.by_deadline(|timer| shared.rto.level(timer.list));
        due.retain(|(deadline, _)| *deadline <= shared.now);
        self.ambiguous |= are_tied(&due);
        for (_, timer) in due {
            if let Some(State::Ack { unanswered, .. }) = self.messages.get_mut(&timer.key) {
                *unanswered += 1;
                self.wait(timer.key);
                shared.unanswered(timer.entered);
            }
        }
    }

    pub(super) fn next_ack_due(&self, shared: &Shared) -> Option<u64> {
        let timers = self.timers.by_deadline(|timer| shared.rto.level(timer.list));
        timers.first().map(|(deadline, _)| *deadline)
    }
}
