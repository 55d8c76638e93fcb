//! What the peers are made to do, written once for all of them.
//!
//! Each function takes a size and a number of units, warms up until nothing grows any more, and measures the units alone.

use std::hint::black_box;

use crate::halves::{Backlog, Converses, Forged, Holds, Listens, Receiver, Reconnect, Sender, Stale, Timers};
use crate::meter::{Meter, Spent};

/// How many messages are in flight while conversations come and go.
const CONVERSATIONS_AT_ONCE: u64 = 64;

/// A sliding window: `size` messages in flight, the first answer half a window after the message, the second a whole one
/// after, in order.
pub(crate) fn steady_tx<S: Sender>(size: u64, units: u64) -> Spent {
    let mut sender = S::new(size);
    let warm = warm_up(size);
    (0..warm).for_each(|i| slide(&mut sender, size, i));
    measure(warm..warm + units, |i| slide(&mut sender, size, i))
}

/// Message `i` comes, and the answer to the confirmation of the one before the window.
pub(crate) fn steady_rx<R: Receiver>(size: u64, units: u64) -> Spent {
    let mut receiver = R::new(size);
    let mut received = 0;
    let mut step = |i: u64| {
        received += receiver.message(i);
        if i + 1 >= size {
            receiver.noted(i + 1 - size);
        }
    };
    let warm = warm_up(size);
    (0..warm).for_each(&mut step);
    let spent = measure(warm..warm + units, &mut step);
    assert_eq!(received, warm + units, "each message is handed over once");
    spent
}

/// The caller's own part of [`steady_tx`].
pub(crate) fn inputs_tx<S: Sender>(size: u64, units: u64) -> Spent {
    let mut sender = S::new(size);
    sender.send(0);
    measure(0..units, |i| sender.inputs(i))
}

/// The caller's own part of [`steady_rx`].
pub(crate) fn inputs_rx<R: Receiver>(size: u64, units: u64) -> Spent {
    let mut receiver = R::new(size);
    measure(0..units, |i| receiver.inputs(i))
}

/// One message more to a conversation that is new, 64 messages in flight: [`steady_tx`] with a peer whose every message
/// goes to somebody else. `size` conversations at most.
pub(crate) fn conversations_tx<S: Sender>(size: u64, units: u64) -> Spent {
    let mut sender = S::new(size);
    measure(0..units, |i| slide(&mut sender, CONVERSATIONS_AT_ONCE, i))
}

/// The same, received.
pub(crate) fn conversations_rx<R: Receiver>(size: u64, units: u64) -> Spent {
    let mut receiver = R::new(size);
    measure(0..units, |i| {
        receiver.message(i);
        if i + 1 >= CONVERSATIONS_AT_ONCE {
            receiver.noted(i + 1 - CONVERSATIONS_AT_ONCE);
        }
    })
}

/// The window is full, and `size` messages wait behind it: one more is sent, the oldest on the wire gets its first answer,
/// so that one leaves, and the second answer comes a window later.
pub(crate) fn backlog<S: Backlog>(size: u64, units: u64) -> Spent {
    let mut sender = S::new(1);
    (0..S::WINDOW).for_each(|i| sender.send(i));
    (0..size).for_each(|i| sender.queue(S::WINDOW + i));
    let mut step = |i: u64| {
        sender.queue(size + S::WINDOW + i);
        sender.accepted_for_another(i);
        if i >= S::WINDOW {
            sender.settled(i - S::WINDOW);
        }
    };
    let warm = warm_up(size);
    (0..warm).for_each(&mut step);
    measure(warm..warm + units, &mut step)
}

/// `size` messages come before the one that was sent before them all, and are handed over when it comes. A unit is all of
/// them; their confirmations are answered afterwards.
pub(crate) fn held<R: Holds>(size: u64, units: u64) -> Spent {
    let mut receiver = R::new(2 * (size + 1));
    let mut step = |unit: u64| {
        let head = unit * (size + 1);
        (1..=size).for_each(|i| receiver.hold(head + i, head));
        assert_eq!(receiver.release(head), size + 1, "all are handed over");
        (0..=size).for_each(|i| receiver.noted(head + i));
    };
    const WARM: u64 = 10;
    (0..WARM).for_each(&mut step);
    measure(WARM..WARM + units, &mut step)
}

/// One message more in each of `size` conversations in turn, all of which have had one, 64 messages in flight.
pub(crate) fn in_turn_tx<S: Converses>(size: u64, units: u64) -> Spent {
    let mut sender = S::new(size);
    let mut step = |i: u64| {
        sender.send_to(i % size, i);
        if i >= CONVERSATIONS_AT_ONCE / 2 {
            sender.accepted(i - CONVERSATIONS_AT_ONCE / 2);
        }
        if i + 1 >= CONVERSATIONS_AT_ONCE {
            sender.settled(i + 1 - CONVERSATIONS_AT_ONCE);
        }
    };
    (0..size).for_each(&mut step);
    measure(size..size + units, &mut step)
}

