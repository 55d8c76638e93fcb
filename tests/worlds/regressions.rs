//! Regression tests for known failure modes of messengers: one test each.
//!
//! Some are tested in more depth elsewhere; here each has its name and its shortest test.

mod answers;
mod clocks;
mod fan_out;
mod ids;
mod overload;
mod restored_streams;
mod server_state_loss;

use kit::*;
use sixfold::{Output, Record};

/// Returns the pending records.
fn records(rig: &mut Rig) -> Vec<Record<Test>> {
    let record = |output| match output {
        Output::Persist(record) => Some(record),
        Output::Event(_) | Output::Transmit(_) => None,
    };
    rig.drain().into_iter().filter_map(record).collect()
}

/// Counts the lines of a trace that end with `line`.
fn count(trace: &[String], line: &str) -> usize {
    trace.iter().filter(|entry| entry.ends_with(line)).count()
}
