//! `--log`: the frames as one side sees them, in the form that `check_trace` judges.
//!
//! What a node sends is noted as it goes into the link, which may lose it; what a node receives, as it comes out of the
//! socket. From either side the log also says when the server has lost its memory: frames do not show that.

use std::path::Path;
use std::sync::Arc;

use sixfold::Time;
use sixfold::sim::check::{Direction, Entry};

use crate::failure::Failure;
use crate::frame_log::FrameLog;
use crate::options::Options;
use crate::port::Place;
use crate::side::Side;
use crate::wire::{Frame, Peer, Wire};

/// The log that all nodes share; nothing is written without `--log`.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    file: Option<Arc<FrameLog>>,
    side: Side,
}

impl Log {
    pub(crate) fn create(options: &Options) -> Result<Self, Failure> {
        let create = |path: &Path| {
            let failure = |source| Failure::Write { what: path.display().to_string(), source };
            FrameLog::create(path).map(Arc::new).map_err(failure)
        };
        Ok(Self { file: options.log.as_deref().map(create).transpose()?, side: options.log_at })
    }

    /// Notes a frame that crosses the edge of the node at `place`; at the other end of the way is `other`.
    pub(crate) fn frame(&self, place: Place, other: Place, frame: &impl Frame, time: Time) -> Result<(), Failure> {
        let side = if place == Place::Server { Side::Server } else { Side::Clients };
        match place.peer().or(other.peer()) {
            Some(client) if side == self.side => self.note(time, client, || frame.direction()),
            Some(_) | None => Ok(()),
        }
    }

    /// Notes that the server knows nothing any more.
    pub(crate) fn forgotten(&self, time: Time) -> Result<(), Failure> {
        [Peer::A, Peer::B].into_iter().try_for_each(|client| self.note(time, client, || Direction::Forgotten))
    }

    fn note(&self, time: Time, endpoint: Peer, direction: impl FnOnce() -> Direction<Wire>) -> Result<(), Failure> {
        let Some(file) = &self.file else { return Ok(()) };
        let entry = Entry { time, endpoint, direction: direction() };
        file.note(entry, |line| line).map_err(|source| Failure::Write { what: "the log".to_string(), source })
    }
}
