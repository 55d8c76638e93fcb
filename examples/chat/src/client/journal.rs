//! The journal table: the library's records as JSON, one a row, and now and then a shorter journal in their place.

use anyhow::{Context, Result};
use rusqlite::{Connection, params};
use sixfold::Record;

use crate::Chat;

/// The journal's table.
pub const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS journal (n INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT;";

/// A journal shorter than this is never replaced.
pub const SHORT: usize = 1_000;
/// A journal is replaced when it has grown to more than this times what would do.
const SLACK: usize = 4;

/// Reads every record.
///
/// # Errors
///
/// The database says no, or a row is no record.
pub fn read(db: &Connection) -> Result<Vec<Record<Chat>>> {
    let mut rows = db.prepare("SELECT n, record FROM journal ORDER BY n")?;
    let mut records = Vec::new();
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let (n, text): (i64, String) = (row.get(0)?, row.get(1)?);
        records.push(serde_json::from_str(&text).with_context(|| format!("row {n} of the journal is damaged"))?);
    }
    Ok(records)
}

/// Adds a record, in the caller's transaction.
///
/// # Errors
///
/// The database says no.
pub fn append(db: &Connection, record: &Record<Chat>) -> Result<()> {
    let text = serde_json::to_string(record).context("cannot write a record as JSON")?;
    db.prepare_cached("INSERT INTO journal (record) VALUES (?1)")?.execute(params![text])?;
    Ok(())
}

/// Puts `records` in place of a journal of `length` rows if that makes it much shorter, in the caller's transaction.
/// Tells how long the journal is then.
///
/// # Errors
///
/// The database says no.
pub fn compact(db: &Connection, length: usize, records: impl Iterator<Item = Record<Chat>>) -> Result<usize> {
    let records: Vec<_> = records.collect();
    if length <= SHORT || length <= SLACK * records.len() {
        return Ok(length);
    }
    db.execute("DELETE FROM journal", [])?;
    for record in &records {
        append(db, record)?;
    }
    Ok(records.len())
}
