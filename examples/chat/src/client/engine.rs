//! Session and connection together: what comes from the network goes in, what was committed goes out.

use std::sync::Arc;

use anyhow::Result;
use rusqlite::Connection;
use sixfold::{Client, Event, Time};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::link::{self, LinkEvent, Login};
use super::session::{Batch, Session};
use crate::Chat;
use crate::wire::ToServer;

/// Frames that came while another batch was made are taken in one.
const BATCH: usize = 256;

/// A session that is kept connected.
#[derive(Debug)]
pub struct Engine {
    session: Session,
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
    #[must_use]
    pub fn start(session: Session, login: Login) -> Self {
        let link = link::start(login);
        Self { session, link, wire: None, state: "connecting".into(), ever_connected: false }
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
    /// [`Ended`], or the database says no.
    pub fn handle(&mut self, wake: Wake) -> Result<Vec<Event<Chat>>> {
        let first = match wake {
            Wake::Link(event) => Some(event),
            Wake::Time => None,
        };
        let mut ended = None;
        let Self { session, link, wire, state, ever_connected } = self;
        let came = first.into_iter().chain(std::iter::from_fn(|| link.try_recv().ok())).take(BATCH);
        let ((), batch) = session.batch(|client, _, now| {
            for event in came {
                match event {
                    LinkEvent::Frame(frame) => client.handle_frame(frame, now),
                    LinkEvent::Up(frames) => {
                        (*wire, *state, *ever_connected) = (Some(frames), "connected".into(), true);
                        client.handle_connected(now);
                    }
                    LinkEvent::Down(reason) => {
                        (*wire, *state) = (None, format!("not connected: {reason}").into());
                        client.handle_disconnected(now);
                    }
                    LinkEvent::Refused(reason) => ended = Some(Ended::Refused(reason)),
                    LinkEvent::Replaced => ended = Some(Ended::Replaced),
                }
            }
            client.handle_timeout(now);
            Ok(())
        })?;
        let events = self.after(batch);
        match ended {
            Some(ended) => Err(ended.into()),
            None => Ok(events),
        }
    }

    /// Lets the user do something to the client, in one batch.
    ///
    /// # Errors
    ///
    /// What `work` fails with, or the database says no.
    pub fn apply<R>(
        &mut self,
        work: impl FnOnce(&mut Client<Chat>, &Connection, Time) -> Result<R>,
    ) -> Result<(R, Vec<Event<Chat>>)> {
        let (result, batch) = self.session.batch(work)?;
        Ok((result, self.after(batch)))
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
    fn after(&mut self, batch: Batch) -> Vec<Event<Chat>> {
        if let Some(wire) = &self.wire {
            for frame in batch.frames {
                if wire.try_send(frame.into()).is_err() {
                    break; // full or gone: lost like any frame, and repeated
                }
            }
        }
        if batch.events.iter().any(|event| matches!(event, Event::SuspectConnection { .. })) {
            self.wire = None; // ends the connection; its end is told by `Down`, and another one follows
        }
        batch.events
    }
}
