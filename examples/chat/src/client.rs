//! The client: a durable session around the library, a connection that mends itself, and two faces, a pipe and a terminal.

pub mod clock;
pub mod engine;
pub mod history;
pub mod journal;
pub mod link;
pub mod options;
pub mod pipe;
pub mod session;
pub mod tui;

use anyhow::Result;

use crate::log::Log;
use engine::Engine;
use options::Options;
use session::Session;

/// Runs the client.
///
/// # Errors
///
/// It cannot start, or the way it ended is a failure: see [`engine::Ended`].
pub async fn run(options: Options) -> Result<()> {
    let login = options.login()?;
    let session = Session::open(&options.db(), &options.user, options.config())?;
    let engine = Engine::start(session, login, Log::open(options.log.as_deref())?)?;
    match &options.to {
        Some(to) if options.pipe => pipe::run(engine, to.as_str().into(), &options.pipe_options).await,
        to => tui::run(engine, options.user.as_str().into(), to.as_deref().map(Into::into)).await,
    }
}
