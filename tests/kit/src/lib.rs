//! The test kit: what more than one test program of `sixfold` needs. It holds helpers and generators, and no test.
//!
//! - the root: a deployment, and [`Rig`], a client with a clock that moves exactly to the next deadline
//! - [`served`]: a client and a simulated server, whose answers the test makes up
//! - [`trio`]: two clients and the reference relay on one clock
//! - [`configs`], [`ops`], [`run`]: generated configurations, generated runs, and how a run is played
//! - [`programs`]: examples, built and run as processes

pub mod configs;
pub mod ops;
pub mod programs;
mod rig;
pub mod run;
pub mod served;
pub mod trio;

pub use rig::*;
