//! Figures, and the file in which those of one edition are kept.
//!
//! A figure that is infinite reads "never": what it measures did not happen before the end of the run.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// The figures of one cell, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Keeps four significant digits: enough to read, few enough to be the same on every machine.
    pub(crate) fn set(&mut self, name: impl Into<String>, value: f64) {
        self.0.insert(name.into(), rounded(value));
    }

    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

/// The figures of all cells, of one edition of the crate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Edition {
    /// What is measured, for people.
    pub(crate) title: String,
    pub(crate) cells: BTreeMap<String, Figures>,
}

impl Edition {
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", file.display()))
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        Ok(toml::from_str(text)?)
    }

    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let text = toml::to_string(self)?;
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    pub(crate) fn get(&self, cell: &str, figure: &str) -> Option<f64> {
        self.cells.get(cell)?.get(figure)
    }
}

fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edition_reads_back_as_it_was_written() {
        let mut figures = Figures::default();
        figures.set("frames", 6.0);
        figures.set("accept max", f64::INFINITY);
        let cells = BTreeMap::from([("steady default window=32 loss=10".to_owned(), figures)]);
        let edition = Edition { title: "some edition".to_owned(), cells };
        assert_eq!(Edition::parse(&toml::to_string(&edition).unwrap()).unwrap(), edition);
    }

    #[test]
    fn four_digits_are_kept() {
        let told = [0.0, 1.0, 0.123_46, 16.004_9, 5_940.4, 123_456.0, f64::INFINITY].map(rounded);
        assert_eq!(told, [0.0, 1.0, 0.123_5, 16.0, 5_940.0, 123_500.0, f64::INFINITY]);
    }
}
