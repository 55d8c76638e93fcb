//! One client with its application and its two links.

use alloc::collections::BTreeMap;
use core::time::Duration;

use crate::client::Client;
use crate::config::Config;
use crate::frame::{Incoming, Outgoing, Types};
use crate::id::MsgId;
use crate::sim::link::Link;
use crate::time::Time;

use super::durable::Durable;

/// How a client's application handles a received message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Handling {
    /// It confirms the message at once.
    #[default]
    Confirm,
    /// It does not confirm the message.
    Never,
    /// It confirms the message after this delay.
    After(Duration),
    /// It releases each message this many times, then confirms it.
    Release(u32),
}

/// One client and what belongs to it.
#[derive(Debug)]
pub(super) struct Host<T: Types> {
    pub(super) client: Client<T>,
    pub(super) config: Config,
    pub(super) handling: Handling,
    /// How many times the client was replaced.
    pub(super) life: u32,
    pub(super) up: Link<Outgoing<T>>,
    pub(super) down: Link<Incoming<T>>,
    pub(super) connected: bool,
    /// Whether it reconnects when its connection breaks.
    pub(super) wanted: bool,
    /// Whether all its frames are lost.
    pub(super) partitioned: bool,
    /// How many times each message was released.
    pub(super) released: BTreeMap<(T::Peer, MsgId), u32>,
    /// Its time in the world's list of wake-ups.
    pub(super) wake: Option<Time>,
    /// Whether it is counted as settled.
    pub(super) settled: bool,
    /// The durable state, for a durable client.
    pub(super) durable: Option<Durable<T>>,
}

impl<T: Types> Host<T> {
    pub(super) fn new(
        client: Client<T>,
        config: Config,
        handling: Handling,
        up: Link<Outgoing<T>>,
        down: Link<Incoming<T>>,
        durable: Option<Durable<T>>,
    ) -> Self {
        Self {
            client,
            config,
            handling,
            life: 0,
            up,
            down,
            connected: false,
            wanted: false,
            partitioned: false,
            released: BTreeMap::new(),
            wake: None,
            settled: true,
            durable,
        }
    }

    /// Whether its process runs; the client of a dead process is never used.
    pub(super) fn is_alive(&self) -> bool {
        self.durable.as_ref().is_none_or(Durable::is_alive)
    }

    /// The next deadline of the client.
    pub(super) fn client_deadline(&self) -> Option<Time> {
        if self.is_alive() { self.client.poll_timeout() } else { None }
    }

    /// The next deadline of the client and its links.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        [self.client_deadline(), self.up.poll_timeout(), self.down.poll_timeout()].into_iter().flatten().min()
    }

    /// Drops the frames in flight.
    pub(super) fn clear_links(&mut self) {
        self.up.clear();
        self.down.clear();
    }

    /// Returns whether the application releases this message once more.
    pub(super) fn gives_back(&mut self, from: &T::Peer, id: MsgId, times: u32) -> bool {
        let released = self.released.entry((from.clone(), id)).or_insert(0);
        let again = *released < times;
        *released += u32::from(again);
        again
    }
}
