//! One thing to measure: a peer at a workload of a size, for what it costs or for what it holds.

use std::fmt;

use crate::callgrind::Lengths;
use crate::meter::Spent;

/// What is done; its display is the word that names it in ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Workload {
    Steady,
    Inputs,
    Backlog,
    Held,
    Duplicate,
    Repeated,
    Stale,
    Forged,
    PollTimeout,
    Expire,
    Reconnect,
    Conversations,
    InTurn,
    Records,
    Unsettled,
    Accepted,
    Confirmed,
    Seen,
    Day,
    Idle,
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steady => "steady",
            Self::Inputs => "inputs",
            Self::Backlog => "backlog",
            Self::Held => "held",
            Self::Duplicate => "duplicate",
            Self::Repeated => "repeated",
            Self::Stale => "stale",
            Self::Forged => "forged",
            Self::PollTimeout => "poll-timeout",
            Self::Expire => "expire",
            Self::Reconnect => "reconnect",
            Self::Conversations => "conversations",
            Self::InTurn => "in-turn",
            Self::Records => "records",
            Self::Unsettled => "unsettled",
            Self::Accepted => "accepted",
            Self::Confirmed => "confirmed",
            Self::Seen => "seen",
            Self::Day => "day",
            Self::Idle => "idle",
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

/// What names a cell: four words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) peer: &'static str,
    pub(crate) workload: Workload,
    pub(crate) half: Half,
    pub(crate) size: u64,
}

impl Name {
    /// Whether every word of a filter is one of the four.
    pub(crate) fn matches(&self, filter: &[String]) -> bool {
        let name = self.to_string();
        filter.iter().flat_map(|words| words.split_whitespace()).all(|word| name.split(' ').any(|mine| mine == word))
    }

    /// The peer aside.
    pub(crate) fn of_anyone(&self) -> String {
        format!("{} {} {}", self.workload, self.half, self.size)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", self.peer, self.of_anyone()))
    }
}

/// What a unit of a workload costs.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) name: Name,
    /// Runs so many units at a size.
    pub(crate) run: fn(u64, u64) -> Spent,
    pub(crate) lengths: Lengths,
    /// Figures are given per this part of a unit: a reconnect with N in flight is N retransmissions.
    pub(crate) parts: u64,
}

impl Cell {
    pub(crate) fn run(&self, units: u64) -> Spent {
        (self.run)(self.name.size, units)
    }
}

/// How many bytes of heap something holds.
#[derive(Clone, Debug)]
pub(crate) struct Holding {
    pub(crate) name: Name,
    /// Bytes at a size: of each, or altogether, as the workload says.
    pub(crate) bytes: fn(u64) -> f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Name = Name { peer: "somebody", workload: Workload::Reconnect, half: Half::Tx, size: 64 };

    #[test]
    fn a_filter_asks_for_whole_words_in_any_order() {
        let matches = |words: &[&str]| NAME.matches(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert!(matches(&[]));
        assert!(matches(&["tx", "64"]));
        assert!(matches(&["64 reconnect", "somebody"]));
        assert!(!matches(&["6"]), "not a part of a word");
        assert!(!matches(&["tx", "rx"]));
    }
}
