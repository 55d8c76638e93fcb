//! Exhaustive search: every placement of up to two faults in a small world, with each message handed over once, in order
//! within its stream, first accepted after those of earlier processes, and reported as delivered once.
//!
//! Two clients with journals and the relay exchange one to three messages. A run is a list of (step,
//! [`fault`](world::Fault)): between any two steps every possible fault occurs, in a fork of the world. Forks in equal
//! states with faults to come are followed once. Only messages whose `Queued` record was committed count.
//!
//! Two faults take some seconds. `SIXFOLD_FAULTS=3 cargo test --release --test worlds exhaustive -- --nocapture` places
//! three, which takes minutes, and prints the counts of runs and of distinct states.

mod ledger;
mod search;
mod side;
mod world;

use kit::*;
use search::explore;
use world::Scenario;

const AT_ONCE: std::time::Duration = std::time::Duration::ZERO;

/// Returns `SIXFOLD_FAULTS` if it is set, else `default`.
fn faults(default: usize) -> usize {
    let asked = std::env::var("SIXFOLD_FAULTS").ok();
    asked.map_or(default, |text| text.parse().expect("SIXFOLD_FAULTS is a number"))
}

#[test]
fn one_message_with_every_two_faults() {
    explore("one message", &Scenario::new([(AT_ONCE, A, B)]), faults(2));
}

#[test]
fn two_messages_at_once_with_every_two_faults() {
    explore("two messages at once", &Scenario::new([(AT_ONCE, A, B), (AT_ONCE, A, B)]), faults(2));
}

#[test]
fn two_messages_in_turn_with_every_two_faults() {
    explore("two messages in turn", &Scenario::new([(AT_ONCE, A, B), (1_200 * MS, A, B)]), faults(2));
}

#[test]
fn one_message_each_way_with_every_two_faults() {
    explore("one each way", &Scenario::new([(AT_ONCE, A, B), (AT_ONCE, B, A)]), faults(2));
}

#[test]
fn three_messages_with_every_two_faults() {
    let sends = [(AT_ONCE, A, B), (AT_ONCE, A, B), (300 * MS, A, B)];
    explore("three messages", &Scenario::new(sends), faults(2));
}

#[test]
fn a_journal_compacted_at_each_commit_with_every_two_faults() {
    let sends = [(AT_ONCE, A, B), (AT_ONCE, B, A), (300 * MS, A, B)];
    explore("compacted", &Scenario::new(sends).compacting(), faults(2));
}
