//! Which peer does what, at which sizes and for how long.

use crate::callgrind::Lengths;
use crate::cell::{Cell, Half, Holding, Name, Workload};
use crate::halves::{
    Backlog, Converses, Forged, Holds, Listens, Receiver, Reconnect, Remembers, Sender, Stale, Timers,
};
use crate::meter::Spent;
use crate::peers::sixfold;
use crate::{holdings, workloads};

/// Messages in flight.
pub(crate) const IN_FLIGHT: [u64; 5] = [1, 64, 1_024, 60_000, 1_000_000];
/// What there is once per message in flight is measured at these.
pub(crate) const AT_ONCE: [u64; 2] = [1_024, 60_000];
/// So many are in flight where nothing depends on it.
pub(crate) const SOME: u64 = 64;
pub(crate) const CONVERSATIONS: u64 = 100_000;
/// How many copies come after the first.
pub(crate) const COPIES: u64 = 10;
/// From how many senders a million messages come.
pub(crate) const SENDERS: [u64; 2] = [1, 1_000];
/// How many conversations there are on one day.
pub(crate) const A_DAY: u64 = 10_000;

const MESSAGES: Lengths = Lengths { short: 1_000, long: 6_000 };
/// Enough of what happens to dozens of messages at once.
const BLOCKS: Lengths = Lengths { short: 20, long: 120 };
/// Enough of what happens to thousands of messages at once.
const ONCE: Lengths = Lengths { short: 0, long: 1 };

/// All cells that tell what something costs.
pub(crate) fn costs() -> Vec<Cell> {
    all().costs
}

/// All cells that tell what something holds.
pub(crate) fn holdings() -> Vec<Holding> {
    all().holdings
}

fn all() -> List {
    let mut list = List::default();
    list.of_sixfold();
    #[cfg(feature = "peers")]
    list.of_others();
    list
}

#[derive(Debug)]
struct List {
    peer: &'static str,
    /// How many messages the peer can have, or should be made to have, in flight.
    most: u64,
    costs: Vec<Cell>,
    holdings: Vec<Holding>,
}

impl Default for List {
    fn default() -> Self {
        Self { peer: "", most: u64::MAX, costs: Vec::new(), holdings: Vec::new() }
    }
}

impl List {
    fn of_sixfold(&mut self) {
        use sixfold::{FromMany, Interface, Journal, Plain, Rx, ToMany, Tx, Unthrottled};
        self.peer("sixfold", u64::MAX);
        self.steady::<Tx<Plain>, Rx<Plain>>();
        self.held::<Tx<Plain>, Rx<Plain>>();
        self.waiting::<Tx<Plain>, Rx<Plain>>();
        self.duplicates::<Rx<Unthrottled>>();
        self.stale::<Tx<Plain>>();
        self.forged::<Tx<Plain>>();
        self.timers::<Tx<Unthrottled>>();
        self.reconnect::<Tx<Unthrottled>>();
        self.remembered::<FromMany>();
        self.conversations::<ToMany, FromMany>();
        self.in_turn::<ToMany, FromMany>();
        self.peer("sixfold-journal", u64::MAX);
        self.steady::<Tx<Journal>, Rx<Journal>>();
        self.cost(Workload::Records, Half::Tx, 1, sixfold::records_tx);
        self.cost(Workload::Records, Half::Rx, 1, sixfold::records_rx);
        self.peer("interface", u64::MAX);
        self.steady::<Tx<Interface>, Rx<Interface>>();
    }

    #[cfg(feature = "peers")]
    fn of_others(&mut self) {
        use crate::peers::mqtt::{mqtt_protocol_core as core, rumqttc};
        use crate::peers::{hash_heap, ring};
        /// Packet ids have sixteen bits.
        const PACKET_IDS: u64 = 65_535;
        /// Above, one cell takes hours: each answer moves what lies behind it in an ordered map.
        const QUADRATIC: u64 = 1_024;
        self.peer("rumqttc-qos1", PACKET_IDS);
        self.mqtt::<rumqttc::original::Tx<false>, rumqttc::original::Rx<false>>();
        self.peer("rumqttc-qos2", PACKET_IDS);
        self.mqtt::<rumqttc::original::Tx<true>, rumqttc::original::Rx<true>>();
        self.peer("rumqttc-next-qos2", PACKET_IDS);
        self.mqtt::<rumqttc::next::Tx<true>, rumqttc::next::Rx<true>>();
        self.peer("mqtt-protocol-core-qos2", QUADRATIC);
        self.mqtt::<core::Tx, core::Rx>();
        self.peer("hash-heap", u64::MAX);
        self.steady::<hash_heap::Tx, hash_heap::Rx>();
        self.held::<hash_heap::Tx, hash_heap::Rx>();
        self.duplicates::<hash_heap::Rx>();
        self.stale::<hash_heap::Tx>();
        self.forged::<hash_heap::Tx>();
        self.timers::<hash_heap::Tx>();
        self.reconnect::<hash_heap::Tx>();
        self.peer("seen-set", u64::MAX);
        self.remembered::<hash_heap::SeenSet>();
        self.peer("ring", u64::MAX);
        self.steady::<ring::Tx, ring::Rx>();
        self.held::<ring::Tx, ring::Rx>();
        self.duplicates::<ring::Rx>();
        self.stale::<ring::Tx>();
        self.reconnect::<ring::Tx>();
    }

    #[cfg(feature = "peers")]
    fn mqtt<S: Reconnect + Forged, R: Remembers>(&mut self) {
        self.steady::<S, R>();
        self.held::<S, R>();
        self.duplicates::<R>();
        self.forged::<S>();
        self.reconnect::<S>();
        self.remembered::<R>();
    }

