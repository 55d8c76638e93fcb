//! Measures how sixfold recovers from loss, delay and silence.
//!
//! The rule: virtual time and fixed seeds, so that two runs give the same bytes.
//!
//! - `chat.rs`, `settings.rs`: what the clients speak, and how they are set up
//! - `world.rs`: clients, links and the server; `workloads.rs`: what happens to them
//! - `log.rs`, `tally.rs`, `percentile.rs`: what is counted
//! - `cell.rs`, `figures.rs`, `check.rs`, `report.rs`, `table.rs`: which cells there are, and how their figures are kept and told

mod cell;
mod chat;
mod check;
mod cli;
mod figures;
mod log;
mod percentile;
mod report;
mod settings;
mod table;
mod tally;
mod workloads;
mod world;

fn main() -> anyhow::Result<()> {
    cli::main()
}
