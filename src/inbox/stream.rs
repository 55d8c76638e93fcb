//! The incoming streams: what is remembered of each.
//!
//! The rule: a stream is *quiet* when none of its messages is with the application and no ack of it is pending; only a
//! quiet one may be forgotten. Every quiet stream is *listed*: in the list of its peer and in that of all, the longest
//! silent first. One that is no longer quiet stays listed until a search for a quiet one meets it, so that a busy
//! stream does not enter and leave the lists with every message.

use super::Inbox;
use crate::collections::{Bytes, Key, RangeSet, SeqMap, StreamTable};
use crate::config::Config;
use crate::frame::Types;
use crate::time::Time;

/// What is remembered of a stream.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    /// What was handed over, and not released.
    pub(super) seen: RangeSet,
    /// For order: everything below was handed over or is not waited for. It only rises.
    pub(super) cursor: u64,
    pub(super) heard: Time,
    /// The messages that are with the application, or whose ack is pending.
    pub(super) pending: SeqMap,
    /// Whether it is in the lists of quiet streams.
    listed: bool,
}

impl Stream {
    pub(super) const fn new(now: Time) -> Self {
        Self { seen: RangeSet::new(), cursor: 0, heard: now, pending: SeqMap::Empty, listed: false }
    }
}

/// The streams by peer and id; the quiet ones among the silent.
pub(super) type Streams<T> = StreamTable<<T as Types>::Peer, (), Stream>;

/// The maximum heap of the streams, with `messages` messages pending.
pub(super) fn footprint<T: Types>(config: &Config, messages: usize) -> Bytes {
    let streams = config.max_streams;
    let ranges = config.max_ranges.saturating_add(config.inbox_capacity.saturating_mul(2)).saturating_add(streams);
    Streams::<T>::footprint(streams) + RangeSet::footprint(streams, ranges) + SeqMap::footprint(streams, messages)
}

impl<T: Types> Inbox<T> {
    /// Ends the handling of a message: a quiet stream becomes the most recent, or is forgotten if empty.
    pub(super) fn end_message(&mut self, stream: Key) {
        if self.streams[stream].pending.is_empty() {
            self.end_quiet_message(stream);
        }
    }

    #[inline(never)]
    fn end_quiet_message(&mut self, stream: Key) {
        if self.is_nothing(stream) {
            self.forget_stream(stream);
        } else {
            self.on_quiet(stream);
        }
    }

    /// Whether there is nothing to remember of a stream: no message, and no floor.
    pub(super) fn is_nothing(&self, stream: Key) -> bool {
        self.streams[stream].cursor == 0 && self.is_blank(stream)
    }

    /// Returns whether a stream is blank: nothing was handed over, nothing is held.
    pub(super) fn is_blank(&self, stream: Key) -> bool {
        let state = &self.streams[stream];
        state.seen.is_blank() && state.pending.is_empty() && self.held.lowest(stream).is_none()
    }

    /// Removes a message that is no longer pending.
    #[inline(always)]
    pub(super) fn on_settled(&mut self, stream: Key, seq: u64) {
        let pending = &mut self.streams[stream].pending;
        pending.remove(seq);
        if pending.is_empty() {
            self.on_quiet(stream);
        }
    }

    /// Makes a quiet stream the most recent one.
    pub(super) fn on_quiet(&mut self, stream: Key) {
        if self.streams.last_silent() != Some(stream) {
            self.move_last(stream);
        }
    }

    #[inline(never)]
    fn move_last(&mut self, stream: Key) {
        self.unlist(stream);
        self.streams[stream].listed = true;
        self.streams.push_of_peer(stream);
        self.streams.push_silent(stream);
    }

    #[inline(always)]
    fn unlist(&mut self, stream: Key) {
        if core::mem::replace(&mut self.streams[stream].listed, false) {
            self.streams.unlink_of_peer(stream);
            self.streams.unlink_silent(stream);
        }
    }

    /// Returns the longest-silent quiet stream: of a peer, or of all.
    pub(super) fn longest_silent(&mut self, peer: Option<Key>) -> Option<Key> {
        loop {
            let first = match peer {
                Some(peer) => self.streams.of_peer(peer).next(),
                None => self.streams.silent().next(),
            }?;
            if self.streams[first].pending.is_empty() {
                return Some(first);
            }
            self.unlist(first);
        }
    }

    /// Changes the seen seqs of a stream.
    pub(super) fn change_seen(&mut self, stream: Key, change: impl FnOnce(&mut RangeSet)) {
        let seen = &mut self.streams[stream].seen;
        self.ranges -= seen.ranges();
        change(seen);
        self.ranges += seen.ranges();
    }

    /// Forgets a quiet stream.
    pub(super) fn forget_stream(&mut self, stream: Key) {
        self.unlist(stream);
        let peer = self.streams[stream].peer;
        let count = self.streams.count(peer);
        self.on_count(peer, count, count - 1);
        self.ranges -= self.streams.remove(stream).seen.ranges();
    }

    /// Restores when a quiet stream was last heard of, so that the same streams are forgotten as before the restart.
    pub(super) fn on_heard_before(&mut self, stream: Key, at: Time) {
        if at >= self.streams[stream].heard {
            self.streams[stream].heard = at;
            self.on_quiet(stream);
        }
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    use crate::collections::{self, Slot};

    #[test]
    fn a_slot_of_an_incoming_stream_takes_96_bytes() {
        assert_eq!(size_of::<Slot<collections::Stream<u64, Stream>>>(), 96);
    }
}
