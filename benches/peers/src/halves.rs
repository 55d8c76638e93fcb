//! What a peer must be able to do to be measured.
//!
//! The rule: a peer is driven as two halves, and each gets its counterpart's frames made up for it, so that the figure of
//! one half never contains the work of the other. Message `i` is the i-th, counted from 0. After each input a half drains
//! its outputs and, where it has timers, asks once for the next timeout, as a user's loop does.

use std::time::Duration;

/// What the sending client does.
pub(crate) trait Sender {
    /// A connected client with room for so many messages in flight.
    fn new(room: u64) -> Self;
    /// The application sends message `i`, and its first transmission leaves.
    fn send(&mut self, i: u64);
    /// The first answer comes: msg:A, PUBREC, or PUBACK.
    fn accepted(&mut self, i: u64);
    /// The second answer comes and settles the message: ack:N or PUBCOMP. Nothing where there is only one.
    fn settled(&mut self, i: u64);
    /// Makes and drops what the three calls above are given: the caller's own work, contained in their cost.
    fn inputs(&mut self, i: u64);
}

/// What the receiving client does.
pub(crate) trait Receiver {
    /// A connected client with room for so many messages whose confirmation is not answered yet.
    fn new(room: u64) -> Self;
    /// Message `i` comes, is handed over and confirmed at once; tells how often it was handed over.
    fn message(&mut self, i: u64) -> u64;
    /// The confirmation is answered: ack:A or PUBREL.
    fn noted(&mut self, i: u64);
    /// Makes and drops what the two calls above are given.
    fn inputs(&mut self, i: u64);
}

/// A sender that can have a connection break and another begin.
pub(crate) trait Reconnect: Sender {
    /// The connection breaks and comes back: everything unsettled is transmitted again. Tells how many frames left.
    fn reconnect(&mut self) -> u64;
}

/// A sender that has timers of its own.
pub(crate) trait Timers: Sender {
    /// When it wants to be woken, in units of its own.
    fn next_timeout(&self) -> Option<u64>;
    /// Time leaps so far that every timer fires, is answered by a retransmission, and is armed again. Tells how many
    /// frames left.
    fn expire_all(&mut self) -> u64;
}

/// A sender that can tell a repeated answer from an answer to something else.
pub(crate) trait Stale: Sender {
    /// An answer to a message that was settled before comes again.
    fn stale(&mut self);
}

/// A sender that recognises an answer that nobody asked for.
pub(crate) trait Forged: Sender {
    /// An answer to a message that never was comes.
    fn forged(&mut self);
}

/// A sender whose window may be full.
pub(crate) trait Backlog: Sender {
    /// How many messages may be on the wire unanswered.
    const WINDOW: u64;
    /// The application sends message `i`, and it waits for a place in the window.
    fn queue(&mut self, i: u64);
    /// The first answer to message `i` comes, and another one leaves in its place.
    fn accepted_for_another(&mut self, i: u64);
}

/// A sender that tells conversations apart.
pub(crate) trait Converses: Sender {
    /// The application sends message `i` to somebody.
    fn send_to(&mut self, to: u64, i: u64);
}

/// A receiver that keeps order.
pub(crate) trait Holds: Receiver {
    /// Message `i` comes before message `head`, the first that its sender has not settled, and is held.
    fn hold(&mut self, i: u64, head: u64);
    /// Message `head` comes, and is handed over with those that were held for it; tells how many they are.
    fn release(&mut self, head: u64) -> u64;
}

/// A receiver that tells conversations apart.
pub(crate) trait Listens: Receiver {
    /// Message `i` of somebody comes, is handed over and confirmed at once; tells how often it was handed over.
    fn message_from(&mut self, from: u64, i: u64) -> u64;
    /// The confirmation is answered.
    fn noted_from(&mut self, from: u64, i: u64);
}

/// A receiver whose memory of old messages is asked for.
pub(crate) trait Remembers: Receiver {
    /// Message `i` of somebody comes and is confirmed, and the confirmation is answered. Most do not know who from.
    fn exchange(&mut self, _from: u64, i: u64) {
        self.message(i);
        self.noted(i);
    }

    /// Time passes.
    fn wait(&mut self, _: Duration) {}
}
