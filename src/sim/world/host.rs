//! One client with its application and its two links, as the world keeps them.

use alloc::collections::BTreeMap;
use core::time::Duration;

use crate::client::Client;
use crate::config::Config;
use crate::frame::{Incoming, Outgoing, Types};
use crate::id::MsgId;
use crate::sim::link::Link;
use crate::time::Time;

use super::durable::Durable;

/// What a client's application does with a message that is handed over to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Handling {
    /// It confirms it at once.
    #[default]
    Confirm,
    /// It leaves it unconfirmed.
    Never,
    /// It confirms it this much later.
    After(Duration),
    /// It gives each message back this many times and confirms it after that.
    Release(u32),
}

/// One client and what belongs to it.
#[derive(Debug)]
pub(super) struct Host<T: Types> {
    pub(super) client: Client<T>,
    pub(super) config: Config,
    pub(super) handling: Handling,
    /// How often the client was replaced.
    pub(super) life: u32,
    pub(super) up: Link<Outgoing<T>>,
    pub(super) down: Link<Incoming<T>>,
    pub(super) connected: bool,
    /// Whether it is to connect again when its connection breaks.
    pub(super) wanted: bool,
    /// Whether all its frames vanish.
    pub(super) partitioned: bool,
    /// How often each message was given back.
    pub(super) released: BTreeMap<(T::Peer, MsgId), u32>,
    /// Under which time the world's list of wake-ups has it.
    pub(super) wake: Option<Time>,
    /// Whether it counts among the settled ones.
    pub(super) settled: bool,
    /// What makes it durable, if it is.
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

    /// Whether its process runs; a dead client is a corpse to keep the name, and never touched.
    pub(super) fn is_alive(&self) -> bool {
        self.durable.as_ref().is_none_or(Durable::is_alive)
    }

    /// When the client next has something to do.
    pub(super) fn client_deadline(&self) -> Option<Time> {
        if self.is_alive() { self.client.poll_timeout() } else { None }
    }

    /// When the client or one of its links next has something to do.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        [self.client_deadline(), self.up.poll_timeout(), self.down.poll_timeout()].into_iter().flatten().min()
    }

    /// Drops what is on the way.
    pub(super) fn clear_links(&mut self) {
        self.up.clear();
        self.down.clear();
    }

    /// Tells whether the application gives this message back once more.
    pub(super) fn gives_back(&mut self, from: &T::Peer, id: MsgId, times: u32) -> bool {
        let released = self.released.entry((from.clone(), id)).or_insert(0);
        let again = *released < times;
        *released += u32::from(again);
        again
    }
}
