//! What the caller can see of a world.

use super::trace::Entry;
use super::{HandOver, MessageLog, Report, World};
use crate::client::Client;
use crate::frame::Types;
use crate::id::MsgId;
use crate::sim::link::LinkStats;
use crate::sim::relay::Relay;
use crate::time::Time;

impl<T: Types<ServerId = u64>> World<T> {
    /// Tells the seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Tells the virtual time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// Looks into a client.
    #[must_use]
    #[track_caller]
    pub fn client(&self, peer: &T::Peer) -> &Client<T> {
        self.must_live(peer);
        &self.host(peer).client
    }

    /// Gives a client into the caller's hands; it is drained at the next step. What is confirmed through it is unknown to
    /// the [`Report`]: use [`World::confirm`] for that.
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

    /// Looks into the relay.
    #[must_use]
    pub fn relay(&self) -> &Relay<T> {
        &self.relay
    }

    /// Gives the relay into the caller's hands, to script its verdicts. Crash it with [`World::crash_relay`] instead.
    pub fn relay_mut(&mut self) -> &mut Relay<T> {
        &mut self.relay
    }

    /// Tells whether a client is connected.
    #[must_use]
    #[track_caller]
    pub fn is_connected(&self, peer: &T::Peer) -> bool {
        self.host(peer).connected
    }

    /// Tells what a client's two links have done: to the relay, and back.
    #[must_use]
    #[track_caller]
    pub fn link_stats(&self, peer: &T::Peer) -> (LinkStats, LinkStats) {
        let host = self.host(peer);
        (host.up.stats(), host.down.stats())
    }

    /// Tells what is known of a message.
    #[must_use]
    pub fn message(&self, from: &T::Peer, id: MsgId) -> Option<&MessageLog<T>> {
        self.ledger.message(from, id)
    }

    /// Lists the messages, by sender and then by id.
    pub fn messages(&self) -> impl Iterator<Item = &MessageLog<T>> {
        self.ledger.messages()
    }

    /// Lists what was handed over, in order, over all clients.
    #[must_use]
    pub fn hand_overs(&self) -> &[HandOver<T>] {
        self.ledger.hand_overs()
    }

    /// Draws the account up.
    #[must_use]
    pub fn report(&self) -> Report {
        self.ledger.report()
    }

    /// Lists what happened while the trace was [recorded](World::record_trace), in order.
    #[must_use]
    pub fn trace(&self) -> &[Entry<T>] {
        self.trace.entries()
    }

    /// Sums up everything that happened, recorded or not: two equal runs have equal digests.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.trace.digest()
    }
}
