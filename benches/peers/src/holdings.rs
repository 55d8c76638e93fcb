//! What the peers hold: bytes of heap, the payload apart (all messages share one).

use std::hint::black_box;
use std::time::Duration;

use crate::halves::{Receiver, Remembers, Sender};
use crate::meter::live_bytes;
use crate::workloads;

/// Messages that are remembered, over all senders.
const MANY: u64 = 1_000_000;
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// Messages in each conversation on that day.
const A_DAY: u64 = 20;

/// Of each of `size` messages that were sent and not answered.
pub(crate) fn unsettled<S: Sender>(size: u64) -> f64 {
    bytes(|| workloads::in_flight::<S>(size)) / size as f64
}

/// Of each of `size` messages that were accepted and not settled.
pub(crate) fn accepted<S: Sender>(size: u64) -> f64 {
    bytes(|| {
        let mut sender = workloads::in_flight::<S>(size);
        (0..size).for_each(|i| sender.accepted(i));
        sender
    }) / size as f64
}

/// Of each of `size` messages that were confirmed, while no confirmation is answered.
pub(crate) fn confirmed<R: Receiver>(size: u64) -> f64 {
    bytes(|| {
        let mut receiver = R::new(size);
        (0..size).for_each(|i| assert_eq!(receiver.message(i), 1));
        receiver
    }) / size as f64
}

/// Altogether, after a million messages from `size` senders were confirmed and answered.
pub(crate) fn seen<R: Remembers>(size: u64) -> f64 {
    growth::<R>(size, |receiver| {
        for i in 0..MANY {
            receiver.exchange(i % size, i / size);
        }
    })
}

/// Altogether, after a day on which each of `size` senders sent twenty messages.
pub(crate) fn day<R: Remembers>(size: u64) -> f64 {
    let messages = size * A_DAY;
    let step = DAY / u32::try_from(messages).expect("less than that");
    growth::<R>(size, |receiver| {
        for i in 0..messages {
            receiver.exchange(i % size, i / size);
            receiver.wait(step);
        }
    })
}

/// Of each of `size` conversations in which one message was sent and settled.
pub(crate) fn idle_tx<S: Sender>(size: u64) -> f64 {
    let all = bytes(|| {
        let mut sender = S::new(size);
        for i in 0..size {
            sender.send(i);
            sender.accepted(i);
            sender.settled(i);
        }
        sender
    });
    all / size as f64
}

/// Of each of `size` conversations in which one message was received, confirmed and answered.
pub(crate) fn idle_rx<R: Remembers>(size: u64) -> f64 {
    growth::<R>(size, |receiver| (0..size).for_each(|i| receiver.exchange(i, 0))) / size as f64
}

/// What a receiver has come to hold meanwhile.
fn growth<R: Receiver>(room: u64, meanwhile: impl FnOnce(&mut R)) -> f64 {
    let mut receiver = R::new(room);
    let before = live_bytes();
    meanwhile(&mut receiver);
    let held = live_bytes().saturating_sub(before);
    black_box(receiver);
    held as f64
}

/// What something holds, all of it.
fn bytes<T>(make: impl FnOnce() -> T) -> f64 {
    let before = live_bytes();
    let made = make();
    let held = live_bytes() - before;
    black_box(made);
    held as f64
}
