//! The sender of the model: one list of messages and a few lists of ids, searched for everything.
//!
//! Without a restart there is one stream per peer, so a stream is named by its peer, and none waits for an older one.

mod answers;
mod connection;
mod floors;
mod lists;
mod pauses;
mod questions;
mod suspects;
mod timeouts;
mod turns;

use std::collections::BTreeMap;

use sixfold::{Event, FailReason, MsgId};

use super::shared::{Shared, nanos};
use super::timers::Timers;
use floors::Announcement;
use kit::run::Reply;

#[derive(Clone, Debug)]
enum State {
    Queued,
    OnWire,
    Accepted { server_id: u64 },
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
    state: State,
    /// It may have been transmitted before the latest connection on which it was.
    earlier: bool,
    tries: Tries,
    /// The number of the latest transmission, and its time.
    tx: u64,
    sent_at: u64,
    cuts: u32,
    lone_cuts: u32,
    /// Transmissions since it was accepted.
    asked: u32,
    /// It was repeated because it was overdue, and accepted: another acceptance shows that it was needless.
    hurried: bool,
}

/// What has been tried on the latest connection on which it was transmitted.
#[derive(Clone, Debug, Default)]
struct Tries {
    connection: u64,
    copies: u32,
    unanswered: u32,
    /// The unanswered ones after which something was heard.
    attempts: u32,
    has_place: bool,
    /// A timeout of the RTO has passed; and one of what is overdue.
    after_rto: bool,
    overdue: bool,
}

impl Message {
    const fn is_live(&self) -> bool {
        !matches!(self.state, State::Failed { .. })
    }

    const fn is_accepted(&self) -> bool {
        matches!(self.state, State::Accepted { .. })
    }

    const fn is_on_wire(&self) -> bool {
        matches!(self.state, State::OnWire)
    }

    const fn seq(&self) -> u64 {
        self.id.seq().expect("an own id")
    }

    /// Its state becomes this, and nothing is known of it otherwise.
    fn enter(&mut self, state: State) {
        self.state = state;
        self.tries = Tries::default();
        (self.cuts, self.lone_cuts, self.asked, self.hurried) = (0, 0, 0, false);
    }
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Wire,
    Again,
    Reentry,
    Questions,
    Suspects,
    /// Never transmitted, accepted and at rest, or failed.
    Nowhere,
}

/// The one stream to a peer, and what is known of the peer.
#[derive(Clone, Debug, Default)]
struct Stream {
    order: usize,
    next_seq: u64,
    /// The seq after the highest first transmission.
    nxt: u64,
    /// The lowest and the highest abandoned seq above the floor.
    abandoned: Option<(u64, u64)>,
    again: Vec<MsgId>,
    reentry: Vec<MsgId>,
    paused_until: Option<u64>,
    announcement: Announcement,
    questions: questions::Peer,
}

#[derive(Clone, Debug)]
pub struct Sender {
    /// In the order of `send`.
    messages: Vec<Message>,
    streams: BTreeMap<u64, Stream>,
    wire: Timers<MsgId>,
    suspects: Vec<MsgId>,
    questions: Vec<MsgId>,
    /// Rings of streams.
    again_ring: Vec<u64>,
    ring: Vec<u64>,
    fresh_ring: Vec<u64>,
    /// The timers of the peers with accepted messages.
    probes: Timers<u64>,
    next_tx: u64,
    /// The greatest tx of a message that was accepted after one transmission.
    accepted_tx: u64,
    /// The first tx that gives a sample.
    last_place_was_a_suspects: bool,
    /// The message whose first transmission is timed.
    timed: Option<MsgId>,
    /// The last one delivered that was hurried.
    hurried: Option<MsgId>,
    /// The number of the connection, and when it came up.
    connection: u64,
    connected_at: u64,
    /// The time of the last first transmission, or of the connect.
    last_first: u64,
    suspects_limit: usize,
    paused_until: Option<u64>,
    /// The stream that got the last `RetryAfter`, and the end of its pause.
    last_retry: Option<(u64, u64)>,
    last_lap: Option<u64>,
    pub ambiguous: bool,
}

