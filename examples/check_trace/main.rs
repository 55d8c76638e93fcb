//! Judges a log of frames, of any client and any server: which rule of the protocol is broken, and where.
//!
//! The rule of this program: one line of JSON is one entry, as `sixfold::sim::check::Entry` documents it; blank lines are
//! skipped. Every rule broken is one line of output. The exit status is 0 when none is, 1 when one is, and 2 when the log
//! cannot be read.
//!
//! ```sh
//! cargo run --example check_trace -- --view server frames.jsonl
//! cargo run --example check_trace -- --demo > frames.jsonl     # a log to begin with
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is what the program is for")]

mod demo;

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use serde_json::Value;
use sixfold::Types;
use sixfold::sim::check::{Check, Entry, Report, View};

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

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Side {
    Server,
    Clients,
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
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
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
    let reader: Box<dyn BufRead> = if log == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(log).map_err(|error| format!("{}: {error}", log.display()))?;
        Box::new(BufReader::new(file))
    };
    let mut check = Check::<Any>::new(view(options))
        .patience(core::time::Duration::from_secs(options.patience))
        .budget(options.rate, options.burst)
        .fan_out(options.fan_out)
        .gaps(!options.allow_gaps);
    for (number, line) in (1..).zip(reader.lines()) {
        let line = line.map_err(|error| format!("line {number}: {error}"))?;
        if line.trim().is_empty() {
            continue;
        }
        let entry: Entry<Any> = serde_json::from_str(&line)
            .map_err(|error| format!("line {number}, column {}: {}", error.column(), message(&error)))?;
        check.feed_line(number, entry);
    }
    Ok(check.finish())
}

fn print_demo(options: &Options) -> Result<(), Box<dyn Error>> {
    for entry in demo::log(view(options))? {
        print(&serde_json::to_string(&entry)?)?;
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

fn view(options: &Options) -> View {
    match options.view {
        Side::Server => View::Server,
        Side::Clients => View::Clients,
    }
}

/// What is wrong, without the place: within one line the parser knows only the column.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}
