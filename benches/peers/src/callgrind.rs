//! Instructions, counted by valgrind's callgrind.
//!
//! The rule: this program runs itself twice for each cell, once shorter and once longer. Start-up, warm-up and the end are
//! in both counts and cancel; the rest is the cost of the units that the longer run did more.

use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};

use crate::cell::Cell;

/// The version of valgrind, if it is there.
pub(crate) fn version() -> Option<String> {
    let output = Command::new("valgrind").arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Counts the instructions of one part of a unit of each cell, `jobs` at a time, and hands each figure on as it comes.
pub(crate) fn count(cells: &[Cell], jobs: usize, found: impl Fn(&Cell, f64) + Sync) -> Result<()> {
    let rest = Mutex::new(cells.iter());
    let next = || rest.lock().expect("nobody panics").next();
    let work = || -> Result<()> {
        while let Some(cell) = next() {
            let short = instructions(cell, cell.lengths.short)?;
            let long = instructions(cell, cell.lengths.long)?;
            found(cell, cell.per_part(short, long));
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("nobody panics"))
    })
}

/// All instructions of a run of this program that does nothing but so many units of one cell.
fn instructions(cell: &Cell, units: u64) -> Result<u64> {
    let name = cell.name.to_string();
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

    #[test]
    fn the_count_is_found_in_what_callgrind_says() {
        let said = "==7== Events    : Ir\n==7== Collected : 174293\n==7== \n==7== I   refs:      174,293\n";
        assert_eq!(collected(said), Some(174_293));
        assert_eq!(collected("valgrind: failed to start\n"), None);
    }
}
