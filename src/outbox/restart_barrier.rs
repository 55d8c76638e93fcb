//! Order across a restart: new messages wait for those of an earlier process.
//!
//! A restart begins new streams, and a receiver keeps order only within one. The rule: a stream is *blocked* while an
//! older stream to the same peer has restored messages that are neither delivered nor failed. `max_hold` after the
//! first connect it is enough that they are accepted, since a server pushes in the order in which it stored. After
//! several restarts a restored stream too may be blocked: by one of an earlier process.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use super::stream::{Restored, Streams};
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
    /// The peers of streams that may no longer be blocked.
    touched: Vec<Key>,
    /// When acceptance becomes enough; [`Time::MAX`] for never, or until the first connect.
    ends_at: Time,
    has_ended: bool,
}

impl RestartBarrier {
    pub(super) const fn new() -> Self {
        Self { blocking: BTreeMap::new(), touched: Vec::new(), ends_at: Time::MAX, has_ended: false }
    }

    pub(super) fn footprint(messages: usize) -> Bytes {
        collections::map::<Key, VecDeque<Key>>(messages) + collections::array::<Key>(messages) * 5
    }

    /// Whether no stream is blocked.
    pub(super) fn is_open(&self) -> bool {
        self.blocking.is_empty()
    }

    /// Whether a stream to a peer is blocked.
    fn blocks(&self, stream: Key, peer: Key) -> bool {
        self.blocking.get(&peer).and_then(VecDeque::front).is_some_and(|first| *first != stream)
    }

    pub(super) fn on_connected<T: Types>(&mut self, ctx: &Context<T>) {
        if let Order::InOrder { max_hold: Some(max_hold) } = ctx.config.order {
            if !self.is_open() && self.ends_at == Time::MAX {
                self.ends_at = ctx.now + max_hold;
            }
        }
    }

    /// Returns the streams that are no longer blocked, and possibly some that were not.
    fn open<T: Types>(&mut self, streams: &Streams<T>, now: Time) -> Vec<Key> {
        if self.next_deadline() <= now {
            self.has_ended = true;
            self.touched = self.blocking.keys().copied().collect();
        }
        let mut unblocked = Vec::new();
        for peer in core::mem::take(&mut self.touched) {
            let Some(blocking) = self.blocking.get_mut(&peer) else { continue };
            let mut was_blocked = false;
            while let Some(stream) = blocking.front().copied() {
                let Restored { live, unaccepted } = streams.get(stream).map(|state| state.restored).unwrap_or_default();
                if live > 0 && (!self.has_ended || unaccepted > 0) {
                    break;
                }
                if was_blocked && live > 0 {
                    unblocked.push(stream);
                }
                was_blocked = true;
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

    /// Returns when acceptance becomes enough, while a stream is blocked.
    pub(super) fn next_deadline(&self) -> Time {
        if self.is_open() || self.has_ended { Time::MAX } else { self.ends_at }
    }
}

impl<T: Types> Outbox<T> {
    /// Whether the messages of a stream have to wait for older ones.
    pub(super) fn is_blocked(&self, stream: Key) -> bool {
        !self.barrier.is_open() && self.barrier.blocks(stream, self.streams[stream].peer)
    }

    /// Starts the barrier: restored messages block newer streams.
    pub(super) fn raise_barrier(&mut self) {
        let has_live = |stream: &Key| !self.streams[*stream].live.is_empty();
        let streams: Vec<Key> = self.streams.by_peer(|stream| !stream.live.is_empty()).filter(has_live).collect();
        for stream in streams {
            let state = &mut self.streams[stream];
            self.barrier.blocking.entry(state.peer).or_default().push_back(stream);
            let mut restored = Restored::default();
            for (_, key) in state.live.iter() {
                let message = &mut self.messages[key];
                message.is_barrier = true;
                restored.live += 1;
                restored.unaccepted += u32::from(!message.is_accepted());
            }
            state.restored = restored;
        }
    }

    /// A restored message was accepted.
    pub(super) fn on_barrier_accepted(&mut self, stream: Key) {
        let stream = &mut self.streams[stream];
        stream.restored.unaccepted -= 1;
        self.barrier.touched.push(stream.peer);
    }

    /// A restored message is delivered, discarded or failed.
    pub(super) fn on_barrier_gone(&mut self, stream: Key, was_accepted: bool) {
        let stream = &mut self.streams[stream];
        stream.restored.live -= 1;
        stream.restored.unaccepted -= u32::from(!was_accepted);
        self.barrier.touched.push(stream.peer);
    }

    /// Queues the messages of streams that are no longer blocked. To be called at the end of each input.
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
