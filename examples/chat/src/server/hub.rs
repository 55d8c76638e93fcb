//! The six rules of a server: frames of authenticated users go in, frames for connections come out after the commit.
//!
//! 1. msg:R is deduplicated by (authenticated sender, id). A duplicate is answered with msg:A and the same server id, then
//!    with ack:N when the recipient has confirmed, else with msg:N to the recipient when it is connected. A question,
//!    msg:R without a text, is answered like a duplicate when the store has the message, else not at all.
//! 2. No server id is given twice: see the store.
//! 3. msg:N is kept for a recipient that is away and pushed when it returns, older ones first, until `lifetime` after the
//!    first msg:R.
//! 4. Every ack:R is answered with ack:A; it counts only when it comes from the message's recipient.
//! 5. `from` is always the authenticated sender: a client's frames do not even have the field.
//! 6. The text is carried through unread, and `floor` as of the latest msg:R, questions included.
//!
//! Everything that waits is handled as one batch in one transaction, and no answer leaves before the commit: whatever the
//! server has said, it still knows after it was killed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use sixfold::sim::check::Direction;
use sixfold::{MsgId, Time};
use tracing::debug;

use super::outlet::{self, Outlet};
use super::store::{Confirmation, Known, Progress, Store, Waiting};
use crate::log::Log;
use crate::wire::{FromServer, ToServer, Verdict};
use crate::{MAX_TEXT, is_name};

/// Tells one connection of a user from the next.
pub type ConnectionId = u64;

/// What a connection tells the hub.
#[derive(Debug)]
pub enum Command {
    /// A user has logged in.
    Connected { user: Arc<str>, connection: ConnectionId, outlet: Outlet },
    /// The connection is gone.
    Disconnected { user: Arc<str>, connection: ConnectionId },
    /// A frame came.
    Frame { user: Arc<str>, connection: ConnectionId, frame: ToServer },
    /// There is room again for what waits in the store.
    Room { user: Arc<str>, connection: ConnectionId },
    /// Time has passed.
    Tick,
}

/// How many commands one transaction takes: a quarter of a connection's queue, so that a batch fits what is left of it.
pub const BATCH: usize = outlet::CAPACITY / 4;

/// The server's state: the store, and who is connected.
#[derive(Debug)]
pub struct Hub {
    store: Store,
    users: BTreeSet<Arc<str>>,
    connections: BTreeMap<Arc<str>, Connection>,
    /// Made within a batch, let out after its commit.
    answers: Vec<(Arc<str>, FromServer)>,
    log: Log,
}

#[derive(Debug)]
struct Connection {
    id: ConnectionId,
    outlet: Outlet,
    /// What is stored up to this server id has been pushed; what is above waits for room.
    pushed: i64,
    /// Whether nothing is above: then a new message is pushed as it comes.
    caught_up: bool,
}

impl Hub {
    /// Serves `users` from `store`.
    #[must_use]
    pub fn new(store: Store, users: impl IntoIterator<Item = Arc<str>>) -> Self {
        let (users, connections) = (users.into_iter().collect(), BTreeMap::new());
        Self { store, users, connections, answers: Vec::new(), log: Log::default() }
    }

    /// Logs every frame from now on. Nobody is connected now, whatever the log said before.
    ///
    /// # Errors
    ///
    /// The log cannot be written.
    pub fn logging(mut self, log: Log, now_ms: i64) -> Result<Self> {
        self.log = log;
        self.users.iter().try_for_each(|user| self.log.note(time(now_ms), user, || Direction::Disconnected))?;
        Ok(self)
    }

    /// Handles everything that waits, commits, and only then answers.
    ///
    /// # Errors
    ///
    /// The database says no, or the log. Not everything was answered; the server has to stop.
    pub fn handle(&mut self, batch: impl IntoIterator<Item = Command>, now_ms: i64) -> Result<()> {
        self.store.begin()?;
        self.store.age(now_ms)?;
        for command in batch {
            self.on_command(command, now_ms)?;
        }
        self.store.commit()?;
        for (user, frame) in self.answers.drain(..) {
            let Some(connection) = self.connections.get(&user) else { continue };
            self.log.note(time(now_ms), &user, || frame.clone().into_incoming().map(Direction::Down))?;
            connection.outlet.push(frame);
        }
        Ok(())
    }

    fn on_command(&mut self, command: Command, now_ms: i64) -> Result<()> {
        match command {
            Command::Connected { user, connection, outlet } => {
                self.log.note(time(now_ms), &user, || Direction::Connected)?;
                self.on_connected(&user, connection, outlet)
            }
            Command::Disconnected { user, connection } if self.is_current(&user, connection) => {
                self.connections.remove(&user);
                self.log.note(time(now_ms), &user, || Direction::Disconnected)
            }
            Command::Frame { user, connection, frame } if self.is_current(&user, connection) => {
                self.log.note(time(now_ms), &user, || frame.clone().into_outgoing().map(Direction::Up))?;
                self.on_frame(&user, frame, now_ms)
            }
            Command::Room { user, connection } if self.is_current(&user, connection) => self.push_stored(&user),
            Command::Disconnected { .. } | Command::Frame { .. } | Command::Room { .. } => Ok(()),
            Command::Tick => {
                // A call for room can be missed by a hair: look again now and then.
                let behind = self.connections.iter().filter(|(_, connection)| !connection.caught_up);
                let behind: Vec<_> = behind.map(|(user, _)| user.clone()).collect();
                behind.iter().try_for_each(|user| self.push_stored(user))
            }
        }
    }

