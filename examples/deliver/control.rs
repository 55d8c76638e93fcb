//! What the threads share besides datagrams: that it is time to stop, and how far A has come.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, Thread};

use crate::count::Count;

/// Flags and counters; no message passes here.
#[derive(Debug)]
pub(crate) struct Control {
    main: Thread,
    stopped: AtomicBool,
    interrupted: AtomicBool,
    sender_done: AtomicBool,
    clients_done: AtomicBool,
    sent: AtomicU64,
    delivered: AtomicU64,
}

impl Control {
    /// To be called on the main thread, which it wakes whenever a thread ends.
    pub(crate) fn new() -> Self {
        Self {
            main: thread::current(),
            stopped: AtomicBool::new(false),
            interrupted: AtomicBool::new(false),
            sender_done: AtomicBool::new(false),
            clients_done: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
        }
    }

    /// Ends all three threads, whatever is still open.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.main.unpark();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// The user wants it to end; tells whether that was said before.
    pub(crate) fn interrupt(&self) -> bool {
        let again = self.interrupted.swap(true, Ordering::SeqCst);
        self.stop();
        again
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    /// Everything that A sent is settled: B may end once it is settled too.
    pub(crate) fn sender_is_done(&self) {
        self.sender_done.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_sender_done(&self) -> bool {
        self.sender_done.load(Ordering::SeqCst)
    }

    /// Nobody is left for the server to serve.
    pub(crate) fn clients_are_done(&self) {
        self.clients_done.store(true, Ordering::SeqCst);
    }

    pub(crate) fn are_clients_done(&self) -> bool {
        self.clients_done.load(Ordering::SeqCst)
    }

    pub(crate) fn count_sent(&self) {
        self.sent.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn count_delivered(&self) {
        self.delivered.fetch_add(1, Ordering::SeqCst);
    }

    /// How far A is with so many messages.
    pub(crate) fn count(&self, messages: u64) -> Count {
        // In this order: a message is counted as sent before it is counted as delivered, so `delivered <= sent`.
        let delivered = self.delivered.load(Ordering::SeqCst);
        Count { messages, sent: self.sent.load(Ordering::SeqCst), delivered }
    }

    /// Runs one thread's work: when it fails or panics the others stop too, and the main thread wakes in any case.
    pub(crate) fn supervise<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let guard = Guard(self);
        let result = work();
        if result.is_err() {
            self.stop();
        }
        drop(guard);
        result
    }
}

struct Guard<'a>(&'a Control);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
        self.0.main.unpark();
    }
}
