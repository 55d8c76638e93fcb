//! The beginning and the end of a connection.

use std::collections::BTreeMap;

use sixfold::{FailReason, MsgId};

use super::{Place, Sender};
use crate::model::shared::Shared;

const MAX_LONE_CUTS: u32 = 10;

impl Sender {
    pub fn on_connected(&mut self, shared: &mut Shared) {
        shared.rto.end_doubling();
        (self.connected_at, self.last_first) = (shared.now, shared.now);
        self.connection += 1;
        self.streams.values_mut().for_each(|stream| stream.questions.on_connected());
        for peer in self.probes.by_list() {
            self.ask_on_connect(peer, shared);
            self.start_probe(peer, shared);
        }
        self.announce_again(shared);
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
        self.timed = None;
        self.end_connection();
        self.requeue(&cut);
        for id in cut {
            if self.message(id).lone_cuts >= MAX_LONE_CUTS {
                self.fail(id, FailReason::Unknown { rejection: None }, shared);
            }
        }
    }

    /// Nothing has a place, and what is accepted is at rest.
    fn end_connection(&mut self) {
        self.suspects_limit = 1;
        let ids: Vec<MsgId> = self.messages.iter().map(|message| message.id).collect();
        for id in ids {
            let message = self.find(id).unwrap();
            message.tries.has_place = false;
            if message.is_accepted() {
                self.rest(id);
            }
        }
    }

    /// A cut message goes before those of its stream that wait, if it is older than the first of them.
    fn requeue(&mut self, cut: &[MsgId]) {
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
