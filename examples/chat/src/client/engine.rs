//! Session and connection together: what comes from the network goes in, what was committed goes out.

use std::sync::Arc;

use anyhow::Result;
use rusqlite::Connection;
use sixfold::sim::check::Direction;
use sixfold::{Client, Event, Time};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::link::{self, LinkEvent, Login};
use super::session::{Batch, Session};
use crate::Chat;
use crate::log::Log;
use crate::wire::ToServer;

/// Frames that came while another batch was made are taken in one.
const BATCH: usize = 256;

/// A session that is kept connected.
#[derive(Debug)]
pub struct Engine {
    session: Session,
    user: Arc<str>,
    log: Log,
    link: mpsc::Receiver<LinkEvent>,
    wire: Option<mpsc::Sender<ToServer>>,
    state: Arc<str>,
    ever_connected: bool,
}

/// Why it makes no sense to go on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Ended {
    #[error("the server refuses the login: {0}")]
    Refused(String),
    #[error("the same user has logged in elsewhere; only one client of a user can be connected")]
    Replaced,
}

/// Something to handle.
#[derive(Debug)]
pub enum Wake {
    Link(LinkEvent),
    Time,
}

impl Engine {
    /// Starts to connect.
    ///
    /// # Errors
    ///
    /// The log cannot be written.
    pub fn start(session: Session, login: Login, log: Log) -> Result<Self> {
        let user = login.user.clone();
        log.note(session.now(), &user, || Direction::Started)?;
        let link = link::start(login);
        Ok(Self { session, user, log, link, wire: None, state: "connecting".into(), ever_connected: false })
    }

    /// Waits until there is something to handle. Dropping the future loses nothing.
    pub async fn wait(&mut self) -> Wake {
        let timer = async {
            match self.session.wait() {
                Some(wait) => sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(event) = self.link.recv() => Wake::Link(event),
            () = timer => Wake::Time,
        }
    }

    /// Handles it, and what else has come meanwhile, in one batch.
    ///
    /// # Errors
    ///
    /// [`Ended`], or the database or the log says no.
    pub fn handle(&mut self, wake: Wake) -> Result<Vec<Event<Chat>>> {
        let first = match wake {
            Wake::Link(event) => Some(event),
            Wake::Time => None,
        };
        let mut ended = None;
        let Self { session, user, log, link, wire, state, ever_connected } = self;
        let came = first.into_iter().chain(std::iter::from_fn(|| link.try_recv().ok())).take(BATCH);
        let ((), batch) = session.batch(|client, _, now| {
            for event in came {
                match event {
                    LinkEvent::Frame(frame) => {
                        log.note(now, user, || Direction::Down(frame.clone()))?;
                        client.handle_frame(frame, now);
                    }
                    LinkEvent::Up(frames) => {
                        log.note(now, user, || Direction::Connected)?;
                        (*wire, *state, *ever_connected) = (Some(frames), "connected".into(), true);
                        client.handle_connected(now);
                    }
                    LinkEvent::Down(reason) => {
                        if wire.take().is_some() {
                            log.note(now, user, || Direction::Disconnected)?;
                        }
                        *state = format!("not connected: {reason}").into();
                        client.handle_disconnected(now);
                    }
                    LinkEvent::Refused(reason) => ended = Some(Ended::Refused(reason)),
                    LinkEvent::Replaced => ended = Some(Ended::Replaced),
                }
            }
            client.handle_timeout(now);
            Ok(())
        })?;
        let events = self.after(batch)?;
        match ended {
            Some(ended) => Err(ended.into()),
            None => Ok(events),
        }
    }

    /// Lets the user do something to the client, in one batch.
    ///
    /// # Errors
    ///
    /// What `work` fails with, or the database or the log says no.
    pub fn apply<R>(
        &mut self,
        work: impl FnOnce(&mut Client<Chat>, &Connection, Time) -> Result<R>,
    ) -> Result<(R, Vec<Event<Chat>>)> {
        let (result, batch) = self.session.batch(work)?;
        Ok((result, self.after(batch)?))
    }

    /// The session, to look into.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The state of the connection, for people.
    #[must_use]
    pub fn state(&self) -> &Arc<str> {
        &self.state
    }

    /// Whether frames can leave now.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.wire.is_some()
    }

    /// Whether it is safe to leave: nothing is on its way, and the server was there to say so.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.ever_connected && self.session.client().is_settled()
    }

    /// Transmits what was committed.
    fn after(&mut self, batch: Batch) -> Result<Vec<Event<Chat>>> {
        if let Some(wire) = &self.wire {
            for frame in batch.frames {
                self.log.note(batch.now, &self.user, || Direction::Up(frame.clone()))?;
                wire.try_send(frame.into()).ok(); // full or gone: lost like any frame, and repeated
            }
        }
        let is_suspect = batch.events.iter().any(|event| matches!(event, Event::SuspectConnection { .. }));
        // Without its sender the connection ends; that is told by `Down`, and another one follows.
        if is_suspect && self.wire.take().is_some() {
            self.log.note(batch.now, &self.user, || Direction::Disconnected)?;
        }
        Ok(batch.events)
    }
}
