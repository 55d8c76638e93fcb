//! Small worlds, searched through: every placement of up to two faults in an exchange, explored and not sampled.
//!
//! Two clients with journals and the relay exchange one to three messages. A run is a list of (step, [`fault`](world::Fault));
//! between any two steps every fault that can strike does, in a fork of the world. Worlds that are equal in every state and
//! have faults to come are followed once. Each run must end settled, with each message that was durable handed over once, in
//! order, and reported as delivered once.
//!
//! Two faults take some seconds. `SIXFOLD_FAULTS=3 cargo test --release --test exhaustive -- --nocapture` places three, which
//! takes minutes; the counts of runs and of distinct states are printed.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod ledger;
mod search;
mod side;
mod world;

use kit::*;
use search::explore;
use world::Scenario;

const NOW: std::time::Duration = std::time::Duration::ZERO;

/// As many as the environment asks for, else `default`.
fn faults(default: usize) -> usize {
    let asked = std::env::var("SIXFOLD_FAULTS").ok();
    asked.map_or(default, |text| text.parse().expect("SIXFOLD_FAULTS is a number"))
}

#[test]
fn one_message_and_every_two_faults() {
    explore("one message", &Scenario::new([(NOW, A, B)]), faults(2));
}

#[test]
fn two_messages_at_once_and_every_two_faults() {
    explore("two messages at once", &Scenario::new([(NOW, A, B), (NOW, A, B)]), faults(2));
}

#[test]
fn two_messages_one_after_the_other_and_every_two_faults() {
    explore("two messages in turn", &Scenario::new([(NOW, A, B), (1_200 * MS, A, B)]), faults(2));
}

#[test]
fn one_message_each_way_and_every_two_faults() {
    explore("one each way", &Scenario::new([(NOW, A, B), (NOW, B, A)]), faults(2));
}

#[test]
fn three_messages_and_every_two_faults() {
    let sends = [(NOW, A, B), (NOW, A, B), (300 * MS, A, B)];
    explore("three messages", &Scenario::new(sends), faults(2));
}

#[test]
fn with_a_journal_that_is_compacted_at_every_commit() {
    let sends = [(NOW, A, B), (NOW, B, A), (300 * MS, A, B)];
    explore("compacted", &Scenario::new(sends).compacting(), faults(2));
}
