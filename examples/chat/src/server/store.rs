//! What the server knows, in its database: each message once, by (authenticated sender, id).
//!
//! A message waits for its recipient until it is confirmed or `lifetime` is over; either way its text goes, and the rest of
//! it stays for twice `lifetime`, so that a repeated msg:R is answered and not stored again.
//!
//! **Server ids** rise in the order of acceptance and are never given twice: `AUTOINCREMENT` sees to it while the file
//! lives, and at each start the sequence is lifted to the microseconds since 1970. So a database that was lost, or put
//! back from an old backup, goes on above every id that it may have given, as long as it gave fewer than a million a
//! second. They stay below 2⁵³, the largest integer that a browser's JSON keeps exact.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::{Connection, OptionalExtension, Row, params};
use sixfold::MsgId;

use crate::database;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS messages (
    server_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    sender     TEXT NOT NULL,
    id         TEXT NOT NULL,
    recipient  TEXT NOT NULL,
    floor      INTEGER NOT NULL,
    text       TEXT,
    progress   INTEGER NOT NULL, -- 0 waiting, 1 confirmed, 2 outlived
    first_seen INTEGER NOT NULL, -- milliseconds since 1970
    UNIQUE (sender, id)
) STRICT;
CREATE INDEX IF NOT EXISTS waiting ON messages (recipient, server_id) WHERE progress = 0;
CREATE INDEX IF NOT EXISTS waiting_since ON messages (first_seen) WHERE progress = 0;
CREATE INDEX IF NOT EXISTS known_since ON messages (first_seen);
";

const WAITING: i64 = 0;
const CONFIRMED: i64 = 1;
const OUTLIVED: i64 = 2;

/// Messages, and where each stands. Nothing is durable before [`Store::commit`].
#[derive(Debug)]
pub struct Store {
    db: Connection,
    lifetime_ms: i64,
}

/// What a msg:R met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub server_id: i64,
    pub progress: Progress,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Its recipient has not confirmed it.
    Waiting,
    /// Its recipient has.
    Confirmed,
    /// `lifetime` ended first: it is not pushed any more.
    Outlived,
}

/// What an ack:R did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// It is the first of the recipient: the sender is to hear of it, with this server id.
    First(i64),
    /// The recipient has confirmed before, or no such message is meant for it.
    Nothing,
}

/// A message to push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub server_id: i64,
    pub sender: Arc<str>,
    pub id: MsgId,
    pub floor: u64,
    pub text: Arc<str>,
}

