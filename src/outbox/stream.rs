//! Outgoing streams: which stream numbers the next message to a peer.
//!
//! A stream is this process × one peer. Its 64 bits are drawn once, its seqs count without gaps, and the next message
//! goes to another one when it is *exhausted*: [`MAX_ABANDONED`] of its seqs were abandoned, so that a receiver has few
//! gaps to remember, or its last seq was used. The list of a peer has the oldest stream first; the last one numbers. A stream is *idle* when it
//! has no message; idle ones that are last but not first wait for those before them.
//!
//! As many idle streams are kept as the outbox may hold messages; beyond that the longest-idle one is forgotten, and
//! the next message to its peer starts another.

use super::Outbox;
use super::floors::Announce;
use crate::collections::{self, Bytes, Key, SeqMap, StreamTable};
use crate::frame::{Outgoing, Types};
use crate::id::{MsgId, SEQ_END, StreamId, StreamKey};
use crate::time::Time;

/// The number of abandoned seqs that exhausts a stream.
const MAX_ABANDONED: u32 = 512;

#[derive(Clone, Debug)]
pub(super) struct Stream {
    next_seq: u64,
    /// One past the highest seq that was transmitted.
    pub(super) sent_end: u64,
    /// The live messages.
    pub(super) live: SeqMap,
    pub(super) failed: SeqMap,
    /// The number of messages that failed or were discarded undelivered.
    abandoned: u32,
    /// Which messages were queued to announce the floor, until one of the stream's messages gets a timer: only then can
    /// a further rise be announced.
    pub(super) announced: Option<Announce>,
    pub(super) restored: Restored,
}

/// The restored messages of a stream.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Restored {
    /// Neither delivered nor failed.
    pub(super) live: u32,
    /// Nor accepted.
    pub(super) unaccepted: u32,
}

/// What is known of a recipient.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recipient {
    /// Whether a probe went unanswered since the recipient was last heard of, and when its probes last restarted.
    pub(super) is_silent: bool,
    pub(super) heard_at: Time,
}

impl Stream {
    fn new(next_seq: u64) -> Self {
        Self {
            next_seq,
            sent_end: next_seq,
            live: SeqMap::Empty,
            failed: SeqMap::Empty,
            abandoned: 0,
            announced: None,
            restored: Restored::default(),
        }
    }

    /// Takes the next seq. A message must follow.
    pub(super) const fn take_seq(&mut self) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        seq
    }

    /// The lowest seq that may still be transmitted unasked.
    fn floor(&self) -> u64 {
        self.live.first().unwrap_or(self.next_seq)
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
        self.abandoned >= MAX_ABANDONED || self.next_seq >= SEQ_END
    }
}

/// The streams by id and by peer; the idle ones among the silent.
pub(super) type Streams<T> = StreamTable<<T as Types>::Peer, Recipient, Stream>;

/// The maximum heap of the streams when the outbox holds `messages` messages.
pub(super) fn footprint<T: Types>(messages: usize) -> Bytes {
    // As many idle ones as messages, as many with messages, and as many idle ones that wait for an older one. A message
    // is in one of two maps.
    let streams = messages.saturating_mul(3);
    Streams::<T>::footprint(streams) + SeqMap::footprint(streams, messages)
}

/// The msg:R of a message that is transmitted now.
pub(super) fn msg_r<T: Types>(
    stream: &mut collections::Stream<T::Peer, Stream>,
    seq: u64,
    payload: T::Payload,
) -> Outgoing<T> {
    stream.sent_end = stream.sent_end.max(seq + 1);
    stream.announced = None;
    Outgoing::MsgR { id: stream.id.id(seq), to: stream.name.clone(), floor: stream.floor(), payload: Some(payload) }
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

    fn insert_stream(&mut self, to: &T::Peer, id: StreamKey, next_seq: u64) -> Key {
        let stream = self.streams.insert(to, id, Stream::new(next_seq), usize::MAX);
        let stream = stream.expect("no peer has more streams than a machine has addresses");
        self.streams.push_of_peer(stream);
        stream
    }

    /// Takes over a stream of an earlier process, for the messages that it has left.
    pub(super) fn adopt_stream(&mut self, id: StreamId, to: &T::Peer) -> Key {
        self.stream_ids.absorb(id.as_u64());
        // It numbers no new messages: a stream never outlives its process.
        self.insert_stream(to, StreamKey::from(id), SEQ_END)
    }

    /// An idle stream gets a message, or is about to be forgotten.
    fn on_busy(&mut self, stream: Key) {
        if self.streams.before(stream).is_none() {
            self.idle_streams -= 1;
            self.streams.unlink_silent(stream);
        }
    }

    /// To be called whenever a message has left a stream for good.
    pub(super) fn retire_if_idle(&mut self, stream: Key) {
        if self.streams[stream].is_idle() {
            self.retire(stream);
        }
    }

    #[inline(never)]
    pub(super) fn retire(&mut self, stream: Key) {
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
        self.streams.unlink_of_peer(stream);
        self.streams.remove(stream);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_slot_of_an_outgoing_stream_takes_96_bytes() {
        assert_eq!(size_of::<collections::Slot<collections::Stream<u64, Stream>>>(), 96);
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
        assert_eq!((stream.floor(), stream.is_idle()), (0, true));
        for key in 0..3 {
            let seq = stream.take_seq();
            stream.live.insert(seq, key);
        }
        assert_eq!((stream.floor(), stream.is_idle()), (0, false));
        stream.live.remove(0);
        stream.on_failed(1, 1);
        assert_eq!(stream.floor(), 2);
        stream.on_discarded(2);
        assert_eq!((stream.floor(), stream.is_idle()), (3, false), "a failed message stands above no floor");
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
        assert_eq!((stream.live.get(1), stream.failed.get(1), stream.floor()), (Some(1), None, 0));
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