    /// Frames of a connection that was replaced come too late: they will come again on the new one.
    fn is_current(&self, user: &str, connection: ConnectionId) -> bool {
        self.connections.get(user).is_some_and(|current| current.id == connection)
    }

    fn on_connected(&mut self, user: &Arc<str>, id: ConnectionId, outlet: Outlet) -> Result<()> {
        let connection = Connection { id, outlet, pushed: 0, caught_up: false };
        if let Some(old) = self.connections.insert(user.clone(), connection) {
            debug!(%user, "logged in again: the older connection ends");
            old.outlet.push(FromServer::Replaced {});
            // What this batch has made for the old connection reaches the new one, before what is stored: harmless.
        }
        self.push_stored(user)
    }

    /// Pushes what waits in the store, as much as there is room for.
    fn push_stored(&mut self, user: &Arc<str>) -> Result<()> {
        let Some(connection) = self.connections.get_mut(user) else { return Ok(()) };
        let room = connection.outlet.room() / 2;
        let page = self.store.waiting_for(user, connection.pushed, room)?;
        connection.caught_up = page.len() < room;
        if let Some(last) = page.last() {
            connection.pushed = last.server_id;
        }
        if !connection.caught_up {
            connection.outlet.call_when_empty();
        }
        self.answers.extend(page.into_iter().map(|waiting| (user.clone(), waiting.into())));
        Ok(())
    }

    fn on_frame(&mut self, user: &Arc<str>, frame: ToServer, now_ms: i64) -> Result<()> {
        match frame {
            ToServer::Login { .. } => Ok(()), // once is enough
            ToServer::MsgR { id, to, floor, text: Some(text) } => self.on_message(user, id, &to, floor, &text, now_ms),
            ToServer::MsgR { id, to, floor, text: None } => self.on_question(user, id, &to, floor),
            ToServer::AckR { id, from } => self.on_confirmation(user, id, from),
        }
    }

    fn on_message(
        &mut self,
        sender: &Arc<str>,
        id: MsgId,
        to: &str,
        floor: u64,
        text: &str,
        now_ms: i64,
    ) -> Result<()> {
        let known = match self.store.heard_again(sender, id, floor)? {
            Some(known) => known,
            None => {
                if let Some(refusal) = self.unwanted(to, text) {
                    self.answers.push((sender.clone(), FromServer::MsgA { id, verdict: refusal }));
                    return Ok(());
                }
                let server_id = self.store.insert(sender, id, to, floor, text, now_ms)?;
                Known { server_id, progress: Progress::Waiting }
            }
        };
        self.answer(sender, id, to, known)
    }

    /// A question for a message that is not in the store gets no answer: then the whole message follows.
    fn on_question(&mut self, sender: &Arc<str>, id: MsgId, to: &str, floor: u64) -> Result<()> {
        match self.store.asked_about(sender, id, to, floor)? {
            Some(known) => self.answer(sender, id, to, known),
            None => Ok(()),
        }
    }

    /// Accepts a stored message, and says or pushes what follows.
    fn answer(&mut self, sender: &Arc<str>, id: MsgId, to: &str, known: Known) -> Result<()> {
        let verdict = Verdict::Accepted(known.server_id);
        self.answers.push((sender.clone(), FromServer::MsgA { id, verdict }));
        match known.progress {
            Progress::Confirmed => {
                self.answers.push((sender.clone(), FromServer::AckN { id, server_id: known.server_id }));
            }
            Progress::Waiting => self.push_one(known.server_id, to)?,
            Progress::Outlived => {}
        }
        Ok(())
    }

    /// Why a new message is not stored.
    fn unwanted(&self, to: &str, text: &str) -> Option<Verdict> {
        if text.len() > MAX_TEXT {
            let reason = format!("the text has {} bytes, at most {MAX_TEXT} are allowed", text.len());
            return Some(Verdict::Rejected { code: 413, reason });
        }
        if !self.users.contains(to) {
            let reason = if is_name(to) { format!("there is no user {to}") } else { "there is no such user".into() };
            return Some(Verdict::Rejected { code: 404, reason });
        }
        None
    }

    /// Pushes a message whose msg:R came just now, unless older ones of its recipient have to go first.
    fn push_one(&mut self, server_id: i64, to: &str) -> Result<()> {
        let Some(connection) = self.connections.get_mut(to) else { return Ok(()) };
        if server_id > connection.pushed {
            if connection.caught_up && connection.outlet.room() < BATCH {
                connection.caught_up = false;
                connection.outlet.call_when_empty();
            }
            if !connection.caught_up {
                return Ok(());
            }
            connection.pushed = server_id;
        }
        if let Some(waiting) = self.store.waiting(server_id)? {
            self.answers.push((to.into(), waiting.into()));
        }
        Ok(())
    }

    fn on_confirmation(&mut self, by: &Arc<str>, id: MsgId, sender: Arc<str>) -> Result<()> {
        let confirmation = self.store.confirm(by, &sender, id)?;
        self.answers.push((by.clone(), FromServer::AckA { id, from: sender.clone() }));
        match confirmation {
            Confirmation::First(server_id) => self.answers.push((sender, FromServer::AckN { id, server_id })),
            Confirmation::Nothing => {}
        }
        Ok(())
    }
}

/// The time as the log has it.
fn time(now_ms: i64) -> Time {
    Time::from_origin(Duration::from_millis(now_ms.max(0).unsigned_abs()))
}

impl From<Waiting> for FromServer {
    fn from(waiting: Waiting) -> Self {
        let Waiting { server_id, sender, id, floor, text } = waiting;
        Self::MsgN { id, from: sender, server_id, floor, text }
    }
}