/// The same, received.
pub(crate) fn in_turn_rx<R: Listens>(size: u64, units: u64) -> Spent {
    let mut receiver = R::new(size);
    let mut received = 0;
    let mut step = |i: u64| {
        received += receiver.message_from(i % size, i / size);
        if i + 1 >= CONVERSATIONS_AT_ONCE {
            let noted = i + 1 - CONVERSATIONS_AT_ONCE;
            receiver.noted_from(noted % size, noted / size);
        }
    };
    (0..size).for_each(&mut step);
    let spent = measure(size..size + units, &mut step);
    assert_eq!(received, size + units, "each message is handed over once");
    spent
}

/// A message that was confirmed comes again, `size` of them in turn.
pub(crate) fn duplicate<R: Receiver>(size: u64, units: u64) -> Spent {
    let mut receiver = R::new(size);
    let mut again = |i: u64| {
        black_box(receiver.message(i % size));
    };
    // The first copy is new, the second lets queues grow.
    (0..2 * size).for_each(&mut again);
    measure(0..units, again)
}

/// Each message comes once and then `size` times more before its confirmation is answered.
pub(crate) fn repeated<R: Receiver>(size: u64, units: u64) -> Spent {
    let mut receiver = R::new(1);
    let mut step = |i: u64| {
        for _ in 0..=size {
            black_box(receiver.message(i));
        }
        receiver.noted(i);
    };
    let warm = warm_up(1);
    (0..warm).for_each(&mut step);
    measure(warm..warm + units, &mut step)
}

/// An answer that was heard before comes again, with `size` in flight.
pub(crate) fn stale<S: Stale>(size: u64, units: u64) -> Spent {
    let mut sender = in_flight_after_some::<S>(size);
    measure(0..units, |_| sender.stale())
}

/// An answer to a message that never was comes, with `size` in flight.
pub(crate) fn forged<S: Forged>(size: u64, units: u64) -> Spent {
    let mut sender = in_flight_after_some::<S>(size);
    measure(0..units, |_| sender.forged())
}

/// One question for the next timeout, with `size` in flight.
pub(crate) fn poll_timeout<S: Timers>(size: u64, units: u64) -> Spent {
    let mut sender = in_flight_after_some::<S>(size);
    measure(0..units, |_| {
        let next = black_box(&mut sender).next_timeout();
        assert!(black_box(next).is_some(), "something is in flight");
    })
}

/// All timers of `size` messages in flight fire at once.
pub(crate) fn expire<S: Timers>(size: u64, units: u64) -> Spent {
    let mut sender = in_flight::<S>(size);
    let mut all = |_| assert_eq!(sender.expire_all(), size, "every message goes out again");
    all(0); // queues grow
    measure(0..units, all)
}

/// The connection breaks and comes back with `size` in flight. Each sender does it once: one whose connection breaks
/// again may hold some back.
pub(crate) fn reconnect<S: Reconnect>(size: u64, units: u64) -> Spent {
    const MAX_UNITS: u64 = 8;
    assert!(units <= MAX_UNITS, "their number is constant, so that making them cancels out");
    let mut senders: Vec<S> = (0..MAX_UNITS).map(|_| in_flight(size)).collect();
    let mut next = senders.iter_mut();
    measure(0..units, |_| {
        let sender = next.next().expect("there are enough");
        assert_eq!(sender.reconnect(), size, "every message goes out again");
    })
}

/// A sender with `size` messages in flight, none of them answered.
pub(crate) fn in_flight<S: Sender>(size: u64) -> S {
    let mut sender = S::new(size);
    (0..size).for_each(|i| sender.send(i));
    sender
}

/// A sender with `size` messages in flight that has settled some before.
fn in_flight_after_some<S: Sender>(size: u64) -> S {
    let mut sender = S::new(size);
    for i in 0..size {
        sender.send(i);
        sender.accepted(i);
        sender.settled(i);
    }
    (size..2 * size).for_each(|i| sender.send(i));
    sender
}

fn slide<S: Sender>(sender: &mut S, size: u64, i: u64) {
    sender.send(i);
    if i >= size / 2 {
        sender.accepted(i - size / 2);
    }
    if i + 1 >= size {
        sender.settled(i + 1 - size);
    }
}

/// After this number of messages every collection has its final size: a full window, and some more.
fn warm_up(size: u64) -> u64 {
    size + 512
}

/// What so many units take.
pub(crate) fn measure(units: std::ops::Range<u64>, mut unit: impl FnMut(u64)) -> Spent {
    let meter = Meter::start();
    units.for_each(&mut unit);
    meter.stop()
}
