//! Memory: a client never takes more than [`Config::memory_bound`](sixfold::Config::memory_bound), allocates nothing per
//! message, and returns the memory of delivered messages.
//!
//! The global allocator of this program counts per thread, so that its tests may run at the same time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::cast_possible_truncation, reason = "tests")]

mod allocations;
mod flood;
mod l9_bounded;

use allocation_counter::measure;

/// Runs this and returns the most bytes that were allocated at one time on top of what was allocated before.
fn peak(run: impl FnOnce()) -> usize {
    measure(run).bytes_max as usize
}

/// Runs this and returns by how many bytes the heap grew or shrank: the peak, or the difference at the end.
fn change(run: impl FnOnce()) -> usize {
    let info = measure(run);
    (info.bytes_max as usize).max(info.bytes_current.unsigned_abs() as usize)
}

/// Runs this and returns how many bytes more are allocated at its end.
fn growth(run: impl FnOnce()) -> i64 {
    measure(run).bytes_current
}
