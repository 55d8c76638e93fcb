//! Whether the page still tells the truth: some quick cells are measured again and compared with the stored figures.
//!
//! The rule: a figure that is worse than the stored one by more than a tenth fails; one that is better by as much is pointed
//! out. Either way the remedy is to measure everything again, and to look at what has changed.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result, ensure};

use crate::cell::{self, Case, Cell, WINDOW, Workload};
use crate::figures::{Edition, Figures};

/// By which share of itself a figure may change: with other random draws it may differ a little.
const TOLERANCE: f64 = 0.1;
/// What a figure may change by in any case.
const LEAST: f64 = 0.02;

/// What a figure is against the stored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Same,
    Better,
    Worse,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Same => "same",
            Self::Better => "better: measure everything again",
            Self::Worse => "WORSE",
        })
    }
}

/// The cells that are compared: quick ones of each workload.
pub(crate) fn cells() -> Vec<Cell> {
    let is_quick = |cell: &Cell| match cell.case {
        Case::Loss(loss) => cell.window == WINDOW && loss == 10,
        Case::Only => cell.window == WINDOW,
        Case::RoundTrip(_) => true,
        Case::Peers(_) | Case::Forgets { .. } => false,
    };
    cell::all().into_iter().filter(|cell| cell.workload != Workload::Burst && is_quick(cell)).collect()
}

/// Compares figures with those of the stored edition.
pub(crate) fn compare(measured: &BTreeMap<String, Figures>, stored: &Edition) -> Result<()> {
    let mut worse = 0;
    for (cell, figures) in measured {
        for (name, value) in figures.iter() {
            let before = stored.get(cell, name).with_context(|| format!("there is no stored `{name}` of `{cell}`"))?;
            let verdict = judge(name, before, value);
            worse += usize::from(verdict == Verdict::Worse);
            if verdict != Verdict::Same {
                println!("{cell}, {name}: {before} is now {value}: {verdict}");
            }
        }
    }
    ensure!(
        worse == 0,
        "{worse} figures are worse than the stored ones: if that must be, run `recovery all` and say why"
    );
    println!("{} cells were compared, and none is worse", measured.len());
    Ok(())
}

fn judge(name: &str, before: f64, now: f64) -> Verdict {
    // Of all figures only this one is better when it is greater.
    let (least, most) = if name == "goodput" { (now, before) } else { (before, now) };
    let exceeds = |high: f64, low: f64| high > low * (1.0 + TOLERANCE) + LEAST;
    if exceeds(most, least) {
        Verdict::Worse
    } else if exceeds(least, most) {
        Verdict::Better
    } else {
        Verdict::Same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_more_is_the_same_and_beyond_it_is_worse() {
        let judge = |before, now| judge("frames", before, now);
        assert_eq!(judge(10.0, 11.0), Verdict::Same);
        assert_eq!(judge(10.0, 11.1), Verdict::Worse);
        assert_eq!(judge(11.1, 10.0), Verdict::Better);
        assert_eq!(judge(0.0, 0.01), Verdict::Same);
    }

    #[test]
    fn what_never_happens_any_more_is_worse_and_what_never_did_is_the_same() {
        let judge = |before, now| judge("accept max", before, now);
        assert_eq!(judge(10.0, f64::INFINITY), Verdict::Worse);
        assert_eq!(judge(f64::INFINITY, 10.0), Verdict::Better);
        assert_eq!(judge(f64::INFINITY, f64::INFINITY), Verdict::Same);
    }

    #[test]
    fn less_goodput_is_worse() {
        assert_eq!(judge("goodput", 20.0, 10.0), Verdict::Worse);
        assert_eq!(judge("goodput", 10.0, 20.0), Verdict::Better);
    }

    #[test]
    fn several_workloads_are_compared() {
        let workloads: std::collections::BTreeSet<Workload> = cells().iter().map(|cell| cell.workload).collect();
        assert_eq!(workloads.len(), 5);
    }
}
