//! Which workload is measured with which settings.

use std::fmt;

use crate::settings::Preset;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Workload {
    Steady,
    Burst,
    Many,
    Stuck,
    Idle,
    Shards,
    Slow,
    Forgotten,
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steady => "steady",
            Self::Burst => "burst",
            Self::Many => "many",
            Self::Stuck => "stuck",
            Self::Idle => "idle",
            Self::Shards => "shards",
            Self::Slow => "slow",
            Self::Forgotten => "forgotten",
        })
    }
}

/// What differs between the cells of a workload, the settings aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Case {
    /// Frames lost, in percent.
    Loss(u32),
    /// To how many recipients the messages go.
    Peers(u64),
    /// The round trip that the path comes to have, in milliseconds.
    RoundTrip(u64),
    /// Frames lost, in percent, and whether the connection ends when the server forgets.
    Forgets {
        loss: u32,
        reconnects: bool,
    },
    Only,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loss(loss) => write!(f, " loss={loss}"),
            Self::Peers(peers) => write!(f, " peers={peers}"),
            Self::RoundTrip(millis) => write!(f, " round-trip={millis}"),
            Self::Forgets { loss, reconnects: true } => write!(f, " reconnects loss={loss}"),
            Self::Forgets { loss, reconnects: false } => write!(f, " stays loss={loss}"),
            Self::Only => Ok(()),
        }
    }
}

/// One thing to measure. Its display is its name in files and filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell {
    pub(crate) workload: Workload,
    pub(crate) preset: Preset,
    pub(crate) window: usize,
    pub(crate) case: Case,
}

impl Cell {
    /// Whether every word of a filter is one of the name's.
    pub(crate) fn matches(&self, filter: &[String]) -> bool {
        let name = self.to_string();
        filter.iter().flat_map(|words| words.split_whitespace()).all(|word| name.split(' ').any(|mine| mine == word))
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workload, preset, window, case } = self;
        write!(f, "{workload} {preset} window={window}{case}")
    }
}

/// The window of `Config::default()`.
pub(crate) const WINDOW: usize = 32;
pub(crate) const WINDOWS: [usize; 3] = [WINDOW, 128, 512];
pub(crate) const LOSSES: [u32; 5] = [0, 1, 10, 30, 40];
pub(crate) const PRESETS: [Preset; 2] = [Preset::Default, Preset::Datagram];

/// All cells, in the order of the tables.
pub(crate) fn all() -> Vec<Cell> {
    use Workload::{Burst, Forgotten, Idle, Many, Shards, Slow, Steady, Stuck};
    [Steady, Burst, Many, Stuck, Idle, Shards, Slow, Forgotten].into_iter().flat_map(of).collect()
}

/// The cells of one workload.
pub(crate) fn of(workload: Workload) -> Vec<Cell> {
    let cell = |preset, window, case| Cell { workload, preset, window, case };
    let everywhere = |cases: &[Case]| {
        let settings = PRESETS.into_iter().flat_map(|preset| WINDOWS.map(|window| (preset, window)));
        settings.flat_map(|(preset, window)| cases.iter().map(move |case| cell(preset, window, *case))).collect()
    };
    let of_each = |presets: &[Preset], cases: &[Case]| {
        let cells = presets.iter().flat_map(|preset| cases.iter().map(|case| cell(*preset, WINDOW, *case)));
        cells.collect::<Vec<_>>()
    };
    match workload {
        Workload::Steady | Workload::Burst | Workload::Many => everywhere(&LOSSES.map(Case::Loss)),
        Workload::Stuck | Workload::Shards => everywhere(&[Case::Only]),
        Workload::Idle => of_each(&PRESETS, &[20, 1].map(Case::Peers)),
        Workload::Slow => of_each(&PRESETS, &[800, 1_600].map(Case::RoundTrip)),
        Workload::Forgotten => {
            let cases = [false, true].map(|reconnects| LOSSES.map(|loss| Case::Forgets { loss, reconnects }));
            of_each(&PRESETS, cases.as_flattened())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::BTreeSet;

    #[test]
    fn every_cell_has_a_name_of_its_own() {
        let names: BTreeSet<String> = all().iter().map(Cell::to_string).collect();
        assert_eq!(names.len(), all().len());
        assert!(names.contains("steady default window=32 loss=10"));
    }

    #[test]
    fn a_filter_asks_for_whole_words_in_any_order() {
        let count = |filter: &str| all().iter().filter(|cell| cell.matches(&[filter.to_owned()])).count();
        assert_eq!(count("window=32 steady loss=10"), PRESETS.len());
        assert_eq!(count("stead"), 0);
        assert_eq!(count(""), all().len());
    }
}