impl Store {
    /// Opens or creates the database; `now_ms` counts from 1970.
    ///
    /// # Errors
    ///
    /// See [`database::open`].
    pub fn open(path: &Path, lifetime: Duration, now_ms: i64) -> Result<Self> {
        let db = database::open(path, SCHEMA)?;
        let least = now_ms.saturating_mul(1_000);
        db.execute("INSERT INTO sqlite_sequence (name, seq) SELECT 'messages', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'messages')", [])
            .and_then(|_| db.execute("UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'messages'", [least]))
            .context("cannot prepare the server ids")?;
        Ok(Self { db, lifetime_ms: i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4) })
    }

    /// Opens a transaction: until [`Store::commit`] nothing may be said of what happens in it.
    ///
    /// # Errors
    ///
    /// The database says no.
    pub fn begin(&self) -> Result<()> {
        self.db.execute_batch("BEGIN IMMEDIATE").context("cannot begin a transaction")
    }

    /// Makes everything since [`Store::begin`] durable.
    ///
    /// # Errors
    ///
    /// The database says no: nothing has happened.
    pub fn commit(&self) -> Result<()> {
        self.db.execute_batch("COMMIT").context("cannot commit")
    }

    /// Finds a message of which msg:R came again, and takes the newer floor over.
    pub fn heard_again(&self, sender: &str, id: MsgId, floor: u64) -> Result<Option<Known>> {
        let sql = "UPDATE messages SET floor = ?3 WHERE sender = ?1 AND id = ?2 RETURNING server_id, progress";
        let known = self
            .db
            .prepare_cached(sql)?
            .query_row(params![sender, id.to_string(), floor.cast_signed()], Known::from_row)
            .optional()?;
        Ok(known)
    }

    /// Finds the message that a question of `sender` is about, and takes the newer floor over. The text of one that has
    /// outlived its time is gone: it is not found.
    pub fn asked_about(&self, sender: &str, id: MsgId, to: &str, floor: u64) -> Result<Option<Known>> {
        let sql = "UPDATE messages SET floor = ?4
                   WHERE sender = ?1 AND id = ?2 AND recipient = ?3 AND progress <> ?5 RETURNING server_id, progress";
        let row = params![sender, id.to_string(), to, floor.cast_signed(), OUTLIVED];
        Ok(self.db.prepare_cached(sql)?.query_row(row, Known::from_row).optional()?)
    }

    /// Takes a message that is not there yet, and gives it its server id.
    pub fn insert(&self, sender: &str, id: MsgId, to: &str, floor: u64, text: &str, now_ms: i64) -> Result<i64> {
        let sql = "INSERT INTO messages (sender, id, recipient, floor, text, progress, first_seen)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let row = params![sender, id.to_string(), to, floor.cast_signed(), text, WAITING, now_ms];
        Ok(self.db.prepare_cached(sql)?.insert(row)?)
    }

    /// Notes that `by` has handled a message; only its recipient's word counts.
    pub fn confirm(&self, by: &str, sender: &str, id: MsgId) -> Result<Confirmation> {
        let sql = "UPDATE messages SET progress = ?4, text = NULL
                   WHERE sender = ?1 AND id = ?2 AND recipient = ?3 AND progress <> ?4 RETURNING server_id";
        let first = self
            .db
            .prepare_cached(sql)?
            .query_row(params![sender, id.to_string(), by, CONFIRMED], |row| row.get(0))
            .optional()?;
        Ok(first.map_or(Confirmation::Nothing, Confirmation::First))
    }

    /// Lists what waits for `recipient` above the server id `after`, older first.
    pub fn waiting_for(&self, recipient: &str, after: i64, limit: usize) -> Result<Vec<Waiting>> {
        let sql = "SELECT server_id, sender, id, floor, text FROM messages
                   WHERE recipient = ?1 AND progress = 0 AND server_id > ?2 ORDER BY server_id LIMIT ?3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = self.db.prepare_cached(sql)?;
        let found = rows.query_map(params![recipient, after, limit], Waiting::from_row)?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    /// Gives the message with this server id if it still waits.
    pub fn waiting(&self, server_id: i64) -> Result<Option<Waiting>> {
        let sql = "SELECT server_id, sender, id, floor, text FROM messages WHERE server_id = ?1 AND progress = 0";
        Ok(self.db.prepare_cached(sql)?.query_row([server_id], Waiting::from_row).optional()?)
    }

    /// Gives up what is older than `lifetime`, and forgets what is older than twice that.
    pub fn age(&self, now_ms: i64) -> Result<()> {
        let outlived = "UPDATE messages SET progress = 2, text = NULL WHERE progress = 0 AND first_seen <= ?1";
        self.db.prepare_cached(outlived)?.execute([now_ms.saturating_sub(self.lifetime_ms)])?;
        let forgotten = "DELETE FROM messages WHERE first_seen <= ?1";
        self.db.prepare_cached(forgotten)?.execute([now_ms.saturating_sub(2 * self.lifetime_ms)])?;
        Ok(())
    }
}

impl Known {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { server_id: row.get(0)?, progress: Progress::from_sql(row.get(1)?) })
    }
}

impl Progress {
    fn from_sql(number: i64) -> Self {
        match number {
            WAITING => Self::Waiting,
            CONFIRMED => Self::Confirmed,
            _ => Self::Outlived,
        }
    }
}

impl Waiting {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let id: String = row.get(2)?;
        let id = id.parse().map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, Box::new(error))
        })?;
        let floor: i64 = row.get(3)?;
        Ok(Self { server_id: row.get(0)?, sender: row.get(1)?, id, floor: floor.cast_unsigned(), text: row.get(4)? })
    }
}
