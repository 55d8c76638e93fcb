//! The messages as the user sees them: one row each, written in the transaction that writes the journal's record of it.
//!
//! No row has a constraint that would hide a message handed over twice: that each comes once is the library's promise.

use std::sync::Arc;

use anyhow::{Context, Result};
use rusqlite::{Connection, OptionalExtension, Row, params};
use sixfold::{Delivery, FailReason, MsgId, Record, Rejection, Status, Time};

use crate::Chat;

/// The tables of a client's database that are not the journal.
pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS messages (
    n     INTEGER PRIMARY KEY AUTOINCREMENT,
    peer  TEXT NOT NULL,
    id    TEXT NOT NULL,
    mine  INTEGER NOT NULL,
    text  TEXT NOT NULL,
    state TEXT NOT NULL, -- queued, accepted, delivered, failed, dropped; received
    note  TEXT,          -- why it failed
    at    INTEGER NOT NULL -- milliseconds since 1970
) STRICT;
CREATE INDEX IF NOT EXISTS messages_by_peer ON messages (peer, n);
CREATE INDEX IF NOT EXISTS messages_by_id ON messages (id) WHERE mine;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value ANY) STRICT;
";

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub n: i64,
    pub id: MsgId,
    pub text: String,
    pub state: State,
    pub note: Option<String>,
    pub at_ms: i64,
}

/// Where a message stands for its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Queued,
    Accepted,
    Delivered,
    Failed,
    Dropped,
    Received,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
            Self::Received => "received",
        }
    }

    fn parse(text: &str) -> Self {
        let all = [Self::Queued, Self::Accepted, Self::Delivered, Self::Failed, Self::Dropped];
        all.into_iter().find(|state| state.as_str() == text).unwrap_or(Self::Received)
    }
}

/// Writes what a record means for the user. `status` is what the client says of a message now.
pub fn on_record(
    db: &Connection,
    record: &Record<Chat>,
    status: impl Fn(MsgId) -> Option<Status>,
) -> rusqlite::Result<()> {
    match record {
        Record::Queued { id, to, payload, at } => insert(db, to, *id, payload, State::Queued, *at),
        Record::Accepted { id, .. } => set_state(db, *id, State::Accepted, None),
        Record::Delivered { id, .. } => set_state(db, *id, State::Delivered, None),
        Record::Failed { id, reason } => set_state(db, *id, State::Failed, Some(&explain(reason))),
        // A message that was accepted before it failed is accepted still.
        Record::Resent { id, .. } if status(*id) == Some(Status::Accepted) => set_state(db, *id, State::Accepted, None),
        Record::Resent { id, .. } => set_state(db, *id, State::Queued, None),
        Record::Discarded { id } => set_state(db, *id, State::Dropped, None),
        _ => Ok(()), // of received messages, whose row is written at the event
    }
}

/// Writes a received message.
pub fn on_received(db: &Connection, delivery: &Delivery<Chat>, now: Time) -> rusqlite::Result<()> {
    insert(db, &delivery.from, delivery.id, &delivery.payload, State::Received, now)
}

fn insert(db: &Connection, peer: &str, id: MsgId, text: &str, state: State, at: Time) -> rusqlite::Result<()> {
    let sql = "INSERT INTO messages (peer, id, mine, text, state, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let at_ms = i64::try_from(at.as_nanos() / 1_000_000).unwrap_or(i64::MAX);
    let row = params![peer, id.to_string(), state != State::Received, text, state.as_str(), at_ms];
    db.prepare_cached(sql)?.execute(row).map(drop)
}

fn set_state(db: &Connection, id: MsgId, state: State, note: Option<&str>) -> rusqlite::Result<()> {
    let sql = "UPDATE messages SET state = ?2, note = ?3 WHERE id = ?1 AND mine";
    db.prepare_cached(sql)?.execute(params![id.to_string(), state.as_str(), note]).map(drop)
}

/// Says why a message failed, and not more than what is known.
#[must_use]
pub fn explain(reason: &FailReason) -> String {
    let refused = |rejection: &Rejection| format!("refused: {} ({})", rejection.reason, rejection.code);
    match reason {
        FailReason::Rejected(rejection) => refused(rejection),
        FailReason::Expired => "it was too old before it could be sent".to_owned(),
        FailReason::Unknown { rejection: Some(rejection) } => {
            format!("it may have arrived; then {}", refused(rejection))
        }
        _ => "no answer: it may have arrived".to_owned(),
    }
}

/// The last `limit` messages with `peer`, oldest first.
///
/// # Errors
///
/// The database says no.
pub fn last(db: &Connection, peer: &str, limit: usize) -> Result<Vec<Message>> {
    let sql = "SELECT n, id, text, state, note, at FROM messages WHERE peer = ?1 ORDER BY n DESC LIMIT ?2";
    let mut rows = db.prepare_cached(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut found = rows.query_map(params![peer, limit], row)?.collect::<rusqlite::Result<Vec<_>>>()?;
    found.reverse();
    Ok(found)
}

/// The first `limit` messages received from `peer` after row `n`.
///
/// # Errors
///
/// The database says no.
pub fn received_after(db: &Connection, peer: &str, n: i64, limit: usize) -> Result<Vec<Message>> {
    let sql = "SELECT n, id, text, state, note, at FROM messages
               WHERE peer = ?1 AND n > ?2 AND NOT mine ORDER BY n LIMIT ?3";
    let mut rows = db.prepare_cached(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(rows.query_map(params![peer, n, limit], row)?.collect::<rusqlite::Result<_>>()?)
}

/// Everybody there is a message with.
///
/// # Errors
///
/// The database says no.
pub fn peers(db: &Connection) -> Result<Vec<Arc<str>>> {
    let mut rows = db.prepare_cached("SELECT DISTINCT peer FROM messages ORDER BY peer")?;
    Ok(rows.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// The number of the last row.
///
/// # Errors
///
/// The database says no.
pub fn last_row(db: &Connection) -> Result<i64> {
    Ok(db.query_row("SELECT ifnull(max(n), 0) FROM messages", [], |row| row.get(0))?)
}

/// Remembers a named number or text.
///
/// # Errors
///
/// The database says no.
pub fn set_fact(db: &Connection, name: &str, value: impl rusqlite::ToSql) -> Result<()> {
    let sql = "INSERT INTO facts (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2";
    db.prepare_cached(sql)?.execute(params![name, value]).with_context(|| format!("cannot note {name}"))?;
    Ok(())
}

/// Gives a named number or text, if it was ever set.
///
/// # Errors
///
/// The database says no.
pub fn fact<V: rusqlite::types::FromSql>(db: &Connection, name: &str) -> Result<Option<V>> {
    let mut rows = db.prepare_cached("SELECT value FROM facts WHERE name = ?1")?;
    rows.query_row([name], |row| row.get(0)).optional().with_context(|| format!("cannot read {name}"))
}

fn row(row: &Row<'_>) -> rusqlite::Result<Message> {
    let id: String = row.get(1)?;
    let id = id
        .parse()
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(error)))?;
    let state: String = row.get(3)?;
    let state = State::parse(&state);
    Ok(Message { n: row.get(0)?, id, text: row.get(2)?, state, note: row.get(4)?, at_ms: row.get(5)? })
}
