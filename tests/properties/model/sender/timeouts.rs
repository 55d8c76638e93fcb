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

    /// Fires what is due: flights, the earliest deadline first, then the timers of peers.
    pub fn fire(&mut self, shared: &mut Shared) {
        while let Some((first, timer)) = self.flights(shared).first().copied().filter(|flight| flight.0 <= shared.now) {
            let same: Vec<_> = self.flights(shared).into_iter().filter(|flight| flight.0 == first).collect();
            self.ambiguous |= are_tied(&same);
            self.time_out(timer, shared);
        }
        if shared.connected && self.next_probe(shared).is_some_and(|at| at <= shared.now) {
            self.fire_peers(shared);
        }
    }

    fn time_out(&mut self, timer: Timer<MsgId>, shared: &mut Shared) {
        let id = timer.key;
        let (place, overdue) = (self.message(id).tries.has_place, self.is_overdue(id));
        let message = self.find(id).unwrap();
        message.tries.unanswered += 1;
        message.tries.after_rto |= !overdue;
        message.tries.overdue |= overdue;
        let heard = shared.heard_at > timer.entered;
        message.tries.attempts += u32::from(heard);
        let (attempts, attempt) = (message.tries.attempts, message.tries.unanswered);
        let exhausted = heard && shared.knobs.max_attempts.is_some_and(|most| attempts >= most);
        let stage = match message.state {
            State::Accepted { .. } => Stage::Deliver,
            State::Queued | State::OnWire | State::Failed { .. } => Stage::Accept,
        };
        let tired = stage == Stage::Accept && heard && attempts >= 3 && place;
        self.wire.stop(id);
        if exhausted && stage == Stage::Accept {
            self.fail(id, FailReason::Unknown { rejection: None }, shared);
        } else if exhausted {
            self.rest(id);
        } else {
            if tired {
                self.give_back_place(id);
            } else if self.is_paused(self.message(id).to, shared) {
                self.put_off(id);
            } else {
                self.move_to(Place::Again, id);
            }
            shared.event(Event::Retrying { id, stage, attempt });
        }
        shared.unanswered(timer.entered);
    }
}
