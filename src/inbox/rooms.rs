//! Which stream is forgotten for a new one.
//!
//! The rule: a stream is forgotten only to make room for another one. A peer at `max_streams_per_peer` loses its own
//! longest-silent stream. Otherwise the peer with the most streams loses its longest-silent one, else the longest-silent
//! of all goes, and only after its retention (silent for twice `lifetime`). A stream that is not quiet is never
//! forgotten. Otherwise the new stream is refused: its message is not acked and
//! [`HorizonExceeded`](crate::Event::HorizonExceeded) is emitted.

use alloc::collections::BTreeSet;

use super::Inbox;
use super::stream::Stream;
use crate::collections::Key;
use crate::config::Config;
use crate::frame::Types;
use crate::id::StreamKey;
use crate::time::Time;

/// The peers that have several streams, by how many.
pub(super) type Holders = BTreeSet<(u32, Key)>;

impl<T: Types> Inbox<T> {
    /// The number of streams of a peer has changed.
    #[inline]
    pub(super) fn on_count(&mut self, peer: Key, before: u32, now: u32) {
        if before > 1 {
            self.holders.remove(&(before, peer));
        }
        if now > 1 {
            self.holders.insert((now, peer));
        }
    }

    /// Opens a stream, which is not listed; `None` when its peer has `limit` streams already.
    pub(super) fn open_stream(&mut self, from: &T::Peer, id: StreamKey, limit: usize, now: Time) -> Option<Key> {
        let stream = self.streams.insert(from, id, Stream::new(now), limit)?;
        let peer = self.streams[stream].peer;
        let count = self.streams.count(peer);
        self.on_count(peer, count - 1, count);
        Some(stream)
    }

    /// Returns the stream that must be forgotten for a new one of a peer, if any.
    pub(super) fn room(&mut self, from: &T::Peer, config: &Config, now: Time) -> Result<Option<Key>, NoRoom> {
        if let Some(peer) = self.streams.peer(from) {
            if self.streams.count(peer) as usize >= config.max_streams_per_peer {
                return self.longest_silent(Some(peer)).map(Some).ok_or(NoRoom);
            }
        }
        if self.streams.len() < config.max_streams {
            return Ok(None);
        }
        let of_greatest = self.holders.last().copied().and_then(|(_, peer)| self.longest_silent(Some(peer)));
        let of_any = self.longest_silent(None);
        let past_retention = |stream: &Key| now.nanos_since(self.streams[*stream].heard) >= config.retention();
        of_greatest.filter(past_retention).or_else(|| of_any.filter(past_retention)).map(Some).ok_or(NoRoom)
    }
}

/// There is no room for a new stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoRoom;
