//! Read access to a world.

use super::trace::Entry;
use super::{HandOver, MessageLog, Report, World};
use crate::client::Client;
use crate::frame::Types;
use crate::id::MsgId;
use crate::sim::link::LinkStats;
use crate::sim::relay::Relay;
use crate::time::Time;

impl<T: Types<ServerId = u64>> World<T> {
    /// Returns the seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns the virtual time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// Returns a client.
    #[must_use]
    #[track_caller]
    pub fn client(&self, peer: &T::Peer) -> &Client<T> {
        self.must_live(peer);
        &self.host(peer).client
    }

    /// Returns a client for direct use; it is drained at the next step. The [`Report`] does not see what is confirmed
    /// directly: use [`World::confirm`].
    #[track_caller]
    pub fn client_mut(&mut self, peer: &T::Peer) -> &mut Client<T> {
        self.must_live(peer);
        let now = self.now;
        let host = self.host_mut(peer);
        let was = (host.wake.replace(now), core::mem::replace(&mut host.settled, false));
        if let Some(wake) = was.0 {
            self.wakes.remove(&(wake, peer.clone()));
        }
        self.wakes.insert((now, peer.clone()));
        self.unsettled += usize::from(was.1);
        &mut self.host_mut(peer).client
    }

    /// Returns the relay.
    #[must_use]
    pub fn relay(&self) -> &Relay<T> {
        &self.relay
    }

    /// Returns the relay for direct use, to script its verdicts. To crash it, use [`World::crash_relay`].
    pub fn relay_mut(&mut self) -> &mut Relay<T> {
        &mut self.relay
    }

    /// Returns whether a client is connected.
    #[must_use]
    #[track_caller]
    pub fn is_connected(&self, peer: &T::Peer) -> bool {
        self.host(peer).connected
    }

    /// Returns the statistics of a client's two links: to the relay, and back.
    #[must_use]
    #[track_caller]
    pub fn link_stats(&self, peer: &T::Peer) -> (LinkStats, LinkStats) {
        let host = self.host(peer);
        (host.up.stats(), host.down.stats())
    }

    /// Returns the account of a message.
    #[must_use]
    pub fn message(&self, from: &T::Peer, id: MsgId) -> Option<&MessageLog<T>> {
        self.ledger.message(from, id)
    }

    /// Returns the messages, by sender and then by id.
    pub fn messages(&self) -> impl Iterator<Item = &MessageLog<T>> {
        self.ledger.messages()
    }

    /// Returns the hand-overs of all clients, in order.
    #[must_use]
    pub fn hand_overs(&self) -> &[HandOver<T>] {
        self.ledger.hand_overs()
    }

    /// Returns the account of the run.
    #[must_use]
    pub fn report(&self) -> Report {
        self.ledger.report()
    }

    /// Returns the entries that were [recorded](World::record_trace), in order.
    #[must_use]
    pub fn trace(&self) -> &[Entry<T>] {
        self.trace.entries()
    }

    /// Returns a digest of everything that happened, recorded or not: equal runs have equal digests.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.trace.digest()
    }
}
