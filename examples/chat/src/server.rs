//! The server: connections around one hub, which owns the database.

pub mod connection;
pub mod hub;
pub mod options;
pub mod outlet;
pub mod store;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};
use tracing::{info, warn};

use crate::log::Log;
use connection::Shared;
use hub::{BATCH, Command, Hub};
use options::Options;
use store::Store;

/// How many commands wait for the hub before the connections are no longer read from.
const COMMANDS: usize = 4 * BATCH;
/// How often the store is aged when nothing else happens.
const TICK: Duration = Duration::from_secs(5);

/// Serves until Ctrl-C or SIGTERM.
///
/// # Errors
///
/// It cannot start, or the database fails.
pub async fn run(options: Options) -> Result<()> {
    let stop = crate::signals::stop()?;
    let users = options.users()?;
    let store = Store::open(&options.db, options.lifetime, now_ms())?;
    let hub = Hub::new(store, users.names()).logging(Log::open(options.log.as_deref())?, now_ms())?;
    let listener =
        TcpListener::bind(options.listen).await.with_context(|| format!("cannot listen on {}", options.listen))?;
    info!("listening on ws://{} with the database {}", listener.local_addr()?, options.db.display());

    let (commands, inbox) = mpsc::channel(COMMANDS);
    let mut hub = tokio::task::spawn_blocking(move || drive(hub, inbox));
    let (stopping, stopped) = watch::channel(false);
    let shared = Shared { users: Arc::new(users), commands, stop: stopped };
    let mut connections = JoinSet::new();
    tokio::select! {
        () = accept(listener, shared, options.max_connections, &mut connections) => {}
        failed = &mut hub => return failed?.context("the database failed"),
        () = stop => {}
    }
    info!("stopping");
    stopping.send_replace(true);
    let finish = async {
        while connections.join_next().await.is_some() {}
        // Now nobody holds the command queue any more: the hub commits what is left in it and ends.
        hub.await
    };
    match timeout(Duration::from_secs(10), finish).await {
        Ok(ended) => ended?.context("the database failed"),
        Err(_) => Err(anyhow!("connections are still busy: giving them up")),
    }
}

/// Takes connections in for ever.
async fn accept(listener: TcpListener, shared: Shared, max_connections: usize, connections: &mut JoinSet<()>) {
    let places = Arc::new(Semaphore::new(max_connections));
    let mut ticks = interval(TICK);
    for id in 1.. {
        let accepted = loop {
            tokio::select! {
                accepted = listener.accept() => break accepted,
                _ = ticks.tick() => { shared.commands.try_send(Command::Tick).ok(); }
                Some(_) = connections.join_next() => {}
            }
        };
        match (accepted, places.clone().try_acquire_owned()) {
            (Ok((stream, _)), Ok(place)) => {
                let shared = shared.clone();
                connections.spawn(async move {
                    connection::serve(stream, id, shared).await;
                    drop(place);
                });
            }
            (Ok(_), Err(_)) => warn!("{max_connections} connections are open: another one was turned away"),
            (Err(error), _) => {
                warn!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await; // out of file handles, for example
            }
        }
    }
}

/// Runs the hub on a thread of its own: everything that waits is one batch.
fn drive(mut hub: Hub, mut inbox: mpsc::Receiver<Command>) -> Result<()> {
    let mut batch = Vec::with_capacity(BATCH);
    while inbox.blocking_recv_many(&mut batch, BATCH) > 0 {
        hub.handle(batch.drain(..), now_ms())?;
    }
    Ok(())
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 1_000)
}
