//! The receiver of the model: sets of seqs, and a map of messages.

mod acks;

use std::collections::{BTreeMap, BTreeSet};

use sixfold::{Delivery, Event, MsgId, Order, StreamId};

use super::shared::{Shared, nanos};
use super::timers::Timers;

/// A stream of a peer; each foreign id is a stream of its own.
type Name = (u64, Result<StreamId, MsgId>);
type Key = (Name, u64);

#[derive(Clone, Debug, Default)]
struct Stream {
    seen: BTreeSet<u64>,
    cursor: u64,
    handed_over: bool,
}

#[derive(Clone, Debug)]
enum State {
    Held { message: (u64, u64), since: u64, arrival: u64 },
    WithApp,
    Ack { sent: bool, unanswered: u32, arrival: u64 },
}

#[derive(Clone, Debug)]
pub struct Receiver {
    streams: BTreeMap<Name, Stream>,
    messages: BTreeMap<Key, State>,
    timers: Timers<Key>,
    /// The acks that wait for a token.
    waiting: Vec<Key>,
    arrivals: u64,
    pub ambiguous: bool,
}

fn key(from: u64, id: MsgId) -> Key {
    match id.stream() {
        Some(stream) => ((from, Ok(stream)), id.seq().unwrap()),
        None => ((from, Err(id)), 0),
    }
}

fn id((name, seq): Key) -> MsgId {
    name.1.map_or_else(|id| id, |stream| MsgId::new(stream, seq).unwrap())
}

impl Receiver {
    pub const fn new() -> Self {
        Self {
            streams: BTreeMap::new(),
            messages: BTreeMap::new(),
            timers: Timers::new(),
            waiting: Vec::new(),
            arrivals: 0,
            ambiguous: false,
        }
    }

    fn in_order(name: Name, shared: &Shared) -> bool {
        name.1.is_ok() && shared.knobs.order != Order::AsArrived
    }

    fn arrival(&mut self) -> u64 {
        self.arrivals += 1;
        self.arrivals
    }

    /// Returns the held messages, by arrival.
    fn held(&self) -> Vec<Key> {
        let mut held: Vec<(u64, Key)> = Vec::new();
        for (key, state) in &self.messages {
            if let State::Held { arrival, .. } = state {
                held.push((*arrival, *key));
            }
        }
        held.sort_unstable();
        held.into_iter().map(|(_, key)| key).collect()
    }

    fn with_app(&self) -> usize {
        self.messages.values().filter(|state| matches!(state, State::WithApp)).count()
    }

    fn is_full(&self, shared: &Shared) -> bool {
        self.with_app() + self.held().len() >= shared.knobs.capacity[1]
    }

    pub fn on_msg_n(&mut self, from: u64, id: MsgId, message: (u64, u64), floor: u64, shared: &mut Shared) {
        let key = key(from, id);
        let (name, seq) = key;
        let ordered = Self::in_order(name, shared);
        let floor = if ordered { floor.min(1 << 48) } else { 0 };
        let first = !self.streams.contains_key(&name);
        if !first {
            self.raise(name, floor, shared);
        } else {
            let early = ordered && seq > floor;
            if self.is_full(shared) && (early || self.held().is_empty()) {
                return;
            }
            self.streams.insert(name, Stream { cursor: floor, ..Stream::default() });
        }
        self.admit(key, message, ordered, shared);
        if first && self.is_blank(name) {
            self.streams.remove(&name);
        } else {
            self.close_if_blank(name);
        }
    }

    fn admit(&mut self, key: Key, message: (u64, u64), ordered: bool, shared: &mut Shared) {
        let (name, seq) = key;
        match self.messages.get(&key) {
            Some(State::Held { .. } | State::WithApp) => return,
            Some(State::Ack { .. }) => {
                if self.timers.runs(key) {
                    self.wait(key);
                }
                return;
            }
            None => {}
        }
        if self.streams[&name].seen.contains(&seq) {
            self.pend(key, true, shared);
            if shared.connected {
                self.wait(key);
            }
            return;
        }
        if ordered && seq > self.streams[&name].cursor {
            if !self.is_full(shared) {
                let arrival = self.arrival();
                self.messages.insert(key, State::Held { message, since: shared.now, arrival });
            }
            return;
        }
        if self.is_full(shared) {
            let held = self.held();
            let of_stream = held.iter().filter(|(stream, _)| *stream == name).max();
            let Some(dropped) = of_stream.or(held.last()).copied() else { return };
            self.messages.remove(&dropped);
            if dropped.0 != name {
                self.close_if_blank(dropped.0);
            }
        }
        let late = ordered && seq < self.streams[&name].cursor;
        self.hand_over(key, message, late, shared);
        if ordered {
            self.advance(name, shared);
        }
    }

