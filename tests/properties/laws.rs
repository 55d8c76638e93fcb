//! The laws L1 to L11, one file each, on generated configurations, calls, frames, clocks and restarts.

mod golden;
mod l10_alive;
mod l11_fair;
mod l1_pure;
mod l2_deterministic;
mod l3_drain;
mod l4_timeouts;
mod l5_once;
mod l6_true;
mod l7_bounds;
mod l7_written;
mod l8_storms;
