//! What the server can be told, and whom it lets in.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use serde::Deserialize;

use crate::is_name;

/// A server for the chat: keeps messages in a SQLite database until their recipients have them.
///
/// It can be killed at any moment and started again: whatever it has answered for, it still knows.
#[derive(Clone, Debug, Parser)]
#[command(name = "chat-server", version, args_override_self = true)]
pub struct Options {
    /// Where to listen. Everything is in clear text: for other machines than this one put it behind a TLS proxy.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7700")]
    pub listen: SocketAddr,

    /// The database; made if it is not there.
    #[arg(long, value_name = "FILE", default_value = "chat-server.db")]
    pub db: PathBuf,

    /// A file that names the users and their tokens, in TOML: a table `[users]` with lines like alice = "a long secret".
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// One more user. Other users of this machine can read it in the list of processes: for trying out.
    #[arg(long = "user", value_name = "NAME=TOKEN")]
    pub users: Vec<String>,

    /// Write every frame to a log for the example check_trace; fingerprints stand for the texts.
    ///
    /// A server that starts again goes on with it. It belongs to the database: begin both together.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,

    /// How long a message is kept for a recipient that is away: one value for the server and all clients.
    #[arg(long, value_name = "DURATION", default_value = "7days", value_parser = humantime::parse_duration)]
    pub lifetime: Duration,

    /// How many connections may be open at once.
    #[arg(long, value_name = "COUNT", default_value_t = 1_024)]
    pub max_connections: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    users: BTreeMap<String, String>,
}

/// The users and their tokens.
#[derive(Debug)]
pub struct Users(BTreeMap<Arc<str>, String>);

impl Options {
    /// Reads the users from the file and the command line.
    ///
    /// # Errors
    ///
    /// The file cannot be read, a name or token cannot work, or there is no user.
    pub fn users(&self) -> Result<Users> {
        let mut users = BTreeMap::new();
        if let Some(path) = &self.config {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let file: ConfigFile = toml::from_str(&text).with_context(|| format!("in {}", path.display()))?;
            users.extend(file.users);
        }
        for user in &self.users {
            let Some((name, token)) = user.split_once('=') else { bail!("--user wants NAME=TOKEN, not {user:?}") };
            users.insert(name.to_owned(), token.to_owned());
        }
        for (name, token) in &users {
            ensure!(is_name(name), "{name:?} cannot be a user's name: 1 to 64 characters without blanks");
            ensure!(!token.is_empty(), "the token of {name} is empty");
        }
        ensure!(!users.is_empty(), "nobody could log in: name users with --config FILE or --user NAME=TOKEN");
        Ok(Users(users.into_iter().map(|(name, token)| (name.into(), token)).collect()))
    }
}

impl Users {
    /// Lets a user in.
    ///
    /// # Errors
    ///
    /// Unknown users and wrong tokens read alike, so that nobody can ask who exists.
    pub fn check(&self, user: &str, token: &str) -> Result<Arc<str>> {
        match self.0.get_key_value(user) {
            Some((user, expected)) if is_equal(expected.as_bytes(), token.as_bytes()) => Ok(user.clone()),
            Some(_) | None => bail!("wrong user or token"),
        }
    }

    /// Everybody.
    pub fn names(&self) -> impl Iterator<Item = Arc<str>> + '_ {
        self.0.keys().cloned()
    }
}

/// Compares in a time that tells the length only.
fn is_equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(arguments: &[&str]) -> Options {
        Options::try_parse_from([&["chat-server"], arguments].concat()).unwrap()
    }

    #[test]
    fn users_come_from_the_file_and_the_command_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("server.toml");
        std::fs::write(&file, "[users]\nalice = \"a\"\nbob = \"b\"\n").unwrap();
        let users = options(&["--config", file.to_str().unwrap(), "--user", "carol=c=c"]).users().unwrap();
        assert_eq!(users.names().collect::<Vec<_>>(), ["alice".into(), "bob".into(), "carol".into()]);
        assert_eq!(&*users.check("carol", "c=c").unwrap(), "carol");
        for (user, token) in [("alice", "b"), ("alice", ""), ("alice", "aa"), ("dave", "a")] {
            assert_eq!(users.check(user, token).unwrap_err().to_string(), "wrong user or token");
        }
    }

    #[test]
    fn users_that_cannot_work_are_refused() {
        for wrong in [&["--user", "alice"][..], &["--user", "a b=c"], &["--user", "alice="], &[]] {
            assert!(options(wrong).users().is_err(), "{wrong:?}");
        }
    }
}
