//! The least work there is: a ring indexed by seq, a watermark and a bitmap, for one conversation; no timers, no events.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;

use crate::halves::{Receiver, Reconnect, Sender, Stale};

#[derive(Debug)]
struct Slot {
    payload: Option<Arc<[u8]>>,
    is_accepted: bool,
}

#[derive(Debug)]
pub(crate) struct Tx {
    base: u64,
    slots: VecDeque<Slot>,
    payload: Arc<[u8]>,
}

impl Tx {
    fn slot(&mut self, i: u64) -> Option<&mut Slot> {
        self.slots.get_mut(i.checked_sub(self.base)? as usize)
    }
}

impl Sender for Tx {
    fn new(_: u64) -> Self {
        Self { base: 0, slots: VecDeque::new(), payload: Arc::from([0x5a; 64]) }
    }

    fn send(&mut self, _: u64) {
        self.slots.push_back(Slot { payload: Some(self.payload.clone()), is_accepted: false });
        black_box(self.payload.clone()); // the transmission
    }

    fn accepted(&mut self, i: u64) {
        if let Some(slot) = self.slot(i) {
            slot.is_accepted = true;
        }
    }

    fn settled(&mut self, i: u64) {
        if let Some(slot) = self.slot(i) {
            black_box(slot.payload.take());
        }
        while self.slots.pop_front_if(|slot| slot.payload.is_none()).is_some() {
            self.base += 1;
        }
    }

    fn inputs(&mut self, i: u64) {
        black_box(i);
    }
}

impl Reconnect for Tx {
    fn reconnect(&mut self) -> u64 {
        self.slots.iter().flat_map(|slot| &slot.payload).map(|payload| drop(black_box(payload.clone()))).count() as u64
    }
}

impl Stale for Tx {
    fn stale(&mut self) {
        self.settled(0);
    }
}

/// Everything below `base` is settled; a bit for each message from there on.
#[derive(Debug)]
pub(crate) struct Rx {
    base: u64,
    seen: VecDeque<u64>,
    noted: VecDeque<u64>,
    payload: Arc<[u8]>,
}

impl Receiver for Rx {
    fn new(_: u64) -> Self {
        Self { base: 0, seen: VecDeque::new(), noted: VecDeque::new(), payload: Arc::from([0x5a; 64]) }
    }

    fn message(&mut self, i: u64) -> u64 {
        let Some(offset) = i.checked_sub(self.base) else { return 0 };
        let (word, bit) = ((offset / 64) as usize, 1 << (offset % 64));
        while self.seen.len() <= word {
            self.seen.push_back(0);
            self.noted.push_back(0);
        }
        let is_new = self.seen[word] & bit == 0;
        self.seen[word] |= bit;
        if is_new {
            black_box(self.payload.clone()); // the delivery
        }
        black_box(i); // ack:R leaves
        u64::from(is_new)
    }

    fn noted(&mut self, i: u64) {
        let Some(offset) = i.checked_sub(self.base) else { return };
        if let Some(word) = self.noted.get_mut((offset / 64) as usize) {
            *word |= 1 << (offset % 64);
        }
        while self.noted.pop_front_if(|word| *word == u64::MAX).is_some() {
            self.seen.pop_front();
            self.base += 64;
        }
    }

    fn inputs(&mut self, i: u64) {
        black_box(i);
    }
}
