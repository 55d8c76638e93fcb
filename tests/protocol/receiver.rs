//! The receiver: every state, bound and order at its boundary.

mod acks;
mod bounds;
mod capacity;
mod duplicates;
mod forgotten_streams;
mod order;

use kit::*;
use sixfold::{Event, Incoming, MsgId, Output};

/// Counts the messages that were refused because they cannot be remembered.
fn count_refused(outputs: &[Output<Test>]) -> usize {
    outputs.iter().filter(|output| matches!(output, Output::Event(Event::HorizonExceeded { .. }))).count()
}

/// Confirms one message and receives its ack:A.
fn handle(b: &mut Rig, from: u64, id: MsgId) {
    b.confirm(from, id);
    b.frame(Incoming::AckA { id, from });
}
