//! Retransmission: timeouts, backoff, timers and the token bucket.
//!
//! No file here uses frames. The halves ask how long to wait ([`Rto`], [`Backoff`]), keep what waits in [`Flights`],
//! and ask the [`TokenBucket`] whether a retransmission may leave. [`Liveness`] counts silent timeouts.

mod backoff;
mod flights;
mod liveness;
mod rto;
mod token_bucket;

pub(crate) use backoff::{Backoff, Jitter};
pub(crate) use flights::{Flights, Place, Timing};
pub(crate) use liveness::Liveness;
pub(crate) use rto::Rto;
pub(crate) use token_bucket::TokenBucket;
