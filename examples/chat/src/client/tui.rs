//! The terminal: what the database says is what is shown, and every key is one batch.

mod app;
mod editor;
mod view;

use std::sync::Arc;

use anyhow::{Context, Result};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste, Event as Input, EventStream, KeyEventKind};
use futures_util::StreamExt;
use ratatui::DefaultTerminal;

use super::engine::Engine;
use app::{App, Then};

/// Runs until the user leaves.
///
/// # Errors
///
/// The terminal, the database, or [`Ended`](super::engine::Ended).
pub async fn run(engine: Engine, user: Arc<str>, to: Option<Arc<str>>) -> Result<()> {
    let app = App::open(engine, user, to)?;
    // Also puts the terminal back if the program panics.
    let terminal = ratatui::try_init().context("this is no terminal: use --pipe")?;
    crossterm::execute!(std::io::stdout(), EnableBracketedPaste).ok();
    let ended = drive(app, terminal).await;
    crossterm::execute!(std::io::stdout(), DisableBracketedPaste).ok();
    ratatui::restore();
    let unsettled = ended?;
    if unsettled > 0 {
        println!("{unsettled} messages are on their way: they go on at the next start");
    }
    Ok(())
}

/// Shows, waits, handles; gives the number of messages that are still on their way.
async fn drive(mut app: App, mut terminal: DefaultTerminal) -> Result<usize> {
    let mut inputs = EventStream::new();
    let stop = crate::signals::stop()?;
    tokio::pin!(stop);
    loop {
        terminal.draw(|frame| view::draw(frame, &mut app)).context("cannot draw")?;
        let then = tokio::select! {
            wake = app.engine.wait() => { app.on_wake(wake)?; Then::GoOn }
            input = inputs.next() => match input {
                Some(Ok(Input::Key(key))) if key.kind != KeyEventKind::Release => app.on_key(key)?,
                Some(Ok(Input::Paste(text))) => { app.on_paste(&text); Then::GoOn }
                Some(Ok(_)) => Then::GoOn, // a resize, for example: it is drawn anew
                Some(Err(error)) => return Err(error).context("cannot read keys"),
                None => Then::Leave,
            },
            () = &mut stop => Then::Leave,
        };
        match then {
            Then::GoOn => {}
            Then::Leave => return Ok(app.engine.session().client().stats().unsettled),
        }
    }
}
