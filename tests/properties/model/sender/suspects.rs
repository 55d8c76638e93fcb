//! The end of a connection. A message that was unanswered at two such ends is suspect: the server may have closed the
//! connection because of it.

use std::collections::BTreeMap;

use sixfold::{FailReason, MsgId};

use super::{Place, Sender};
use crate::model::rto;
use crate::model::shared::Shared;

const TWO_SECONDS: u64 = 2_000_000_000;
const MAX_LONE_CUTS: u32 = 10;

impl Sender {
    pub(super) fn is_suspect(&self, id: MsgId) -> bool {
        self.message(id).is_on_wire() && self.message(id).cuts >= 2
    }

    fn is_in_flight(&self, id: MsgId) -> bool {
        matches!(self.place(id), Place::Wire | Place::Again)
    }

    fn suspects_in_flight(&self) -> Vec<MsgId> {
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

    /// A suspect whose stream is paused gives up its turn.
    pub fn wants_suspect(&mut self, shared: &Shared) -> bool {
        if self.paused_until.is_some() || !self.has_room(shared) {
            return false;
        }
        while self.suspects_wait(shared).is_some_and(|at| at <= shared.now) {
            let head = self.suspects[0];
            if self.streams[&self.message(head).to].paused_until.is_none() {
                return true;
            }
            self.move_to(Place::Reentry, head);
        }
        false
    }

    /// A suspect that waited for the end of a pause goes back when it has its turn.
    pub(super) fn return_suspects(&mut self) {
        while let Some(id) = self.ring.first().and_then(|peer| self.streams[peer].reentry.first().copied()) {
            if !self.is_suspect(id) {
                return;
            }
            self.move_to(Place::Suspects, id);
        }
    }

    pub fn on_disconnected(&mut self, shared: &mut Shared) {
        let suspects = self.suspects_in_flight();
        let mut cut: Vec<MsgId> = self.live().map(|message| message.id).collect();
        cut.retain(|id| self.message(*id).is_on_wire() && self.is_in_flight(*id));
        cut.sort_by_key(|id| self.position(*id));
        for id in &cut {
            let message = self.find(*id).unwrap();
            message.cuts += u32::from(suspects.is_empty());
            message.lone_cuts += u32::from(suspects == [*id]);
        }
        self.end_connection();
        self.enter_again_later(&cut);
        self.on_disconnected_announce();
        for id in cut {
            if self.message(id).lone_cuts >= MAX_LONE_CUTS {
                self.fail(id, FailReason::Unknown { rejection: None }, shared);
            }
        }
    }

    /// What was tried is of the past, and what is accepted is at rest.
    fn end_connection(&mut self) {
        self.suspects_limit = 1;
        self.probes.stop_all();
        let ids: Vec<MsgId> = self.messages.iter().map(|message| message.id).collect();
        for id in ids {
            let message = self.find(id).unwrap();
            message.earlier |= message.tries.copies > 0;
            message.tries = super::Tries::default();
            if message.is_accepted() {
                self.rest(id);
            }
        }
    }

    /// A cut message goes before those of its stream that wait, if it is older than the first of them.
    fn enter_again_later(&mut self, cut: &[MsgId]) {
        let mut heads: BTreeMap<u64, u64> = BTreeMap::new();
        for (peer, stream) in &self.streams {
            heads.extend(stream.reentry.first().map(|id| (*peer, self.message(*id).seq())));
        }
        let mut in_front: BTreeMap<u64, usize> = BTreeMap::new();
        for &id in cut {
            let (to, seq) = (self.message(id).to, self.message(id).seq());
            if self.is_suspect(id) {
                self.move_to(Place::Suspects, id);
                continue;
            }
            self.move_to(Place::Reentry, id);
            if heads.get(&to).is_some_and(|head| seq < *head) {
                let at = in_front.entry(to).or_default();
                let reentry = &mut self.stream(to).reentry;
                let last = reentry.pop().unwrap();
                reentry.insert(*at, last);
                *at += 1;
            }
        }
    }
}
