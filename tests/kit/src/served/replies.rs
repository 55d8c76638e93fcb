//! What a simulated server does with a msg:R.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sixfold::{Incoming, MsgId, Verdict};

use super::{Reply, Sent};
use crate::{SECOND, Test, rejection};

/// msg:A: accepted, with the server id 1.
pub fn accepted(sent: &Sent) -> Incoming<Test> {
    Incoming::MsgA { id: sent.id, verdict: Verdict::Accepted(1) }
}

/// After this delay: accepted, and not delivered.
pub fn accepts(delay: Duration, sent: &Sent) -> Reply {
    Reply::After(delay, vec![accepted(sent)])
}

/// After this delay: accepted and delivered.
pub fn delivers(delay: Duration, sent: &Sent) -> Reply {
    Reply::After(delay, vec![accepted(sent), Incoming::AckN { id: sent.id, server_id: 1 }])
}

/// After this delay: accepted; and a second later: delivered.
pub fn delivers_later(delay: Duration, sent: &Sent) -> Reply {
    let delivered = Incoming::AckN { id: sent.id, server_id: 1 };
    Reply::Each(vec![(delay, accepted(sent)), (delay + SECOND, delivered)])
}

/// After this delay: try again after `pause`.
pub fn pauses(delay: Duration, sent: &Sent, pause: Duration) -> Reply {
    Reply::After(delay, vec![Incoming::MsgA { id: sent.id, verdict: Verdict::RetryAfter(pause) }])
}

/// After this delay: rejected.
pub fn rejects(delay: Duration, sent: &Sent) -> Reply {
    Reply::After(delay, vec![Incoming::MsgA { id: sent.id, verdict: Verdict::Rejected(rejection(7)) }])
}

/// Returns a source of losses: each call returns whether a frame is lost.
pub fn losses(percent: u64) -> impl FnMut() -> bool {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move || {
        // SplitMix64 with the constants of its author.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % 100 < percent
    }
}

/// A server that remembers what it has accepted. It answers no question about an unknown message.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    known: BTreeMap<MsgId, u64>,
    ids_so_far: u64,
    /// The recipients that confirm at once; all others are away.
    pub present: BTreeSet<u64>,
}

impl Memory {
    /// Returns how many messages it knows.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Loses everything but the server ids that it has given.
    pub fn forget(&mut self) {
        self.known.clear();
    }

    pub fn answer(&mut self, sent: &Sent) -> Vec<Incoming<Test>> {
        if sent.is_whole && !self.known.contains_key(&sent.id) {
            self.ids_so_far += 1;
            self.known.insert(sent.id, self.ids_so_far);
        }
        let Some(server_id) = self.known.get(&sent.id).copied() else { return Vec::new() };
        let mut frames = vec![Incoming::MsgA { id: sent.id, verdict: Verdict::Accepted(server_id) }];
        if self.present.contains(&sent.to) {
            frames.push(Incoming::AckN { id: sent.id, server_id });
        }
        frames
    }
}
