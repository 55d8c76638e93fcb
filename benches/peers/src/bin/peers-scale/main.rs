//! Whether what an operation costs grows with how much there is.
//!
//! The rule: with [`MANY`] of what a scenario has many of, an operation takes at most [`LIMIT`] times the instructions that
//! it takes with [`FEW`].
//!
//! What both of two runs do once cancels out: the set-up, and whatever a first operation does for all that the set-up has
//! left. Where an operation pays for that, or where it makes many of something, the scenario says so.
//!
//! It is a program of its own: more users of the same code would change what is inlined into the others, and so the figures
//! that the guard compares.
//!
//! - `sending.rs`, `receiving.rs`: scenarios of the two halves; `kit.rs`: of the conformance kit

mod kit;
mod receiving;
mod sending;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use sixfold::{Client, Config, Event, Incoming, MsgId, Output, Record, Seed, StreamId, Time, Types};
use sixfold_peers::callgrind::{self, Lengths, Runs};

/// Whether what an operation costs grows with how much there is.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Counts instructions with few and with many of something, and fails if they grow
    Check {
        /// How many valgrinds at a time
        #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, usize::from))]
        jobs: usize,
        /// Parts of the scenarios' names; without any all are counted
        filter: Vec<String>,
    },
    /// Runs one scenario with its size, silently: for callgrind and profilers
    Run { scenario: String, units: u64 },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Check { jobs, filter } => check(&filter, jobs),
        Command::Run { scenario, units } => {
            AtSize::named(&scenario).context("there is no such scenario at this size")?.run(units);
            Ok(())
        }
    }
}

const FEW: u64 = 1_000;
const MANY: u64 = 100_000;
const LIMIT: f64 = 1.5;

/// What is done with many of something.
#[derive(Clone, Copy, Debug)]
struct Scenario {
    name: &'static str,
    /// Does so many units with so many of it.
    run: fn(u64, u64),
    lengths: Lengths,
    /// What an instruction count is shared out by: parts of a unit, with so many of it.
    parts: fn(u64) -> u64,
}

impl Scenario {
    const fn new(name: &'static str, run: fn(u64, u64), lengths: Lengths) -> Self {
        Self { name, run, lengths, parts: |_| 1 }
    }
}

/// All that are measured.
fn scenarios() -> Vec<Scenario> {
    [sending::SCENARIOS.as_slice(), &receiving::SCENARIOS, &kit::SCENARIOS].concat()
}

/// A scenario with so many of what it has many of.
#[derive(Clone, Copy, Debug)]
struct AtSize {
    scenario: Scenario,
    size: u64,
}

impl AtSize {
    /// The one of a name.
    fn named(name: &str) -> Option<Self> {
        at_sizes(&scenarios()).into_iter().find(|at_size| at_size.name() == name)
    }

    fn run(&self, units: u64) {
        (self.scenario.run)(self.size, units);
    }
}

impl Runs for AtSize {
    fn name(&self) -> String {
        format!("{} {}", self.scenario.name, self.size)
    }

    fn lengths(&self) -> Lengths {
        self.scenario.lengths
    }

    fn parts(&self) -> u64 {
        (self.scenario.parts)(self.size)
    }
}

/// Every scenario at both sizes; those that take long first, so that nothing waits for them in the end.
fn at_sizes(scenarios: &[Scenario]) -> Vec<AtSize> {
    [MANY, FEW]
        .iter()
        .flat_map(|size| scenarios.iter().map(|scenario| AtSize { scenario: *scenario, size: *size }))
        .collect()
}

/// What an operation costs at both sizes.
#[derive(Clone, Copy, Debug)]
struct Costs {
    few: f64,
    many: f64,
}

impl Costs {
    fn ratio(self) -> f64 {
        self.many / self.few
    }

    fn are_kept(self) -> bool {
        self.ratio() <= LIMIT
    }
}

