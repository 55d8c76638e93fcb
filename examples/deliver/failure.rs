//! What can go wrong, in words for the user: each failure names its place and its cause, and has an exit status.

use std::io;
use std::process::ExitCode;

use thiserror::Error;

use crate::port::Place;

/// Why a run ended before its time.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("cannot read {what}: {source}")]
    Read { what: String, source: io::Error },
    #[error("line {line} has {length} bytes, too many for one UDP datagram: the limit is {limit} bytes")]
    TooLong { line: usize, length: usize, limit: usize },
    #[error("cannot write {what}: {source}")]
    Write { what: String, source: io::Error },
    #[error("{place}: {source}")]
    Socket { place: Place, source: io::Error },
    #[error("{place}: {source}")]
    Config { place: Place, source: sixfold::ConfigError },
    #[error("{0} did not end as it should")]
    Panicked(Place),
    #[error("no randomness: {0}")]
    Seed(getrandom::Error),
    #[error("cannot catch Ctrl-C: {0}")]
    Signal(ctrlc::Error),
}

impl Failure {
    /// 2 for what the user can mend in the call, 1 for the rest.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Read { .. } | Self::TooLong { .. } => ExitCode::from(2),
            Self::Write { .. }
            | Self::Socket { .. }
            | Self::Config { .. }
            | Self::Panicked(_)
            | Self::Seed(_)
            | Self::Signal(_) => ExitCode::FAILURE,
        }
    }
}
