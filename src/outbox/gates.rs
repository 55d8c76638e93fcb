//! Order across a restart: new messages wait for what an earlier process left unsettled.
//!
//! A restart begins new streams, and a receiver keeps order only within one. The rule: a new message to a peer waits until
//! that peer's restored messages are delivered or parked, for at most `max_hold` after the first connect; then until they
//! are accepted, since a server pushes in the order in which it stored.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::Outbox;
use super::READY;
use super::entry::State;
use crate::config::{Config, Order};
use crate::context::Context;
use crate::frame::Types;
use crate::memory;
use crate::retransmit::Place;
use crate::slab::Key;
use crate::time::Time;

#[derive(Clone, Debug)]
pub(super) struct Gates<T: Types> {
    shut: BTreeMap<T::Peer, Gate>,
    /// The peers whose gates may have opened.
    touched: Vec<T::Peer>,
    patience: Patience,
}

/// The restored messages of one peer.
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

    pub(super) fn memory_bound(messages: usize) -> usize {
        memory::map::<T::Peer, Gate>(messages) + memory::array::<T::Peer>(messages)
    }

    pub(super) fn is_shut(&self, peer: &T::Peer) -> bool {
        !self.shut.is_empty() && self.shut.contains_key(peer)
    }

    /// A restored message is unsettled.
    pub(super) fn shut(&mut self, peer: &T::Peer, is_accepted: bool) {
        let gate = self.shut.entry(peer.clone()).or_default();
        gate.unsettled += 1;
        gate.unaccepted += usize::from(!is_accepted);
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
    pub(super) fn on_accepted(&mut self, peer: &T::Peer) {
        self.change(peer, |gate| gate.unaccepted = gate.unaccepted.saturating_sub(1));
    }

    /// A restored message is settled or parked.
    pub(super) fn on_gone<S>(&mut self, peer: &T::Peer, state: &State<S>) {
        let was_accepted = match state {
            State::Queued | State::OnWire { .. } => false,
            State::Accepted { .. } => true,
        };
        self.change(peer, |gate| {
            gate.unsettled = gate.unsettled.saturating_sub(1);
            gate.unaccepted = gate.unaccepted.saturating_sub(usize::from(!was_accepted));
        });
    }

    fn change(&mut self, peer: &T::Peer, change: impl FnOnce(&mut Gate)) {
        if let Some(gate) = self.shut.get_mut(peer) {
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
            if self.shut.get(&peer).is_some_and(opens) {
                self.shut.remove(&peer);
                opened.push(peer);
            }
        }
        opened
    }

    /// When patience ends, while somebody waits.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        match self.patience {
            Patience::Until(end) if !self.shut.is_empty() => Some(end),
            Patience::Endless | Patience::Until(_) | Patience::Over => None,
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
        for (_, key) in &self.dated {
            let entry = &mut self.entries[*key];
            entry.gating = true;
            let is_accepted = matches!(entry.state, State::Accepted { .. });
            self.gates.shut(&self.streams[entry.stream].peer, is_accepted);
        }
    }

    /// Lets out what waited behind gates that have opened. To be called at the end of each call.
    pub(crate) fn open_gates(&mut self, ctx: &Context<T>) {
        if self.gates.shut.is_empty() {
            return;
        }
        for peer in self.gates.open(ctx.now) {
            let waiting: Vec<Key> =
                self.streams.of(&peer).flat_map(|key| self.streams[key].ring.iter()).map(|(_, key)| key).collect();
            for key in waiting {
                if ctx.connected && self.schedule.place(key) == Place::Idle {
                    self.schedule.wait(key, READY);
                }
            }
        }
    }
}
