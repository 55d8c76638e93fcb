//! The sender of the model: one list of messages, searched for everything.

mod answers;
mod pace;

use std::collections::BTreeMap;

use sixfold::{Event, FailReason, MsgId};

use super::shared::{Schedule, Scheduled, Shared, nanos};
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
    /// A seq between this one and the next undelivered one was abandoned.
    below_gap: bool,
    state: State,
}

impl Message {
    const fn is_active(&self) -> bool {
        !matches!(self.state, State::Failed { .. })
    }

    const fn seq(&self) -> u64 {
        self.id.seq().expect("an own id")
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
    /// A floor update to announce: by all messages (true), or only by those that were not retransmitted (false).
    floor_update: Option<bool>,
}

#[derive(Clone, Debug)]
pub struct Sender {
    messages: Vec<Message>,
    streams: BTreeMap<u64, Stream>,
    schedule: Schedule<MsgId>,
    paused_until: Option<u64>,
    pub flushing: bool,
    repeats: u8,
    ambiguous: bool,
}

impl Sender {
    pub fn new() -> Self {
        let (messages, streams, schedule) = (Vec::new(), BTreeMap::new(), Schedule::new());
        Self { messages, streams, schedule, paused_until: None, flushing: false, repeats: 0, ambiguous: false }
    }

    fn find(&mut self, id: MsgId) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.id == id)
    }

    fn message(&self, id: MsgId) -> &Message {
        self.messages.iter().find(|message| message.id == id).unwrap()
    }

    fn remove(&mut self, id: MsgId) -> Message {
        self.schedule.cancel(id);
        let position = self.messages.iter().position(|message| message.id == id).unwrap();
        self.messages.remove(position)
    }

    fn active(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| message.is_active())
    }

    /// The order of first sending: time, stream, seq.
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
            self.schedule.wait(id, READY);
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
            self.schedule.wait(id, queue);
        }
        true
    }

    pub fn discard(&mut self, id: MsgId) -> bool {
        if self.find(id).is_none() {
            return false;
        }
        let message = self.remove(id);
        if message.is_active() {
            self.leave_gap(&message, true);
        }
        true
    }

    /// The next lower undelivered message keeps the floor down; without one the floor is updated now.
    fn leave_gap(&mut self, gone: &Message, to_all: bool) {
        let below = self.messages.iter_mut().filter(|m| m.is_active() && m.to == gone.to && m.seq() < gone.seq());
        match below.max_by_key(|message| message.seq()) {
            Some(message) => message.below_gap = true,
            None => {
                let floor_update = &mut self.streams.get_mut(&gone.to).unwrap().floor_update;
                *floor_update = Some(to_all || *floor_update == Some(true));
            }
        }
    }

    pub fn announce_floors(&mut self) {
        let peers: Vec<u64> = self.streams.keys().copied().collect();
        let mut floor_update: Vec<(usize, u64, bool)> = Vec::new();
        for peer in peers {
            let stream = self.streams.get_mut(&peer).unwrap();
            floor_update.extend(stream.floor_update.take().map(|to_all| (stream.order, peer, to_all)));
        }
        floor_update.sort_unstable();
        for (_, peer, to_all) in floor_update {
            let sent_end = self.streams[&peer].sent_end;
            let mut sent: Vec<&Message> = self.active().filter(|m| m.to == peer && m.seq() < sent_end).collect();
            sent.sort_unstable_by_key(|message| message.seq());
            let armed = |id| matches!(self.schedule.of(id), Some(Scheduled::Armed { .. }));
            let queue = |message: &Message| match message.state {
                State::OnWire { repeated, .. } => (to_all || !repeated).then_some(DUE),
                State::Accepted { .. } => Some(PROBE),
                State::Queued | State::Failed { .. } => None,
            };
            let expedited: Vec<(MsgId, Option<usize>)> =
                sent.iter().filter(|m| armed(m.id)).map(|m| (m.id, queue(m))).collect();
            for (id, queue) in expedited {
                queue.into_iter().for_each(|queue| self.schedule.wait(id, queue));
            }
        }
    }

    fn fail(&mut self, id: MsgId, reason: FailReason, shared: &mut Shared) {
        let to_all = matches!(reason, FailReason::Rejected(_) | FailReason::Unknown { rejection: Some(_) });
        self.schedule.cancel(id);
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
        while let Some(first) = self.active().filter(|m| m.expires_at <= shared.now).min_by_key(|m| m.expires_at) {
            let (id, at) = (first.id, first.expires_at);
            let tied: Vec<bool> = self.active().filter(|m| m.expires_at == at).map(|m| m.resent).collect();
            self.ambiguous |= tied.len() > 1 && tied.contains(&true);
            let reason = if self.has_left(id) { FailReason::Unknown { rejection: None } } else { FailReason::Expired };
            self.fail(id, reason, shared);
        }
    }

    pub const fn is_ambiguous(&self) -> bool {
        self.ambiguous || self.schedule.ambiguous
    }

    pub fn gauges(&self) -> [usize; 3] {
        let active = self.active().count();
        [active, self.messages.len() - active, self.windowed()]
    }
}
