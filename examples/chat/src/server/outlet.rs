//! The bounded queue from the hub to one connection: it never blocks the hub.
//!
//! A frame that finds it full is dropped, as if the network had lost it: the protocol repeats what matters. What waits in
//! the store is not lost that way: it is pushed in pages, the next one when the queue has run empty.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;

use crate::wire::FromServer;

/// How many frames wait at most.
pub const CAPACITY: usize = 1_024;

/// The hub's end.
#[derive(Debug)]
pub struct Outlet {
    frames: mpsc::Sender<FromServer>,
    hungry: Arc<AtomicBool>,
}

/// The connection's end.
#[derive(Debug)]
pub struct Inlet {
    frames: mpsc::Receiver<FromServer>,
    hungry: Arc<AtomicBool>,
}

/// Makes the queue of one connection.
#[must_use]
pub fn outlet() -> (Outlet, Inlet) {
    let (sender, frames) = mpsc::channel(CAPACITY);
    let hungry = Arc::new(AtomicBool::new(false));
    (Outlet { frames: sender, hungry: hungry.clone() }, Inlet { frames, hungry })
}

impl Outlet {
    /// Queues a frame, or drops it when the connection is slow or gone.
    pub fn push(&self, frame: FromServer) {
        if self.frames.try_send(frame).is_err() {
            tracing::debug!("a frame was dropped: its connection is slow or gone");
        }
    }

    /// How many frames fit.
    #[must_use]
    pub fn room(&self) -> usize {
        self.frames.capacity().max(2)
    }

    /// Asks to be told once when the queue has run empty.
    pub fn call_when_empty(&self) {
        self.hungry.store(true, Ordering::Release);
    }
}

impl Inlet {
    /// Waits for a frame; `None` when the hub has let go of the connection.
    pub async fn recv(&mut self) -> Option<FromServer> {
        self.frames.recv().await
    }

    /// Takes a frame that is there.
    pub fn try_recv(&mut self) -> Option<FromServer> {
        self.frames.try_recv().ok()
    }

    /// Whether the queue is empty and the hub wants to hear of it; says so once.
    #[must_use]
    pub fn is_called_for(&self) -> bool {
        self.frames.is_empty() && self.hungry.swap(false, Ordering::AcqRel)
    }
}
