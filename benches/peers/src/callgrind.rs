//! Instructions, counted by valgrind's callgrind.
//!
//! The rule: this program runs itself twice for each figure, once shorter and once longer. Start-up, warm-up and the end
//! are in both counts and cancel; the rest is the cost of the units that the longer run did more.

use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};

use crate::cell::Cell;

/// The version of valgrind, if it is there.
#[must_use]
pub fn version() -> Option<String> {
    let output = Command::new("valgrind").arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Two run lengths, in units: the longer run does its last units more than the shorter one, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Lengths {
    /// Of the shorter run.
    pub short: u64,
    /// Of the longer run.
    pub long: u64,
}

/// What this program does with the command `run`, at two lengths.
pub trait Runs: Sync {
    /// What `run` knows it by.
    fn name(&self) -> String;
    /// How long the two runs are.
    fn lengths(&self) -> Lengths;
    /// Figures are given per this part of a unit.
    fn parts(&self) -> u64;
}

impl Runs for Cell {
    fn name(&self) -> String {
        self.name.to_string()
    }

    fn lengths(&self) -> Lengths {
        self.lengths
    }

    fn parts(&self) -> u64 {
        self.parts
    }
}

/// Counts the instructions of one part of a unit of each, `jobs` at a time, and hands each figure on as it comes.
pub fn count<R: Runs>(all: &[R], jobs: usize, found: impl Fn(&R, f64) + Sync) -> Result<()> {
    let rest = Mutex::new(all.iter());
    let next = || rest.lock().expect("nobody panics").next();
    let work = || -> Result<()> {
        while let Some(one) = next() {
            let Lengths { short, long } = one.lengths();
            let counts = (instructions(one, short)?, instructions(one, long)?);
            found(one, per_part(one, counts));
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("nobody panics"))
    })
}

/// What one part of a unit cost, when the two runs came to so much altogether.
fn per_part(one: &impl Runs, (short, long): (u64, u64)) -> f64 {
    let lengths = one.lengths();
    let parts = (lengths.long - lengths.short) * one.parts();
    (long as f64 - short as f64) / parts as f64
}

/// All instructions of a run of this program that does nothing but so many units of one thing.
fn instructions(one: &impl Runs, units: u64) -> Result<u64> {
    let name = one.name();
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["run", &name, &units.to_string()])
        .output()
        .context("valgrind does not start")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name}, {units} units: {said}");
    collected(&said).with_context(|| format!("no count in what callgrind said: {said}"))
}

/// The number in the line `==1== Collected : 123`.
fn collected(said: &str) -> Option<u64> {
    let (_, count) = said.lines().find_map(|line| line.split_once("Collected :"))?;
    count.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::{Half, Name, Workload};
    use crate::meter::Spent;

    #[test]
    fn the_count_is_found_in_what_callgrind_says() {
        let said = "==7== Events    : Ir\n==7== Collected : 174293\n==7== \n==7== I   refs:      174,293\n";
        assert_eq!(collected(said), Some(174_293));
        assert_eq!(collected("valgrind: failed to start\n"), None);
    }

    #[test]
    fn what_both_runs_have_in_common_cancels_and_the_rest_is_shared_out() {
        let name = Name { peer: "somebody", workload: Workload::Reconnect, half: Half::Tx, size: 64 };
        let cell = Cell { name, run: |_, _| Spent::default(), lengths: Lengths { short: 1, long: 3 }, parts: 64 };
        let start_up = 1_000_000;
        let unit = 64 * 100;
        assert_eq!(per_part(&cell, (start_up + unit, start_up + 3 * unit)), 100.0);
    }
}
