//! Suspects: messages that were unanswered at the end of two connections. The server may have closed them because of such
//! a message.

use sixfold::MsgId;

use super::{Place, Sender};
use crate::model::rto;
use crate::model::shared::Shared;

const TWO_SECONDS: u64 = 2_000_000_000;

impl Sender {
    pub(super) fn is_suspect(&self, id: MsgId) -> bool {
        self.message(id).is_on_wire() && self.message(id).cuts >= 2
    }

    pub(super) fn is_in_flight(&self, id: MsgId) -> bool {
        matches!(self.place(id), Place::Wire | Place::Again)
    }

    pub(super) fn suspects_in_flight(&self) -> Vec<MsgId> {
        let ids = self.live().map(|message| message.id);
        ids.filter(|id| self.is_suspect(*id) && self.is_in_flight(*id)).collect()
    }

    /// msg:A or ack:N came for a message.
    pub(super) fn on_suspect_answered(&mut self, id: MsgId) {
        if self.is_suspect(id) && self.is_in_flight(id) {
            self.suspects_limit = self.suspects_limit.saturating_mul(2);
        }
    }

    /// Returns when the first suspect may go, if not too many are in flight.
    pub(super) fn suspects_wait(&self, shared: &Shared) -> Option<u64> {
        let head = self.suspects.first().filter(|_| self.suspects_in_flight().len() < self.suspects_limit)?;
        let rto = shared.rto.current();
        Some(self.connected_at + rto::delay(rto, self.message(*head).lone_cuts, rto.max(TWO_SECONDS)))
    }

    pub fn wants_suspect(&self, shared: &Shared) -> bool {
        let goes = self.paused_until.is_none() && self.has_room(shared);
        goes && self.suspects_wait(shared).is_some_and(|at| at <= shared.now)
    }

    /// A suspect waits with the others of its stream while that is paused, and comes back when it has its turn there.
    pub(super) fn sort_suspects(&mut self, shared: &Shared) {
        while let Some(&id) = self.suspects.first() {
            if !self.is_paused(self.message(id).to, shared) {
                break;
            }
            self.move_to(Place::Reentry, id);
        }
        while let Some(id) = self.ring.first().and_then(|peer| self.streams[peer].reentry.first().copied()) {
            if !self.is_suspect(id) {
                return;
            }
            self.move_to(Place::Suspects, id);
        }
    }
}
