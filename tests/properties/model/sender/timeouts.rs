//! What goes unanswered.

use sixfold::{Event, FailReason, MsgId, Stage};

use super::{Place, Sender, State};
use crate::model::shared::Shared;
use crate::model::timers::{Timer, are_tied};

impl Sender {
    /// Whether something transmitted later was answered before.
    fn is_overdue(&self, id: MsgId) -> bool {
        self.message(id).tx < self.accepted_tx
    }

    /// What is on the wire, by deadline.
    pub(super) fn flights(&self, shared: &Shared) -> Vec<(u64, Timer<MsgId>)> {
        self.wire.by_deadline(|timer| {
            if self.is_overdue(timer.key) { shared.rto.overdue() } else { shared.rto.level(timer.list) }
        })
    }

    /// Whether its timer is due, if it is on the wire.
    pub(super) fn is_due(&self, id: MsgId, shared: &Shared) -> bool {
        self.flights(shared).into_iter().any(|(due, timer)| timer.key == id && due <= shared.now)
    }

    /// Fires what is due: flights and the timers of peers, the earliest deadline first.
    pub fn fire(&mut self, shared: &mut Shared) {
        loop {
            let due = |due: &(u64, _)| due.0 <= shared.now;
            let (flights, peers) = (self.flights(shared), self.due_peers(shared));
            let flight = flights.first().copied().filter(due);
            let peer = peers.first().copied().filter(|peer| peer.0 <= shared.now);
            let first = match (flight, peer) {
                (None, None) => return,
                (Some(flight), Some(peer)) => flight.0.min(peer.0),
                (Some((at, _)), None) | (None, Some((at, _))) => at,
            };
            let same: Vec<_> = flights.into_iter().filter(|flight| flight.0 == first).collect();
            self.ambiguous |= are_tied(&same) || flight.map(|flight| flight.0) == peer.map(|peer| peer.0);
            match flight.filter(|flight| flight.0 == first) {
                Some((_, timer)) => self.time_out(timer, shared),
                None => self.fire_peers(shared),
            }
        }
    }

    fn time_out(&mut self, timer: Timer<MsgId>, shared: &mut Shared) {
        let id = timer.key;
        let (place, overdue, suspect) = (self.message(id).tries.has_place, self.is_overdue(id), self.is_suspect(id));
        let message = self.find(id).unwrap();
        message.tries.unanswered += 1;
        message.tries.after_rto |= !overdue;
        let heard = shared.heard_at > timer.entered;
        message.tries.attempts += u32::from(heard);
        let (attempts, attempt) = (message.tries.attempts, message.tries.unanswered);
        let exhausted = heard && shared.knobs.max_attempts.is_some_and(|most| attempts >= most);
        let stage = match message.state {
            State::Accepted { .. } => Stage::Deliver,
            State::Queued | State::OnWire | State::Failed { .. } => Stage::Accept,
        };
        let tired = stage == Stage::Accept && heard && attempts >= 3 && place;
        self.on_unanswered(id);
        if exhausted && stage == Stage::Accept {
            self.fail(id, FailReason::Unknown { rejection: None }, shared);
        } else if exhausted {
            self.rest(id);
        } else {
            if tired {
                self.find(id).unwrap().tries.has_place = false;
            }
            let place = match (tired, suspect) {
                (true, true) => Place::Suspects,
                (true, false) => Place::Reentry,
                (false, _) => Place::Again,
            };
            self.move_to(place, id);
            shared.event(Event::Retrying { id, stage, attempt });
        }
        shared.unanswered(timer.entered);
    }
}
