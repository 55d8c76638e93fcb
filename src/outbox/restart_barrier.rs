//! Order across a restart: new messages wait for what an earlier process left.
//!
//! A restart begins new streams, and a receiver keeps order only within one. The rule: a stream is *blocked* while an older
//! stream to the same peer has restored messages that are neither delivered nor failed. `max_hold` after the first connect
//! it is enough that they are accepted, since a server pushes in the order in which it stored. After several restarts a
//! restored stream too may be blocked: by one of the process before.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use super::stream::Streams;
use super::{AWAITS_ACK_N, Outbox, READY};
use crate::collections::{self, Bytes, Key};
use crate::config::Order;
use crate::context::Context;
use crate::frame::Types;
use crate::recovery::FlightState;
use crate::time::Time;

#[derive(Clone, Debug)]
pub(super) struct RestartBarrier {
    /// Of each peer, the restored streams that block others, the oldest first.
    blocking: BTreeMap<Key, VecDeque<Key>>,
    /// The restored messages of these streams.
    restored: BTreeMap<Key, Restored>,
    /// The peers of streams that may block no longer.
    touched: Vec<Key>,
    patience: Patience,
}

/// The restored messages of one stream.
#[derive(Clone, Copy, Debug, Default)]
struct Restored {
    /// Neither delivered nor failed.
    live: usize,
    /// Nor accepted.
    unaccepted: usize,
}

/// Until when others wait for delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    /// For ever, or until the first connect starts the clock.
    Endless,
    Until(Time),
    /// From here on they wait for acceptance only.
    Over,
}

impl RestartBarrier {
    pub(super) const fn new() -> Self {
        Self { blocking: BTreeMap::new(), restored: BTreeMap::new(), touched: Vec::new(), patience: Patience::Endless }
    }

    pub(super) fn footprint(messages: usize) -> Bytes {
        collections::map::<Key, VecDeque<Key>>(messages)
            + collections::array::<Key>(messages) * 3
            + collections::map::<Key, Restored>(messages)
    }

    /// Whether no stream is blocked.
    pub(super) fn is_open(&self) -> bool {
        self.blocking.is_empty()
    }

    /// Whether a stream to a peer is blocked.
    fn blocks(&self, stream: Key, peer: Key) -> bool {
        self.first(peer).is_some_and(|first| first != stream)
    }

    fn first(&self, peer: Key) -> Option<Key> {
        self.blocking.get(&peer)?.front().copied()
    }

    /// A message was restored; to be called stream by stream, the oldest first.
    fn on_restored(&mut self, stream: Key, peer: Key, is_accepted: bool) {
        let restored = self.restored.entry(stream).or_insert_with(|| {
            self.blocking.entry(peer).or_default().push_back(stream);
            Restored::default()
        });
        restored.live += 1;
        restored.unaccepted += usize::from(!is_accepted);
    }

    pub(super) fn on_connected<T: Types>(&mut self, ctx: &Context<T>) {
        if self.is_open() || self.patience != Patience::Endless {
            return;
        }
        if let Order::InOrder { max_hold: Some(max_hold) } = ctx.config.order {
            self.patience = Patience::Until(ctx.now + max_hold);
        }
    }

    /// A restored message was accepted.
    pub(super) fn on_accepted(&mut self, stream: Key, peer: Key) {
        self.change(stream, peer, |restored| restored.unaccepted -= 1);
    }

    /// A restored message is delivered, discarded or failed.
    pub(super) fn on_gone(&mut self, stream: Key, peer: Key, was_accepted: bool) {
        self.change(stream, peer, |restored| {
            restored.live -= 1;
            restored.unaccepted -= usize::from(!was_accepted);
        });
    }

    fn change(&mut self, stream: Key, peer: Key, change: impl FnOnce(&mut Restored)) {
        if let Some(restored) = self.restored.get_mut(&stream) {
            change(restored);
            self.touched.push(peer);
        }
    }

    /// The streams that are blocked no longer; some were not before.
    fn open<T: Types>(&mut self, streams: &Streams<T>, now: Time) -> Vec<Key> {
        match self.patience {
            Patience::Until(end) if end <= now => {
                self.patience = Patience::Over;
                self.touched = self.blocking.keys().copied().collect();
            }
            Patience::Endless | Patience::Until(_) | Patience::Over => {}
        }
        let is_over = self.patience == Patience::Over;
        let mut unblocked = Vec::new();
        for peer in core::mem::take(&mut self.touched) {
            let Some(blocking) = self.blocking.get_mut(&peer) else { continue };
            let mut was_blocked = false;
            while let Some(stream) = blocking.front().copied() {
                let Restored { live, unaccepted } = self.restored.get(&stream).copied().unwrap_or_default();
                if live > 0 && (!is_over || unaccepted > 0) {
                    break;
                }
                if was_blocked && live > 0 {
                    unblocked.push(stream);
                }
                was_blocked = true;
                self.restored.remove(&stream);
                blocking.pop_front();
            }
            match blocking.front() {
                Some(first) if was_blocked => unblocked.push(*first),
                Some(_) => {}
                None => {
                    self.blocking.remove(&peer);
                    unblocked.extend(streams.of_peer(peer));
                }
            }
        }
        unblocked
    }

    /// When patience ends, while a stream is blocked.
    pub(super) fn next_deadline(&self) -> Time {
        match self.patience {
            Patience::Until(end) if !self.is_open() => end,
            Patience::Endless | Patience::Until(_) | Patience::Over => Time::MAX,
        }
    }
}

impl<T: Types> Outbox<T> {
    /// Whether the messages of a stream have to wait for older ones.
    pub(super) fn is_blocked(&self, stream: Key) -> bool {
        !self.barrier.is_open() && self.barrier.blocks(stream, self.streams[stream].peer)
    }

    /// The restored messages block newer streams from now on.
    pub(super) fn raise_barrier(&mut self) {
        for stream in self.streams.by_peer() {
            for (_, key) in self.streams[stream].live.iter() {
                let message = &mut self.messages[key];
                message.is_barrier = true;
                self.barrier.on_restored(stream, self.streams[stream].peer, message.is_accepted());
            }
        }
    }

    /// Queues the messages of streams that are blocked no longer. To be called at the end of each input.
    pub(crate) fn open_barrier(&mut self, ctx: &Context<T>) {
        if self.barrier.is_open() {
            return;
        }
        for stream in self.barrier.open::<T>(&self.streams, ctx.now).into_iter().filter(|_| ctx.connected) {
            for (_, key) in self.streams[stream].live.iter() {
                if self.flights.state(key) == FlightState::Idle {
                    let is_accepted = self.messages[key].is_accepted();
                    self.flights.queue(key, if is_accepted { AWAITS_ACK_N } else { READY });
                }
            }
        }
    }
}
