//! The sender half of the model: one list of messages, looked through for everything.

mod answers;
mod pace;

use std::collections::BTreeMap;

use sixfold::{Event, FailReason, MsgId};

use crate::shared::{Place, Places, Shared, nanos};
use kit::run::Reply;

const READY: usize = 0;
const DUE: usize = 1;
const PROBE: usize = 2;
const RETRY: usize = 3;

#[derive(Clone, Debug)]
enum State {
    Queued,
    OnWire { repeated: bool, unanswered: u32, windowed: bool },
    Accepted { server_id: u64, probes: u32 },
    Failed { reason: FailReason, server_id: Option<u64> },
}

#[derive(Clone, Debug)]
struct Message {
    id: MsgId,
    to: u64,
    payload: u64,
    queued_at: u64,
    expires_at: u64,
    resent: bool,
    /// A seq between this and the next unsettled one was abandoned.
    below_gap: bool,
    state: State,
}

impl Message {
    const fn is_moving(&self) -> bool {
        !matches!(self.state, State::Failed { .. })
    }

    const fn seq(&self) -> u64 {
        self.id.seq().expect("an id of our own")
    }
}

/// The one stream to a peer.
#[derive(Clone, Debug, Default)]
struct Stream {
    order: usize,
    next_seq: u64,
    sent_end: u64,
    backed_off: bool,
    reset_at: u64,
    /// A floor rose and is to be announced: to all, or to those only that are being answered.
    risen: Option<bool>,
}

#[derive(Clone, Debug)]
pub struct Sender {
    messages: Vec<Message>,
    streams: BTreeMap<u64, Stream>,
    places: Places<MsgId>,
    paused_until: Option<u64>,
    pub flushing: bool,
    repeats: u8,
    ambiguous: bool,
}

impl Sender {
    pub fn new() -> Self {
        let (messages, streams, places) = (Vec::new(), BTreeMap::new(), Places::new());
        Self { messages, streams, places, paused_until: None, flushing: false, repeats: 0, ambiguous: false }
    }

