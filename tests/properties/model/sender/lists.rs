//! Where messages are, and which streams have a turn.

use sixfold::MsgId;

use super::{Message, Place, Sender, Stream};

impl Sender {
    pub(super) fn find(&mut self, id: MsgId) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.id == id)
    }

    pub(super) fn message(&self, id: MsgId) -> &Message {
        self.messages.iter().find(|message| message.id == id).unwrap()
    }

    pub(super) fn stream(&mut self, peer: u64) -> &mut Stream {
        self.streams.get_mut(&peer).unwrap()
    }

    pub(super) fn live(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| message.is_live())
    }

    /// The live messages of a peer, by seq.
    pub(super) fn live_of(&self, peer: u64) -> Vec<&Message> {
        let mut live: Vec<&Message> = self.live().filter(|message| message.to == peer).collect();
        live.sort_unstable_by_key(|message| message.seq());
        live
    }

    /// Sorts messages by stream and seq.
    pub(super) fn position(&self, id: MsgId) -> (usize, u64) {
        let message = self.message(id);
        (self.streams[&message.to].order, message.seq())
    }

    pub(super) fn place(&self, id: MsgId) -> Place {
        let stream = &self.streams[&self.message(id).to];
        if self.wire.runs(id) {
            Place::Wire
        } else if stream.again.contains(&id) {
            Place::Again
        } else if stream.reentry.contains(&id) {
            Place::Reentry
        } else if self.questions.contains(&id) {
            Place::Questions
        } else if self.suspects.contains(&id) {
            Place::Suspects
        } else {
            Place::Nowhere
        }
    }

    /// Moves a message to the back of a list. On the wire it comes only by being transmitted.
    pub(super) fn move_to(&mut self, place: Place, id: MsgId) {
        let to = self.message(id).to;
        self.leave_lists(id);
        match place {
            Place::Again => self.stream(to).again.push(id),
            Place::Reentry => self.stream(to).reentry.push(id),
            Place::Questions => self.questions.push(id),
            Place::Suspects => self.suspects.push(id),
            Place::Wire | Place::Nowhere => {}
        }
        self.refresh(to);
    }

    pub(super) fn leave_lists(&mut self, id: MsgId) {
        let to = self.message(id).to;
        let stream = self.streams.get_mut(&to).unwrap();
        for list in [&mut stream.again, &mut stream.reentry, &mut self.questions, &mut self.suspects] {
            list.retain(|listed| *listed != id);
        }
        self.wire.stop(id);
    }

    pub(super) fn remove(&mut self, id: MsgId) {
        self.leave_lists(id);
        let to = self.message(id).to;
        self.messages.retain(|message| message.id != id);
        self.refresh(to);
    }

    /// The message whose first transmission is next.
    pub(super) fn fresh(&self, peer: u64) -> Option<MsgId> {
        let nxt = self.streams[&peer].nxt;
        let mut live = self.live_of(peer).into_iter();
        live.find(|message| message.seq() >= nxt && !message.is_accepted()).map(|message| message.id)
    }

    /// A stream joins a ring at the back, and leaves it, as it begins and ceases to have something for it.
    pub(super) fn refresh(&mut self, peer: u64) {
        let stream = &self.streams[&peer];
        let goes = stream.paused_until.is_none();
        let again = goes && !stream.again.is_empty();
        let fresh = goes && self.fresh(peer).is_some();
        let any = fresh || goes && !stream.reentry.is_empty();
        let rings = [(&mut self.again_ring, again), (&mut self.ring, any), (&mut self.fresh_ring, fresh)];
        for (ring, has_some) in rings {
            if !has_some {
                ring.retain(|in_ring| *in_ring != peer);
            } else if !ring.contains(&peer) {
                ring.push(peer);
            }
        }
    }
}

/// The stream has had its turn.
pub(super) fn to_the_back(ring: &mut [u64], peer: u64) {
    if let Some(at) = ring.iter().position(|in_ring| *in_ring == peer) {
        ring[at..].rotate_left(1);
    }
}
