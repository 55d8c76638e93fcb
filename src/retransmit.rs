//! When to send again: the timeout estimate, its backoff, the timers, and the budget over all of them.
//!
//! Nothing here knows a frame. The halves ask how long to wait ([`Rto`], [`Backoff`]), where a message stands
//! ([`Schedule`]) and whether a repeat may go out at all ([`Bucket`]); the answers to "does anything come back?" collect
//! in [`Silence`].

mod backoff;
mod bucket;
mod earliest;
mod grid;
mod rto;
mod schedule;
mod silence;

pub(crate) use backoff::{Backoff, Jitter, Spread};
pub(crate) use bucket::Bucket;
pub(crate) use grid::Delay;
pub(crate) use rto::Rto;
pub(crate) use schedule::{Place, Schedule};
pub(crate) use silence::Silence;
