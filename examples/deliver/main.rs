//! Delivers a file, line by line, through links that lose and a server that forgets; what comes out is what went in.
//!
//! ```text
//!   A  ── UDP ──  server  ── UDP ──  B          three threads, three sockets on 127.0.0.1
//!  client        reference         client       each hop loses, doubles, delays and reorders
//! FILE ▶          relay          ▶ standard output
//! ```
//!
//! The rule of this program: what passes between the three threads is datagrams; what they share besides is only when
//! to stop. Where to read on: [`node`] is the run loop around a client, [`sender`] and [`receiver`] are the two
//! applications, [`server`] is the relay, [`port`] is a socket behind links, [`log`] is what `check_trace` can judge.
#![allow(
    clippy::disallowed_methods,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program with threads, sockets and a clock: all that the crate itself has not"
)]

mod clock;
mod control;
mod count;
mod failure;
#[path = "../common/frame_log.rs"]
mod frame_log;
mod input;
mod log;
mod node;
mod options;
mod output;
mod patience;
mod port;
mod progress;
mod receiver;
mod report;
mod run;
mod say;
mod seeds;
mod sender;
mod server;
#[path = "../common/side.rs"]
mod side;
mod trace;
mod tuning;
mod verdict;
mod wire;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use crate::control::Control;
use crate::failure::Failure;
use crate::input::Input;
use crate::options::Options;
use crate::report::Report;
use crate::say::{say, show};
use crate::seeds::Seeds;
use crate::side::Side;
use crate::trace::Diagram;
use crate::verdict::{INTERRUPTED, Verdict};

fn main() -> ExitCode {
    let options = Options::parse();
    deliver(&options).unwrap_or_else(|failure| {
        say(&failure);
        failure.exit_code()
    })
}

fn deliver(options: &Options) -> Result<ExitCode, Failure> {
    let input = Input::read(options)?;
    let seeds = Seeds::new(options.seed)?;
    let control = Arc::new(Control::new());
    let handler = Arc::clone(&control);
    ctrlc::set_handler(move || {
        // The second time at once: a thread that is stuck in a write cannot be asked to end.
        if handler.interrupt() {
            std::process::exit(INTERRUPTED.into());
        }
    })
    .map_err(Failure::Signal)?;

    let report = run::run(options, &input, seeds, &control)?;
    let verdict = Verdict::of(&report, options, &control);
    tell(options, &input, &report, verdict);
    Ok(verdict.exit_code())
}

fn tell(options: &Options, input: &Input, report: &Report, verdict: Verdict) {
    if options.output.is_none() {
        // The text may be on the same terminal, and end without the end of a line.
        show("\n");
    }
    if options.trace {
        let tallies = [&report.sent.tally, &report.served.tally, &report.received.tally];
        let steps = tallies.into_iter().flat_map(|tally| tally.steps.iter().copied()).collect();
        show(format_args!("{}\n", Diagram::new(steps)));
    }
    show(report);
    say(verdict);
    if let Some(log) = &options.log {
        let ((rate, burst), log) = (tuning::budget(input.average()), log.display());
        let how = match options.log_at {
            Side::Server => String::new(),
            Side::Clients => format!("--view clients --rate {rate} --burst {burst} "),
        };
        say(format_args!("to judge the log: cargo run --example check_trace -- {how}{log}"));
    }
}
