//! The commands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};

use crate::cell::{self, Cell};
use crate::figures::{Edition, Figures};
use crate::report::{self, Editions};
use crate::{check, workloads};

/// How sixfold recovers from loss, delay and silence.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// A filter is words that a cell's name must have: `steady default loss=10`.
#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the cells
    List { filter: Vec<String> },
    /// Measures cells and prints their figures, or writes them to a file
    Measure {
        /// How many cells at a time
        #[arg(long, default_value_t = cores())]
        jobs: usize,
        /// The file to write
        #[arg(long)]
        out: Option<PathBuf>,
        /// What the file says it measures
        #[arg(long, default_value = LATEST)]
        title: String,
        /// Words that a cell must have
        filter: Vec<String>,
    },
    /// Measures everything, keeps the figures as the latest ones, and writes the page
    All {
        /// How many cells at a time
        #[arg(long, default_value_t = cores())]
        jobs: usize,
    },
    /// Writes the page of the figures that are stored
    Report,
    /// Measures some quick cells and fails when one is worse than stored
    Check {
        /// How many cells at a time
        #[arg(long, default_value_t = cores())]
        jobs: usize,
    },
}

/// Does what the command line asks for.
pub(crate) fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::List { filter } => chosen(&filter)?.iter().for_each(|cell| println!("{cell}")),
        Command::Measure { jobs, out, title, filter } => {
            let edition = Edition { title, cells: measure(&chosen(&filter)?, jobs) };
            match out {
                Some(file) => edition.write(&file)?,
                None => print(&edition),
            }
        }
        Command::All { jobs } => {
            let edition = Edition { title: LATEST.to_owned(), cells: measure(&cell::all(), jobs) };
            edition.write(&here("latest.toml"))?;
            report()?;
        }
        Command::Report => report()?,
        Command::Check { jobs } => {
            let stored = Edition::read(&here("latest.toml"))?;
            check::compare(&measure(&check::cells(), jobs), &stored)?;
        }
    }
    Ok(())
}

/// What the latest figures are of.
const LATEST: &str = "the code beside this page";

/// A file beside this program's sources.
fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn report() -> Result<()> {
    let [first, latest] = [Edition::read(&here("first-edition.toml"))?, Edition::read(&here("latest.toml"))?];
    std::fs::write(here("../RECOVERY.md"), report::page(Editions { first: &first, latest: &latest }))?;
    println!("written: benches/RECOVERY.md");
    Ok(())
}

fn print(edition: &Edition) {
    for (name, figures) in &edition.cells {
        println!("{name}");
        figures.iter().for_each(|(name, value)| println!("    {name:<24}{value:>12}"));
    }
}

fn chosen(filter: &[String]) -> Result<Vec<Cell>> {
    let cells: Vec<Cell> = cell::all().into_iter().filter(|cell| cell.matches(filter)).collect();
    ensure!(!cells.is_empty(), "no cell has all of the words {filter:?}: see `list`");
    Ok(cells)
}

/// Measures cells, some at a time; the order in which they end changes nothing.
pub(crate) fn measure(cells: &[Cell], jobs: usize) -> BTreeMap<String, Figures> {
    let (rest, found) = (Mutex::new(cells.iter()), Mutex::new(BTreeMap::new()));
    let work = || {
        loop {
            let next = rest.lock().expect("nobody panics").next();
            let Some(cell) = next else { return };
            let start = std::time::Instant::now();
            let figures = workloads::measure(cell);
            eprintln!("{cell}: {:.1} s", start.elapsed().as_secs_f64());
            found.lock().expect("nobody panics").insert(cell.to_string(), figures);
        }
    };
    std::thread::scope(|scope| (0..jobs.max(1)).for_each(|_| drop(scope.spawn(work))));
    found.into_inner().expect("nobody panics")
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
