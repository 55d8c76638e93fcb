//! Scenarios of the sender.
//!
//! The first message of each earlier process stands in a stream of its own: many processes are many streams of one peer.

use std::time::Duration;

use sixfold::{FailReason, Incoming, MsgId, Record, Rejection, Verdict};
use sixfold_peers::callgrind::Lengths;

use super::{Node, START, Scenario, Small, bound, id_of, steady};

pub(super) const SCENARIOS: [Scenario; 10] = [
    Scenario::new("streams run empty, barrier", barrier, OPERATIONS),
    Scenario::new("streams run empty, oldest first", oldest_first, OPERATIONS),
    Scenario::new("streams run empty, newest first", newest_first, OPERATIONS),
    Scenario::new("streams run empty, failed ones", discarded, OPERATIONS),
    Scenario { parts: |n| 2 * n, ..Scenario::new("raw journal, a record", journal, ONCE) },
    Scenario::new("idle streams wait for older ones", idle, OPERATIONS),
    Scenario::new("failed streams beside a silence", beside_failed, OPERATIONS),
    Scenario::new("the newest refused above a gap", refused, OPERATIONS),
    Scenario::new("reconnect after a peak", after_peak, Lengths { short: 10, long: 110 }),
    Scenario {
        parts: |n| n,
        ..Scenario::new("reconnect, a waiting message", reconnect_waiting, Lengths { short: 1, long: 3 })
    },
];

/// As many as there are with few, and less: what an operation does to one of many can be done so often.
const OPERATIONS: Lengths = Lengths { short: 100, long: 900 };
/// All of them: what is made and what grows on the way is shared out among them.
const ONCE: Lengths = Lengths { short: 0, long: 1 };

/// How long after the one before a message is sent or settled: before anything times out.
const STEP: Duration = Duration::from_micros(1);
const PEER: u64 = 7;
const OTHER: u64 = 8;
/// Peers that are met for the first time have greater names than these.
const NEWCOMER: u64 = 1 << 32;

impl Node {
    fn send(&mut self, to: u64) -> MsgId {
        self.client.send(to, 0, self.now).expect("there is room")
    }

    fn accepted(&mut self, id: MsgId) {
        self.frame(Incoming::MsgA { id, verdict: Verdict::Accepted(1) });
    }

    fn delivered(&mut self, id: MsgId) {
        self.frame(Incoming::AckN { id, server_id: 1 });
    }

    fn rejected(&mut self, id: MsgId) {
        let rejection = Rejection { code: 1, reason: "no".into() };
        self.frame(Incoming::MsgA { id, verdict: Verdict::Rejected(rejection) });
    }

    /// A message goes its whole way.
    fn message(&mut self, to: u64) {
        let id = self.send(to);
        self.accepted(id);
        self.delivered(id);
    }

    fn tick(&mut self) {
        self.now = self.now + STEP;
    }
}

/// The message of an earlier process.
fn of(process: u64) -> MsgId {
    id_of(process, 0)
}

fn queued(process: u64, to: u64) -> Record<Small> {
    Record::Queued { id: of(process), to, payload: 0, at: START }
}

fn failed(process: u64) -> Record<Small> {
    Record::Failed { id: of(process), reason: FailReason::Unknown { rejection: None } }
}

/// The messages of `n` processes to one peer, followed by what `end` says of them.
fn processes(n: u64, end: impl Fn(u64) -> Record<Small>) -> Vec<Record<Small>> {
    (0..n).map(|process| queued(process, PEER)).chain((0..n).map(end)).collect()
}

/// Nothing was accepted: each stream waits for the one before.
fn barrier(n: u64, units: u64) {
    let records = (0..n).map(|process| queued(process, PEER)).collect();
    let mut node = Node::restored(steady().outbox_capacity(bound(n)), records);
    for process in 0..units {
        node.tick();
        node.accepted(of(process));
        node.delivered(of(process));
    }
}

/// Everything was accepted and has been probed for in vain.
fn probed(n: u64) -> Node {
    let records = processes(n, |process| Record::Accepted { id: of(process), server_id: 1 });
    let mut node = Node::restored(steady().outbox_capacity(bound(n)), records);
    node.wait(61);
    node.wait(10);
    node
}

/// The first answer of the peer makes all its probes start anew, which is once for all of them.
fn oldest_first(n: u64, units: u64) {
    let mut node = probed(n);
    for process in 0..units {
        node.tick();
        node.delivered(of(process));
    }
}

fn newest_first(n: u64, units: u64) {
    let mut node = probed(n);
    for process in (n - units..n).rev() {
        node.tick();
        node.delivered(of(process));
    }
}

fn discarded(n: u64, units: u64) {
    let mut node = Node::restored(steady().outbox_capacity(bound(n)), processes(n, failed));
    for process in 0..units {
        node.client.discard(of(process), node.now).expect("it has failed");
        node.drain();
    }
}

/// A whole restart: tables grow on the way.
fn journal(n: u64, units: u64) {
    let records = processes(n, |process| Record::Delivered { id: of(process), server_id: 1 });
    if units > 0 {
        Node::restored(steady().outbox_capacity(bound(n)), records);
    }
}

/// Half of the peers have a failed message of an earlier process, and an idle stream that waits for it. The others have an
/// idle stream alone, as many as may be, and each newcomer costs the longest idle one.
fn idle(n: u64, units: u64) {
    let half = n / 2;
    let records = (0..half).flat_map(|peer| [queued(peer, peer), failed(peer)]).collect();
    let mut node = Node::restored(steady().outbox_capacity(bound(half + 1)), records);
    (0..=n).for_each(|peer| node.message(peer));
    (0..units).for_each(|peer| node.message(NEWCOMER + peer));
    assert_eq!(node.client.stats().outgoing_streams, bound(3 * half + 1));
}

/// A conversation goes on with a peer that has as many failed streams, while another peer does not answer.
fn beside_failed(n: u64, units: u64) {
    let mut node = Node::restored(steady().outbox_capacity(bound(n) + 10), processes(n, failed));
    let silent = node.send(OTHER);
    node.accepted(silent);
    node.wait(10);
    for _ in 0..units {
        node.tick();
        node.message(PEER);
    }
}

/// The oldest wait, three times as many newer ones were delivered, and each newest is refused. The first one finds the gap;
/// the search is shared with those that made it.
fn refused(n: u64, units: u64) {
    let mut node = Node::new(steady().outbox_capacity(bound(n + units)));
    for _ in 0..n {
        let id = node.send(PEER);
        node.accepted(id);
    }
    for _ in 0..3 * n - 1_000 {
        let id = node.send(PEER);
        node.delivered(id);
    }
    for _ in 0..units {
        let id = node.send(PEER);
        node.rejected(id);
    }
}

/// As many have waited for their first transmission; nothing is left.
fn after_peak(n: u64, units: u64) {
    let mut node = Node::new(steady().outbox_capacity(bound(n)));
    let ids: Vec<MsgId> = (0..n).map(|_| node.send(PEER)).collect();
    ids.into_iter().for_each(|id| node.delivered(id));
    assert!(node.client.outbox().next().is_none(), "nothing is left");
    (0..units).for_each(|_| node.reconnect());
}

/// Accepted messages to a hundred peers, sent one after another. (They go out again in that order, and it is found to be
/// so. Those that were sent at one and the same time must be sorted.)
fn reconnect_waiting(n: u64, units: u64) {
    let mut node = Node::new(steady().outbox_capacity(bound(n)));
    for i in 0..n {
        node.tick();
        let id = node.send(i % 100);
        node.accepted(id);
    }
    (0..units).for_each(|_| node.reconnect());
}
