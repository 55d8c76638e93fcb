//! The same program under an allocator that counts: apart, so that counting disturbs no other figure.

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

fn main() -> anyhow::Result<()> {
    sixfold_peers::cli::main()
}
