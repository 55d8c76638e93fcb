//! Who pays when there is no room for a new stream.
//!
//! The rule: a stream is forgotten only to make room for another one, and then the peer that holds most pays with the one
//! it has not used for longest. A stream with unconfirmed messages or pending acks is never forgotten; one younger than
//! its retention (twice `lifetime`) only when its own peer is beyond its share. Otherwise the newcomer is refused, which
//! its sender learns by not being acked and the application by
//! [`HorizonExceeded`](crate::Event::HorizonExceeded).

use super::Streams;
use crate::config::Config;
use crate::frame::Types;
use crate::slab::Key;
use crate::time::Time;

impl<T: Types> Streams<T> {
    /// Whether there is room for a stream of a stranger and for a range.
    #[inline]
    pub(in crate::inbox) fn has_room(&self, config: &Config) -> bool {
        self.streams.len() < config.max_streams && self.ranges < config.max_ranges
    }

    /// Whether a new stream would need another's place, and whose: `Err` when there is none to be had.
    pub(in crate::inbox) fn room(&self, from: &T::Peer, config: &Config, now: Time) -> Result<Option<Key>, NoRoom> {
        let is_forgettable = |key: &Key| self.streams[*key].live.is_nothing();
        let longest_silent = |peer| self.peers.silent(peer).find(is_forgettable);
        if let Some(peer) = self.peers.find(from) {
            if self.peers.count(peer) >= config.max_streams_per_peer {
                return longest_silent(peer).map(Some).ok_or(NoRoom);
            }
        }
        if self.streams.len() < config.max_streams {
            return Ok(None);
        }
        let past_retention = |key: &Key| now.nanos_since(self.streams[*key].heard) >= config.retention();
        let most = self.peers.greatest().and_then(longest_silent);
        let any = || self.silent.iter().take_while(past_retention).find(is_forgettable);
        most.filter(past_retention).or_else(any).map(Some).ok_or(NoRoom)
    }
}

/// There is no room for a new stream.
#[derive(Debug)]
pub(in crate::inbox) struct NoRoom;