    fn find(&mut self, id: MsgId) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.id == id)
    }

    fn message(&self, id: MsgId) -> &Message {
        self.messages.iter().find(|message| message.id == id).unwrap()
    }

    fn remove(&mut self, id: MsgId) -> Message {
        self.places.cancel(id);
        let place = self.messages.iter().position(|message| message.id == id).unwrap();
        self.messages.remove(place)
    }

    fn moving(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| message.is_moving())
    }

    /// In the order of first sending: by time, by stream, by seq.
    fn age(&self, id: MsgId) -> (u64, usize, u64) {
        let message = self.message(id);
        (message.queued_at, self.streams[&message.to].order, message.seq())
    }

    pub fn has_left(&self, id: MsgId) -> bool {
        !matches!(self.message(id).state, State::Queued)
    }

    pub fn send(&mut self, to: u64, payload: u64, real: Reply, shared: &Shared) -> Reply {
        if self.messages.len() >= shared.knobs.capacity[0] {
            return Reply::Refused;
        }
        let order = self.streams.len();
        let stream = self.streams.entry(to).or_insert(Stream { order, ..Stream::default() });
        let Reply::Sent(id) = real else { return Reply::Nothing };
        let same_stream = self.messages.iter().filter(|m| m.to == to).all(|m| m.id.stream() == id.stream());
        if id.seq() != Some(stream.next_seq) || !same_stream {
            return Reply::Nothing;
        }
        stream.next_seq += 1;
        let (queued_at, expires_at) = (shared.now, shared.now + nanos(shared.knobs.expiry));
        let state = State::Queued;
        let message = Message { id, to, payload, queued_at, expires_at, resent: false, below_gap: false, state };
        self.messages.push(message);
        if shared.connected {
            self.places.wait(id, READY);
        }
        real
    }

    pub fn resend(&mut self, id: MsgId, shared: &Shared) -> bool {
        let Some(message) = self.find(id) else { return false };
        let State::Failed { reason, server_id } = &message.state else { return false };
        let dead_at = message.queued_at + nanos(shared.knobs.lifetime);
        if shared.now >= dead_at {
            return false;
        }
        message.state = match (server_id, reason) {
            (Some(server_id), _) => State::Accepted { server_id: *server_id, probes: 0 },
            (None, FailReason::Expired) => State::Queued,
            (None, _) => State::OnWire { repeated: true, unanswered: 0, windowed: false },
        };
        message.expires_at = dead_at.min(shared.now + nanos(shared.knobs.expiry));
        message.resent = true;
        message.below_gap = false;
        let queue = if matches!(message.state, State::Accepted { .. }) { PROBE } else { READY };
        if shared.connected {
            self.places.wait(id, queue);
        }
        true
    }

    pub fn discard(&mut self, id: MsgId) -> bool {
        if self.find(id).is_none() {
            return false;
        }
        let message = self.remove(id);
        if message.is_moving() {
            self.leave_gap(&message, true);
        }
        true
    }

    /// The highest unsettled message below keeps the floor down; without one it rises now.
    fn leave_gap(&mut self, gone: &Message, to_all: bool) {
        let below = self.messages.iter_mut().filter(|m| m.is_moving() && m.to == gone.to && m.seq() < gone.seq());
        match below.max_by_key(|message| message.seq()) {
            Some(message) => message.below_gap = true,
            None => {
                let risen = &mut self.streams.get_mut(&gone.to).unwrap().risen;
                *risen = Some(to_all || *risen == Some(true));
            }
        }
    }

    pub fn announce_floors(&mut self) {
        let peers: Vec<u64> = self.streams.keys().copied().collect();
        let mut risen: Vec<(usize, u64, bool)> = Vec::new();
        for peer in peers {
            let stream = self.streams.get_mut(&peer).unwrap();
            risen.extend(stream.risen.take().map(|to_all| (stream.order, peer, to_all)));
        }
        risen.sort_unstable();
        for (_, peer, to_all) in risen {
            let sent_end = self.streams[&peer].sent_end;
            let mut sent: Vec<&Message> = self.moving().filter(|m| m.to == peer && m.seq() < sent_end).collect();
            sent.sort_unstable_by_key(|message| message.seq());
            let armed = |id| matches!(self.places.of(id), Some(Place::Armed { .. }));
            let queue = |message: &Message| match message.state {
                State::OnWire { repeated, .. } => (to_all || !repeated).then_some(DUE),
                State::Accepted { .. } => Some(PROBE),
                State::Queued | State::Failed { .. } => None,
            };
            let hastened: Vec<(MsgId, Option<usize>)> =
                sent.iter().filter(|m| armed(m.id)).map(|m| (m.id, queue(m))).collect();
            for (id, queue) in hastened {
                queue.into_iter().for_each(|queue| self.places.wait(id, queue));
            }
        }
    }

    fn fail(&mut self, id: MsgId, reason: FailReason, shared: &mut Shared) {
        let to_all = matches!(reason, FailReason::Rejected(_) | FailReason::Unknown { rejection: Some(_) });
        self.places.cancel(id);
        let message = self.find(id).unwrap();
        let server_id = match message.state {
            State::Accepted { server_id, .. } => Some(server_id),
            _ => None,
        };
        message.state = State::Failed { reason: reason.clone(), server_id };
        let gone = message.clone();
        shared.event(Event::Failed { id, reason });
        self.leave_gap(&gone, to_all);
    }

    pub fn expire(&mut self, shared: &mut Shared) {
        while let Some(first) = self.moving().filter(|m| m.expires_at <= shared.now).min_by_key(|m| m.expires_at) {
            let (id, at) = (first.id, first.expires_at);
            let tied: Vec<bool> = self.moving().filter(|m| m.expires_at == at).map(|m| m.resent).collect();
            self.ambiguous |= tied.len() > 1 && tied.contains(&true);
            let reason = if self.has_left(id) { FailReason::Unknown { rejection: None } } else { FailReason::Expired };
            self.fail(id, reason, shared);
        }
    }

    pub const fn is_ambiguous(&self) -> bool {
        self.ambiguous || self.places.ambiguous
    }

    pub fn gauges(&self) -> [usize; 3] {
        let moving = self.moving().count();
        [moving, self.messages.len() - moving, self.windowed()]
    }
}
