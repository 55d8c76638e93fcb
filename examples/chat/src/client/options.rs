//! What the client can be told.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser};
use sixfold::{Config, Order};

use super::link::Login;
use crate::is_name;

/// A chat in the terminal that loses nothing and shows nothing twice, whatever dies in between.
///
/// Messages carry … while they are on their way, ✓ once the server has them, ✓✓ once the other side has handled them, and !
/// when they failed. With --pipe, lines of standard input are sent and lines of the other side are printed.
#[derive(Clone, Debug, Parser)]
#[command(name = "chat", version, args_override_self = true)]
pub struct Options {
    /// Who you are.
    #[arg(long, value_name = "NAME")]
    pub user: String,

    /// Your token, as the server knows it.
    #[arg(long, env = "CHAT_TOKEN", hide_env_values = true, conflicts_with = "token_file")]
    pub token: Option<String>,

    /// A file whose first line is your token.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Whom to write to; in the terminal more people can be added with /to NAME.
    #[arg(long, value_name = "NAME", required_if_eq("pipe", "true"))]
    pub to: Option<String>,

    /// The server.
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:7700")]
    pub server: String,

    /// Your messages and your journal [default: chat-NAME.db].
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,

    /// Send the lines of standard input, print the lines that come, and leave when everything is delivered.
    #[arg(long)]
    pub pipe: bool,

    /// Write every frame to a log for the example check_trace, view of the clients; fingerprints stand for the texts.
    ///
    /// A client that starts again goes on with it, and several clients on one machine may share it.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,

    #[command(flatten)]
    pub pipe_options: PipeOptions,

    #[command(flatten)]
    pub tuning: Tuning,
}

/// For --pipe.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "With --pipe")]
pub struct PipeOptions {
    /// Send the lines of a file. A killed client goes on exactly where it was.
    #[arg(long, value_name = "FILE", requires = "pipe")]
    pub input: Option<PathBuf>,

    /// Wait for more lines at the end of --input.
    #[arg(long, requires = "input")]
    pub follow: bool,

    /// Write the lines that come into a file: each exactly once, even if the client is killed in between.
    #[arg(long, value_name = "FILE", requires = "pipe")]
    pub output: Option<PathBuf>,

    /// How long to stay and receive after the last line was sent: a duration like 10s, or forever.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration_or_forever, requires = "pipe")]
    pub linger: Duration,
}

/// The timers; the defaults are the library's.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Timers")]
pub struct Tuning {
    /// How long to wait for the server's answer before the first measurement.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = humantime::parse_duration)]
    pub rto: Duration,

    /// The least time to wait for the server's answer.
    #[arg(long, value_name = "DURATION", default_value = "200ms", value_parser = humantime::parse_duration)]
    pub rto_min: Duration,

    /// The longest time to wait for the server's answer.
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = humantime::parse_duration)]
    pub rto_max: Duration,

    /// How long to wait for the other side before asking the server again; it doubles.
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = humantime::parse_duration)]
    pub probe: Duration,

    /// The longest time between two such questions.
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = humantime::parse_duration)]
    pub probe_max: Duration,

    /// How often to send a message that the server does not answer, although it answers others, before it counts as
    /// failed; 0 for no limit.
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    pub max_attempts: u32,

    /// How long to wait for a message that is missing before showing later ones: a duration, or forever.
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = duration_or_forever)]
    pub max_hold: Duration,

    /// After how long an undelivered message counts as failed; at most --lifetime.
    #[arg(long, value_name = "DURATION", default_value = "3days", value_parser = humantime::parse_duration)]
    pub expiry: Duration,

    /// How long a message may be on its way: one value for the server and all clients.
    #[arg(long, value_name = "DURATION", default_value = "7days", value_parser = humantime::parse_duration)]
    pub lifetime: Duration,

    /// The longest pause between two attempts to connect.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    pub reconnect_max: Duration,
}

/// What "forever" means to a timer.
pub const FOREVER: Duration = Duration::MAX;

impl Options {
    /// Who logs in where.
    ///
    /// # Errors
    ///
    /// A name, the address or the token cannot work.
    pub fn login(&self) -> Result<Login> {
        for name in [Some(&self.user), self.to.as_ref()].into_iter().flatten() {
            ensure!(is_name(name), "{name:?} cannot be a user's name: 1 to 64 characters without blanks");
        }
        ensure!(self.server.starts_with("ws://"), "--server must begin with ws://, not {:?}", self.server);
        let token = match (&self.token, &self.token_file) {
            (Some(token), _) => token.clone(),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
                text.lines().next().unwrap_or_default().to_owned()
            }
            (None, None) => String::new(),
        };
        ensure!(!token.is_empty(), "the server wants a token: set CHAT_TOKEN, or use --token-file or --token");
        Ok(Login {
            server: self.server.clone(),
            user: self.user.as_str().into(),
            token,
            reconnect_max: self.tuning.reconnect_max,
        })
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> PathBuf {
        // A name may hold what a file's name may not.
        let name: String = self.user.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
        self.db.clone().unwrap_or_else(|| format!("chat-{name}.db").into())
    }

    /// The library's configuration.
    pub fn config(&self) -> Config {
        let tuning = &self.tuning;
        Config::default()
            .rto_initial(tuning.rto.max(tuning.rto_min))
            .rto_min(tuning.rto_min)
            .rto_max(tuning.rto_max)
            .probe_initial(tuning.probe)
            .probe_max(tuning.probe_max)
            .max_attempts(Some(tuning.max_attempts).filter(|attempts| *attempts > 0))
            .order(Order::InOrder { max_hold: Some(tuning.max_hold).filter(|hold| *hold != FOREVER) })
            .expiry(tuning.expiry)
            .lifetime(tuning.lifetime)
    }
}

fn duration_or_forever(text: &str) -> Result<Duration, humantime::DurationError> {
    if text == "forever" { Ok(FOREVER) } else { humantime::parse_duration(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_options_are_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn a_pipe_needs_somebody_at_its_other_end() {
        assert!(Options::try_parse_from(["chat", "--user", "alice", "--pipe"]).is_err());
        assert!(Options::try_parse_from(["chat", "--user", "alice", "--pipe", "--to", "bob"]).is_ok());
        assert!(Options::try_parse_from(["chat", "--user", "alice", "--to", "bob"]).is_ok());
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let config = Options::try_parse_from(["chat", "--user", "a"]).unwrap().config();
        assert_eq!(config, Config::default());
    }

    #[test]
    fn forever_is_no_limit() {
        let options = ["chat", "--user", "a", "--max-hold", "forever", "--max-attempts", "0"];
        let config = Options::try_parse_from(options).unwrap().config();
        let expected = Config::default().order(Order::InOrder { max_hold: None }).max_attempts(None);
        assert_eq!(config, expected);
    }
}
