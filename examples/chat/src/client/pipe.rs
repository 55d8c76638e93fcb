//! `--pipe`: lines in, lines out, and an end when everything is settled.

pub mod sink;
pub mod source;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sixfold::{Event, Status};
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use super::engine::{Engine, Wake};
use super::history::{self, explain};
use super::options::{FOREVER, PipeOptions};
use crate::Chat;
use sink::Sink;
use source::Source;

/// Runs until the lines to send have ended and everything is settled, or until it is told to stop.
///
/// # Errors
///
/// Files, the database, or [`Ended`](super::engine::Ended); and at the end, messages that failed.
pub async fn run(mut engine: Engine, to: Arc<str>, options: &PipeOptions) -> Result<()> {
    let mut pipe = Pipe::open(&engine, to, options)?;
    let stop = crate::signals::stop()?;
    tokio::pin!(stop);
    pipe.sink.write_new(engine.session().db())?;
    loop {
        let leave_at = pipe.leave_at(&engine, options.linger);
        if leave_at.is_some_and(|at| at <= Instant::now()) {
            break;
        }
        let timer = async {
            match leave_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let can_read = !pipe.source.has_ended() && pipe.source.waiting().is_empty();
        tokio::select! {
            wake = engine.wait() => pipe.on_wake(&mut engine, wake)?,
            read = pipe.source.fill(), if can_read => read?,
            () = timer => continue,
            () = &mut stop => {
                let unsettled = engine.session().client().stats().unsettled;
                info!("stopping with {unsettled} messages on their way: they go on at the next start");
                return Ok(());
            }
        }
        pipe.send(&mut engine)?;
    }
    match engine.session().client().outbox().filter(|entry| matches!(entry.status, Status::Failed(_))).count() {
        0 => Ok(()),
        failed => bail!("{failed} messages failed: open the chat without --pipe to send them again or to drop them"),
    }
}

struct Pipe {
    to: Arc<str>,
    source: Source,
    /// Under which name the offset in the source is stored, if it is a file.
    bookmark: Option<String>,
    sink: Sink,
    /// Since when there is nothing left to send.
    sent_all: Option<Instant>,
}

impl Pipe {
    fn open(engine: &Engine, to: Arc<str>, options: &PipeOptions) -> Result<Self> {
        let db = engine.session().db();
        let (source, bookmark) = match &options.input {
            Some(path) => {
                let path: PathBuf = path.canonicalize().with_context(|| format!("cannot read {}", path.display()))?;
                let name = format!("sent to {to} of {}", path.display());
                let offset = history::fact::<i64>(db, &name)?.unwrap_or(0);
                (Source::file(&path, u64::try_from(offset)?, options.follow)?, Some(name))
            }
            None => (Source::stdin(), None),
        };
        let sink = match &options.output {
            Some(path) => Sink::file(db, to.clone(), path)?,
            None => Sink::stdout(db, to.clone())?,
        };
        Ok(Self { to, source, bookmark, sink, sent_all: None })
    }

    /// When to leave: once all is sent and settled, and the time to linger is over.
    fn leave_at(&mut self, engine: &Engine, linger: Duration) -> Option<Instant> {
        if !self.source.has_ended() || !self.source.waiting().is_empty() || linger == FOREVER {
            return None;
        }
        let since = *self.sent_all.get_or_insert_with(|| {
            info!("every line is taken");
            Instant::now()
        });
        if !engine.is_settled() {
            return None;
        }
        since.checked_add(linger)
    }

    fn on_wake(&mut self, engine: &mut Engine, wake: Wake) -> Result<()> {
        let before = engine.state().clone();
        let events = engine.handle(wake)?;
        if *engine.state() != before {
            info!("{}", engine.state());
        }
        self.show(engine, &events)
    }

    /// Sends the lines that wait, as many as the outbox takes, and stores with them how far that is.
    fn send(&mut self, engine: &mut Engine) -> Result<()> {
        if self.source.waiting().is_empty() {
            return Ok(());
        }
        let (to, bookmark, lines) = (&self.to, self.bookmark.as_deref(), self.source.waiting());
        let ((), events) = engine.apply(|client, db, now| {
            let mut end = None;
            while let Some(line) = lines.front() {
                if client.send(to.clone(), line.text.clone(), now).is_err() {
                    break; // full: again once something is delivered
                }
                end = Some(line.end);
                lines.pop_front();
            }
            match (bookmark, end) {
                (Some(name), Some(end)) => history::set_fact(db, name, i64::try_from(end)?),
                (Some(_), None) | (None, _) => Ok(()),
            }
        })?;
        self.show(engine, &events)
    }

    fn show(&mut self, engine: &Engine, events: &[Event<Chat>]) -> Result<()> {
        for event in events {
            match event {
                Event::Failed { id, reason } => warn!(%id, "a message failed: {}", explain(reason)),
                Event::HorizonExceeded { from, .. } => {
                    warn!(%from, "a message was left with the server: too many streams")
                }
                Event::SuspectConnection { silent } => info!("nothing came for {silent:?}: connecting anew"),
                _ => {}
            }
        }
        if events.iter().any(|event| matches!(event, Event::Received(_))) {
            self.sink.write_new(engine.session().db())?;
        }
        Ok(())
    }
}
