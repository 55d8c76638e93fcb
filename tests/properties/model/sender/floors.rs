//! The floor of a stream: its lowest live seq. One message at a time announces that it has passed an abandoned seq: the
//! lowest live one.

use sixfold::MsgId;

use super::{Place, Sender};
use crate::model::shared::Shared;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Announcement {
    #[default]
    None,
    /// The announcer is to be transmitted.
    Wanted,
    /// It was transmitted, and not answered since.
    Sent,
}

impl Sender {
    /// The lowest live seq, or the next one.
    pub(super) fn floor(&self, peer: u64) -> u64 {
        self.live_of(peer).first().map_or(self.streams[&peer].next_seq, |message| message.seq())
    }

    /// A message is not live any more; it was delivered, or abandoned.
    pub(super) fn on_end(&mut self, peer: u64, seq: u64, abandoned: bool, shared: &Shared) {
        let floor = self.floor(peer);
        let stream = self.stream(peer);
        if seq > floor {
            if abandoned {
                let (low, high) = stream.abandoned.unwrap_or((seq, seq));
                stream.abandoned = Some((low.min(seq), high.max(seq)));
            }
            return;
        }
        let passed = abandoned || stream.abandoned.is_some_and(|(low, _)| low < floor);
        stream.abandoned = stream.abandoned.map(|(low, high)| (low.max(floor), high)).filter(|(low, high)| low <= high);
        if passed || stream.announcement != Announcement::None {
            stream.announcement = Announcement::Wanted;
            self.expedite(peer, shared);
        }
    }

    /// The lowest live message, unless its first transmission will tell the floor.
    fn announcer(&self, peer: u64) -> Option<MsgId> {
        let nxt = self.streams[&peer].nxt;
        self.live_of(peer).first().filter(|message| message.seq() < nxt).map(|message| message.id)
    }

    /// The announcer is to be transmitted soon, unless it waits for that already. It waits for the end of a pause.
    pub(super) fn expedite(&mut self, peer: u64, shared: &Shared) {
        let Some(id) = self.announcer(peer) else {
            self.stream(peer).announcement = Announcement::None;
            return;
        };
        if self.streams[&peer].announcement != Announcement::Wanted || !shared.connected || self.is_paused(peer, shared)
        {
            return;
        }
        match (self.place(id), self.message(id).is_accepted()) {
            (Place::Wire, false) => self.move_to(Place::Again, id),
            (Place::Wire | Place::Nowhere, true) => {
                self.move_to(Place::Nowhere, id);
                self.ask(id, shared);
            }
            (Place::Nowhere | Place::Again | Place::Reentry | Place::Questions | Place::Suspects, _) => {}
        }
    }

    pub(super) fn on_transmitted(&mut self, id: MsgId) {
        let peer = self.message(id).to;
        let lowest = self.message(id).seq() == self.floor(peer);
        let stream = self.stream(peer);
        if lowest && stream.announcement == Announcement::Wanted {
            stream.announcement = Announcement::Sent;
        }
    }

    /// `Accepted` came for a message.
    pub(super) fn on_answered(&mut self, id: MsgId, shared: &Shared) {
        let peer = self.message(id).to;
        let lowest = self.message(id).seq() == self.floor(peer);
        let stream = self.stream(peer);
        if lowest && stream.announcement == Announcement::Sent {
            stream.announcement = Announcement::None;
        }
        self.expedite(peer, shared);
    }

    /// On a new connection what was announced without an answer is announced again.
    pub(super) fn announce_again(&mut self, shared: &Shared) {
        let mut peers: Vec<u64> = self.streams.keys().copied().collect();
        peers.sort_by_key(|peer| self.streams[peer].order);
        for peer in peers {
            let stream = self.stream(peer);
            if stream.announcement == Announcement::Sent {
                stream.announcement = Announcement::Wanted;
            }
            self.expedite(peer, shared);
        }
    }
}
