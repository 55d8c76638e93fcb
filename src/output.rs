//! What comes out of a client, one thing after the other: records, events, frames.

use crate::event::Event;
use crate::frame::{Outgoing, Types};
use crate::journal::Record;

/// One output. Call [`Client::poll_output`](crate::Client::poll_output) until `None` and process the outputs in that
/// order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output<T: Types> {
    /// Write this record to the journal: later outputs depend on it. Only with
    /// [`Config::journal`](crate::Config::journal).
    ///
    /// A batch ends when `poll_output` returns `None`: commit its records together with the effects of its events, and
    /// only then transmit its frames. See [`Client::restore`](crate::Client::restore).
    Persist(Record<T>),
    /// Pass this event to the application.
    Event(Event<T>),
    /// Transmit this frame. It may be lost: the client repeats it as needed.
    Transmit(Outgoing<T>),
}
