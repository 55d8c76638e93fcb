//! The bounds that sixfold's instruction counts must keep.
//!
//! The rule: a count above its bound fails, and so does a cell without a bound or a bound without a cell. A count well
//! below its bound is pointed out, so that the bound can follow it down.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, Result, bail, ensure};

use crate::callgrind;
use crate::cell::Cell;
use crate::cells;

/// Whose cells are guarded.
const GUARDED: &str = "sixfold";
/// A count below this share of its bound is well below it.
const WELL_BELOW: f64 = 0.93;
/// How far above a count its bound is best: another compiler and another libc may cost a little more.
const MARGIN: f64 = 1.03;

/// What a count is against its bound.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Kept,
    /// The bound could be this.
    WellBelow(u64),
    Exceeded,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("kept"),
            Self::WellBelow(better) => write!(f, "kept; well below, the bound could be {better}"),
            Self::Exceeded => f.write_str("EXCEEDED"),
        }
    }
}

fn judge(count: f64, bound: u64) -> Verdict {
    let bound = bound as f64;
    if count > bound {
        Verdict::Exceeded
    } else if count < WELL_BELOW * bound {
        Verdict::WellBelow((MARGIN * count).ceil() as u64)
    } else {
        Verdict::Kept
    }
}

/// Counts the guarded cells and compares them with the bounds in a file; without valgrind it says so and lets pass.
pub(crate) fn check(file: &Path, jobs: usize) -> Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let bounds = parse(&text).with_context(|| format!("in {}", file.display()))?;
    let cells = guarded(&bounds, cells::costs())?;
    if callgrind::version().is_none() {
        println!("guard: valgrind is not installed, so nothing was counted and no bound was checked");
        return Ok(());
    }
    let counts = Mutex::new(BTreeMap::new());
    callgrind::count(&cells, jobs, |cell, count| {
        counts.lock().expect("nobody panics").insert(cell.name.of_anyone(), count);
    })?;
    let counts = counts.into_inner()?;
    let mut exceeded = 0;
    println!("{:<32} {:>8} {:>8}", "instructions", "counted", "bound");
    for (name, bound) in &bounds {
        let count = counts[name];
        let verdict = judge(count, *bound);
        println!("{name:<32} {count:>8.0} {bound:>8}  {verdict}");
        exceeded += usize::from(verdict == Verdict::Exceeded);
    }
    ensure!(exceeded == 0, "{exceeded} of {} bounds exceeded", bounds.len());
    Ok(())
}

/// A file of bounds: the cell's name = the most instructions that one message (or question) may take.
fn parse(text: &str) -> Result<BTreeMap<String, u64>> {
    Ok(toml::from_str(text)?)
}

/// The cells that have a bound.
fn guarded(bounds: &BTreeMap<String, u64>, cells: Vec<Cell>) -> Result<Vec<Cell>> {
    let is_guarded = |cell: &Cell| cell.name.peer == GUARDED && bounds.contains_key(&cell.name.of_anyone());
    let cells: Vec<Cell> = cells.into_iter().filter(is_guarded).collect();
    let unknown = bounds.keys().find(|name| cells.iter().all(|cell| cell.name.of_anyone() != **name));
    if let Some(name) = unknown {
        bail!("there is no cell `{name}`");
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_up_to_its_bound_keeps_it_and_one_above_does_not() {
        assert_eq!(judge(1_000.0, 1_000), Verdict::Kept);
        assert_eq!(judge(1_000.1, 1_000), Verdict::Exceeded);
        assert_eq!(judge(930.0, 1_000), Verdict::Kept);
    }

    #[test]
    fn a_count_well_below_its_bound_names_a_better_one() {
        assert_eq!(judge(500.0, 1_000), Verdict::WellBelow(515));
        let Verdict::WellBelow(better) = judge(929.0, 1_000) else { panic!("well below") };
        assert_eq!(judge(929.0, better), Verdict::Kept, "the better bound is settled with");
    }

    #[test]
    fn the_bounds_in_the_repository_name_cells() {
        let bounds = parse(include_str!("../bounds.toml")).unwrap();
        assert_eq!(guarded(&bounds, cells::costs()).unwrap().len(), bounds.len());
    }

    #[test]
    fn a_bound_without_a_cell_is_an_error() {
        let bounds = parse("\"steady tx 63\" = 5").unwrap();
        let error = guarded(&bounds, cells::costs()).unwrap_err();
        assert_eq!(error.to_string(), "there is no cell `steady tx 63`");
    }
}
