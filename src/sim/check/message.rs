//! What the log has shown of one message, and what the server must know of it.

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
    /// The time of its first msg:R.
    pub(super) since: Time,
    /// The process of its sender that transmitted it last.
    pub(super) process: u64,
    /// Its server ids: at most one for each life of the server; a loss of memory begins a new life.
    pub(super) server_ids: BTreeSet<T::ServerId>,
    pub(super) lives: usize,
    /// Whether its sender was ever told that the server has it: then it may ask.
    pub(super) accepted: bool,
    /// Whether a question about it came since the last msg:A.
    pub(super) asked: bool,
    /// Whether its recipient ever sent ack:R: then ack:N may follow.
    pub(super) confirmed: bool,
    /// The line of its latest push to its recipient; 0 if the server knows of none.
    pub(super) pushed: u64,
    pub(super) standing: Standing,
}

/// What the server must know of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Nothing: it lost its memory, and no msg:R has come since.
    Forgotten,
    /// msg:R came.
    Heard,
    /// It has answered msg:A.
    Accepted,
    /// ack:R came. The server may have died before it processed it.
    Acked,
    /// It has sent ack:A or ack:N.
    Noted,
}

impl<T: Types> Message<T> {
    pub(super) fn new(line: u64, to: T::Peer, payload: T::Payload, floor: u64, since: Time, process: u64) -> Self {
        let (floors, server_ids) = (BTreeSet::from([floor]), BTreeSet::new());
        let (lives, standing) = (1, Standing::Heard);
        let (accepted, asked, confirmed, pushed) = (false, false, false, 0);
        Self {
            line,
            to,
            payload,
            floors,
            since,
            process,
            server_ids,
            lives,
            accepted,
            asked,
            confirmed,
            pushed,
            standing,
        }
    }

    /// Raises what the server must know; after a loss of memory only msg:R does.
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
        self.pushed = 0;
        self.standing = Standing::Forgotten;
    }
}