    /// The cells that follow are of this peer.
    fn peer(&mut self, peer: &'static str, most: u64) {
        (self.peer, self.most) = (peer, most);
    }

    fn steady<S: Sender, R: Receiver>(&mut self) {
        for size in IN_FLIGHT {
            self.cost(Workload::Steady, Half::Tx, size, workloads::steady_tx::<S>);
            self.cost(Workload::Steady, Half::Rx, size, workloads::steady_rx::<R>);
        }
        self.cost(Workload::Inputs, Half::Tx, 1, workloads::inputs_tx::<S>);
        self.cost(Workload::Inputs, Half::Rx, 1, workloads::inputs_rx::<R>);
    }

    fn waiting<S: Backlog, R: Holds>(&mut self) {
        self.cost(Workload::Backlog, Half::Tx, SOME, workloads::backlog::<S>);
        self.push(Workload::Held, Half::Rx, SOME, workloads::held::<R>, BLOCKS, SOME + 1);
    }

    fn in_turn<S: Converses, R: Listens>(&mut self) {
        self.cost(Workload::InTurn, Half::Tx, CONVERSATIONS, workloads::in_turn_tx::<S>);
        self.cost(Workload::InTurn, Half::Rx, CONVERSATIONS, workloads::in_turn_rx::<R>);
    }

    fn duplicates<R: Receiver>(&mut self) {
        self.cost(Workload::Duplicate, Half::Rx, SOME, workloads::duplicate::<R>);
        self.cost(Workload::Repeated, Half::Rx, COPIES, workloads::repeated::<R>);
    }

    fn stale<S: Stale>(&mut self) {
        self.cost(Workload::Stale, Half::Tx, SOME, workloads::stale::<S>);
    }

    fn forged<S: Forged>(&mut self) {
        self.cost(Workload::Forged, Half::Tx, SOME, workloads::forged::<S>);
    }

    fn timers<S: Timers>(&mut self) {
        for size in AT_ONCE {
            self.cost(Workload::PollTimeout, Half::Tx, size, workloads::poll_timeout::<S>);
            self.cost_of_each(Workload::Expire, size, workloads::expire::<S>);
        }
    }

    fn reconnect<S: Reconnect>(&mut self) {
        for size in AT_ONCE {
            self.cost_of_each(Workload::Reconnect, size, workloads::reconnect::<S>);
        }
    }

    fn conversations<S: Sender, R: Remembers>(&mut self) {
        let (workload, size) = (Workload::Conversations, CONVERSATIONS);
        let lengths = Lengths { short: 0, long: size };
        self.push(workload, Half::Tx, size, workloads::conversations_tx::<S>, lengths, 1);
        self.push(workload, Half::Rx, size, workloads::conversations_rx::<R>, lengths, 1);
        self.holding(Workload::Idle, Half::Tx, size, holdings::idle_tx::<S>);
        self.holding(Workload::Idle, Half::Rx, size, holdings::idle_rx::<R>);
    }

    fn held<S: Sender, R: Receiver>(&mut self) {
        for size in AT_ONCE {
            self.holding(Workload::Unsettled, Half::Tx, size, holdings::unsettled::<S>);
            self.holding(Workload::Accepted, Half::Tx, size, holdings::accepted::<S>);
            self.holding(Workload::Confirmed, Half::Rx, size, holdings::confirmed::<R>);
        }
    }

    fn remembered<R: Remembers>(&mut self) {
        for size in SENDERS {
            self.holding(Workload::Seen, Half::Rx, size, holdings::seen::<R>);
        }
        self.holding(Workload::Day, Half::Rx, A_DAY, holdings::day::<R>);
    }

    fn cost(&mut self, workload: Workload, half: Half, size: u64, run: fn(u64, u64) -> Spent) {
        self.push(workload, half, size, run, MESSAGES, 1);
    }

    /// A unit is something that happens to all messages in flight at once.
    fn cost_of_each(&mut self, workload: Workload, size: u64, run: fn(u64, u64) -> Spent) {
        self.push(workload, Half::Tx, size, run, ONCE, size);
    }

    fn push(
        &mut self,
        workload: Workload,
        half: Half,
        size: u64,
        run: fn(u64, u64) -> Spent,
        lengths: Lengths,
        parts: u64,
    ) {
        if size <= self.most {
            let name = Name { peer: self.peer, workload, half, size };
            self.costs.push(Cell { name, run, lengths, parts });
        }
    }

    fn holding(&mut self, workload: Workload, half: Half, size: u64, bytes: fn(u64) -> f64) {
        let name = Name { peer: self.peer, workload, half, size };
        self.holdings.push(Holding { name, bytes });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::BTreeSet;

    use crate::peers;

    #[test]
    fn every_cell_has_a_name_of_its_own_and_a_known_peer() {
        let names: Vec<Name> =
            costs().iter().map(|cell| cell.name).chain(holdings().iter().map(|cell| cell.name)).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        assert!(names.iter().all(|name| peers::ALL.iter().any(|peer| peer.word == name.peer)));
    }

    #[test]
    fn the_interface_is_measured_beside_sixfold_at_each_size() {
        let steady = |peer| {
            let names = costs().into_iter().map(|cell| cell.name);
            let names = names.filter(move |name| name.peer == peer && name.workload == Workload::Steady);
            names.map(|name| name.of_anyone()).collect::<Vec<_>>()
        };
        assert_eq!(steady("interface"), steady("sixfold"));
        assert_eq!(steady("interface").len(), 2 * IN_FLIGHT.len());
    }

    /// The workloads assert what they rely on: that everything is delivered once, and goes out again when it must.
    #[test]
    fn every_cell_of_modest_size_runs() {
        for cell in costs().iter().filter(|cell| cell.name.size <= 1_024) {
            cell.run(cell.lengths.long.min(100));
        }
    }
}
