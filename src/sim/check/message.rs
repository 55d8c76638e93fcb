//! What the log has shown of one message, and how much of it the server has to know.

use alloc::collections::BTreeSet;
use core::time::Duration;

use crate::frame::Types;
use crate::time::Time;

#[derive(Clone, Debug)]
pub(super) struct Message<T: Types> {
    pub(super) line: u64,
    pub(super) to: T::Peer,
    pub(super) payload: T::Payload,
    pub(super) floors: BTreeSet<u64>,
    /// When the first of its msg:R came.
    pub(super) since: Time,
    /// Its server ids: one for each life of the server, and a fresh memory is a life.
    pub(super) server_ids: BTreeSet<T::ServerId>,
    pub(super) lives: usize,
    /// Whether an ack:R of its recipient was ever seen: then ack:N may follow.
    pub(super) confirmed: bool,
    pub(super) standing: Standing,
}

/// What the server is bound by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Nothing: its memory is gone, and no msg:R has come since.
    Forgotten,
    /// msg:R came.
    Heard,
    /// It said so with msg:A.
    Accepted,
    /// ack:R came. Whether it was handled is not known: the server may have died over it.
    Acked,
    /// It said so with ack:A or ack:N.
    Noted,
}

impl<T: Types> Message<T> {
    pub(super) fn new(line: u64, to: T::Peer, payload: T::Payload, floor: u64, since: Time) -> Self {
        let (floors, server_ids) = (BTreeSet::from([floor]), BTreeSet::new());
        let (lives, confirmed, standing) = (1, false, Standing::Heard);
        Self { line, to, payload, floors, since, server_ids, lives, confirmed, standing }
    }

    /// Lifts what the server is bound by; what it has forgotten only msg:R brings back.
    pub(super) fn lift(&mut self, standing: Standing) {
        if self.standing != Standing::Forgotten || standing == Standing::Heard {
            self.standing = self.standing.max(standing);
        }
    }

    /// Whether it still has to be pushed.
    pub(super) fn is_young(&self, now: Time, lifetime: Duration) -> bool {
        now.saturating_duration_since(self.since) < lifetime
    }

    pub(super) fn forget(&mut self) {
        self.lives += 1;
        self.standing = Standing::Forgotten;
    }
}
