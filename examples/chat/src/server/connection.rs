//! One WebSocket of one client: login, then frames both ways until either side ends it.
//!
//! Everything is bounded: the handshake and the login in time, a frame in size, both queues in length, silence by pings.
//! A full command queue is not read from, which slows the client down by TCP's own means.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use futures_util::{Sink, SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};
use tracing::info;

use super::hub::{Command, ConnectionId};
use super::options::Users;
use super::outlet::{Inlet, outlet};
use crate::MAX_FRAME;
use crate::wire::{FromServer, ToServer};

/// How long the handshake, the login and each write may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a ping goes out.
const PING_EVERY: Duration = Duration::from_secs(20);
/// After how long without a sign of life the client counts as gone.
const SILENCE: Duration = Duration::from_secs(60);

/// What every connection needs.
#[derive(Clone, Debug)]
pub struct Shared {
    pub users: Arc<Users>,
    pub commands: mpsc::Sender<Command>,
    pub stop: watch::Receiver<bool>,
}

/// Serves one connection until it ends.
pub async fn serve(stream: TcpStream, id: ConnectionId, shared: Shared) {
    let peer = stream.peer_addr().map_or_else(|_| "a client".to_owned(), |address| address.to_string());
    if let Err(error) = talk(stream, id, shared).await {
        info!(%peer, "connection ended: {error:#}");
    }
}

async fn talk(stream: TcpStream, id: ConnectionId, shared: Shared) -> Result<()> {
    stream.set_nodelay(true).context("cannot set TCP_NODELAY")?;
    let config = WebSocketConfig::default().max_message_size(Some(MAX_FRAME)).max_frame_size(Some(MAX_FRAME));
    let handshake = timeout(PATIENCE, accept_async_with_config(stream, Some(config)));
    let mut socket = handshake.await.context("no WebSocket handshake in time")?.context("no WebSocket handshake")?;
    let user = match login(&mut socket, &shared.users).await {
        Ok(user) => user,
        Err(error) => {
            let reason = error.to_string();
            let refused = FromServer::Refused { reason }.encode()?;
            timeout(PATIENCE, socket.send(Message::text(refused))).await.ok();
            timeout(PATIENCE, socket.close(None)).await.ok();
            return Err(error.context("login refused"));
        }
    };
    info!(%user, connection = id, "logged in");
    let (sink, mut source) = socket.split();
    let (outlet, inlet) = outlet();
    let commands = shared.commands.clone();
    let gone = || anyhow!("the server is stopping");
    commands.send(Command::Connected { user: user.clone(), connection: id, outlet }).await.map_err(|_| gone())?;
    let write = write(sink, inlet, shared, user.clone(), id);
    let read = async {
        loop {
            let message = timeout(SILENCE, source.next()).await.context("not a sign of life")?;
            match message.ok_or_else(|| anyhow!("closed"))?? {
                Message::Text(text) => {
                    let frame = ToServer::decode(&text)?;
                    let command = Command::Frame { user: user.clone(), connection: id, frame };
                    commands.send(command).await.map_err(|_| gone())?;
                }
                Message::Close(_) => bail!("closed by the client"),
                Message::Binary(_) => bail!("a binary frame: this server speaks JSON text"),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    };
    let ended = tokio::select! {
        ended = write => ended,
        ended = read => ended,
    };
    commands.send(Command::Disconnected { user, connection: id }).await.ok();
    ended
}

/// Waits for the login frame and looks the user up.
async fn login(socket: &mut WebSocketStream<TcpStream>, users: &Users) -> Result<Arc<str>> {
    let first = timeout(PATIENCE, socket.next()).await.map_err(|_| anyhow!("no login in time"))?;
    let text = match first {
        Some(Ok(Message::Text(text))) => text,
        Some(Ok(_)) => bail!("the first frame must be a login"),
        Some(Err(error)) => return Err(error.into()),
        None => bail!("closed before login"),
    };
    match ToServer::decode(&text) {
        Ok(ToServer::Login { user, token }) => users.check(&user, &token),
        Ok(ToServer::MsgR { .. } | ToServer::AckR { .. }) | Err(_) => bail!("the first frame must be a login"),
    }
}

/// Writes what the hub says, many frames a flush, and pings in between.
async fn write(
    mut sink: impl Sink<Message, Error = tungstenite::Error> + Unpin,
    mut inlet: Inlet,
    mut shared: Shared,
    user: Arc<str>,
    connection: ConnectionId,
) -> Result<()> {
    sink.send(Message::text(FromServer::Welcome { user: user.clone() }.encode()?)).await?;
    let mut pings = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let frame = tokio::select! {
            frame = inlet.recv() => frame,
            _ = pings.tick() => {
                timeout(PATIENCE, sink.send(Message::Ping(Vec::new().into()))).await.context("cannot write")??;
                continue;
            }
            () = stopped(&mut shared.stop) => {
                let away = CloseFrame { code: CloseCode::Away, reason: "the server is stopping".into() };
                timeout(PATIENCE, sink.send(Message::Close(Some(away)))).await.ok();
                return Ok(());
            }
        };
        let Some(frame) = frame else {
            timeout(PATIENCE, sink.close()).await.ok();
            bail!("replaced by a newer connection");
        };
        let batch = async {
            sink.feed(Message::text(frame.encode()?)).await?;
            while let Some(frame) = inlet.try_recv() {
                sink.feed(Message::text(frame.encode()?)).await?;
            }
            anyhow::Ok(sink.flush().await?)
        };
        timeout(PATIENCE, batch).await.context("the client does not read")??;
        if inlet.is_called_for() {
            shared.commands.send(Command::Room { user: user.clone(), connection }).await.ok();
        }
    }
}

/// Waits until the server is told to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    stop.wait_for(|stop| *stop).await.ok();
}