    fn hand_over(&mut self, key: Key, (server_id, payload): (u64, u64), late: bool, shared: &mut Shared) {
        self.messages.insert(key, State::WithApp);
        let stream = self.streams.get_mut(&key.0).unwrap();
        stream.handed_over = true;
        stream.seen.insert(key.1);
        shared.event(Event::Received(Delivery { from: key.0.0, id: id(key), server_id, payload, late }));
    }

    /// Moves the cursor past everything seen, and hands over what is held at the cursor.
    fn advance(&mut self, name: Name, shared: &mut Shared) {
        loop {
            let stream = self.streams.get_mut(&name).unwrap();
            while stream.seen.contains(&stream.cursor) {
                stream.cursor += 1;
            }
            let key = (name, stream.cursor);
            let Some(State::Held { message, .. }) = self.messages.get(&key) else { return };
            let message = *message;
            self.hand_over(key, message, false, shared);
        }
    }

    /// Moves the cursor up to `to`; what is held below is handed over first, in order.
    fn raise(&mut self, name: Name, to: u64, shared: &mut Shared) {
        if to <= self.streams[&name].cursor {
            return;
        }
        let below = |key: &Key| key.0 == name && key.1 < to;
        while let Some((_, seq)) = self.held().into_iter().filter(below).min() {
            self.streams.get_mut(&name).unwrap().cursor = seq;
            self.advance(name, shared);
        }
        let cursor = &mut self.streams.get_mut(&name).unwrap().cursor;
        *cursor = to.max(*cursor);
        self.advance(name, shared);
    }

    fn close_if_blank(&mut self, name: Name) {
        if self.is_blank(name) && self.streams[&name].cursor == 0 {
            self.streams.remove(&name);
        }
    }

    /// Returns whether nothing was ever handed over and no message is left.
    fn is_blank(&self, name: Name) -> bool {
        !self.streams[&name].handed_over && !self.messages.keys().any(|key| key.0 == name)
    }

    pub fn confirm(&mut self, from: u64, id: MsgId, shared: &mut Shared) -> bool {
        let key = key(from, id);
        match self.messages.get(&key) {
            Some(State::Held { .. }) => false,
            Some(State::Ack { .. }) => true,
            None => self.streams.get(&key.0).is_some_and(|stream| stream.seen.contains(&key.1)),
            Some(State::WithApp) => {
                self.pend(key, false, shared);
                if shared.connected {
                    self.transmit(key, shared);
                }
                true
            }
        }
    }

    pub fn release(&mut self, from: u64, id: MsgId) -> bool {
        let key = key(from, id);
        let with_app = matches!(self.messages.get(&key), Some(State::WithApp));
        if with_app {
            self.messages.remove(&key);
            self.streams.get_mut(&key.0).unwrap().seen.remove(&key.1);
        }
        with_app
    }

    /// Returns when the longest held message is handed over.
    fn next_hold(&self, shared: &Shared) -> Option<(u64, Key)> {
        let Order::InOrder { max_hold: Some(max_hold) } = shared.knobs.order else { return None };
        let first = *self.held().first()?;
        let State::Held { since, .. } = &self.messages[&first] else { return None };
        Some((since + nanos(max_hold), first))
    }

    pub fn on_timeout(&mut self, shared: &mut Shared) {
        while let Some((_, (name, seq))) = self.next_hold(shared).filter(|(end, _)| *end <= shared.now) {
            self.raise(name, seq, shared);
        }
        self.fire_acks(shared);
    }

    pub fn deadline(&self, shared: &Shared) -> Option<u64> {
        let hold = self.next_hold(shared).map(|(end, _)| end);
        hold.into_iter().chain(self.next_ack_due(shared)).min()
    }

    pub fn gauges(&self) -> [usize; 3] {
        [self.with_app(), self.held().len(), self.acks().len()]
    }
}
