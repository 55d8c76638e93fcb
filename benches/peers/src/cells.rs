//! Which peer does what, at which sizes and for how long.

use crate::cell::{Cell, Half, Lengths, Workload};
use crate::halves::{Receiver, Reconnect, Sender, Stray, Timers};
use crate::meter::Spent;
use crate::peers::sixfold;
use crate::workloads;

/// Messages in flight.
const IN_FLIGHT: [u64; 5] = [1, 64, 1_024, 60_000, 1_000_000];
/// What there is once per message in flight is measured at these.
const AT_ONCE: [u64; 2] = [1_024, 60_000];
const CONVERSATIONS: u64 = 100_000;
/// How many copies come after the first.
const COPIES: u64 = 10;

const MESSAGES: Lengths = Lengths { short: 1_000, long: 6_000 };
/// Enough of what happens to thousands of messages at once.
const ONCE: Lengths = Lengths { short: 0, long: 1 };

/// All cells.
pub(crate) fn all() -> Vec<Cell> {
    let mut list = List::default();
    list.peer("sixfold");
    list.sender::<sixfold::Tx<sixfold::Plain>>();
    list.receiver::<sixfold::Rx<sixfold::Plain>>();
    list.duplicates::<sixfold::Rx<sixfold::Unthrottled>>();
    list.stray::<sixfold::Tx<sixfold::Plain>>();
    list.timers::<sixfold::Tx<sixfold::Unthrottled>>();
    list.reconnect::<sixfold::Tx<sixfold::Unthrottled>>();
    list.conversations::<sixfold::ToMany, sixfold::FromMany>();
    list.peer("sixfold-journal");
    list.sender::<sixfold::Tx<sixfold::Journal>>();
    list.receiver::<sixfold::Rx<sixfold::Journal>>();
    list.cells
}

#[derive(Debug, Default)]
struct List {
    peer: &'static str,
    cells: Vec<Cell>,
}

impl List {
    /// The cells that follow are of this peer.
    fn peer(&mut self, peer: &'static str) {
        self.peer = peer;
    }

    fn sender<S: Sender>(&mut self) {
        for size in IN_FLIGHT {
            self.push(Workload::Steady, Half::Tx, size, workloads::steady_tx::<S>);
        }
        self.push(Workload::Inputs, Half::Tx, 1, workloads::inputs_tx::<S>);
    }

    fn receiver<R: Receiver>(&mut self) {
        for size in IN_FLIGHT {
            self.push(Workload::Steady, Half::Rx, size, workloads::steady_rx::<R>);
        }
        self.push(Workload::Inputs, Half::Rx, 1, workloads::inputs_rx::<R>);
    }

    fn duplicates<R: Receiver>(&mut self) {
        self.push(Workload::Duplicate, Half::Rx, 64, workloads::duplicate::<R>);
        self.push(Workload::Repeated, Half::Rx, COPIES, workloads::repeated::<R>);
    }

    fn stray<S: Stray>(&mut self) {
        self.push(Workload::Stale, Half::Tx, 64, workloads::stale::<S>);
        self.push(Workload::Forged, Half::Tx, 64, workloads::forged::<S>);
    }

    fn timers<S: Timers>(&mut self) {
        for size in AT_ONCE {
            self.push(Workload::PollTimeout, Half::Tx, size, workloads::poll_timeout::<S>);
            self.push_at_once(Workload::Expire, size, workloads::expire::<S>);
        }
    }

    fn reconnect<S: Reconnect>(&mut self) {
        for size in AT_ONCE {
            self.push_at_once(Workload::Reconnect, size, workloads::reconnect::<S>);
        }
    }

    fn conversations<S: Sender, R: Receiver>(&mut self) {
        let (workload, size) = (Workload::Conversations, CONVERSATIONS);
        self.push(workload, Half::Tx, size, workloads::conversations_tx::<S>);
        self.last().lengths = Lengths { short: 0, long: size };
        self.push(workload, Half::Rx, size, workloads::conversations_rx::<R>);
        self.last().lengths = Lengths { short: 0, long: size };
    }

    fn push(&mut self, workload: Workload, half: Half, size: u64, run: fn(u64, u64) -> Spent) {
        self.cells.push(Cell { peer: self.peer, workload, half, size, run, lengths: MESSAGES, parts: 1 });
    }

    /// A unit is something that happens to all messages in flight at once.
    fn push_at_once(&mut self, workload: Workload, size: u64, run: fn(u64, u64) -> Spent) {
        self.push(workload, Half::Tx, size, run);
        self.last().lengths = ONCE;
        self.last().parts = size;
    }

    fn last(&mut self) -> &mut Cell {
        self.cells.last_mut().expect("one was just pushed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::BTreeSet;

    #[test]
    fn every_cell_has_an_id_of_its_own() {
        let cells = all();
        let ids: BTreeSet<String> = cells.iter().map(Cell::id).collect();
        assert_eq!(ids.len(), cells.len());
    }

    /// The workloads assert what they rely on: that everything is delivered once, and goes out again when it must.
    #[test]
    fn every_cell_of_modest_size_runs() {
        for cell in all().iter().filter(|cell| cell.size <= 1_024) {
            (cell.run)(cell.size, cell.lengths.long.min(100));
        }
    }
}
