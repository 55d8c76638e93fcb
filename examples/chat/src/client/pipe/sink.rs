//! The lines that came, on standard output or in a file.
//!
//! They are rows of the database first, each exactly once. What is written out follows the rows, with a bookmark: the last
//! row written, and for a file how long it was then.
//!
//! **A file** therefore holds each line exactly once whatever happens: it is written, then the bookmark is stored. A
//! process killed in between finds the file longer than the bookmark says, cuts it there and goes on from the row after.
//!
//! **Standard output** cannot be cut: a process killed between printing and storing prints those lines again.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rusqlite::Connection;

use crate::client::history;

/// Rows written at once.
const PAGE: usize = 1_000;

/// Where received lines go.
#[derive(Debug)]
pub struct Sink {
    peer: Arc<str>,
    target: Target,
    name: String,
    row: i64,
}

#[derive(Debug)]
enum Target {
    Stdout,
    File { file: File, length: u64 },
}

impl Sink {
    /// Prints what comes from `peer` from now on, and what an earlier process received and did not print.
    ///
    /// # Errors
    ///
    /// The database says no.
    pub fn stdout(db: &Connection, peer: Arc<str>) -> Result<Self> {
        let name = format!("printed of {peer}");
        let row = match history::fact(db, &name)? {
            Some(row) => row,
            None => {
                let row = history::last_row(db)?;
                history::set_fact(db, &name, row)?;
                row
            }
        };
        Ok(Self { peer, target: Target::Stdout, name, row })
    }

    /// Keeps a file equal to what came from `peer`.
    ///
    /// # Errors
    ///
    /// The file or the database says no.
    pub fn file(db: &Connection, peer: Arc<str>, path: &Path) -> Result<Self> {
        let open = || {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
            let length = file.metadata()?.len();
            std::io::Result::Ok((file, length, path.canonicalize()?))
        };
        let (mut file, found, path) = open().with_context(|| format!("cannot write {}", path.display()))?;
        let name = format!("written of {peer} into {}", path.display());
        let (row, length) = match history::fact::<String>(db, &name)?.as_deref().and_then(parse) {
            // A file shorter than it was has lost lines to somebody else: it is made anew from the rows.
            Some((row, length)) if length <= found => (row, length),
            Some(_) | None => (0, 0),
        };
        file.set_len(length).with_context(|| format!("cannot cut {}", path.display()))?;
        file.seek(SeekFrom::Start(length))?;
        Ok(Self { peer, target: Target::File { file, length }, name, row })
    }

    /// Writes out the rows that are new.
    ///
    /// # Errors
    ///
    /// The target or the database says no.
    pub fn write_new(&mut self, db: &Connection) -> Result<()> {
        loop {
            let page = history::received_after(db, &self.peer, self.row, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            let bytes: String = page.iter().flat_map(|message| [message.text.as_str(), "\n"]).collect();
            let row = last.n;
            match &mut self.target {
                Target::Stdout => {
                    let mut stdout = std::io::stdout().lock();
                    stdout.write_all(bytes.as_bytes()).and_then(|()| stdout.flush()).context("cannot print")?;
                    history::set_fact(db, &self.name, row)?;
                }
                Target::File { file, length } => {
                    // On the disk before the bookmark, so that a power cut does not leave a hole behind it.
                    file.write_all(bytes.as_bytes())
                        .and_then(|()| file.sync_data())
                        .context("cannot write the output")?;
                    *length += bytes.len() as u64;
                    history::set_fact(db, &self.name, format!("{row} {length}"))?;
                }
            }
            self.row = row;
        }
    }
}

/// Reads a bookmark: a row and a length.
fn parse(bookmark: &str) -> Option<(i64, u64)> {
    let (row, length) = bookmark.split_once(' ')?;
    Some((row.parse().ok()?, length.parse().ok()?))
}
