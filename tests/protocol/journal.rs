//! The journal: a record precedes every output that relies on it, and a restart restores what the records say.

mod order;
mod receiver;
mod records;
mod restored_streams;
mod sender;
mod torn;

use kit::*;
use sixfold::{Client, Config, Output, Record};

/// Returns a config without jitter, with a journal.
fn journaled() -> Config {
    steady().journal(true)
}

/// Returns the pending records.
fn records(rig: &mut Rig) -> Vec<Record<Test>> {
    let record = |output| match output {
        Output::Persist(record) => Some(record),
        Output::Event(_) | Output::Transmit(_) => None,
    };
    rig.drain().into_iter().filter_map(record).collect()
}

/// Returns a new process from a journal, not connected yet, at the time of the old one.
fn restart(old: &Rig, config: Config, journal: &[Record<Test>], seed_byte: u8) -> Rig {
    let client = Client::restore(config, seed(seed_byte), journal.iter().cloned(), old.now).unwrap();
    let mut new = Rig { client, now: old.now };
    assert_eq!(new.drain(), [], "a restored client has no output");
    new
}

fn connect(rig: &mut Rig) {
    rig.client.handle_connected(rig.now);
}
