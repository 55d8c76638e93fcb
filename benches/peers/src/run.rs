//! A whole run: everything is measured, kept, and written down.
//!
//! The figures are kept beside the program until the next run, so that single cells can be measured again and the table be
//! written from old and new ones.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, Result, bail, ensure};

use crate::results::{Figure, Line, Metric, Results};
use crate::{build_cost, callgrind, cli, facts, repeat, report};

/// Where table and picture belong.
const BENCHES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Measures the cells that a filter leaves, in every way: heap, nanoseconds, instructions. Without a filter, what it takes
/// to build too.
pub(crate) fn all(filter: &[String], jobs: usize, repetitions: usize) -> Result<()> {
    ensure!(callgrind::version().is_some(), "valgrind is not installed, so there would be no instructions to report");
    let mut results = if filter.is_empty() { Results::default() } else { Results::read(&kept()?)? };
    let cells = cli::chosen(filter)?;
    let mut keep = |lines: Vec<Line>| {
        lines.into_iter().for_each(|line| results.add(line));
        results.write(&kept()?)
    };
    eprintln!("heap");
    keep(heap(filter)?)?;
    eprintln!("nanoseconds");
    keep(repeat::times(&cells, repetitions))?;
    eprintln!("instructions");
    let counted = Mutex::new(Vec::new());
    callgrind::count(&cells, jobs, |cell, count| {
        let mut counted = counted.lock().expect("nobody panics");
        counted.push(Line::new(cell.name, Metric::Ir, Figure::exact(count)));
        eprintln!("{} of {}: {}", counted.len(), cells.len(), cell.name);
    })?;
    keep(counted.into_inner()?)?;
    if filter.is_empty() { build() } else { report() }
}

/// Measures what it takes to build, and reports.
pub(crate) fn build() -> Result<()> {
    eprintln!("builds");
    let mut results = Results::read(&kept()?)?;
    build_cost::measure(&beside("peers-build")?)?.into_iter().for_each(|line| results.add(line));
    results.write(&kept()?)?;
    report()
}

/// Writes table and picture.
pub(crate) fn report() -> Result<()> {
    let results = Results::read(&kept()?)?;
    let page = Path::new(BENCHES).join("PEERS.md");
    std::fs::write(&page, report::page(&results, &facts::tell()?))?;
    draw(&results)?;
    println!("written: benches/PEERS.md and benches/peers.svg");
    Ok(())
}

#[cfg(feature = "peers")]
fn draw(results: &Results) -> Result<()> {
    crate::picture::draw(results, &Path::new(BENCHES).join("peers.svg"))
}

#[cfg(not(feature = "peers"))]
fn draw(_: &Results) -> Result<()> {
    bail!("there is no picture without peers: build with --features peers")
}

/// What the program that counts the heap says.
fn heap(filter: &[String]) -> Result<Vec<Line>> {
    let program = beside("peers-heap")?;
    ensure!(program.exists(), "the program `peers-heap` is missing: build both, with `cargo build --release`");
    let output = Command::new(program).arg("heap").args(filter).output().context("`peers-heap` does not start")?;
    if !output.status.success() {
        bail!("`peers-heap`: {}", String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8_lossy(&output.stdout).lines().map(str::parse).collect()
}

/// The file in which figures are kept.
fn kept() -> Result<PathBuf> {
    beside("peers-results.txt")
}

/// A file in the folder of this program.
fn beside(name: &str) -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}
