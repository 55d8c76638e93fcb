//! A log of frames as `check_trace` judges it: one entry is one line of JSON.
//!
//! The rule: each line is one write at the end of the file, made before what it tells has any effect. So a killed process
//! leaves whole lines and at worst one torn line, of which nothing came; and several processes may share a file.
//!
//! What people said is not in it: in the place of a payload stands a fingerprint of id and payload, which tells an altered one
//! from the true one. Who can guess a text can tell that it was this one.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each program uses a part of it")]

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::marker::PhantomData;
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};
use sixfold::sim::check::Entry;
use sixfold::{MsgId, Types};

/// A log in a file.
#[derive(Debug)]
pub struct FrameLog {
    file: File,
}

impl FrameLog {
    /// Begins a log anew.
    pub fn create(path: &Path) -> io::Result<Self> {
        let log = Self::open(path)?;
        // A pipe cannot be cut, and need not be.
        if log.file.metadata()?.is_file() {
            log.file.set_len(0)?;
        }
        Ok(log)
    }

    /// Goes on with a log, or begins one. The line that a killed process left unfinished stays a line of its own.
    pub fn append(path: &Path) -> io::Result<Self> {
        let log = Self::open(path)?;
        if log.file.metadata()?.len() > 0 {
            (&log.file).write_all(b"\n")?;
        }
        Ok(log)
    }

    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: OpenOptions::new().create(true).append(true).open(path)? })
    }

    /// Adds an entry; `bytes` gives those of a payload.
    pub fn note<T: Types>(&self, entry: Entry<T>, bytes: impl FnOnce(&T::Payload) -> &[u8]) -> io::Result<()>
    where
        T::Peer: Serialize,
        T::ServerId: Serialize,
    {
        let line = line(entry, bytes)? + "\n";
        (&self.file).write_all(line.as_bytes())
    }
}

/// Writes an entry as a line, without its end; `bytes` gives those of a payload.
pub fn line<T: Types>(entry: Entry<T>, bytes: impl FnOnce(&T::Payload) -> &[u8]) -> serde_json::Result<String>
where
    T::Peer: Serialize,
    T::ServerId: Serialize,
{
    let entry: Entry<Logged<T>> = entry.map_payload(|id, payload| fingerprint(id, bytes(&payload)));
    serde_json::to_string(&entry)
}

/// A deployment as its log shows it.
#[derive(Clone, Debug, PartialEq)]
struct Logged<T>(PhantomData<T>);

impl<T: Types> Types for Logged<T> {
    type Peer = T::Peer;
    type Payload = String;
    type ServerId = T::ServerId;
}

/// 64 bits: no accident makes two alike.
fn fingerprint(id: MsgId, payload: &[u8]) -> String {
    let digest = Sha256::new().chain_update(id.as_uuid().as_bytes()).chain_update(payload).finalize();
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
