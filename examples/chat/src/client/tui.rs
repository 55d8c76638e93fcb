//! The terminal: what the database says is what is shown, and every key is one batch.

mod app;
mod editor;
mod view;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use anyhow::{Context, Result};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste, Event as Input, EventStream, KeyEventKind};
use futures_util::StreamExt;
use ratatui::DefaultTerminal;

use super::engine::Engine;
use app::{App, Then};

/// How many keys are taken between two redraws.
const TYPED: usize = 64;

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
        let mut then = tokio::select! {
            wake = app.engine.wait() => { app.on_wake(wake)?; Then::GoOn }
            input = inputs.next() => on_input(&mut app, input)?,
            () = &mut stop => Then::Leave,
        };
        // What was typed or pasted meanwhile is one redraw. Asked with this task's own waker, which the stream keeps.
        for _ in 0..TYPED {
            match poll_fn(|cx| Poll::Ready(inputs.poll_next_unpin(cx))).await {
                Poll::Ready(input) if then == Then::GoOn => then = on_input(&mut app, input)?,
                Poll::Ready(_) | Poll::Pending => break,
            }
        }
        if then == Then::Leave {
            return Ok(app.engine.session().client().stats().unsettled);
        }
        // Keys are no reason to keep the connection waiting: it runs on this thread too.
        tokio::task::yield_now().await;
    }
}

fn on_input(app: &mut App, input: Option<std::io::Result<Input>>) -> Result<Then> {
    match input {
        Some(Ok(Input::Key(key))) if key.kind != KeyEventKind::Release => app.on_key(key),
        Some(Ok(Input::Paste(text))) => {
            app.on_paste(&text);
            Ok(Then::GoOn)
        }
        Some(Ok(_)) => Ok(Then::GoOn), // a resize, for example: it is drawn anew
        Some(Err(error)) => Err(error).context("cannot read keys"),
        None => Ok(Then::Leave),
    }
}
