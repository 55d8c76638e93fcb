//! Outgoing streams: the sequence space of each, and which one numbers the next message to a peer.
//!
//! A stream is this process × one peer. Its 64 bits are drawn once, its seqs count without gaps, and the next message
//! goes to another one when it is *exhausted*: [`MAX_ABANDONED`] of its seqs were abandoned, so that a receiver has few
//! gaps to remember, or its last seq was used. As in TCP a stream has three marks:
//!
//! ```text
//!    una                    nxt              end
//!  ───┬──────────────────────┬────────────────┬────
//!     │ transmitted, waiting │ never yet in   │ seqs to come
//!     │ for msg:A or ack:N   │ this process   │
//! ```
//!
//! `una` is the lowest live seq, which is the floor; `nxt` never goes back. What must be transmitted again waits in two
//! queues: `again`, which keeps its place in the window, and `re_entry`, which needs one.
//!
//! The list of a peer has the oldest stream first; the last one numbers. Across streams a receiver keeps no order, so a
//! newer stream is *released* only when no message of an older one holds it back. A stream is *idle* when it has no
//! message; idle ones that are last but not first wait for those before them. As many idle streams are kept as the
//! outbox may hold messages; beyond that the longest-idle one is forgotten, and the next message to its peer starts
//! another.

use super::Outbox;
use super::probes::Recipient;
use crate::collections::{Bytes, Key, List, SeqMap, StreamTable};
use crate::frame::Types;
use crate::id::{MsgId, SEQ_END, StreamId, StreamKey};

/// The number of abandoned seqs that exhausts a stream.
const MAX_ABANDONED: u32 = 512;

#[derive(Clone, Debug)]
pub(super) struct Stream {
    end: u64,
    /// The seq after the highest that was transmitted in this process before it was accepted.
    nxt: u64,
    /// From `nxt` to here nothing waits for its first transmission: those failed or are accepted.
    fresh_from: u64,
    /// The live messages.
    pub(super) live: SeqMap,
    pub(super) failed: SeqMap,
    pub(super) again: List,
    pub(super) re_entry: List,
    /// The number of messages that failed or were discarded undelivered.
    abandoned: u32,
    /// The number of messages for which newer streams of the peer wait.
    pub(super) holding_back: u32,
    /// Whether no older stream of the peer holds it back.
    pub(super) is_released: bool,
    /// The [rings](super::scheduler::Rings) in which it is, as bits.
    pub(super) rings: u8,
    /// On this connection every accepted message below this seq was asked about.
    pub(super) asked_below: u64,
    pub(super) asked_on: u32,
}

impl Stream {
    const fn new(end: u64) -> Self {
        Self {
            end,
            nxt: 0,
            fresh_from: 0,
            live: SeqMap::Empty,
            failed: SeqMap::Empty,
            again: List::EMPTY,
            re_entry: List::EMPTY,
            abandoned: 0,
            holding_back: 0,
            is_released: true,
            rings: 0,
            asked_below: 0,
            asked_on: 0,
        }
    }

    /// Takes the next seq. A message must follow.
    pub(super) const fn take_seq(&mut self) -> u64 {
        let seq = self.end;
        self.end += 1;
        seq
    }

    /// The floor: the lowest live seq, or the next one when none is live.
    #[inline]
    pub(super) fn una(&self) -> u64 {
        self.live.first().unwrap_or(self.end)
    }

    /// The seq after the highest that was transmitted in this process.
    pub(super) const fn nxt(&self) -> u64 {
        self.nxt
    }

    /// A message that is not accepted is transmitted; returns whether for the first time. `nxt` never goes back.
    #[inline]
    pub(super) const fn on_transmit(&mut self, seq: u64) -> bool {
        let is_first = seq >= self.nxt;
        if is_first {
            self.nxt = seq + 1;
            self.skip_to(self.nxt);
        }
        is_first
    }

    /// From this seq on the next first transmission is looked for.
    #[inline]
    pub(super) const fn fresh_from(&self) -> u64 {
        self.fresh_from
    }

    /// Below this seq nothing waits for its first transmission.
    #[inline]
    pub(super) const fn skip_to(&mut self, seq: u64) {
        if seq > self.fresh_from {
            self.fresh_from = seq;
        }
    }

    /// A live message failed.
    pub(super) fn on_failed(&mut self, seq: u64, message: Key) {
        self.live.remove(seq);
        self.failed.insert(seq, message);
        self.abandoned += 1;
    }

    /// A failed message is live again.
    pub(super) fn on_resent(&mut self, seq: u64, message: Key) {
        self.failed.remove(seq);
        self.live.insert(seq, message);
        self.fresh_from = self.fresh_from.min(seq.max(self.nxt));
        self.abandoned -= 1;
    }

    /// A failed message was delivered after all.
    pub(super) fn on_delivered_late(&mut self, seq: u64) {
        self.failed.remove(seq);
        self.abandoned -= 1;
    }

