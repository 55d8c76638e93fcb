//! Nanoseconds and heap figures: runs within this process.

use std::time::Duration;

use crate::cell::Cell;
use crate::meter::Spent;

/// About how long the measured part of one repetition takes.
const REPETITION: Duration = Duration::from_millis(100);
/// What is enough however fast it goes.
const UNITS_MOST: u64 = 1_000_000;

/// Nanoseconds for one part of a unit, over all repetitions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Times {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) greatest: f64,
}

impl Times {
    /// Of at least one repetition.
    fn of(mut nanos: Vec<f64>) -> Self {
        nanos.sort_by(f64::total_cmp);
        let last = nanos.len() - 1;
        Self { median: nanos[last / 2], least: nanos[0], greatest: nanos[last] }
    }
}

/// Runs all cells, and all again: interleaved, so that a slow minute of the machine hits them all alike.
pub(crate) fn times(cells: &[Cell], repetitions: usize) -> Vec<Times> {
    let units: Vec<u64> = cells.iter().map(fitting).collect();
    let mut nanos = vec![Vec::new(); cells.len()];
    for _ in 0..repetitions.max(1) {
        for ((cell, units), nanos) in cells.iter().zip(&units).zip(&mut nanos) {
            let spent = (cell.run)(cell.size, *units);
            nanos.push(spent.cpu.as_nanos() as f64 / (units * cell.parts) as f64);
        }
    }
    nanos.into_iter().map(Times::of).collect()
}

/// Heap calls and bytes for one part of a unit.
pub(crate) fn heap(cell: &Cell) -> (f64, f64) {
    let units = cell.lengths.long;
    let Spent { heap_calls, heap_bytes, .. } = (cell.run)(cell.size, units);
    let parts = (units * cell.parts) as f64;
    (heap_calls as f64 / parts, heap_bytes as f64 / parts)
}

/// How many units make a repetition. What starts from nothing runs as long as it does when it is counted.
fn fitting(cell: &Cell) -> u64 {
    let units = cell.lengths.long;
    if cell.lengths.short == 0 {
        return units;
    }
    let nanos = (cell.run)(cell.size, units).cpu.as_nanos().max(1);
    let fit = u128::from(units) * REPETITION.as_nanos() / nanos;
    u64::try_from(fit).unwrap_or(UNITS_MOST).clamp(units, UNITS_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_and_of_two_the_lower() {
        let times = |nanos: &[f64]| Times::of(nanos.to_vec());
        assert_eq!(times(&[5.0, 1.0, 3.0]), Times { median: 3.0, least: 1.0, greatest: 5.0 });
        assert_eq!(times(&[9.0, 2.0]).median, 2.0);
    }
}
