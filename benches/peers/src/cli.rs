//! The commands.

use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};

use crate::cell::Cell;
use crate::repeat::Times;
use crate::{callgrind, cells, guard, meter, repeat};

/// What sixfold and its peers cost for the same work.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the cells. Their words are what filters ask for: peer, workload, half, size
    List { filter: Vec<String> },
    /// Counts instructions, per message, with callgrind
    Ir {
        /// How many valgrinds at a time
        #[arg(long, default_value_t = cores())]
        jobs: usize,
        /// Cells with all of these words: `sixfold tx 64`
        filter: Vec<String>,
    },
    /// Measures nanoseconds of CPU time, per message: median, least and greatest of repetitions
    Ns {
        /// How often each cell is run
        #[arg(long, default_value_t = 7)]
        repetitions: usize,
        filter: Vec<String>,
    },
    /// Counts heap calls and bytes, per message; only the program `peers-heap` can
    Heap { filter: Vec<String> },
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
        Command::List { filter } => {
            chosen(&filter)?.iter().for_each(|cell| println!("{}", cell.id()));
            Ok(())
        }
        Command::Ir { jobs, filter } => {
            let line = Mutex::new(());
            callgrind::count(&chosen(&filter)?, jobs, |cell, count| {
                let _one_at_a_time = line.lock();
                println!("{:<48} {count:>10.1}", cell.id());
            })
        }
        Command::Ns { repetitions, filter } => {
            let cells = chosen(&filter)?;
            for (cell, Times { median, least, greatest }) in cells.iter().zip(repeat::times(&cells, repetitions)) {
                println!("{:<48} {median:>10.1} {least:>10.1} {greatest:>10.1}", cell.id());
            }
            Ok(())
        }
        Command::Heap { filter } => {
            ensure!(meter::counts_heap(), "this program does not count the heap: run `peers-heap`");
            for cell in chosen(&filter)? {
                let (calls, bytes) = repeat::heap(&cell);
                println!("{:<48} {calls:>10.2} {bytes:>10.1}", cell.id());
            }
            Ok(())
        }
        Command::Guard { bounds, jobs } => guard::check(&bounds, jobs),
        Command::Run { cell, units } => {
            let cell = cells::all().into_iter().find(|known| known.id() == cell).context("there is no such cell")?;
            std::hint::black_box((cell.run)(cell.size, units));
            Ok(())
        }
    }
}

/// The cells that a filter leaves.
fn chosen(filter: &[String]) -> Result<Vec<Cell>> {
    let cells: Vec<Cell> = cells::all().into_iter().filter(|cell| cell.matches(filter)).collect();
    ensure!(!cells.is_empty(), "no cell has all of the words {filter:?}: see `list`");
    Ok(cells)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
