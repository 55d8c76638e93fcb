//! The journal: what a client must have written to be killed anywhere and lose nothing.
//!
//! The rule (L7): a [`Record`] comes out as [`Output::Persist`](crate::Output::Persist) before every event and every frame
//! that relies on it. A record is the news, not the state: an application that writes its own message list writes the same
//! row in the same transaction.

use alloc::vec::Vec;
use core::ops::Range;

use crate::event::FailReason;
use crate::frame::Types;
use crate::id::MsgId;
use crate::time::Time;

/// One line of the journal.
///
/// Variants are only ever appended, and a changed field is a new variant, so that an old journal stays readable.
///
/// # Exactly once
///
/// A batch is what [`poll_output`](crate::Client::poll_output) gives until `None`. In one transaction, write the records of
/// the batch **and** the effects of its events: the row of a received message, the new tick on a sent one. Call
/// [`confirm`](crate::Client::confirm) inside, as soon as the row is written, and drain on: its record belongs to the same
/// batch. Commit. Only then transmit the frames of the batch. Whoever does so loses nothing that a committed `send` took and
/// handles nothing twice, wherever the process dies:
///
/// | it dies | then |
/// |---|---|
/// | before the commit | nothing of the batch happened; nobody was told anything that relied on it |
/// | after the commit, before the frames went out | they were lost on the way, and are repeated |
/// | after that | nothing is missing |
///
/// If the commit fails, the client knows more than the journal: drop it and [`restore`](crate::Client::restore). An
/// application that handles a message outside of the transaction (prints it, rings a bell) does so at least once: again
/// after a crash that came before its confirmation was durable.
///
/// # What may be lost
///
/// Each variant says what follows when it is missing. `Queued` is the promise of `send`: tell the user that a message is
/// safe once it is committed. `Confirmed` is the memory against showing twice. The others spare work and keep what the user
/// was told: without them a message goes out again, is recognised by its id, and settles again.
///
/// # Keeping it short
///
/// A journal grows by two to four records a message. Replace it by [`records`](crate::Client::records), in one transaction,
/// when it is a few times as long as that, and at every start: then its length is bounded by what is unsettled and what is
/// remembered.
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
/// /// Commits what the client has to say, and gives the frames that may go out now.
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
/// drop(client); // killed before the frame went out
///
/// let mut client = restore(&db, Seed::from_bytes([2; 32]), now)?;
/// client.handle_connected(now);
/// client.handle_frame(hello, now); // the server knows of no ack: it pushes again
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
    /// [`send`](crate::Client::send) took a message. Once this is durable, the message is not lost.
    Queued {
        /// The message.
        id: MsgId,
        /// Its recipient.
        to: T::Peer,
        /// What it says.
        payload: T::Payload,
        /// When `send` took it.
        at: Time,
    },
    /// The server has the message. Lost without harm: the server says so again.
    Accepted {
        /// The message.
        id: MsgId,
        /// The server's own id of it.
        server_id: T::ServerId,
    },
    /// The message is delivered and settled. Lost without harm: it goes out again, is recognised, and this comes again.
    Delivered {
        /// The message.
        id: MsgId,
        /// The server's own id of it.
        server_id: T::ServerId,
    },
    /// The message is parked. Lost, it is on its way again.
    Failed {
        /// The message.
        id: MsgId,
        /// What is known.
        reason: FailReason,
    },
    /// [`resend`](crate::Client::resend) took a parked message. Lost, it is still parked.
    Resent {
        /// The message.
        id: MsgId,
        /// When.
        at: Time,
    },
    /// [`discard`](crate::Client::discard) dropped a message. Lost, it is there again.
    Discarded {
        /// The message.
        id: MsgId,
    },
    /// The application has handled a message. Lost, the message is handed over again.
    Confirmed {
        /// Who sent it.
        from: T::Peer,
        /// The message.
        id: MsgId,
        /// When.
        at: Time,
    },
    /// What was confirmed of one stream: written by [`records`](crate::Client::records) in place of many `Confirmed`.
    Seen {
        /// Who sends on the stream.
        from: T::Peer,
        /// The id of the stream's message 0; of an id of another make, that id.
        stream: MsgId,
        /// The confirmed seqs: start included, end excluded.
        ranges: Vec<Range<u64>>,
        /// When the stream was last heard of.
        heard: Time,
    },
}
