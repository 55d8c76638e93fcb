//! The journal: what a client must have written so that it can be killed at any point without loss.
//!
//! The rule (L7): a [`Record`] is emitted as [`Output::Persist`](crate::Output::Persist) before every event and every
//! frame that depends on it. A record describes a change, not the state.

use alloc::vec::Vec;
use core::ops::Range;

use crate::frame::Types;
use crate::id::MsgId;
use crate::status::FailReason;
use crate::time::Time;

/// One entry of the journal.
///
/// New variants are appended, and a changed field becomes a new variant, so old journals stay readable.
///
/// # Exactly once
///
/// A batch is what [`poll_output`](crate::Client::poll_output) returns until `None`. In one transaction, write the
/// records of the batch **and** the effects of its events: the row of a received message, the new tick of a sent one.
/// Call [`confirm`](crate::Client::confirm) inside the transaction, as soon as the row is written, and continue to
/// poll: its record belongs to the same batch. Commit. Only then transmit the frames of the batch. Then no message of a
/// committed `send` is lost and none is handled twice, wherever the process dies:
///
/// | the process dies | effect |
/// |---|---|
/// | before the commit | nothing of the batch has happened, and nothing that depends on it has been transmitted |
/// | after the commit, before the frames are transmitted | as if the frames were lost: they are repeated |
/// | after that | none |
///
/// If the commit fails, the client is ahead of the journal: drop it and [`restore`](crate::Client::restore). An
/// application that handles a message outside the transaction (prints it, plays a sound) does so at least once: again
/// after a crash before its confirmation was durable.
///
/// # What may be lost
///
/// Each variant documents the effect of its loss. `Queued`: show a message to the user as safe only once it is
/// committed. `Confirmed` prevents that a message is shown twice. The others save work and keep the displayed state:
/// without them a message is transmitted again, recognised by its id, and delivered again.
///
/// # Keeping it short
///
/// A journal grows by two to four records per message. Replace it by [`records`](crate::Client::records), in one
/// transaction, when it is a few times as long as that, and at every start. Its length is then bounded by the
/// undelivered messages and the remembered streams.
///
/// # Examples
///
/// One SQLite transaction per batch:
///
/// ```
/// use rusqlite::{Connection, params};
/// use sixfold::{Client, Config, Event, Incoming, MsgId, Outgoing, Output, Record, Seed, StreamId, Time};
///
/// # #[derive(Clone, Debug, PartialEq)]
/// # struct Chat;
/// # impl sixfold::Types for Chat { type Peer = u64; type Payload = String; type ServerId = u64; }
/// type Failure = Box<dyn std::error::Error>;
///
/// /// Commits one batch and returns its frames, which may be transmitted now.
/// fn batch(client: &mut Client<Chat>, db: &mut Connection, now: Time) -> Result<Vec<Outgoing<Chat>>, Failure> {
///     let transaction = db.transaction()?;
///     let mut frames = Vec::new();
///     while let Some(output) = client.poll_output() {
///         match output {
///             Output::Persist(record) => {
///                 let record = postcard::to_stdvec(&record)?;
///                 transaction.execute("INSERT INTO journal (record) VALUES (?1)", [record])?;
///             }
///             Output::Event(Event::Received(message)) => {
///                 let row = params![message.id.to_string(), message.payload];
///                 transaction.execute("INSERT INTO messages (id, text) VALUES (?1, ?2)", row)?;
///                 client.confirm(&message.from, message.id, now)?;
///             }
///             Output::Event(_) => {} // ticks and failures: rows of the same transaction
///             Output::Transmit(frame) => frames.push(frame),
///         }
///     }
///     transaction.commit()?;
///     Ok(frames)
/// }
///
/// fn restore(db: &Connection, seed: Seed, now: Time) -> Result<Client<Chat>, Failure> {
///     let mut rows = db.prepare("SELECT record FROM journal ORDER BY rowid")?;
///     let journal: Result<Vec<Vec<u8>>, _> = rows.query_map([], |row| row.get(0))?.collect();
///     let records: Result<Vec<Record<Chat>>, _> = journal?.iter().map(|bytes| postcard::from_bytes(bytes)).collect();
///     Ok(Client::restore(Config::default().journal(true), seed, records?, now)?)
/// }
///
/// let mut db = Connection::open_in_memory()?;
/// db.execute_batch("CREATE TABLE journal (record BLOB); CREATE TABLE messages (id TEXT PRIMARY KEY, text TEXT)")?;
/// let (id, now) = (MsgId::new(StreamId::from_u64(7), 0).unwrap(), Time::ZERO);
/// let hello = Incoming::MsgN { id, from: 1, server_id: 5, floor: 0, payload: "hello".to_owned() };
///
/// let mut client = restore(&db, Seed::from_bytes([1; 32]), now)?;
/// client.handle_connected(now);
/// client.handle_frame(hello.clone(), now);
/// assert_eq!(batch(&mut client, &mut db, now)?, [Outgoing::AckR { id, from: 1 }]);
/// drop(client); // killed before the frame was transmitted
///
/// let mut client = restore(&db, Seed::from_bytes([2; 32]), now)?;
/// client.handle_connected(now);
/// client.handle_frame(hello, now); // the server has received no ack: it pushes again
/// assert_eq!(batch(&mut client, &mut db, now)?, [Outgoing::AckR { id, from: 1 }], "acked, and not shown again");
/// # Ok::<(), Failure>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound(
        serialize = "T::Peer: serde::Serialize, T::Payload: serde::Serialize, T::ServerId: serde::Serialize",
        deserialize = "T::Peer: serde::Deserialize<'de>, T::Payload: serde::Deserialize<'de>, T::ServerId: \
                       serde::Deserialize<'de>"
    ))
)]
#[non_exhaustive]
pub enum Record<T: Types> {
    /// [`send`](crate::Client::send) took a message. Once the record is durable, the message is not lost.
    Queued {
        /// The message.
        id: MsgId,
        /// Its recipient.
        to: T::Peer,
        /// Its payload.
        payload: T::Payload,
        /// The time of `send`.
        at: Time,
    },
    /// The server has accepted the message. Loss is harmless: the server answers again.
    Accepted {
        /// The message.
        id: MsgId,
        /// The server's own id of it.
        server_id: T::ServerId,
    },
    /// The message is delivered. Loss is harmless: it is transmitted again, recognised, and delivered again.
    Delivered {
        /// The message.
        id: MsgId,
        /// The server's own id of it.
        server_id: T::ServerId,
    },
    /// The message has failed. If lost: it is transmitted again.
    Failed {
        /// The message.
        id: MsgId,
        /// Why.
        reason: FailReason,
    },
    /// [`resend`](crate::Client::resend) took a failed message. If lost: it is still failed.
    Resent {
        /// The message.
        id: MsgId,
        /// The time of `resend`.
        at: Time,
    },
    /// [`discard`](crate::Client::discard) dropped a message. If lost: the message is back.
    Discarded {
        /// The message.
        id: MsgId,
    },
    /// The application has confirmed a message. If lost: the message is handed over again.
    Confirmed {
        /// Its sender.
        from: T::Peer,
        /// The message.
        id: MsgId,
        /// The time of `confirm`.
        at: Time,
    },
    /// The confirmed seqs of one stream: [`records`](crate::Client::records) writes it in place of many `Confirmed`.
    Seen {
        /// The sender of the stream.
        from: T::Peer,
        /// The id of the stream's message 0, or the foreign id.
        stream: MsgId,
        /// The confirmed seqs: start inclusive, end exclusive.
        ranges: Vec<Range<u64>>,
        /// The time of the stream's last received message.
        heard: Time,
    },
}
