//! Nanoseconds and heap figures: runs within this process.

use std::time::Duration;

use crate::cell::{Cell, Holding};
use crate::meter::Spent;
use crate::results::{Figure, Line, Metric};

/// About how long the measured part of one repetition takes.
const REPETITION: Duration = Duration::from_millis(100);
/// What is enough however fast it goes.
const UNITS_MOST: u64 = 1_000_000;

/// Nanoseconds: runs all cells, and all again, so that a slow minute of the machine hits them all alike.
pub(crate) fn times(cells: &[Cell], repetitions: usize) -> Vec<Line> {
    let units: Vec<u64> = cells.iter().map(fitting).collect();
    let mut nanos = vec![Vec::new(); cells.len()];
    for repetition in 1..=repetitions.max(1) {
        for ((cell, units), nanos) in cells.iter().zip(&units).zip(&mut nanos) {
            let spent = cell.run(*units);
            nanos.push(spent.cpu.as_nanos() as f64 / (units * cell.parts) as f64);
        }
        eprintln!("repetition {repetition} of {repetitions}");
    }
    cells.iter().zip(nanos).map(|(cell, nanos)| Line::new(cell.name, Metric::Ns, Figure::of(nanos))).collect()
}

/// Heap calls, and bytes asked for.
pub(crate) fn heap(cell: &Cell) -> [Line; 2] {
    let units = cell.lengths.long;
    let Spent { heap_calls, heap_bytes, .. } = cell.run(units);
    let parts = (units * cell.parts) as f64;
    let line = |metric, amount| Line::new(cell.name, metric, Figure::exact(amount as f64 / parts));
    [line(Metric::Calls, heap_calls), line(Metric::Asked, heap_bytes)]
}

/// Bytes held.
pub(crate) fn held(holding: &Holding) -> Line {
    let bytes = (holding.bytes)(holding.name.size);
    Line::new(holding.name, Metric::Held, Figure::exact(bytes))
}

/// How many units make a repetition. What starts from nothing runs as long as it does when it is counted.
fn fitting(cell: &Cell) -> u64 {
    let units = cell.lengths.long;
    if cell.lengths.short == 0 {
        return units;
    }
    let nanos = cell.run(units).cpu.as_nanos().max(1);
    let fit = u128::from(units) * REPETITION.as_nanos() / nanos;
    u64::try_from(fit).unwrap_or(UNITS_MOST).clamp(units, UNITS_MOST)
}
