//! The command line: everything that can be wrong with it is said before anything runs.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::side::Side;

/// Deliver the lines of a file through a bad network and a forgetful server: every line once, in order, byte for byte.
///
/// A sender, a server and a receiver run as three threads with a UDP socket each on 127.0.0.1; nothing but datagrams
/// passes between them. Each hop loses, doubles, delays and reorders datagrams as told. Every line is one message.
#[derive(Clone, Debug, Parser)]
#[command(name = "deliver", version, args_override_self = true)]
pub(crate) struct Options {
    /// The file to deliver; - is standard input [default: standard input, or a built-in text when nothing is on it]
    pub(crate) file: Option<PathBuf>,

    /// The share of datagrams that a hop loses, from 0 to less than 1
    #[arg(long, value_name = "SHARE", default_value = "0.3", value_parser = loss)]
    pub(crate) loss: f64,

    /// The share of datagrams that a hop doubles, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value = "0.1", value_parser = share)]
    pub(crate) duplicate: f64,

    /// How long a datagram takes for one hop
    #[arg(long, value_name = "DURATION", default_value = "2ms", value_parser = delay)]
    pub(crate) latency: Duration,

    /// By how much that varies, up and down
    #[arg(long, value_name = "DURATION", default_value = "2ms", value_parser = delay)]
    pub(crate) jitter: Duration,

    /// The share of datagrams that overtake the ones before them, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share)]
    pub(crate) reorder: f64,

    /// Crash the server this often; each time it loses all its memory [default: never]
    #[arg(long, value_name = "INTERVAL", value_parser = interval)]
    pub(crate) crash_server: Option<Duration>,

    /// Give up after this long [default: never]
    #[arg(long, value_name = "DURATION", value_parser = interval)]
    pub(crate) timeout: Option<Duration>,

    /// Draw the same faults and ids as a run before, as far as real time allows [default: drawn anew and told]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Write what arrives to this file instead of standard output
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,

    /// Draw the frames of the first message as a sequence diagram on standard error
    #[arg(long)]
    pub(crate) trace: bool,

    /// Write every frame to this file, as the example check_trace reads it; fingerprints stand for the lines
    #[arg(long, value_name = "PATH")]
    pub(crate) log: Option<PathBuf>,

    /// Whose frames to log
    #[arg(long, value_name = "SIDE", value_enum, default_value_t = Side::Server, requires = "log")]
    pub(crate) log_at: Side,
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "not a number; try 0.1".to_string())?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("must be from 0 to 1".to_string()) }
}

fn loss(text: &str) -> Result<f64, String> {
    let loss = share(text)?;
    if loss < 1.0 { Ok(loss) } else { Err("must be less than 1: nothing would ever arrive".to_string()) }
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; try 20ms or 2s"))
}

fn delay(text: &str) -> Result<Duration, String> {
    let delay = duration(text)?;
    if delay <= LONGEST_DELAY { Ok(delay) } else { Err("must be at most 1 minute".to_string()) }
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    if interval.is_zero() { Err("must be longer than 0".to_string()) } else { Ok(interval) }
}

/// Timers are set for the slowest way there and back, so it must stay far from where they end.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn shares_are_checked_at_both_ends() {
        assert_eq!(share("0"), Ok(0.0));
        assert_eq!(share("1"), Ok(1.0));
        assert!(share("1.01").is_err() && share("-0.1").is_err() && share("NaN").is_err() && share("many").is_err());
        assert_eq!(loss("0.99"), Ok(0.99));
        assert!(loss("1").is_err());
    }

    #[test]
    fn durations_have_units_and_bounds() {
        assert_eq!(delay("20ms"), Ok(Duration::from_millis(20)));
        assert_eq!(delay("0s"), Ok(Duration::ZERO));
        assert!(delay("61s").is_err() && delay("20").is_err());
        assert!(interval("0s").is_err());
    }
}
