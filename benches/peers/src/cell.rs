//! One thing to measure: a peer at a workload of a size.

use std::fmt;

use crate::meter::Spent;

/// What is done; its display is the word that names it in ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Workload {
    Steady,
    Inputs,
    Duplicate,
    Repeated,
    Stale,
    Forged,
    PollTimeout,
    Expire,
    Reconnect,
    Conversations,
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steady => "steady",
            Self::Inputs => "inputs",
            Self::Duplicate => "duplicate",
            Self::Repeated => "repeated",
            Self::Stale => "stale",
            Self::Forged => "forged",
            Self::PollTimeout => "poll-timeout",
            Self::Expire => "expire",
            Self::Reconnect => "reconnect",
            Self::Conversations => "conversations",
        })
    }
}

/// Which half of the exchange: the sender's or the receiver's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Half {
    Tx,
    Rx,
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tx => "tx",
            Self::Rx => "rx",
        })
    }
}

/// Two run lengths, in units: the longer run does its last units more than the shorter one, and nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lengths {
    pub(crate) short: u64,
    pub(crate) long: u64,
}

/// One thing to measure.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) peer: &'static str,
    pub(crate) workload: Workload,
    pub(crate) half: Half,
    pub(crate) size: u64,
    /// Runs so many units at a size.
    pub(crate) run: fn(u64, u64) -> Spent,
    pub(crate) lengths: Lengths,
    /// Figures are given per this part of a unit: a reconnect with N in flight is N retransmissions.
    pub(crate) parts: u64,
}

impl Cell {
    /// The peer aside: what the guard calls a cell of sixfold.
    pub(crate) fn name(&self) -> String {
        format!("{} {} {}", self.workload, self.half, self.size)
    }

    /// Four words: peer, workload, half, size.
    pub(crate) fn id(&self) -> String {
        format!("{} {}", self.peer, self.name())
    }

    /// Whether every word of a filter is a word of the id.
    pub(crate) fn matches(&self, words: &[String]) -> bool {
        let id = self.id();
        words.iter().flat_map(|words| words.split_whitespace()).all(|word| id.split(' ').any(|of_id| of_id == word))
    }

    /// What one part of a unit cost, when the two runs came to so much altogether.
    pub(crate) fn per_part(&self, short: u64, long: u64) -> f64 {
        let parts = (self.lengths.long - self.lengths.short) * self.parts;
        (long as f64 - short as f64) / parts as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell() -> Cell {
        Cell {
            peer: "somebody",
            workload: Workload::Reconnect,
            half: Half::Tx,
            size: 64,
            run: |_, _| Spent::default(),
            lengths: Lengths { short: 1, long: 3 },
            parts: 64,
        }
    }

    #[test]
    fn a_filter_asks_for_whole_words_in_any_order() {
        let matches = |words: &[&str]| cell().matches(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert!(matches(&[]));
        assert!(matches(&["tx", "64"]));
        assert!(matches(&["64 reconnect", "somebody"]));
        assert!(!matches(&["6"]), "not a part of a word");
        assert!(!matches(&["tx", "rx"]));
    }

    #[test]
    fn what_both_runs_have_in_common_cancels_and_the_rest_is_shared_out() {
        let start_up = 1_000_000;
        let unit = 64 * 100;
        assert_eq!(cell().per_part(start_up + unit, start_up + 3 * unit), 100.0);
    }
}
