//! Thread CPU time and heap, between two moments.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use stats_alloc::INSTRUMENTED_SYSTEM;

/// What the measured part of a run took.
///
/// The heap figures are zero unless the program counts them: see `bin/peers-heap.rs`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    /// CPU time of this thread: what other processes take is not in it.
    pub(crate) cpu: Duration,
    /// Calls of the allocator that ask for memory: alloc and realloc.
    pub(crate) heap_calls: u64,
    /// Bytes asked for.
    pub(crate) heap_bytes: u64,
}

/// Measures what happens from now until [`Meter::stop`].
#[derive(Debug)]
pub(crate) struct Meter {
    heap: stats_alloc::Stats,
    cpu: Duration,
}

impl Meter {
    pub(crate) fn start() -> Self {
        let heap = INSTRUMENTED_SYSTEM.stats();
        Self { heap, cpu: cpu() }
    }

    pub(crate) fn stop(self) -> Spent {
        let cpu = cpu() - self.cpu;
        let heap = INSTRUMENTED_SYSTEM.stats() - self.heap;
        Spent {
            cpu,
            heap_calls: (heap.allocations + heap.reallocations) as u64,
            heap_bytes: heap.bytes_allocated as u64,
        }
    }
}

/// Bytes that are allocated and not freed, as they were asked for.
pub(crate) fn live_bytes() -> u64 {
    let heap = INSTRUMENTED_SYSTEM.stats();
    (heap.bytes_allocated - heap.bytes_deallocated) as u64
}

/// Whether this program counts the heap. Whoever asks has allocated before.
pub(crate) fn counts_heap() -> bool {
    INSTRUMENTED_SYSTEM.stats().allocations > 0
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("Linux has this clock");
    Duration::from(time)
}
