//! The actions of the caller and of [`Chaos`](super::Chaos): each takes effect at the current time, and the client is
//! drained after it.

use alloc::vec::Vec;
use core::time::Duration;

use super::durable::Durable;
use super::host::{Handling, Host};
use super::trace::Action;
use super::{Planned, World};
use crate::client::Client;
use crate::config::Config;
use crate::error::ConfigError;
use crate::frame::Types;
use crate::sim::link::{Link, LinkConfig};
use crate::sim::relay::Crash;

impl<T: Types<ServerId = u64>> World<T> {
    /// Adds a client and connects it.
    ///
    /// # Errors
    ///
    /// The config is invalid.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "the world keeps the name")]
    pub fn add_client(&mut self, peer: T::Peer, config: Config) -> Result<(), ConfigError> {
        self.admit(&peer, config, None)?;
        self.connect(&peer);
        Ok(())
    }

    /// Adds a client that is not connected until [`World::connect`].
    ///
    /// # Errors
    ///
    /// The config is invalid.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "the world keeps the name")]
    pub fn add_client_offline(&mut self, peer: T::Peer, config: Config) -> Result<(), ConfigError> {
        self.admit(&peer, config, None)
    }

    /// Adds a client that is not connected.
    #[track_caller]
    pub(super) fn admit(
        &mut self,
        peer: &T::Peer,
        config: Config,
        durable: Option<Durable<T>>,
    ) -> Result<(), ConfigError> {
        if self.hosts.contains_key(peer) {
            self.fail(format_args!("client {peer:?} was added before"));
        }
        let client = Client::new(config.clone(), self.dice.seed(), self.now)?;
        let up = Link::new(self.up.clone(), self.dice.bits());
        let down = Link::new(self.down.clone(), self.dice.bits());
        self.hosts.insert(peer.clone(), Host::new(client, config, self.handling, up, down, durable));
        self.settle(peer);
        self.plan_trouble_for(peer);
        Ok(())
    }

    /// Connects a client, or reconnects one that is connected. From now on it reconnects by itself when its connection
    /// breaks; while it is partitioned, it retries.
    #[track_caller]
    pub fn connect(&mut self, peer: &T::Peer) {
        let host = self.host_mut(peer);
        host.wanted = true;
        if host.connected {
            self.end_connection(peer);
        }
        if !self.is_alive(peer) {
            // Its restart connects it.
            return;
        }
        if self.host(peer).partitioned {
            self.plan_reconnect(peer);
        } else {
            self.establish(peer);
        }
    }

    /// Ends a client's connection until [`World::connect`]: both ends are notified, and frames in flight are dropped.
    #[track_caller]
    pub fn disconnect(&mut self, peer: &T::Peer) {
        let host = self.host_mut(peer);
        host.wanted = false;
        if host.connected {
            self.end_connection(peer);
        }
    }

    /// Ends a client's connection, as a network failure does: both ends are notified, frames in flight are dropped, and
    /// the client reconnects after about [`World::reconnect_after`].
    #[track_caller]
    pub fn break_connection(&mut self, peer: &T::Peer) {
        if self.host(peer).connected {
            self.end_connection(peer);
            self.plan_reconnect(peer);
        }
    }

    /// Loses all frames of a client, those in flight too, until [`World::heal`]; neither end is notified.
    #[track_caller]
    pub fn partition(&mut self, peer: &T::Peer) {
        let host = self.host_mut(peer);
        host.partitioned = true;
        host.clear_links();
        self.trace.action(self.now, Some(peer), Action::Partition);
        self.settle(peer);
    }

    /// Ends a partition.
    #[track_caller]
    pub fn heal(&mut self, peer: &T::Peer) {
        self.host_mut(peer).partitioned = false;
        self.trace.action(self.now, Some(peer), Action::Heal);
    }

    /// Crashes the relay: all connections end, also those of partitioned clients, and the clients reconnect one by one
    /// after about [`World::reconnect_after`].
    #[track_caller]
    pub fn crash_relay(&mut self, kind: Crash) {
        self.relay.crash(kind, self.now);
        self.trace.action(self.now, None, Action::CrashRelay(kind));
        let connected: Vec<_> =
            self.hosts.iter().filter(|(_, host)| host.connected).map(|(peer, _)| peer.clone()).collect();
        for peer in connected {
            self.break_connection(&peer);
        }
    }

    /// Replaces the process of a client that is not durable by a fresh one, with a fresh seed and no memory. It
    /// connects at once if the old one was connected or reconnecting.
    #[track_caller]
    pub fn replace_client(&mut self, peer: &T::Peer) {
        if self.host(peer).durable.is_some() {
            self.fail(format_args!("durable clients are killed, not replaced: {peer:?}"));
        }
        if self.host(peer).connected {
            self.end_connection(peer);
        }
        let seed = self.dice.seed();
        let fresh = match Client::new(self.host(peer).config.clone(), seed, self.now) {
            Ok(fresh) => fresh,
            Err(error) => self.fail(format_args!("a config that worked before: {error}")),
        };
        self.trace.action(self.now, Some(peer), Action::Replace);
        let host = self.host_mut(peer);
        host.client = fresh;
        host.life += 1;
        host.released.clear();
        let wanted = host.wanted;
        self.settle(peer);
        if wanted {
            self.connect(peer);
        }
    }

    /// Sets the config of a client's link to the relay for frames sent from now on.
    #[track_caller]
    pub fn set_up_link(&mut self, peer: &T::Peer, config: LinkConfig) {
        self.host_mut(peer).up.set_config(config);
    }

    /// Sets the config of a client's link from the relay for frames sent from now on.
    #[track_caller]
    pub fn set_down_link(&mut self, peer: &T::Peer, config: LinkConfig) {
        self.host_mut(peer).down.set_config(config);
    }

    /// Sets how a client's application handles messages from now on.
    #[track_caller]
    pub fn set_handling(&mut self, peer: &T::Peer, handling: Handling) {
        self.host_mut(peer).handling = handling;
    }

    /// Plans a client's next attempt to reconnect.
    pub(super) fn plan_reconnect(&mut self, peer: &T::Peer) {
        let after = self.dice.about(self.reconnect_after).max(Duration::from_nanos(1));
        self.plan(after, Planned::Reconnect(peer.clone()));
    }

    /// Connects both ends.
    pub(super) fn establish(&mut self, peer: &T::Peer) {
        let now = self.now;
        self.trace.action(now, Some(peer), Action::Connect);
        let host = self.host_mut(peer);
        host.connected = true;
        host.clear_links();
        host.client.handle_connected(now);
        self.settle(peer);
        if !self.is_alive(peer) {
            return;
        }
        self.relay.handle_connected(peer.clone(), now);
        self.drain_relay();
    }

    /// Disconnects both ends.
    fn end_connection(&mut self, peer: &T::Peer) {
        let now = self.now;
        self.trace.action(now, Some(peer), Action::Disconnect);
        self.relay.handle_disconnected(peer, now);
        self.drain_relay();
        let host = self.host_mut(peer);
        host.connected = false;
        host.clear_links();
        host.client.handle_disconnected(now);
        self.settle(peer);
    }
}
