//! Scenarios of the receiver.
//!
//! Each message is the first of a stream of its own, and the ack of each is pending for as long as ack:A does not come.

use sixfold::{Config, Incoming, MsgId, Record};
use sixfold_peers::callgrind::Lengths;

use super::{Node, START, Scenario, Small, bound, id_of, steady};

pub(super) const SCENARIOS: [Scenario; 4] = [
    Scenario::new("newcomers of a peer at its share", at_share, OPERATIONS),
    Scenario::new("newcomers refused, acks pending", all_busy, OPERATIONS),
    Scenario { parts: |n| 2 * n, ..Scenario::new("journal of a peer beyond its share", journal, ONCE) },
    Scenario::new("reconnect after a peak of acks", after_peak, Lengths { short: 10, long: 110 }),
];

const OPERATIONS: Lengths = Lengths { short: 100, long: 900 };
/// All of them: what is made and what grows on the way is shared out among them.
const ONCE: Lengths = Lengths { short: 0, long: 1 };

const PEER: u64 = 7;
/// Longer than a stream is remembered for certain.
const PAST_RETENTION: u64 = 15 * 24 * 3_600;

impl Node {
    /// Message 0 of a stream comes; tells whether it was handed over.
    fn message_from(&mut self, from: u64, stream: u64) -> bool {
        self.frame(Incoming::MsgN { id: of(stream), from, server_id: stream, floor: 0, payload: 0 }) == 1
    }

    fn noted(&mut self, from: u64, stream: u64) {
        self.frame(Incoming::AckA { id: of(stream), from });
    }
}

fn of(stream: u64) -> MsgId {
    id_of(stream, 0)
}

/// Room for so many of everything.
fn config(n: u64) -> Config {
    let n = bound(n);
    steady().max_streams(n).max_streams_per_peer(n).max_ranges(4 * n).inbox_capacity(n).ack_capacity(n)
}

/// All streams of a peer but the newest have an ack pending. The first search for a quiet one passes them all, once.
fn at_share(n: u64, units: u64) {
    let mut node = Node::new(config(n));
    (0..n - 1).for_each(|stream| assert!(node.message_from(PEER, stream)));
    for stream in n..n + units {
        assert!(node.message_from(PEER, stream), "the newest but one makes room");
        node.noted(PEER, stream);
    }
}

/// As many peers have one stream each, which may be forgotten but for its ack.
fn all_busy(n: u64, units: u64) {
    let mut node = Node::new(config(n));
    (0..n).for_each(|peer| assert!(node.message_from(peer, peer)));
    node.wait(PAST_RETENTION);
    (n..n + units).for_each(|peer| assert!(!node.message_from(peer, peer), "there is no room"));
}

/// Twice as many streams as a peer may have are restored.
fn journal(n: u64, units: u64) {
    let confirmed = |stream| Record::<Small>::Confirmed { from: PEER, id: of(stream), at: START };
    let records = (0..2 * n).map(confirmed).collect();
    if units > 0 {
        Node::restored(config(n), records);
    }
}

/// As many acks were pending; none is left.
fn after_peak(n: u64, units: u64) {
    let mut node = Node::new(config(n));
    (0..n).for_each(|stream| assert!(node.message_from(PEER, stream)));
    (0..n).for_each(|stream| node.noted(PEER, stream));
    (0..units).for_each(|_| node.reconnect());
}
