//! What sixfold and its peers cost for the same work.
//!
//! The rule: every peer does the same workload, in memory, and everything that is not the peer cancels out. Instructions
//! are the difference of two runs of different length, heap figures come from a program of their own, and nanoseconds are
//! CPU time of the thread.
//!
//! - `halves.rs`: what a peer must be able to do; `peers/`: those that can, and what they promise
//! - `workloads.rs`, `holdings.rs`: what they are made to do; `cell.rs`, `cells.rs`: which of them does what, at which sizes
//! - `callgrind.rs`, `repeat.rs`, `meter.rs`, `build_cost.rs`: how it is measured
//! - `guard.rs`: bounds that the counts of sixfold must keep
//! - `bin/peers-scale/`: what must not grow with how much there is
//! - `results.rs`, `facts.rs`, `table.rs`, `report.rs`, `picture.rs`: how it is told

mod build_cost;
pub mod callgrind;
mod cell;
mod cells;
pub mod cli;
mod facts;
mod guard;
mod halves;
mod holdings;
mod meter;
mod peers;
#[cfg(feature = "peers")]
mod picture;
mod repeat;
mod report;
mod results;
mod run;
mod table;
mod workloads;
