//! Order across a restart: new messages wait for what an earlier process left unsettled.
//!
//! A restart begins new streams, and a receiver keeps order only within one. The rule: a message to a peer waits until the
//! restored messages of all older streams to that peer are delivered or parked, for at most `max_hold` after the first
//! connect; then until they are accepted, since a server pushes in the order in which it stored. After several restarts a
//! restored message too may wait: for those of the process before the one that sent it.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::Outbox;
use super::entry::State;
use super::{PROBE, READY};
use crate::config::{Config, Order};
use crate::context::Context;
use crate::frame::Types;
use crate::memory::{self, Bytes};
use crate::retransmit::Place;
use crate::slab::Key;
use crate::time::Time;

#[derive(Clone, Debug)]
pub(super) struct Gates<T: Types> {
    /// Of each peer, the restored streams with messages left, the oldest first: what is of none before the first waits.
    shut: BTreeMap<T::Peer, Vec<(Key, Gate)>>,
    /// The peers whose gates may have opened.
    touched: Vec<T::Peer>,
    patience: Patience,
}

/// The restored messages of one stream.
#[derive(Clone, Copy, Debug, Default)]
struct Gate {
    /// Neither delivered nor parked.
    unsettled: usize,
    /// Nor accepted.
    unaccepted: usize,
}

/// Until when new messages wait for delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    /// For ever, or until the first connect starts the clock.
    Endless,
    Until(Time),
    /// From here on they wait for acceptance only.
    Over,
}

impl<T: Types> Gates<T> {
    pub(super) const fn new() -> Self {
        Self { shut: BTreeMap::new(), touched: Vec::new(), patience: Patience::Endless }
    }

    pub(super) fn memory_bound(messages: usize) -> Bytes {
        memory::map::<T::Peer, Vec<(Key, Gate)>>(messages)
            + memory::array::<(Key, Gate)>(messages)
            + memory::array::<T::Peer>(messages)
    }

    /// Whether nobody has to wait.
    #[inline]
    pub(super) fn are_open(&self) -> bool {
        self.shut.is_empty()
    }

    /// Whether the messages of a stream to a peer have to wait.
    #[inline]
    pub(super) fn is_shut(&self, peer: &T::Peer, stream: Key) -> bool {
        !self.are_open() && self.is_behind_another(peer, stream)
    }

    fn is_behind_another(&self, peer: &T::Peer, stream: Key) -> bool {
        self.shut.get(peer).and_then(|gates| gates.first()).is_some_and(|(first, _)| *first != stream)
    }

    /// A restored message is unsettled; to be told stream by stream, the oldest first.
    pub(super) fn shut(&mut self, peer: &T::Peer, stream: Key, is_accepted: bool) {
        let gates = self.shut.entry(peer.clone()).or_default();
        if gates.last().is_none_or(|(last, _)| *last != stream) {
            gates.push((stream, Gate::default()));
        }
        if let Some((_, gate)) = gates.last_mut() {
            gate.unsettled += 1;
            gate.unaccepted += usize::from(!is_accepted);
        }
    }

    pub(super) fn on_connected(&mut self, ctx: &Context<T>) {
        if self.shut.is_empty() || self.patience != Patience::Endless {
            return;
        }
        if let Order::InOrder { max_hold: Some(max_hold) } = ctx.config.order {
            self.patience = Patience::Until(ctx.now + max_hold);
        }
    }

    /// A restored message was accepted.
    pub(super) fn on_accepted(&mut self, peer: &T::Peer, stream: Key) {
        self.change(peer, stream, |gate| gate.unaccepted = gate.unaccepted.saturating_sub(1));
    }

    /// A restored message is settled or parked.
    pub(super) fn on_gone<S>(&mut self, peer: &T::Peer, stream: Key, state: &State<S>) {
        let was_accepted = match state {
            State::Queued | State::OnWire { .. } => false,
            State::Accepted { .. } => true,
        };
        self.change(peer, stream, |gate| {
            gate.unsettled = gate.unsettled.saturating_sub(1);
            gate.unaccepted = gate.unaccepted.saturating_sub(usize::from(!was_accepted));
        });
    }

    fn change(&mut self, peer: &T::Peer, stream: Key, change: impl FnOnce(&mut Gate)) {
        let gates = self.shut.get_mut(peer);
        if let Some((_, gate)) = gates.and_then(|gates| gates.iter_mut().find(|(of, _)| *of == stream)) {
            change(gate);
            self.touched.push(peer.clone());
        }
    }

    /// The peers whose gates open now.
    fn open(&mut self, now: Time) -> Vec<T::Peer> {
        match self.patience {
            Patience::Until(end) if end <= now => {
                self.patience = Patience::Over;
                self.touched = self.shut.keys().cloned().collect();
            }
            Patience::Endless | Patience::Until(_) | Patience::Over => {}
        }
        let over = self.patience == Patience::Over;
        let mut opened = Vec::new();
        for peer in core::mem::take(&mut self.touched) {
            let opens = |gate: &Gate| gate.unsettled == 0 || (over && gate.unaccepted == 0);
            let Some(gates) = self.shut.get_mut(&peer) else { continue };
            let open = gates.iter().take_while(|(_, gate)| opens(gate)).count();
            if open > 0 {
                gates.drain(..open);
                if gates.is_empty() {
                    self.shut.remove(&peer);
                }
                opened.push(peer);
            }
        }
        opened
    }

    /// When patience ends, while somebody waits.
    #[inline]
    pub(super) fn next_deadline(&self) -> Time {
        match self.patience {
            Patience::Until(end) if !self.shut.is_empty() => end,
            Patience::Endless | Patience::Until(_) | Patience::Over => Time::MAX,
        }
    }
}

impl<T: Types> Outbox<T> {
    /// Shuts the gates of the peers that a restore has left unsettled messages for.
    pub(super) fn shut_gates(&mut self, config: &Config) {
        match config.order {
            Order::InOrder { .. } => {}
            Order::AsArrived => return,
        }
        let streams: Vec<Key> = self.streams.peers().flat_map(|peer| self.streams.of(peer)).collect();
        for stream in streams {
            for (_, key) in self.streams[stream].ring.iter() {
                let entry = &mut self.entries[key];
                entry.gating = true;
                let is_accepted = matches!(entry.state, State::Accepted { .. });
                self.gates.shut(&self.streams[stream].peer, stream, is_accepted);
            }
        }
    }

    /// Whether a message has to wait for older ones to its peer.
    #[inline]
    pub(super) fn is_shut(&self, message: Key) -> bool {
        let stream = self.entries[message].stream;
        self.gates.is_shut(&self.streams[stream].peer, stream)
    }

    /// Lets out what waited behind gates that have opened. To be called at the end of each call.
    pub(crate) fn open_gates(&mut self, ctx: &Context<T>) {
        if self.gates.are_open() {
            return;
        }
        for peer in self.gates.open(ctx.now) {
            let waiting: Vec<Key> =
                self.streams.of(&peer).flat_map(|key| self.streams[key].ring.iter()).map(|(_, key)| key).collect();
            for key in waiting {
                if !ctx.connected || self.schedule.place(key) != Place::Idle || self.is_shut(key) {
                    continue;
                }
                let queue = match self.entries[key].state {
                    State::Queued | State::OnWire { .. } => READY,
                    State::Accepted { .. } => PROBE,
                };
                self.schedule.wait(key, queue);
            }
        }
    }
}
