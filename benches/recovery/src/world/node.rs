//! A client and its two links.

use std::fmt;

use sixfold::sim::{Link, LinkConfig};
use sixfold::{Client, Config, Incoming, Outgoing, Seed, Time};

use crate::chat::Chat;
use crate::log::Copy;

/// A frame on its way; of a msg:R, which copy it is.
#[derive(Clone, Debug)]
pub(super) struct Tagged<F> {
    pub(super) frame: F,
    pub(super) copy: Copy,
}

pub(super) struct Node {
    pub(super) client: Client<Chat>,
    pub(super) up: Link<Tagged<Outgoing<Chat>>>,
    pub(super) down: Link<Tagged<Incoming<Chat>>>,
    /// When it has something to do, as the world has it listed.
    pub(super) listed: Option<Time>,
}

impl Node {
    pub(super) fn new(config: Config, links: &LinkConfig, seed: u64, index: u64, now: Time) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&index.to_le_bytes());
        let client = Client::new(config, Seed::from_bytes(bytes), now).expect("the settings are sound");
        let link = (seed << 32) | (index << 1);
        let (up, down) = (Link::new(links.clone(), link), Link::new(links.clone(), link | 1));
        Self { client, up, down, listed: None }
    }

    /// What the links do to frames from now on.
    pub(super) fn set_links(&mut self, links: &LinkConfig) {
        self.up.set_config(links.clone());
        self.down.set_config(links.clone());
    }

    /// Drops what is on its way.
    pub(super) fn clear(&mut self) {
        self.up.clear();
        self.down.clear();
    }

    pub(super) fn next(&self) -> Option<Time> {
        [self.client.poll_timeout(), self.up.poll_timeout(), self.down.poll_timeout()].into_iter().flatten().min()
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("client", &self.client).finish_non_exhaustive()
    }
}