    /// A message was discarded.
    pub(super) fn on_discarded(&mut self, seq: u64) {
        if self.failed.remove(seq).is_none() {
            self.live.remove(seq);
            self.abandoned = self.abandoned.saturating_add(1);
        }
    }

    #[inline(always)]
    fn message(&self, seq: u64) -> Option<Key> {
        self.live.get(seq).or_else(|| self.failed.get(seq))
    }

    pub(super) fn is_idle(&self) -> bool {
        self.live.is_empty() && self.failed.is_empty()
    }

    const fn is_exhausted(&self) -> bool {
        self.abandoned >= MAX_ABANDONED || self.end >= SEQ_END
    }
}

/// The streams by id and by peer; the idle ones among the silent.
pub(super) type Streams<T> = StreamTable<<T as Types>::Peer, Recipient, Stream>;

/// The maximum heap of the streams when the outbox holds `messages` messages.
pub(super) fn footprint<T: Types>(messages: usize) -> Bytes {
    // A message is in one of two maps.
    let streams = streams(messages);
    Streams::<T>::footprint(streams) + SeqMap::footprint(streams, messages)
}

/// The maximum number of streams: as many idle ones as messages, as many with messages, and as many idle ones that wait
/// for an older one.
pub(super) const fn streams(messages: usize) -> usize {
    messages.saturating_mul(3)
}

impl<T: Types> Outbox<T> {
    /// The message of an id.
    pub(super) fn find(&self, id: MsgId) -> Option<Key> {
        let (stream, seq) = self.streams.find(id)?;
        self.streams[stream].message(seq)
    }

    /// As [`find`](Self::find); caches its stream for the next look-up.
    #[inline(always)]
    pub(super) fn look_up(&mut self, id: MsgId) -> Option<Key> {
        match self.streams.find_recent(id) {
            Some((stream, seq)) => self.streams[stream].message(seq),
            None => self.look_up_elsewhere(id),
        }
    }

    #[inline(always)]
    fn look_up_elsewhere(&mut self, id: MsgId) -> Option<Key> {
        let (stream, seq) = self.streams.look_up(id)?;
        self.streams[stream].message(seq)
    }

    pub(super) fn msg_id(&self, stream: Key, seq: u64) -> MsgId {
        self.streams[stream].id.id(seq)
    }

    /// Returns the stream that numbers the next message to a peer, a new one if needed. The message must follow.
    #[inline(always)]
    pub(super) fn stream_for_next(&mut self, to: &T::Peer) -> Key {
        match self.streams.last_of(to) {
            Some(last) => {
                let stream = &self.streams[last];
                if stream.is_exhausted() {
                    return self.open_stream(to, Some(last));
                }
                if stream.is_idle() {
                    self.on_busy(last);
                }
                last
            }
            None => self.open_stream(to, None),
        }
    }

    #[inline(never)]
    fn open_stream(&mut self, to: &T::Peer, exhausted: Option<Key>) -> Key {
        let id = loop {
            let id = StreamKey::from(StreamId::from_u64(self.stream_ids.next()));
            if self.streams.find(id.id(0)).is_none() {
                break id;
            }
        };
        if let Some(exhausted) = exhausted.filter(|exhausted| self.streams[*exhausted].is_idle()) {
            self.on_busy(exhausted);
            self.forget_stream(exhausted);
        }
        self.insert_stream(to, id, 0)
    }

    fn insert_stream(&mut self, to: &T::Peer, id: StreamKey, end: u64) -> Key {
        let stream = self.streams.insert(to, id, Stream::new(end), usize::MAX);
        let stream = stream.expect("no peer has more streams than a machine has addresses");
        self.streams.push_of_peer(stream);
        self.restore_order(stream);
        stream
    }

    /// Decides whether a stream is released by the one before it.
    pub(super) fn restore_order(&mut self, stream: Key) {
        let before = self.streams.before(stream).filter(|_| self.keeps_order).map(|before| &self.streams[before]);
        self.streams[stream].is_released = before.is_none_or(|before| before.is_released && before.holding_back == 0);
    }

    /// Takes over a stream of an earlier process, for the messages that it has left.
    pub(super) fn adopt_stream(&mut self, id: StreamId, to: &T::Peer) -> Key {
        self.stream_ids.absorb(id.as_u64());
        // It numbers no new messages: a stream never outlives its process.
        self.insert_stream(to, StreamKey::from(id), SEQ_END)
    }

    /// A message holds newer streams back no more.
    #[inline]
    pub(super) fn release(&mut self, stream: Key) {
        let state = &mut self.streams[stream];
        state.holding_back -= 1;
        if state.holding_back == 0 {
            self.release_newer(stream);
        }
    }

    /// Releases the streams after one that holds none back.
    fn release_newer(&mut self, mut stream: Key) {
        while self.streams[stream].is_released && self.streams[stream].holding_back == 0 {
            let Some(next) = self.streams.after(stream) else { return };
            if !core::mem::replace(&mut self.streams[next].is_released, true) {
                self.update_rings(next);
            }
            stream = next;
        }
    }

