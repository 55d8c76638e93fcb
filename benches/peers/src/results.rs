//! The figures of all cells, kept in a file between measuring and reporting.
//!
//! A line reads `sixfold steady tx 64 ir = 3054.5 3054.5 3054.5`: the cell, the metric, then median, least and greatest.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Error, Result};

/// What is told of a cell; its display is the last word of a line's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Instructions.
    Ir,
    /// Nanoseconds.
    Ns,
    /// Heap calls.
    Calls,
    /// Bytes asked of the heap.
    Asked,
    /// Bytes of heap held.
    Held,
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ir => "ir",
            Self::Ns => "ns",
            Self::Calls => "calls",
            Self::Asked => "asked",
            Self::Held => "held",
        })
    }
}

/// A figure; of what repeats exactly, all three are the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) greatest: f64,
}

impl Figure {
    pub(crate) const fn exact(value: f64) -> Self {
        Self { median: value, least: value, greatest: value }
    }

    /// Of at least one value.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let last = values.len() - 1;
        Self { median: values[last / 2], least: values[0], greatest: values[last] }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) figure: Figure,
}

impl Line {
    pub(crate) fn new(cell: impl fmt::Display, metric: impl fmt::Display, figure: Figure) -> Self {
        Self { name: format!("{cell} {metric}"), figure }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figure { median, least, greatest } = self.figure;
        write!(f, "{:<48} = {median:>10.2} {least:>10.2} {greatest:>10.2}", self.name)
    }
}

impl FromStr for Line {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self> {
        let parse = || {
            let (name, figures) = line.split_once(" = ")?;
            let figures: Vec<f64> = figures.split_whitespace().map_while(|figure| figure.parse().ok()).collect();
            let [median, least, greatest] = figures[..] else { return None };
            Some(Self { name: name.trim_end().to_owned(), figure: Figure { median, least, greatest } })
        };
        parse().with_context(|| format!("not a line of results: {line}"))
    }
}

/// All figures there are, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Results(BTreeMap<String, Figure>);

impl Results {
    /// Those in a file; none if there is no file yet.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        if !file.exists() {
            return Ok(Self::default());
        }
        let mut results = Self::default();
        for line in std::fs::read_to_string(file)?.lines() {
            results.add(line.parse()?);
        }
        Ok(results)
    }

    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let lines = self.0.iter().map(|(name, figure)| format!("{}\n", Line { name: name.clone(), figure: *figure }));
        Ok(std::fs::write(file, lines.collect::<String>())?)
    }

    /// A new figure takes the place of an old one.
    pub(crate) fn add(&mut self, line: Line) {
        self.0.insert(line.name, line.figure);
    }

    /// The median, if it was measured.
    pub(crate) fn get(&self, cell: impl fmt::Display, metric: impl fmt::Display) -> Option<f64> {
        self.0.get(&format!("{cell} {metric}")).map(|figure| figure.median)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_as_it_was_written() {
        let line = Line::new("sixfold steady tx 64", Metric::Ns, Figure::of(vec![3.25, 1.0, 4.0]));
        assert_eq!(line.to_string().parse::<Line>().unwrap(), line);
        assert!("sixfold steady tx 64 ns 3".parse::<Line>().is_err());
        assert!("sixfold steady tx 64 ns = 3 2".parse::<Line>().is_err());
    }

    #[test]
    fn the_median_is_the_middle_one_and_of_two_the_lower() {
        assert_eq!(Figure::of(vec![5.0, 1.0, 3.0]), Figure { median: 3.0, least: 1.0, greatest: 5.0 });
        assert_eq!(Figure::of(vec![9.0, 2.0]).median, 2.0);
    }

    #[test]
    fn a_new_figure_takes_the_place_of_the_old_one() {
        let mut results = Results::default();
        for value in [5.0, 6.0] {
            results.add(Line::new("cell", Metric::Ir, Figure::exact(value)));
        }
        assert_eq!(results.get("cell", Metric::Ir), Some(6.0));
        assert_eq!(results.get("cell", Metric::Ns), None);
    }
}
