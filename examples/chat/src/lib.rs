//! A chat over [`sixfold`]: a WebSocket server and a client, both on real sockets and real databases, both killable with
//! `kill -9` at any moment without losing, doubling or misreporting a message.
//!
//! | module | concept |
//! |---|---|
//! | [`wire`] | the six frames, the login and its answers as readable JSON |
//! | [`log`] | the frames as lines of a file, for `check_trace` to judge |
//! | [`database`] | how both programs open their SQLite files: durable, and each file for one process only |
//! | [`server`] | the six rules of a server over a database |
//! | [`client`] | a durable client: journal, connection, pipe, terminal |

pub mod client;
pub mod database;
#[path = "../../common/frame_log.rs"]
pub mod frame_log;
pub mod log;
pub mod server;
pub mod signals;
pub mod wire;

use std::sync::Arc;

/// What this deployment speaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Chat;

impl sixfold::Types for Chat {
    type Peer = Arc<str>;
    type Payload = Arc<str>;
    type ServerId = i64;
}

/// The longest text of a message, in bytes: both sides hold to it, so that every frame fits [`MAX_FRAME`].
pub const MAX_TEXT: usize = 64 * 1024;

/// The longest frame, in bytes: JSON writes a byte of text with six at worst.
pub const MAX_FRAME: usize = 8 * MAX_TEXT;

/// Names go into logs, terminals and databases: short, and without blanks or control characters.
#[must_use]
pub fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.chars().count()) && !name.chars().any(|c| c.is_whitespace() || c.is_control())
}
