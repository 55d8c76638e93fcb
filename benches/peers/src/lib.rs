//! What sixfold and its peers cost for the same work.
//!
//! The rule: every peer does the same workload, in memory, and everything that is not the peer cancels out. Instructions
//! are the difference of two runs of different length, heap figures come from a program of their own, and nanoseconds are
//! CPU time of the thread.
//!
//! - `halves.rs`: what a peer must be able to do; `peers/`: those that can
//! - `workloads.rs`: what they are made to do; `cells.rs`: which of them does what, at which sizes
//! - `callgrind.rs`, `repeat.rs`, `meter.rs`: how it is counted
//! - `guard.rs`: bounds that the counts of sixfold must keep

mod callgrind;
mod cell;
mod cells;
pub mod cli;
mod guard;
mod halves;
mod meter;
mod peers;
mod repeat;
mod workloads;
