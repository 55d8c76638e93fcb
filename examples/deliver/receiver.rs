//! B: writes every message, and only then confirms it.

use std::collections::BTreeSet;
use std::time::Duration;

use sixfold::{Event, MsgId, Stats};

use crate::control::Control;
use crate::failure::Failure;
use crate::node::Node;
use crate::output::Output;
use crate::port::Tally;

/// What B can tell at the end.
#[derive(Debug)]
pub(crate) struct Received {
    /// The messages handed over.
    pub(crate) ids: BTreeSet<MsgId>,
    /// Messages handed over that had been handed over before.
    pub(crate) twice: u64,
    /// Messages handed over after one that was sent later.
    pub(crate) out_of_order: u64,
    /// Whether what was written is what was to be delivered, byte for byte, as far as it goes.
    pub(crate) right: bool,
    /// Whether it is also all of it.
    pub(crate) complete: bool,
    pub(crate) stats: Stats,
    pub(crate) tally: Tally,
}

/// Runs B until A is done and nothing waits for an answer, or it is told to stop.
pub(crate) fn run(mut node: Node, mut output: Output<'_>, control: &Control) -> Result<Received, Failure> {
    let mut seen = Seen::default();
    let mut done_since = None;
    while !control.is_stopped() {
        let mut written = Vec::new();
        for event in node.turn()? {
            if let Event::Received(delivery) = event {
                output.write(&delivery.payload)?;
                seen.note(delivery.id);
                written.push((delivery.from, delivery.id));
            }
        }
        if !written.is_empty() {
            // Confirmed means handled: the lines must have left this process.
            output.flush()?;
            let now = node.tick();
            for (from, id) in written {
                node.client.confirm(&from, id, now).expect("it was handed over just now and nobody else confirms");
            }
        }
        if control.is_sender_done() {
            let now = node.clock().now();
            let since = *done_since.get_or_insert(now);
            if node.client.is_settled() || now.saturating_duration_since(since) > GRACE {
                break;
            }
        }
    }
    Ok(Received {
        ids: seen.ids,
        twice: seen.twice,
        out_of_order: seen.out_of_order,
        right: output.is_right(),
        complete: output.is_complete(),
        stats: node.client.stats(),
        tally: node.close(),
    })
}

/// The receiver's own books: what it was handed over, without a look into the client.
#[derive(Debug, Default)]
struct Seen {
    ids: BTreeSet<MsgId>,
    twice: u64,
    out_of_order: u64,
}

impl Seen {
    /// A sends in one stream only, whose ids sort as they were made.
    fn note(&mut self, id: MsgId) {
        let overtaken = self.ids.last().is_some_and(|last| id < *last);
        if !self.ids.insert(id) {
            self.twice += 1;
        } else if overtaken {
            self.out_of_order += 1;
        }
    }
}

/// How long B still asks for the answers to its confirmations after A has everything it wants.
const GRACE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    use sixfold::StreamId;

    #[test]
    fn repeats_and_stragglers_are_told_apart() {
        let mut seen = Seen::default();
        for seq in [0, 1, 3, 2, 3, 4] {
            seen.note(MsgId::new(StreamId::from_u64(1), seq).expect("a small seq"));
        }
        assert_eq!((seen.ids.len(), seen.twice, seen.out_of_order), (5, 1, 1));
    }
}
