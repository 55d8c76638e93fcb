//! Transmissions, as far as time, the window and tokens allow.

use sixfold::{MsgId, Outgoing, Output};

use super::lists::to_the_back;
use super::{Place, Sender, State};
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
        if self.paused_until.is_some() {
            return false;
        }
        if self.has_room(shared) {
            self.return_suspects();
        }
        let feeler = self.feeler_is_due(shared);
        let Some(&peer) = self.ring.first().filter(|_| feeler || self.has_room(shared)) else { return false };
        if self.streams[&peer].reentry.is_empty() {
            self.transmit_fresh(peer, shared);
            return true;
        }
        feeler && self.transmit_first_without_token(shared)
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
        self.paused_until.is_none() && self.has_room(shared) && !self.ring.is_empty()
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

    /// Questions of paused streams are dropped.
    pub fn wants_question(&mut self) -> bool {
        if self.paused_until.is_none() {
            let paused = |id: &MsgId| self.streams[&self.message(*id).to].paused_until.is_some();
            self.questions = self.questions.iter().filter(|id| !paused(id)).copied().collect();
        }
        self.paused_until.is_none() && !self.questions.is_empty()
    }

    pub fn transmit_question(&mut self, shared: &mut Shared) {
        self.transmit(self.questions[0], shared);
    }

    fn transmit(&mut self, id: MsgId, shared: &mut Shared) {
        let place = self.place(id);
        self.move_to(Place::Nowhere, id);
        let (to, tx) = (self.message(id).to, self.next_tx);
        let floor = self.floor(to);
        self.next_tx += 1;
        let message = self.find(id).unwrap();
        (message.tx, message.sent_at) = (tx, shared.now);
        message.tries.copies += 1;
        match message.state {
            State::Queued | State::OnWire => {
                message.state = State::OnWire;
                message.tries.has_place = true;
            }
            State::Accepted { .. } => message.asked += 1,
            State::Failed { .. } => unreachable!("a failed message is in no list"),
        }
        let whole = place != Place::Questions || !shared.knobs.questions || is_power_of_eight(message.asked);
        let payload = whole.then_some(message.payload);
        let list = if place == Place::Questions { 0 } else { shared.rto.list(message.tries.unanswered) };
        shared.out.push(Output::Transmit(Outgoing::MsgR { id, to, floor, payload }));
        self.wire.start(id, list, shared.now);
        self.on_transmitted(id);
        self.refresh(to);
    }

    pub fn deadline(&self, shared: &Shared) -> Option<u64> {
        let expiry = self.live().map(|message| message.expires_at).min();
        let flight = self.flights(shared).first().map(|(due, _)| *due);
        let probe = self.due_peers(shared).first().map(|(due, _)| *due);
        let turn = if shared.connected { self.next_turn(shared) } else { None };
        [expiry, flight, probe, self.next_pause_end(shared), turn].into_iter().flatten().min()
    }

    /// Returns when something goes that waits: for the end of the pause of everything, for time, or for a token.
    fn next_turn(&self, shared: &Shared) -> Option<u64> {
        let from = self.paused_until.unwrap_or(shared.now);
        let with_token = from.max(shared.next_token());
        let room = self.has_room(shared);
        let feeler = if room { Some(from) } else { self.feeler_at(shared).map(|at| at.max(from)) };
        let reentry = self.ring.first().filter(|peer| room && !self.streams[peer].reentry.is_empty());
        let goes = |id: &&MsgId| self.streams[&self.message(**id).to].paused_until.is_none_or(|until| until <= from);
        let suspect = if room { self.suspects_wait(shared) } else { None };
        let turns = [
            feeler.filter(|_| !self.fresh_ring.is_empty()),
            self.again_ring.first().map(|_| with_token),
            reentry.map(|_| with_token),
            self.questions.iter().find(goes).map(|_| with_token),
            suspect.map(|at| at.max(with_token)),
        ];
        turns.into_iter().flatten().min()
    }
}

/// Of so many transmissions one is whole anyway: the 8th, the 64th, …
fn is_power_of_eight(asked: u32) -> bool {
    (1..=10).any(|power| asked == 8_u32.pow(power))
}
