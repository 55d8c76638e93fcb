//! The floor of a stream: its lowest live seq. One message at a time announces that it has passed an abandoned seq.

use sixfold::MsgId;

use super::{Place, Sender};
use crate::model::shared::Shared;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Announcement {
    #[default]
    None,
    /// The announcer is to be transmitted.
    Wanted,
    /// It is on the wire.
    Sent,
    /// It is on the wire, with a floor that has risen since.
    SentAndRisen,
}

impl Sender {
    /// The lowest live seq, or the next one.
    pub(super) fn floor(&self, peer: u64) -> u64 {
        self.live_of(peer).first().map_or(self.streams[&peer].next_seq, |message| message.seq())
    }

    /// Whether it has failed or was discarded.
    fn is_abandoned(&self, peer: u64, seq: u64) -> bool {
        let failed = self.messages.iter().any(|m| m.to == peer && m.seq() == seq && !m.is_live());
        failed || self.streams[&peer].discarded.contains(&seq)
    }

    /// A message of the stream is not live any more; before, the floor was this.
    pub(super) fn on_end(&mut self, peer: u64, floor: u64, shared: &Shared) {
        let risen = (floor..self.floor(peer)).any(|seq| self.is_abandoned(peer, seq));
        let announcer = self.streams[&peer].announcer;
        let lives = self.live().any(|message| Some(message.id) == announcer);
        let stream = self.stream(peer);
        match stream.announcement {
            Announcement::None if !risen => {}
            Announcement::Sent if lives && risen => stream.announcement = Announcement::SentAndRisen,
            Announcement::Wanted | Announcement::Sent | Announcement::SentAndRisen if lives => {}
            Announcement::None | Announcement::Wanted | Announcement::Sent | Announcement::SentAndRisen => {
                self.announce(peer, shared);
            }
        }
    }

    /// The lowest live message announces the floor, unless its first transmission will.
    fn announce(&mut self, peer: u64, shared: &Shared) {
        let nxt = self.streams[&peer].nxt;
        let announcer = self.live_of(peer).first().filter(|message| message.seq() < nxt).map(|message| message.id);
        let stream = self.stream(peer);
        stream.announcer = announcer;
        if announcer.is_none() {
            self.end_announcement(peer);
            return;
        }
        stream.announcement = Announcement::Wanted;
        if !self.announcing.contains(&peer) {
            self.announcing.push(peer);
        }
        self.expedite(peer, shared);
    }

    fn end_announcement(&mut self, peer: u64) {
        let stream = self.stream(peer);
        (stream.announcement, stream.announcer) = (Announcement::None, None);
        self.announcing.retain(|announcing| *announcing != peer);
    }

    /// The announcer is to be transmitted soon, unless it waits for that already.
    fn expedite(&mut self, peer: u64, shared: &Shared) {
        let id = self.streams[&peer].announcer.unwrap();
        match (self.place(id), self.message(id).is_accepted()) {
            (Place::Wire, false) => self.move_to(Place::Again, id),
            (Place::Wire | Place::Nowhere, true) => {
                self.move_to(Place::Nowhere, id);
                self.ask(id, shared);
            }
            (Place::Nowhere | Place::Again | Place::Reentry | Place::Questions | Place::Suspects, _) => {}
        }
    }

    fn announced_by(&self, id: MsgId) -> Option<u64> {
        let peer = self.message(id).to;
        (self.streams[&peer].announcer == Some(id)).then_some(peer)
    }

    pub(super) fn on_transmitted(&mut self, id: MsgId) {
        if let Some(peer) = self.announced_by(id) {
            self.stream(peer).announcement = Announcement::Sent;
        }
    }

    /// What is not on the wire any more is to be transmitted again.
    pub(super) fn on_unanswered(&mut self, id: MsgId) {
        if let Some(peer) = self.announced_by(id) {
            self.stream(peer).announcement = Announcement::Wanted;
        }
    }

    /// msg:A came while the message was in this place.
    pub(super) fn on_answered(&mut self, id: MsgId, place: Place, shared: &Shared) {
        let Some(peer) = self.announced_by(id) else { return };
        match self.streams[&peer].announcement {
            Announcement::Sent if place == Place::Wire => self.end_announcement(peer),
            Announcement::SentAndRisen if place == Place::Wire => self.announce(peer, shared),
            Announcement::Wanted => self.expedite(peer, shared),
            Announcement::None | Announcement::Sent | Announcement::SentAndRisen => {}
        }
    }

    pub(super) fn announce_again(&mut self, shared: &Shared) {
        for peer in self.announcing.clone() {
            self.expedite(peer, shared);
        }
    }

    pub(super) fn keep_announcements(&mut self) {
        for peer in self.announcing.clone() {
            self.stream(peer).announcement = Announcement::Wanted;
        }
    }
}