/// Counts the scenarios whose names have one of the words, or all; without valgrind it says so and lets pass.
fn check(filter: &[String], jobs: usize) -> Result<()> {
    let is_meant = |scenario: &Scenario| filter.is_empty() || filter.iter().any(|word| scenario.name.contains(word));
    let scenarios: Vec<Scenario> = scenarios().into_iter().filter(is_meant).collect();
    ensure!(!scenarios.is_empty(), "no scenario has one of the words {filter:?} in its name");
    if callgrind::version().is_none() {
        println!("valgrind is not installed, so nothing was counted and no ratio was checked");
        return Ok(());
    }
    let counts = Mutex::new(BTreeMap::new());
    callgrind::count(&at_sizes(&scenarios), jobs, |at_size, count| {
        counts.lock().expect("nobody panics").insert((at_size.scenario.name, at_size.size), count);
    })?;
    let counts = counts.into_inner()?;
    println!("{:<34} {FEW:>10} {MANY:>10} {:>6}", "instructions of an operation with", "ratio");
    let mut exceeded = 0;
    for Scenario { name, .. } in &scenarios {
        let costs = Costs { few: counts[&(*name, FEW)], many: counts[&(*name, MANY)] };
        let verdict = if costs.are_kept() { "kept" } else { "EXCEEDED" };
        println!("{name:<34} {:>10.0} {:>10.0} {:>6.2}  {verdict}", costs.few, costs.many, costs.ratio());
        exceeded += usize::from(!costs.are_kept());
    }
    ensure!(exceeded == 0, "{exceeded} of {} grow by more than {LIMIT}", scenarios.len());
    Ok(())
}

/// Small types: what grows is not the payload.
#[derive(Clone, Debug, PartialEq)]
struct Small;

impl Types for Small {
    type Peer = u64;
    type Payload = u64;
    type ServerId = u64;
}

/// A client and its clock.
#[derive(Debug)]
struct Node {
    client: Client<Small>,
    now: Time,
}

impl Node {
    fn new(config: Config) -> Self {
        Self::restored(config, Vec::new())
    }

    fn restored(config: Config, records: Vec<Record<Small>>) -> Self {
        let client = Client::restore(config, Seed::from_bytes([7; 32]), records, START).expect("the config is sound");
        let mut node = Self { client, now: START };
        node.client.handle_connected(START);
        node.drain();
        node
    }

    /// Takes all outputs and confirms what is handed over; tells how much that is.
    fn drain(&mut self) -> u64 {
        let mut received = 0;
        while let Some(output) = self.client.poll_output() {
            if let Output::Event(Event::Received(message)) = output {
                received += 1;
                self.client.confirm(&message.from, message.id, self.now).expect("just handed over");
            }
        }
        received
    }

    fn frame(&mut self, frame: Incoming<Small>) -> u64 {
        self.client.handle_frame(frame, self.now);
        self.drain()
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
        self.client.handle_timeout(self.now);
        self.drain();
    }

    fn reconnect(&mut self) {
        self.client.handle_disconnected(self.now);
        self.client.handle_connected(self.now);
        self.drain();
    }
}

/// The journals are as old as this: nothing has expired.
const START: Time = Time::from_nanos(3_600 * 1_000_000_000);

/// No jitter, and always a token: what is measured is how much is looked through.
fn steady() -> Config {
    Config::default().jitter(0.0).retransmit_rate(1_000_000).retransmit_burst(1_000_000)
}

/// Message `seq` of a stream with an id as well mixed as a drawn one.
fn id_of(stream: u64, seq: u64) -> MsgId {
    let stream = StreamId::from_u64((stream + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    MsgId::new(stream, seq).expect("few messages")
}

/// A number of things as a bound.
fn bound(n: u64) -> usize {
    usize::try_from(n).expect("it fits into memory")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_ratio_up_to_the_limit_is_kept_and_one_above_is_not() {
        let are_kept = |many| Costs { few: 1_000.0, many }.are_kept();
        assert!(are_kept(1_500.0));
        assert!(!are_kept(1_500.1));
    }

    #[test]
    fn every_scenario_has_a_name_of_its_own_and_runs() {
        let all = scenarios();
        let names: BTreeSet<&str> = all.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), all.len());
        for scenario in all {
            (scenario.run)(FEW, scenario.lengths.long);
        }
    }
}
