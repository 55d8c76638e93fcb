//! Judges a log of frames, of any client and any server: which rule of the protocol is broken, and where.
//!
//! The rule of this program: one line of JSON is one entry, as `sixfold::sim::check::Entry` documents it; blank lines are
//! skipped. A line that breaks off is what a killed program left: it is told and skipped too. Every rule broken is one line of
//! output. The exit status is 0 when none is, 1 when one is, and 2 when the log cannot be read.
//!
//! ```sh
//! cargo run --example check_trace -- --view server frames.jsonl
//! cargo run --example check_trace -- --demo > frames.jsonl             # a log to begin with
//! cargo run --release --example deliver -- --log frames.jsonl          # or one of real sockets
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is what the program is for")]

mod demo;
#[path = "../common/frame_log.rs"]
mod frame_log;
#[path = "../common/side.rs"]
mod side;

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde_json::Value;
use sixfold::Types;
use sixfold::sim::check::{Check, Entry, Report};

use side::Side;

/// Judges a log of frames: which rule of the protocol is broken, and where.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// The log: one JSON object a line; `-` for the standard input.
    #[arg(required_unless_present = "demo")]
    log: Option<PathBuf>,
    /// Where the log was taken: a server's answers are judged at the server, numbering and budgets at the clients.
    #[arg(long, value_enum, default_value_t = Side::Server)]
    view: Side,
    /// How long, in seconds, the server may take to answer.
    #[arg(long, default_value_t = 10)]
    patience: u64,
    /// The deployment's lifetime, in seconds: how long a message has to be pushed.
    #[arg(long, default_value_t = 7 * 24 * 3600)]
    lifetime: u64,
    /// How many retransmissions a client may make in a second.
    #[arg(long, default_value_t = 64)]
    rate: u32,
    /// How many retransmissions a client may make at once.
    #[arg(long, default_value_t = 128)]
    burst: u32,
    /// Recipients may be groups that the server hands to several.
    #[arg(long)]
    fan_out: bool,
    /// Clients may cancel messages before they leave: gaps in the numbering are not judged.
    #[arg(long)]
    allow_gaps: bool,
    /// Print a log of a simulated exchange instead.
    #[arg(long)]
    demo: bool,
}

/// A deployment of whatever make: addresses and server ids are numbers or texts, payloads anything.
#[derive(Clone, Debug, PartialEq)]
struct Any;

impl Types for Any {
    type Peer = Name;
    type Payload = Value;
    type ServerId = Name;
}

/// A number or a text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, Hash)]
#[serde(untagged)]
enum Name {
    Number(u64),
    Text(String),
}

impl core::fmt::Debug for Name {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match &options.log {
        _ if options.demo => print_demo(&options).map(|()| true),
        Some(log) => judge(log, &options).and_then(|report| print(&report).map(|()| report.is_clean())),
        None => Err("no log is named".into()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn judge(log: &Path, options: &Options) -> Result<Report, Box<dyn Error>> {
    let mut reader: Box<dyn BufRead> = if log == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(log).map_err(|error| format!("{}: {error}", log.display()))?;
        Box::new(BufReader::new(file))
    };
    let mut check = Check::<Any>::new(options.view.into())
        .patience(Duration::from_secs(options.patience))
        .lifetime(Duration::from_secs(options.lifetime))
        .budget(options.rate, options.burst)
        .fan_out(options.fan_out)
        .gaps(!options.allow_gaps);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(|error| format!("line {number}: {error}"))? == 0 {
            break;
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        match serde_json::from_slice::<Entry<Any>>(text) {
            Ok(entry) => check.feed_line(number, entry),
            Err(error) if error.is_eof() => {
                eprintln!("line {number} breaks off: its writer was killed; it is not judged")
            }
            Err(error) => return Err(format!("line {number}, column {}: {}", error.column(), message(&error)).into()),
        }
    }
    Ok(check.finish())
}

fn print_demo(options: &Options) -> Result<(), Box<dyn Error>> {
    for entry in demo::log(options.view.into())? {
        print(&frame_log::line(entry, |payload| payload.as_bytes())?)?;
    }
    Ok(())
}

/// Prints a line, or nothing when nobody reads any more.
fn print(line: &impl core::fmt::Display) -> Result<(), Box<dyn Error>> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What is wrong, without the place: within one line the parser knows only the column.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}
