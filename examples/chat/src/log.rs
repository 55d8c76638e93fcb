//! `--log`: every frame as a line of a file, for the library's example `check_trace` to judge; without it nothing is written.
//!
//! A frame counts as sent when the state machine lets it go. What finds the connection's queue full, or the connection gone,
//! is lost on the way like any other.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use sixfold::Time;
use sixfold::sim::check::{Direction, Entry};

use crate::Chat;
use crate::frame_log::FrameLog;

/// Where frames are logged, if anywhere.
#[derive(Debug, Default)]
pub struct Log(Option<FrameLog>);

impl Log {
    /// Goes on with the log at `path`, or begins it.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn open(path: Option<&Path>) -> Result<Self> {
        let open =
            |path: &Path| FrameLog::append(path).with_context(|| format!("cannot write the log {}", path.display()));
        Ok(Self(path.map(open).transpose()?))
    }

    /// Notes what `endpoint` sent or was sent, or what became of its connection; before it has any effect.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn note<D>(&self, time: Time, endpoint: &Arc<str>, direction: impl FnOnce() -> D) -> Result<()>
    where
        D: Into<Option<Direction<Chat>>>,
    {
        let Some(log) = &self.0 else { return Ok(()) };
        let Some(direction) = direction().into() else { return Ok(()) };
        let entry = Entry { time, endpoint: endpoint.clone(), direction };
        log.note(entry, |text| text.as_bytes()).context("cannot write the log")
    }
}
