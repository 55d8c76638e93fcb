//! One line of a log: time, client, and frame or connection event.

use crate::frame::{Incoming, Outgoing, Types, Verdict};
use crate::id::MsgId;
use crate::sim::world::{Action, Entry as TraceEntry, Fate, What};
use crate::time::Time;

/// One line of a log of frames.
///
/// With the feature `serde` it is one flat object. In JSON:
///
/// ```json
/// {"time":40000000,"endpoint":"bob","direction":"up","frame":{"AckR":{"id":"01234567-89ab-8cde-bc01-000000000007","from":"alice"}}}
/// {"time":50000000,"endpoint":"bob","direction":"disconnected"}
/// ```
///
/// In a question the payload is `null` or absent. So a whole message needs a payload that is not `null`, which `()` is.
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
pub struct Entry<T: Types> {
    /// The time, in nanoseconds since any origin.
    pub time: Time,
    /// The authenticated client that sent or received the frame, or that has the connection.
    pub endpoint: T::Peer,
    /// The direction and the frame.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub direction: Direction<T>,
}

/// A frame with its direction, or a connection event.
///
/// Only frames are required. Without connection events every endpoint counts as connected from its first frame on. A
/// server that restarts and continues its log must first write that every endpoint is
/// [disconnected](Self::Disconnected).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "direction", content = "frame", rename_all = "lowercase"))]
#[cfg_attr(
    feature = "serde",
    serde(bound(
        serialize = "T::Peer: serde::Serialize, T::Payload: serde::Serialize, T::ServerId: serde::Serialize",
        deserialize = "T::Peer: serde::Deserialize<'de>, T::Payload: serde::Deserialize<'de>, T::ServerId: \
                       serde::Deserialize<'de>"
    ))
)]
pub enum Direction<T: Types> {
    /// From the client to the server.
    Up(Outgoing<T>),
    /// From the server to the client.
    Down(Incoming<T>),
    /// The client connected.
    Connected,
    /// The client's connection ended.
    Disconnected,
    /// A fresh process of the client began: its token bucket is full, and its first msg:R with payload and its first ack:R
    /// of each message need no token.
    Started,
    /// The server has lost the client's messages: it may store repeated ones under other ids.
    Forgotten,
}

/// Where a log was recorded; this determines which rules can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// At the server: frames as it received and sent them. Its answers are checked.
    Server,
    /// At the clients: frames as they sent and received them. Their seqs and their retransmissions are checked.
    Clients,
}

impl<T: Types> Entry<T> {
    /// Converts an entry of a [`World`](crate::sim::World)'s trace as seen from `view`; `None` for what is not visible
    /// there: frames in flight, events, actions of the applications.
    #[must_use]
    pub fn from_trace(entry: &TraceEntry<T>, view: View) -> Option<Self> {
        let endpoint = entry.client.clone()?;
        let direction = match (&entry.what, view) {
            (What::Up(fate, frame), View::Server) => arrived(*fate).then(|| Direction::Up(frame.clone())),
            (What::Up(fate, frame), View::Clients) => (!arrived(*fate)).then(|| Direction::Up(frame.clone())),
            (What::Down(fate, frame), View::Server) => (!arrived(*fate)).then(|| Direction::Down(frame.clone())),
            (What::Down(fate, frame), View::Clients) => arrived(*fate).then(|| Direction::Down(frame.clone())),
            (What::Action(Action::Connect), _) => Some(Direction::Connected),
            (What::Action(Action::Disconnect), _) => Some(Direction::Disconnected),
            (What::Action(Action::Replace | Action::Restart), _) => Some(Direction::Started),
            (What::Action(_) | What::Event(_) | What::Record(_), _) => None,
        };
        Some(Self { time: entry.at, endpoint, direction: direction? })
    }

    /// Replaces the payload, so that a log need not contain private text.
    ///
    /// Equal payloads of one message must stay equal, and different ones different: a hash of id and payload is enough.
    /// A question stays one.
    ///
    /// # Examples
    ///
    /// ```
    /// use sixfold::sim::check::{Direction, Entry};
    /// use sixfold::{MsgId, Outgoing, StreamId, Time, Types};
    ///
    /// # #[derive(Clone, Debug, PartialEq)]
    /// # struct Chat;
    /// # impl Types for Chat { type Peer = &'static str; type Payload = &'static str; type ServerId = u64; }
    /// #[derive(Clone, Debug, PartialEq)]
    /// struct Logged;
    /// impl Types for Logged {
    ///     type Peer = &'static str;
    ///     type Payload = usize;
    ///     type ServerId = u64;
    /// }
    ///
    /// let id = MsgId::new(StreamId::from_u64(1), 0).unwrap();
    /// let frame = Outgoing::<Chat>::MsgR { id, to: "bob", floor: 0, payload: Some("hello") };
    /// let entry = Entry { time: Time::ZERO, endpoint: "alice", direction: Direction::Up(frame) };
    ///
    /// let logged: Entry<Logged> = entry.map_payload(|_, text| text.len());
    /// assert_eq!(logged.direction, Direction::Up(Outgoing::MsgR { id, to: "bob", floor: 0, payload: Some(5) }));
    /// ```
    #[must_use]
    pub fn map_payload<U>(self, map: impl FnOnce(MsgId, T::Payload) -> U::Payload) -> Entry<U>
    where
        U: Types<Peer = T::Peer, ServerId = T::ServerId>,
    {
        let direction = match self.direction {
            Direction::Up(Outgoing::MsgR { id, to, floor, payload }) => {
                Direction::Up(Outgoing::MsgR { id, to, floor, payload: payload.map(|payload| map(id, payload)) })
            }
            Direction::Up(Outgoing::AckR { id, from }) => Direction::Up(Outgoing::AckR { id, from }),
            Direction::Down(Incoming::MsgN { id, from, server_id, floor, payload }) => {
                Direction::Down(Incoming::MsgN { id, from, server_id, floor, payload: map(id, payload) })
            }
            Direction::Down(Incoming::MsgA { id, verdict }) => {
                let verdict = match verdict {
                    Verdict::Accepted(server_id) => Verdict::Accepted(server_id),
                    Verdict::Rejected(rejection) => Verdict::Rejected(rejection),
                    Verdict::RetryAfter(pause) => Verdict::RetryAfter(pause),
                };
                Direction::Down(Incoming::MsgA { id, verdict })
            }
            Direction::Down(Incoming::AckA { id, from }) => Direction::Down(Incoming::AckA { id, from }),
            Direction::Down(Incoming::AckN { id, server_id }) => Direction::Down(Incoming::AckN { id, server_id }),
            Direction::Connected => Direction::Connected,
            Direction::Disconnected => Direction::Disconnected,
            Direction::Started => Direction::Started,
            Direction::Forgotten => Direction::Forgotten,
        };
        Entry { time: self.time, endpoint: self.endpoint, direction }
    }
}

fn arrived(fate: Fate) -> bool {
    match fate {
        Fate::Arrived => true,
        Fate::Sent | Fate::Doubled | Fate::Lost => false,
    }
}
