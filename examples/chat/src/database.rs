//! How both programs open their databases: what is committed survives, and one file belongs to one process.
//!
//! **Durable.** WAL with `synchronous = FULL`: a commit is on the disk before it returns. Against `kill -9` alone NORMAL
//! would do, since the operating system keeps what was written; FULL keeps it through a power cut too. Both programs
//! speak of what they have committed (msg:A, ack:R), and what was said must stay true. Many frames share one commit, so
//! it costs little.
//!
//! **Alone.** An exclusive lock, held until the process ends however it ends: two clients on one journal would number
//! their messages alike, and two servers on one store would not know each other's connections.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, ErrorCode};

/// Opens or creates the database at `path`, takes it for this process and brings `schema` in place.
///
/// # Errors
///
/// Another process has it, it is no database, or the disk says no.
pub fn open(path: &Path, schema: &str) -> Result<Connection> {
    let db = Connection::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    match prepare(&db, schema) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            bail!("{} is in use by another process", path.display())
        }
        prepared => prepared.with_context(|| format!("cannot use {} as a database", path.display()))?,
    }
    Ok(db)
}

fn prepare(db: &Connection, schema: &str) -> rusqlite::Result<()> {
    // A moment for the lock of a process that was killed just now.
    db.busy_timeout(Duration::from_millis(500))?;
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.execute_batch(&format!("BEGIN EXCLUSIVE; {schema} COMMIT;"))
}
