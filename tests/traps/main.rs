//! The catalogue of traps: what breaks messengers, one sentence and one test each.
//!
//! Some are tested in more depth elsewhere; here each has its name and its shortest proof.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "tests")]

mod amnesia;
mod answers;
mod clocks;
mod fan_out;
mod identity;
mod pressure;

use kit::*;
use sixfold::{Output, Record};

/// The records of what waits.
fn records(rig: &mut Rig) -> Vec<Record<Test>> {
    let record = |output| match output {
        Output::Persist(record) => Some(record),
        Output::Event(_) | Output::Transmit(_) => None,
    };
    rig.drain().into_iter().filter_map(record).collect()
}

/// How many lines of a trace end so.
fn count(trace: &[String], line: &str) -> usize {
    trace.iter().filter(|entry| entry.ends_with(line)).count()
}
