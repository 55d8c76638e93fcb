//! `chat`: see `chat --help`.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use sixfold_chat::client::engine::Ended;
use sixfold_chat::client::{self, options::Options};
use tracing_subscriber::EnvFilter;

/// One thread is enough: the state machine and the database take turns anyway.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let ansi = std::io::stderr().is_terminal();
    // The terminal belongs to the user interface: logs would tear it.
    if options.pipe {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi).init();
    }
    let ended = client::run(options).await;
    // Standard input may be read on a thread that never ends; the process does not wait for it.
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat: {error:#}");
            match error.downcast_ref() {
                Some(Ended::Refused(_)) => ExitCode::from(2),
                Some(Ended::Replaced) => ExitCode::from(3),
                None => ExitCode::FAILURE,
            }
        }
    }
}