    /// An idle stream gets a message, or is about to be forgotten.
    fn on_busy(&mut self, stream: Key) {
        if self.streams.before(stream).is_none() {
            self.idle_streams -= 1;
            self.streams.unlink_silent(stream);
        }
    }

    /// To be called whenever a message has left a stream for good.
    #[inline]
    pub(super) fn retire_if_idle(&mut self, stream: Key) {
        if self.streams[stream].is_idle() {
            self.retire(stream);
        }
    }

    #[inline(never)]
    fn retire(&mut self, stream: Key) {
        if self.streams.after(stream).is_some() {
            self.forget_older(stream);
        } else if self.streams.before(stream).is_none() {
            self.on_idle(stream);
        }
    }

    /// Forgets an idle stream that is not among the silent; the next one of its peer may have waited for it.
    pub(super) fn forget_older(&mut self, stream: Key) {
        let next = self.streams.after(stream).filter(|_| self.streams.before(stream).is_none());
        self.forget_stream(stream);
        if let Some(next) = next.filter(|next| self.streams[*next].is_idle()) {
            self.on_idle(next);
        }
    }

    /// The first stream of a peer has become idle.
    fn on_idle(&mut self, stream: Key) {
        self.idle_streams += 1;
        self.streams.push_silent(stream);
        let longest_idle = self.streams.silent().next();
        if let Some(longest_idle) = longest_idle.filter(|_| self.idle_streams > self.max_idle_streams) {
            self.on_busy(longest_idle);
            self.forget_stream(longest_idle);
        }
    }

    fn forget_stream(&mut self, stream: Key) {
        self.update_rings(stream);
        self.pauses.end(stream);
        self.floors.remove(&stream);
        self.forget_walk(stream);
        self.streams.unlink_of_peer(stream);
        self.streams.remove(stream);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collections;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_slot_of_an_outgoing_stream_takes_128_bytes() {
        assert_eq!(size_of::<collections::Slot<collections::Stream<u64, Stream>>>(), 128);
    }

    /// A stream whose messages have the seqs from 0 to `end`, with these as keys.
    fn stream(end: Key) -> Stream {
        let mut stream = Stream::new(0);
        for key in 0..end {
            let seq = stream.take_seq();
            assert_eq!(seq, u64::from(key), "seqs count without gaps");
            stream.live.insert(seq, key);
        }
        stream
    }

    #[test]
    fn the_floor_is_the_lowest_live_seq_or_the_next_one() {
        let mut stream = stream(0);
        assert_eq!((stream.una(), stream.is_idle()), (0, true));
        for key in 0..3 {
            let seq = stream.take_seq();
            stream.live.insert(seq, key);
        }
        assert_eq!((stream.una(), stream.is_idle()), (0, false));
        stream.live.remove(0);
        stream.on_failed(1, 1);
        assert_eq!(stream.una(), 2);
        stream.on_discarded(2);
        assert_eq!((stream.una(), stream.is_idle()), (3, false), "a failed message stands above no floor");
    }

    #[test]
    fn a_message_is_found_live_and_failed_until_it_is_gone() {
        let mut stream = stream(4);
        stream.on_failed(1, 1);
        stream.on_failed(2, 2);
        assert_eq!(
            (0..5).map(|seq| stream.message(seq)).collect::<alloc::vec::Vec<_>>(),
            [Some(0), Some(1), Some(2), Some(3), None]
        );
        stream.on_resent(1, 1);
        assert_eq!((stream.live.get(1), stream.failed.get(1), stream.una()), (Some(1), None, 0));
        stream.on_delivered_late(2);
        stream.on_discarded(3);
        assert_eq!([2, 3].map(|seq| stream.message(seq)), [None, None]);
        assert_eq!([0, 1].map(|seq| stream.live.remove(seq)), [Some(0), Some(1)]);
        assert!(stream.is_idle());
    }

    #[test]
    fn what_failed_or_was_discarded_is_abandoned_unless_it_is_resent_or_delivered_late() {
        let mut stream = stream(4);
        stream.on_failed(0, 0);
        stream.on_failed(1, 1);
        stream.on_discarded(2);
        assert_eq!(stream.abandoned, 3);
        stream.on_discarded(0);
        assert_eq!(stream.abandoned, 3, "it was abandoned before");
        stream.on_resent(1, 1);
        assert_eq!(stream.abandoned, 2);
        stream.on_failed(1, 1);
        stream.on_delivered_late(1);
        assert_eq!(stream.abandoned, 2);
    }

    #[test]
    fn a_stream_is_exhausted_by_512_abandoned_seqs_or_the_last_seq() {
        let mut stream = stream(512);
        (0..511).for_each(|seq| stream.on_discarded(seq));
        assert!(!stream.is_exhausted());
        stream.on_failed(511, 511);
        assert!(stream.is_exhausted());
        stream.on_resent(511, 511);
        assert!(!stream.is_exhausted());
        let mut stream = Stream::new(SEQ_END - 1);
        assert!(!stream.is_exhausted());
        assert_eq!(stream.take_seq(), SEQ_END - 1);
        assert!(stream.is_exhausted());
    }
}
