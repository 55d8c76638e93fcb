//! The connection to the server: connects, logs in, carries frames, and connects again when it breaks.
//!
//! It decides nothing about messages. A frame that does not fit its queue is lost like any other: the client repeats it.
//! Only two things end it for good: a refused login and a newer login of the same user, neither of which a retry mends.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use sixfold::Incoming;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::wire::{FromServer, ToServer};
use crate::{Chat, MAX_FRAME};

/// Who logs in where.
#[derive(Clone, Debug)]
pub struct Login {
    pub server: String,
    pub user: Arc<str>,
    pub token: String,
    /// The longest pause between two attempts.
    pub reconnect_max: Duration,
}

/// What happens to the connection.
#[derive(Debug)]
pub enum LinkEvent {
    /// It is up: frames go here. Dropping the sender ends the connection, and another one is made.
    Up(mpsc::Sender<ToServer>),
    /// A frame came.
    Frame(Incoming<Chat>),
    /// It is down, for this reason; another attempt follows.
    Down(String),
    /// The server does not let this user in.
    Refused(String),
    /// The same user has logged in elsewhere.
    Replaced,
}

/// How long connecting, the login and each write may take.
const PATIENCE: Duration = Duration::from_secs(10);
const PING_EVERY: Duration = Duration::from_secs(20);
/// After how long without a sign of life the server counts as gone.
const SILENCE: Duration = Duration::from_secs(60);
const QUEUE: usize = 4_096;
/// The pause after the first failure; it doubles.
const RECONNECT_MIN: Duration = Duration::from_millis(200);

/// Starts the connection, on a task of its own.
#[must_use]
pub fn start(login: Login) -> mpsc::Receiver<LinkEvent> {
    let (events, receiver) = mpsc::channel(1_024);
    tokio::spawn(keep_up(login, events));
    receiver
}

/// Connects again and again, until nobody listens any more or another attempt makes no sense.
async fn keep_up(login: Login, events: mpsc::Sender<LinkEvent>) {
    let mut failures = 0;
    loop {
        let ended = connect(&login, &events, &mut failures).await;
        let event = match ended {
            Ok(last) => last,
            Err(error) => LinkEvent::Down(explain(&error)),
        };
        let again = matches!(event, LinkEvent::Down(_));
        if events.send(event).await.is_err() || !again {
            return;
        }
        sleep(pause(failures, login.reconnect_max)).await;
        failures = failures.saturating_add(1);
    }
}

/// One connection, from its beginning to its end. Gives an event when it ended for good.
async fn connect(login: &Login, events: &mpsc::Sender<LinkEvent>, failures: &mut u32) -> Result<LinkEvent> {
    let config = WebSocketConfig::default().max_message_size(Some(MAX_FRAME)).max_frame_size(Some(MAX_FRAME));
    let connecting = timeout(PATIENCE, connect_async_with_config(&login.server, Some(config), true));
    let (socket, _) = connecting.await.context("no connection in time")?.context("no connection")?;
    let (mut sink, mut source) = socket.split();
    let hello = ToServer::Login { user: login.user.clone(), token: login.token.clone() }.encode()?;
    timeout(PATIENCE, sink.send(Message::text(hello))).await.context("cannot log in")??;
    match timeout(PATIENCE, next_frame(&mut source)).await.context("no answer to the login")?? {
        FromServer::Welcome { .. } => {}
        FromServer::Refused { reason } => return Ok(LinkEvent::Refused(reason)),
        other => bail!("an odd answer to the login: {other:?}"),
    }
    *failures = 0;
    let (frames, queue) = mpsc::channel(QUEUE);
    let gone = || anyhow!("nobody listens");
    events.send(LinkEvent::Up(frames)).await.map_err(|_| gone())?;
    let read = async {
        loop {
            match timeout(SILENCE, next_frame(&mut source)).await.context("not a sign of life")?? {
                FromServer::Replaced {} => return Ok(LinkEvent::Replaced),
                FromServer::Refused { reason } => return Ok(LinkEvent::Refused(reason)),
                frame => {
                    if let Some(frame) = frame.into_incoming() {
                        events.send(LinkEvent::Frame(frame)).await.map_err(|_| gone())?;
                    }
                }
            }
        }
    };
    tokio::select! {
        ended = read => ended,
        ended = write(sink, queue) => Err(ended.err().unwrap_or_else(|| anyhow!("closed to connect anew"))),
    }
}

/// Writes frames, many a flush, and pings in between; ends when the queue's other end was dropped.
async fn write(
    mut sink: impl Sink<Message, Error = tungstenite::Error> + Unpin,
    mut queue: mpsc::Receiver<ToServer>,
) -> Result<()> {
    let mut pings = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut batch = Vec::new();
    loop {
        let count = tokio::select! {
            count = queue.recv_many(&mut batch, QUEUE) => count,
            _ = pings.tick() => {
                timeout(PATIENCE, sink.send(Message::Ping(Vec::new().into()))).await.context("cannot write")??;
                continue;
            }
        };
        if count == 0 {
            timeout(PATIENCE, sink.close()).await.ok();
            return Ok(());
        }
        let written = async {
            for frame in batch.drain(..) {
                sink.feed(Message::text(frame.encode()?)).await?;
            }
            anyhow::Ok(sink.flush().await?)
        };
        timeout(PATIENCE, written).await.context("the server does not read")??;
    }
}

async fn next_frame(
    source: &mut (impl Stream<Item = Result<Message, tungstenite::Error>> + Unpin),
) -> Result<FromServer> {
    loop {
        match source.next().await.ok_or_else(|| anyhow!("closed"))?? {
            Message::Text(text) => return FromServer::decode(&text),
            Message::Close(Some(frame)) if !frame.reason.is_empty() => bail!("closed: {}", frame.reason),
            Message::Close(_) => bail!("closed by the server"),
            Message::Binary(_) => bail!("a binary frame: this client speaks JSON text"),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

/// What was tried and what was at the bottom of it; the layers between repeat each other.
fn explain(error: &anyhow::Error) -> String {
    let (outer, inner) = (error.to_string(), error.root_cause().to_string());
    if outer.contains(&inner) { outer } else { format!("{outer}: {inner}") }
}

/// Doubles with each failure; half of it is random, so that a server that comes back is not met by everybody at once.
fn pause(failures: u32, max: Duration) -> Duration {
    let full = RECONNECT_MIN.saturating_mul(1 << failures.min(16)).min(max);
    let share = f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX);
    full / 2 + (full / 2).mul_f64(share)
}
