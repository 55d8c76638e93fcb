//! Where a log of frames is taken, for the command line.
#![allow(missing_docs, unreachable_pub, reason = "a part of several programs")]

use clap::ValueEnum;
use sixfold::sim::check::View;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// What the server sent and received.
    Server,
    /// What the clients sent and received.
    Clients,
}

impl From<Side> for View {
    fn from(side: Side) -> Self {
        match side {
            Side::Server => Self::Server,
            Side::Clients => Self::Clients,
        }
    }
}