impl Sender {
    pub const fn new() -> Self {
        Self {
            messages: Vec::new(),
            streams: BTreeMap::new(),
            wire: Timers::new(),
            suspects: Vec::new(),
            questions: Vec::new(),
            again_ring: Vec::new(),
            ring: Vec::new(),
            fresh_ring: Vec::new(),
            probes: Timers::new(),
            next_tx: 1,
            accepted_tx: 0,
            last_place_was_a_suspects: false,
            timed: None,
            hurried: None,
            connection: 0,
            connected_at: 0,
            last_first: 0,
            suspects_limit: 1,
            paused_until: None,
            last_retry: None,
            last_lap: None,
            ambiguous: false,
        }
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
        self.messages.push(Message {
            id,
            to,
            payload,
            queued_at: shared.now,
            expires_at: shared.now + nanos(shared.knobs.expiry),
            resent: false,
            state: State::Queued,
            earlier: false,
            tries: Tries::default(),
            tx: 0,
            sent_at: 0,
            cuts: 0,
            lone_cuts: 0,
            asked: 0,
            hurried: false,
        });
        self.refresh(to);
        real
    }

    pub fn resend(&mut self, id: MsgId, shared: &Shared) -> bool {
        let Some(message) = self.find(id) else { return false };
        let State::Failed { reason, server_id } = message.state.clone() else { return false };
        let dead_at = message.queued_at + nanos(shared.knobs.lifetime);
        if shared.now >= dead_at {
            return false;
        }
        let state = match (server_id, reason) {
            (Some(server_id), _) => State::Accepted { server_id },
            (None, FailReason::Expired) => State::Queued,
            (None, _) => State::OnWire,
        };
        message.earlier = !matches!(state, State::Queued);
        message.enter(state);
        message.expires_at = dead_at.min(shared.now + nanos(shared.knobs.expiry));
        message.resent = true;
        let (to, seq, is_accepted) = (message.to, message.seq(), message.is_accepted());
        if is_accepted {
            self.recount(to, shared);
            self.on_newest(id, shared);
            self.ask(id, shared);
        } else if seq < self.streams[&to].nxt {
            self.move_to(Place::Reentry, id);
        }
        self.refresh(to);
        true
    }

    pub fn discard(&mut self, id: MsgId, shared: &Shared) -> bool {
        let Some(message) = self.find(id) else { return false };
        let (to, seq, is_live) = (message.to, message.seq(), message.is_live());
        self.stop_timing(id);
        self.remove(id);
        self.recount(to, shared);
        if is_live {
            self.on_end(to, seq, true, shared);
        }
        true
    }

    fn fail(&mut self, id: MsgId, reason: FailReason, shared: &mut Shared) {
        self.stop_timing(id);
        let message = self.find(id).unwrap();
        let (to, seq) = (message.to, message.seq());
        let server_id = match message.state {
            State::Accepted { server_id } => Some(server_id),
            State::Queued | State::OnWire | State::Failed { .. } => None,
        };
        message.enter(State::Failed { reason: reason.clone(), server_id });
        self.move_to(Place::Nowhere, id);
        shared.event(Event::Failed { id, reason });
        self.recount(to, shared);
        self.on_end(to, seq, true, shared);
    }

    pub fn expire(&mut self, shared: &mut Shared) {
        while let Some(first) = self.live().filter(|m| m.expires_at <= shared.now).min_by_key(|m| m.expires_at) {
            let (id, at) = (first.id, first.expires_at);
            let reason = match first.state {
                State::Queued => FailReason::Expired,
                State::OnWire | State::Accepted { .. } | State::Failed { .. } => {
                    FailReason::Unknown { rejection: None }
                }
            };
            let tied: Vec<bool> = self.live().filter(|m| m.expires_at == at).map(|m| m.resent).collect();
            self.ambiguous |= tied.len() > 1 && tied.contains(&true);
            self.fail(id, reason, shared);
        }
    }

    pub fn gauges(&self) -> [usize; 3] {
        let live = self.live().count();
        [live, self.messages.len() - live, self.in_window()]
    }
}
