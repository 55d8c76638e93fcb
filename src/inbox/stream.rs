//! The incoming streams: what is remembered of each sender.
//!
//! The rule: a stream is *quiet* when none of its messages is with the application and no ack of it is pending. Only quiet
//! streams stand in the lists from which the longest silent one is forgotten: that of their peer, and that of all.

use alloc::vec::Vec;

use crate::collections::{Bytes, Key, RangeSet, SeqMap, StreamTable};
use crate::config::Config;
use crate::frame::Types;
use crate::id::{MsgId, StreamKey};
use crate::rng::Rng;
use crate::time::Time;

use super::rooms::Holders;

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
}

impl Stream {
    pub(super) const fn new(now: Time) -> Self {
        Self { seen: RangeSet::new(), cursor: 0, heard: now, pending: SeqMap::new() }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Streams<T: Types> {
    pub(super) table: StreamTable<T::Peer, (), Stream>,
    pub(super) holders: Holders,
    /// Ranges over all streams.
    ranges: usize,
}

impl<T: Types> Streams<T> {
    pub(super) fn new(hashes: Rng) -> Self {
        Self { table: StreamTable::new(hashes), holders: Holders::new(), ranges: 0 }
    }

    /// The most heap that the streams take which have `messages` pending ones.
    pub(super) fn footprint(config: &Config, messages: usize) -> Bytes {
        let streams = config.max_streams;
        let ranges = config.max_ranges.saturating_add(config.inbox_capacity.saturating_mul(2)).saturating_add(streams);
        StreamTable::<T::Peer, (), Stream>::footprint(streams)
            + Holders::footprint(streams)
            + RangeSet::footprint(streams, ranges)
            + SeqMap::footprint(streams, messages)
    }

    pub(super) const fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) const fn ranges(&self) -> usize {
        self.ranges
    }

    /// The stream of a message, and the seq in it.
    #[inline]
    pub(super) fn look_up(&mut self, from: &T::Peer, id: MsgId) -> Option<(Key, u64)> {
        self.table.look_up_from(from, id)
    }

    /// The sender of a stream.
    #[inline]
    pub(super) fn from(&self, stream: Key) -> &T::Peer {
        self.table.name(stream)
    }

    #[inline]
    pub(super) fn id(&self, stream: Key) -> StreamKey {
        self.table[stream].id
    }

    /// A message of a known stream came: it leaves the lists of quiet ones until [`end_message`](Self::end_message).
    #[inline]
    pub(super) fn begin_message(&mut self, stream: Key, now: Time) {
        self.unlink_if_quiet(stream);
        self.table[stream].heard = now;
    }

    #[inline]
    pub(super) fn unlink_if_quiet(&mut self, stream: Key) {
        if self.table[stream].pending.is_empty() {
            self.unlink(stream);
        }
    }

    /// A message was taken in or not: a quiet stream is the last one heard of.
    #[inline]
    pub(super) fn end_message(&mut self, stream: Key) {
        if self.table[stream].pending.is_empty() {
            self.push_quiet(stream);
        }
    }

    /// A stream has become quiet.
    #[inline]
    pub(super) fn push_quiet(&mut self, stream: Key) {
        self.table.push_of_peer(stream);
        self.table.push_silent(stream);
    }

    #[inline]
    fn unlink(&mut self, stream: Key) {
        self.table.unlink_of_peer(stream);
        self.table.unlink_silent(stream);
    }

    /// Adds a message that is pending. The stream stands in no list of quiet ones.
    #[inline]
    pub(super) fn on_pending(&mut self, stream: Key, seq: u64, message: Key) {
        self.table[stream].pending.insert(seq, message);
    }

    /// A message is pending no longer.
    #[inline]
    pub(super) fn on_settled(&mut self, stream: Key, seq: u64) {
        let pending = &mut self.table[stream].pending;
        pending.remove(seq);
        if pending.is_empty() {
            self.push_quiet(stream);
        }
    }

    /// Changes what was seen of a stream.
    #[inline]
    pub(super) fn change_seen(&mut self, stream: Key, change: impl FnOnce(&mut RangeSet)) {
        let seen = &mut self.table[stream].seen;
        self.ranges -= seen.ranges();
        change(seen);
        self.ranges += seen.ranges();
    }

    /// Forgets a quiet stream.
    pub(super) fn forget(&mut self, stream: Key) {
        self.unlink(stream);
        self.remove(stream);
    }

    /// Forgets a stream that stands in no list.
    pub(super) fn remove(&mut self, stream: Key) {
        let peer = self.table[stream].peer;
        let count = self.table.count(peer);
        self.holders.on_change(peer, count, count - 1);
        let removed = self.table.remove(stream);
        self.ranges -= removed.seen.ranges();
    }

    /// All streams that `keep` keeps: by peer, then by id.
    pub(super) fn sorted(&self, keep: impl Fn(&Stream) -> bool) -> Vec<Key> {
        self.table.sorted(keep)
    }

    /// An earlier process heard of a stream: so room is made at the cost of the stream that it was made at before.
    pub(super) fn on_heard_before(&mut self, stream: Key, at: Time) {
        if at >= self.table[stream].heard {
            self.table[stream].heard = at;
            self.unlink(stream);
            self.push_quiet(stream);
        }
    }

    /// All records were applied: puts the streams in the order in which they were last heard of.
    pub(super) fn end_restore(&mut self) {
        let mut heard: Vec<_> = self.table.silent().map(|key| (self.table[key].heard, key)).collect();
        heard.sort_unstable();
        for (_, stream) in heard {
            self.unlink(stream);
            self.push_quiet(stream);
            let stream = &mut self.table[stream];
            stream.cursor = stream.seen.lowest_end();
        }
    }
}

impl<T: Types> core::ops::Index<Key> for Streams<T> {
    type Output = Stream;

    #[inline]
    fn index(&self, stream: Key) -> &Stream {
        &self.table[stream]
    }
}

impl<T: Types> core::ops::IndexMut<Key> for Streams<T> {
    #[inline]
    fn index_mut(&mut self, stream: Key) -> &mut Stream {
        &mut self.table[stream]
    }
}
