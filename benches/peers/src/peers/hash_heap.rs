//! The usual home-made map of acknowledgements: a hash map by message id, and a binary heap of deadlines.
//!
//! The fastest maps there are (hashbrown with foldhash), and no more work than must be done: no events, no window, no round
//! trip times, no jitter. A timer is removed when its message settles, in sending order. The receiver forgets a message
//! when its confirmation is answered: [`SeenSet`] is what remembering would take.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

use crate::halves::{Forged, Receiver, Reconnect, Remembers, Sender, Stale, Timers};

const TIMEOUT: u64 = 1_000_000_000;
const STEP: u64 = 4_000;

type Id = u128;
type Deadline = Reverse<(u64, Id)>;

#[derive(Debug)]
struct Entry {
    payload: Arc<[u8]>,
    attempts: u8,
    is_accepted: bool,
}

#[derive(Debug)]
struct Table {
    entries: HashMap<Id, Entry, FixedState>,
    deadlines: BinaryHeap<Deadline>,
    now: u64,
    payload: Arc<[u8]>,
}

impl Table {
    fn new() -> Self {
        let entries = HashMap::with_hasher(FixedState::with_seed(7));
        Self { entries, deadlines: BinaryHeap::new(), now: 0, payload: Arc::from([0x5a; 64]) }
    }

    fn insert(&mut self, id: Id) {
        self.now += STEP;
        self.entries.insert(id, Entry { payload: self.payload.clone(), attempts: 0, is_accepted: false });
        self.deadlines.push(Reverse((self.now + TIMEOUT, id)));
    }

    fn settle(&mut self, id: Id) {
        if let Some(entry) = self.entries.remove(&id) {
            black_box(entry);
            black_box(self.deadlines.pop());
        }
    }

    fn accept(&mut self, id: Id) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.is_accepted = true;
        }
    }

    /// What follows an input in a user's loop.
    fn turn(&self) {
        black_box(self.deadlines.peek());
    }
}

#[derive(Debug)]
pub(crate) struct Tx(Table);

impl Sender for Tx {
    fn new(_: u64) -> Self {
        Self(Table::new())
    }

    fn send(&mut self, i: u64) {
        self.0.insert(id(i));
        black_box(self.0.payload.clone()); // the transmission
        self.0.turn();
    }

    fn accepted(&mut self, i: u64) {
        self.0.accept(id(i));
        self.0.turn();
    }

    fn settled(&mut self, i: u64) {
        self.0.settle(id(i));
        self.0.turn();
    }

    fn inputs(&mut self, i: u64) {
        black_box([id(i), id(i), id(i)]);
    }
}

impl Timers for Tx {
    fn next_timeout(&self) -> Option<u64> {
        self.0.deadlines.peek().map(|Reverse((at, _))| *at)
    }

    fn expire_all(&mut self) -> u64 {
        self.0.now += 2 * TIMEOUT;
        let Table { entries, deadlines, now, .. } = &mut self.0;
        let mut frames = 0;
        while deadlines.peek().is_some_and(|Reverse((at, _))| *at <= *now) {
            let Some(Reverse((_, id))) = deadlines.pop() else { break };
            let Some(entry) = entries.get_mut(&id) else { continue };
            entry.attempts = entry.attempts.saturating_add(1);
            black_box(entry.payload.clone());
            deadlines.push(Reverse((*now + TIMEOUT, id)));
            frames += 1;
        }
        frames
    }
}

impl Reconnect for Tx {
    fn reconnect(&mut self) -> u64 {
        self.0.entries.values().map(|entry| drop(black_box(entry.payload.clone()))).count() as u64
    }
}

impl Stale for Tx {
    fn stale(&mut self) {
        self.settled(0);
    }
}

impl Forged for Tx {
    fn forged(&mut self) {
        self.settled(u64::MAX / 2);
    }
}

#[derive(Debug)]
pub(crate) struct Rx(Table);

impl Receiver for Rx {
    fn new(_: u64) -> Self {
        Self(Table::new())
    }

    fn message(&mut self, i: u64) -> u64 {
        let id = id(i);
        let is_new = !self.0.entries.contains_key(&id);
        if is_new {
            self.0.insert(id);
            self.0.accept(id); // the application has handled it
            black_box(self.0.payload.clone()); // the delivery
        }
        black_box(id); // ack:R leaves
        self.0.turn();
        u64::from(is_new)
    }

    fn noted(&mut self, i: u64) {
        self.0.settle(id(i));
        self.0.turn();
    }

    fn inputs(&mut self, i: u64) {
        black_box([id(i), id(i)]);
    }
}

/// The id of every message that ever came, which is what exact deduplication of random ids takes.
#[derive(Debug)]
pub(crate) struct SeenSet(HashSet<Id, FixedState>);

impl Receiver for SeenSet {
    fn new(_: u64) -> Self {
        Self(HashSet::with_hasher(FixedState::with_seed(7)))
    }

    fn message(&mut self, i: u64) -> u64 {
        u64::from(self.0.insert(id(i)))
    }

    fn noted(&mut self, _: u64) {}

    fn inputs(&mut self, i: u64) {
        black_box(id(i));
    }
}

impl Remembers for SeenSet {
    fn exchange(&mut self, from: u64, i: u64) {
        self.message((from << 32) | i);
    }
}

/// An id that looks like a UUID: well mixed, cheap to make.
fn id(i: u64) -> Id {
    let mixed = (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (u128::from(mixed) << 64) | u128::from(mixed.rotate_left(29) ^ i)
}
