//! The commands.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};

use crate::cell::Cell;
use crate::results::{Figure, Line, Metric};
use crate::{callgrind, cells, guard, meter, repeat, run};

/// What sixfold and its peers cost for the same work.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// A filter is words that a cell must have, of its four: peer, workload, half, size.
#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the cells
    List { filter: Vec<String> },
    /// Counts instructions with callgrind
    Ir {
        /// How many valgrinds at a time
        #[arg(long, default_value_t = cores())]
        jobs: usize,
        /// Words that a cell must have: `sixfold steady tx 64`
        filter: Vec<String>,
    },
    /// Measures nanoseconds of CPU time: median, least and greatest of repetitions
    Ns {
        /// How often each cell is run
        #[arg(long, default_value_t = 7)]
        repetitions: usize,
        /// Words that a cell must have
        filter: Vec<String>,
    },
    /// Counts heap calls and bytes, asked for and held; only the program `peers-heap` can
    Heap {
        /// Words that a cell must have
        filter: Vec<String>,
    },
    /// Builds a program with each peer and tells what that takes; keeps it
    Build,
    /// Measures cells every way, keeps the figures, and writes table and picture
    All {
        /// How many valgrinds at a time
        #[arg(long, default_value_t = cores())]
        jobs: usize,
        /// How often each cell is timed
        #[arg(long, default_value_t = 7)]
        repetitions: usize,
        /// Words that a cell must have; without any everything is measured anew, the build too
        filter: Vec<String>,
    },
    /// Writes table and picture of the figures that were kept
    Report,
    /// Counts the guarded cells of sixfold and fails if one exceeds its bound
    Guard {
        /// The file of bounds
        #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/bounds.toml"))]
        bounds: PathBuf,
        /// How many valgrinds at a time
        #[arg(long, default_value_t = cores())]
        jobs: usize,
    },
    /// Runs one cell, silently: for callgrind and profilers
    Run { cell: String, units: u64 },
}

/// Does what the command line asks for.
pub fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::List { filter } => chosen(&filter)?.iter().for_each(|cell| println!("{}", cell.name)),
        Command::Ir { jobs, filter } => {
            callgrind::count(&chosen(&filter)?, jobs, |cell, count| {
                println!("{}", Line::new(cell.name, Metric::Ir, Figure::exact(count)));
            })?;
        }
        Command::Ns { repetitions, filter } => {
            repeat::times(&chosen(&filter)?, repetitions).iter().for_each(|line| println!("{line}"));
        }
        Command::Heap { filter } => {
            ensure!(meter::counts_heap(), "this program does not count the heap: run `peers-heap`");
            let costs = cells::costs().into_iter().filter(|cell| cell.name.matches(&filter));
            let holdings = cells::holdings().into_iter().filter(|holding| holding.name.matches(&filter));
            costs.flat_map(|cell| repeat::heap(&cell)).for_each(|line| println!("{line}"));
            holdings.map(|holding| repeat::held(&holding)).for_each(|line| println!("{line}"));
        }
        Command::Build => run::build()?,
        Command::All { jobs, repetitions, filter } => run::all(&filter, jobs, repetitions)?,
        Command::Report => run::report()?,
        Command::Guard { bounds, jobs } => guard::check(&bounds, jobs)?,
        Command::Run { cell, units } => {
            let cell = cells::costs().into_iter().find(|known| known.name.to_string() == cell);
            std::hint::black_box(cell.context("there is no such cell")?.run(units));
        }
    }
    Ok(())
}

/// The cells that a filter leaves, of those that cost.
pub(crate) fn chosen(filter: &[String]) -> Result<Vec<Cell>> {
    let cells: Vec<Cell> = cells::costs().into_iter().filter(|cell| cell.name.matches(filter)).collect();
    ensure!(!cells.is_empty(), "no cell has all of the words {filter:?}: see `list`");
    Ok(cells)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
