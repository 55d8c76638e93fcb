//! Transmissions, as far as time, the window and tokens allow.

use sixfold::{MsgId, Outgoing, Output};

use super::lists::to_the_back;
use super::{Place, Sender, State, Tries};
use crate::model::shared::{Shared, nanos};

impl Sender {
    pub(super) fn in_window(&self) -> usize {
        self.messages.iter().filter(|message| message.tries.has_place).count()
    }

    pub(super) fn has_room(&self, shared: &Shared) -> bool {
        self.in_window() < shared.knobs.window
    }

    /// Returns when a first transmission may go beyond the window: it is full of what stays unanswered.
    fn feeler_at(&self, shared: &Shared) -> Option<u64> {
        let mut placed = self.messages.iter().filter(|message| message.tries.has_place);
        let silent = !self.has_room(shared) && placed.all(|message| message.tries.unanswered >= 3);
        silent.then(|| self.last_first + nanos(shared.knobs.rto[2]))
    }

    fn feeler_is_due(&self, shared: &Shared) -> bool {
        self.feeler_at(shared).is_some_and(|at| at <= shared.now)
    }

    /// A first transmission, if the stream whose turn it is has one for the place, or a feeler is due.
    pub fn transmit_first(&mut self, shared: &mut Shared) -> bool {
        self.sort_suspects(shared);
        if !self.has_room(shared) {
            return self.transmit_first_without_token(shared);
        }
        if !self.last_place_was_a_suspects && self.wants_suspect(shared) && shared.next_token() <= shared.now {
            return false;
        }
        let Some(&peer) = self.ring.first().filter(|_| self.paused_until.is_none()) else { return false };
        let repeats = !self.streams[&peer].reentry.is_empty();
        if !repeats {
            self.transmit_fresh(peer, shared);
        }
        !repeats
    }

    /// The stream whose turn it is may lack a token: then the first one that needs none goes.
    pub fn transmit_first_without_token(&mut self, shared: &mut Shared) -> bool {
        let may_go = self.paused_until.is_none() && (self.has_room(shared) || self.feeler_is_due(shared));
        let Some(&peer) = self.fresh_ring.first().filter(|_| may_go) else { return false };
        self.transmit_fresh(peer, shared);
        true
    }

    fn transmit_fresh(&mut self, peer: u64, shared: &mut Shared) {
        let id = self.fresh(peer).unwrap();
        self.stream(peer).nxt = self.message(id).seq() + 1;
        self.last_first = shared.now;
        self.transmit(id, shared);
        self.timed = self.timed.or(Some(id));
        to_the_back(&mut self.ring, peer);
        to_the_back(&mut self.fresh_ring, peer);
    }

    pub fn wants_again(&self) -> bool {
        self.paused_until.is_none() && !self.again_ring.is_empty()
    }

    pub fn transmit_again(&mut self, shared: &mut Shared) {
        let peer = self.again_ring[0];
        self.transmit(self.streams[&peer].again[0], shared);
        to_the_back(&mut self.again_ring, peer);
    }

    pub fn wants_reentry(&self, shared: &Shared) -> bool {
        let repeats = self.ring.first().is_some_and(|peer| !self.streams[peer].reentry.is_empty());
        self.paused_until.is_none() && self.has_room(shared) && repeats
    }

    pub fn transmit_reentry(&mut self, shared: &mut Shared) {
        let peer = self.ring[0];
        self.transmit(self.streams[&peer].reentry[0], shared);
        to_the_back(&mut self.ring, peer);
        to_the_back(&mut self.fresh_ring, peer);
    }

    pub fn transmit_suspect(&mut self, shared: &mut Shared) {
        self.transmit(self.suspects[0], shared);
    }

    /// A question whose stream is paused gives up its turn.
    pub fn wants_question(&mut self, shared: &Shared) -> bool {
        if self.paused_until.is_some() {
            return false;
        }
        while let Some(&id) = self.questions.first() {
            if !self.is_paused(self.message(id).to, shared) {
                return true;
            }
            self.questions.remove(0);
        }
        false
    }

    pub fn transmit_question(&mut self, shared: &mut Shared) {
        self.transmit(self.questions[0], shared);
    }

    fn transmit(&mut self, id: MsgId, shared: &mut Shared) {
        let place = self.place(id);
        self.stop_timing(id);
        self.move_to(Place::Nowhere, id);
        let (to, tx) = (self.message(id).to, self.next_tx);
        let (floor, connection) = (self.floor(to), self.connection);
        let is_suspect = self.is_suspect(id);
        self.next_tx += 1;
        let message = self.find(id).unwrap();
        if message.tries.connection != connection {
            message.earlier |= message.tries.copies > 0;
            message.tries = Tries { connection, ..Tries::default() };
        }
        (message.tx, message.sent_at) = (tx, shared.now);
        message.tries.copies += 1;
        let mut takes_place = false;
        match message.state {
            State::Queued | State::OnWire => {
                message.state = State::OnWire;
                takes_place = !std::mem::replace(&mut message.tries.has_place, true);
            }
            State::Accepted { .. } => message.asked += 1,
            State::Failed { .. } => unreachable!("a failed message is in no list"),
        }
        let whole = place != Place::Questions || !shared.knobs.questions || is_power_of_eight(message.asked);
        let payload = whole.then_some(message.payload);
        let list = shared.rto.list(message.tries.unanswered);
        if takes_place {
            self.last_place_was_a_suspects = is_suspect;
        }
        shared.out.push(Output::Transmit(Outgoing::MsgR { id, to, floor, payload }));
        self.wire.start(id, list, shared.now);
        self.on_transmitted(id);
        self.refresh(to);
    }

    pub fn deadline(&self, shared: &Shared) -> Option<u64> {
        let expiry = self.live().map(|message| message.expires_at).min();
        let flight = self.flights(shared).first().map(|(due, _)| *due);
        let when_connected = [self.next_probe(shared), self.next_turn(shared)].into_iter().flatten().min();
        [expiry, flight, when_connected.filter(|_| shared.connected)].into_iter().flatten().min()
    }

    /// Returns when something goes that waits for the end of a pause, or for time.
    fn next_turn(&self, shared: &Shared) -> Option<u64> {
        let room = self.has_room(shared);
        let fresh = !self.fresh_ring.is_empty();
        let pause = self.next_pause_end(shared).filter(|_| room);
        let suspect = self.suspects_wait(shared).filter(|_| room).map(|at| at.max(shared.next_token()));
        let feeler = self.feeler_at(shared).filter(|_| fresh);
        let turn = [pause, suspect, feeler].into_iter().flatten().min();
        let Some(until) = self.paused_until else { return turn };
        let repeats = !self.again_ring.is_empty() || !self.questions.is_empty() || room && !self.ring.is_empty();
        let waiting = if room && fresh { Some(until) } else { repeats.then_some(until.max(shared.next_token())) };
        waiting.into_iter().chain(turn.map(|at| at.max(until))).min()
    }
}

/// Of so many transmissions one is whole anyway: the 8th, the 64th, …
fn is_power_of_eight(asked: u32) -> bool {
    (1..=10).any(|power| asked == 8_u32.pow(power))
}
