//! The journal: what comes out before what, and what a restart makes of it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "tests")]

mod gates;
mod receiver;
mod records;
mod sender;

use kit::*;
use sixfold::{Client, Config, Output, Record};

/// Without jitter, with a journal.
fn journaled() -> Config {
    steady().journal(true)
}

/// The records of what waits.
fn records(rig: &mut Rig) -> Vec<Record<Test>> {
    let record = |output| match output {
        Output::Persist(record) => Some(record),
        Output::Event(_) | Output::Transmit(_) => None,
    };
    rig.drain().into_iter().filter_map(record).collect()
}

/// A new process from a journal, not connected yet, at the time at which the old one was.
fn restart(old: &Rig, config: Config, journal: &[Record<Test>], seed_byte: u8) -> Rig {
    let client = Client::restore(config, seed(seed_byte), journal.iter().cloned(), old.now).unwrap();
    let mut new = Rig { client, now: old.now };
    assert_eq!(new.drain(), [], "a restore emits nothing");
    new
}

fn connect(rig: &mut Rig) {
    rig.client.handle_connected(rig.now);
}
