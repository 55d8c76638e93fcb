//! What happened, in order: a digest that is always kept, and one line per entry on request.
//!
//! Two runs of one seed give the same trace; the first differing line shows the cause of a difference.

use alloc::vec::Vec;
use core::fmt;

use uuid::Uuid;

use crate::event::Event;
use crate::frame::{Incoming, Outgoing, Types, Verdict};
use crate::id::MsgId;
use crate::journal::Record;
use crate::sim::relay::Crash;
use crate::time::Time;

/// One thing that happened; [`Display`](fmt::Display) writes one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<T: Types> {
    /// When.
    pub at: Time,
    /// The client that acted or whose connection is concerned; `None` for the relay itself.
    pub client: Option<T::Peer>,
    /// What.
    pub what: What<T>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum What<T: Types> {
    /// A frame from the client to the relay.
    Up(Fate, Outgoing<T>),
    /// A frame from the relay to the client.
    Down(Fate, Incoming<T>),
    /// The client emitted an event.
    Event(Event<T>),
    /// The client emitted a record.
    Record(Record<T>),
    /// The world or the application acted.
    Action(Action<T>),
}

/// The fate of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was sent.
    Sent,
    /// It was sent twice.
    Doubled,
    /// It was lost.
    Lost,
    /// It, or a copy of it, arrived.
    Arrived,
}

/// What the world or the application did.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Action<T: Types> {
    /// The application sent a message.
    Send {
        /// The message.
        id: MsgId,
        /// Its recipient.
        to: T::Peer,
    },
    /// The application confirmed a message.
    Confirm {
        /// Its sender.
        from: T::Peer,
        /// The message.
        id: MsgId,
    },
    /// The application released a message.
    Release {
        /// Its sender.
        from: T::Peer,
        /// The message.
        id: MsgId,
    },
    /// The client connected.
    Connect,
    /// The connection ended; both ends know.
    Disconnect,
    /// A partition began: frames are lost, and neither end is notified.
    Partition,
    /// The partition ended.
    Heal,
    /// The client's process was replaced by a fresh one.
    Replace,
    /// The durable client's process died.
    Kill,
    /// It restarted.
    Restart,
    /// It committed a batch.
    Commit,
    /// The relay crashed and restarted.
    CrashRelay(Crash),
}

/// The record of a run.
#[derive(Clone, Debug)]
pub(super) struct Trace<T: Types> {
    entries: Option<Vec<Entry<T>>>,
    digest: u64,
}

impl<T: Types<ServerId = u64>> Trace<T> {
    pub(super) fn new() -> Self {
        Self { entries: None, digest: 0xcbf2_9ce4_8422_2325 }
    }

    /// Turns the recording of entries on or off; the digest is always kept.
    pub(super) fn record(&mut self, on: bool) {
        self.entries = on.then(|| self.entries.take().unwrap_or_default());
    }

    pub(super) fn entries(&self) -> &[Entry<T>] {
        self.entries.as_deref().unwrap_or_default()
    }

    pub(super) fn digest(&self) -> u64 {
        self.digest
    }

    pub(super) fn up(&mut self, at: Time, client: &T::Peer, fate: Fate, frame: &Outgoing<T>) {
        let (kind, id, extra) = match frame {
            Outgoing::MsgR { id, floor, payload: Some(_), .. } => (1, id, *floor),
            Outgoing::MsgR { id, floor, payload: None, .. } => (32, id, *floor),
            Outgoing::AckR { id, .. } => (2, id, 0),
        };
        self.absorb(at, kind << 8 | fate as u64, Some(id), extra);
        self.keep(at, Some(client), || What::Up(fate, frame.clone()));
    }

    pub(super) fn down(&mut self, at: Time, client: &T::Peer, fate: Fate, frame: &Incoming<T>) {
        let (kind, id, extra) = match frame {
            Incoming::MsgA { id, verdict: Verdict::Accepted(server_id) } => (3, id, *server_id),
            Incoming::MsgA { id, verdict: Verdict::Rejected(rejection) } => (4, id, u64::from(rejection.code)),
            Incoming::MsgA { id, verdict: Verdict::RetryAfter(pause) } => (5, id, u64::from(pause.subsec_nanos())),
            Incoming::MsgN { id, server_id, floor, .. } => (6, id, server_id ^ floor),
            Incoming::AckA { id, .. } => (7, id, 0),
            Incoming::AckN { id, server_id } => (8, id, *server_id),
        };
        self.absorb(at, kind << 8 | fate as u64, Some(id), extra);
        self.keep(at, Some(client), || What::Down(fate, frame.clone()));
    }

    pub(super) fn event(&mut self, at: Time, client: &T::Peer, event: &Event<T>) {
        let (kind, id, extra) = match event {
            Event::Accepted { id, server_id } => (9, Some(id), *server_id),
            Event::Delivered { id, server_id } => (10, Some(id), *server_id),
            Event::Retrying { id, attempt, .. } => (11, Some(id), u64::from(*attempt)),
            Event::Failed { id, .. } => (12, Some(id), 0),
            Event::Received(delivery) => (13, Some(&delivery.id), u64::from(delivery.late)),
            Event::AckSettled { id, .. } => (14, Some(id), 0),
            Event::ServerIdConflict { id, first, second } => (15, Some(id), first ^ second),
            Event::HorizonExceeded { id, .. } => (16, Some(id), 0),
            Event::SuspectConnection { silent } => (17, None, u64::from(silent.subsec_nanos())),
        };
        self.absorb(at, kind << 8, id, extra);
        self.keep(at, Some(client), || What::Event(event.clone()));
    }

    pub(super) fn record_of(&mut self, at: Time, client: &T::Peer, record: &Record<T>) {
        self.absorb(at, 31 << 8, None, 0);
        self.keep(at, Some(client), || What::Record(record.clone()));
    }

    pub(super) fn action(&mut self, at: Time, client: Option<&T::Peer>, action: Action<T>) {
        let (kind, id) = match &action {
            Action::Send { id, .. } => (18, Some(id)),
            Action::Confirm { id, .. } => (19, Some(id)),
            Action::Release { id, .. } => (20, Some(id)),
            Action::Connect => (21, None),
            Action::Disconnect => (22, None),
            Action::Partition => (23, None),
            Action::Heal => (24, None),
            Action::Replace => (25, None),
            Action::CrashRelay(Crash::LosesAll) => (26, None),
            Action::CrashRelay(Crash::KeepsStored) => (27, None),
            Action::Kill => (28, None),
            Action::Restart => (29, None),
            Action::Commit => (30, None),
        };
        self.absorb(at, kind << 8, id, 0);
        self.keep(at, client, || What::Action(action));
    }

    fn keep(&mut self, at: Time, client: Option<&T::Peer>, what: impl FnOnce() -> What<T>) {
        if let Some(entries) = &mut self.entries {
            entries.push(Entry { at, client: client.cloned(), what: what() });
        }
    }

    /// FNV-1a over words instead of bytes.
    fn absorb(&mut self, at: Time, kind: u64, id: Option<&MsgId>, extra: u64) {
        let (high, low) = id.map_or((0, 0), |id| Uuid::as_u64_pair(id.as_uuid()));
        for word in [at.as_nanos(), kind, high, low, extra] {
            self.digest = (self.digest ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(29);
        }
    }
}

/// Writes the seconds, the client, an arrow (`-` sent, `2` sent twice, `x` lost, `=` arrived), and the content.
impl<T: Types> fmt::Display for Entry<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.at.since_origin();
        write!(f, "{:5}.{:09} ", since.as_secs(), since.subsec_nanos())?;
        match &self.client {
            Some(client) => write!(f, "{client:?} ")?,
            None => f.write_str("relay ")?,
        }
        match &self.what {
            What::Up(fate, frame) => {
                write!(f, "{}> ", mark(*fate))?;
                match frame {
                    Outgoing::MsgR { id, to, floor, payload } => {
                        let question = if payload.is_none() { " (question)" } else { "" };
                        write!(f, "msg:R {id} to {to:?} floor {floor}{question}")
                    }
                    Outgoing::AckR { id, from } => write!(f, "ack:R {id} from {from:?}"),
                }
            }
            What::Down(fate, frame) => {
                write!(f, "<{} ", mark(*fate))?;
                match frame {
                    Incoming::MsgA { id, verdict } => write!(f, "msg:A {id} {verdict:?}"),
                    Incoming::MsgN { id, from, server_id, floor, .. } => {
                        write!(f, "msg:N {id} from {from:?} as {server_id:?} floor {floor}")
                    }
                    Incoming::AckA { id, from } => write!(f, "ack:A {id} from {from:?}"),
                    Incoming::AckN { id, server_id } => write!(f, "ack:N {id} as {server_id:?}"),
                }
            }
            What::Event(event) => write!(f, "!  {event:?}"),
            What::Record(record) => write!(f, "#  {record:?}"),
            What::Action(action) => write!(f, "*  {action:?}"),
        }
    }
}

fn mark(fate: Fate) -> char {
    match fate {
        Fate::Sent => '-',
        Fate::Doubled => '2',
        Fate::Lost => 'x',
        Fate::Arrived => '=',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::StreamId;
    use alloc::string::ToString;

    #[derive(Clone, Debug, PartialEq)]
    struct Chat;

    impl Types for Chat {
        type Peer = &'static str;
        type Payload = ();
        type ServerId = u64;
    }

    fn frame() -> Outgoing<Chat> {
        msg_r(Some(()))
    }

    fn msg_r(payload: Option<()>) -> Outgoing<Chat> {
        let id = MsgId::new(StreamId::from_u64(5), 7).unwrap();
        Outgoing::MsgR { id, to: "bob", floor: 3, payload }
    }

    #[test]
    fn an_entry_is_one_line() {
        let mut trace = Trace::new();
        trace.record(true);
        trace.up(Time::from_nanos(1_500_000_000), &"alice", Fate::Lost, &frame());
        trace.up(Time::from_nanos(0), &"alice", Fate::Sent, &msg_r(None));
        trace.action(Time::from_nanos(1), None, Action::CrashRelay(Crash::LosesAll));
        assert_eq!(
            trace.entries()[0].to_string(),
            "    1.500000000 \"alice\" x> msg:R 00000000-0000-8000-9401-000000000007 to \"bob\" floor 3"
        );
        assert_eq!(
            trace.entries()[1].to_string(),
            "    0.000000000 \"alice\" -> msg:R 00000000-0000-8000-9401-000000000007 to \"bob\" floor 3 (question)"
        );
        assert_eq!(trace.entries()[2].to_string(), "    0.000000001 relay *  CrashRelay(LosesAll)");
    }

    #[test]
    fn the_digest_tells_apart_what_the_trace_tells_apart_and_needs_no_record() {
        let digest_of = |at, fate, recorded, frame: &Outgoing<Chat>| {
            let mut trace = Trace::new();
            trace.record(recorded);
            trace.up(Time::from_nanos(at), &"alice", fate, frame);
            trace.digest()
        };
        let digest = |at, fate, recorded| digest_of(at, fate, recorded, &frame());
        assert_eq!(digest(1, Fate::Sent, true), digest(1, Fate::Sent, false));
        assert_ne!(digest(1, Fate::Sent, true), digest(2, Fate::Sent, true));
        assert_ne!(digest(1, Fate::Sent, true), digest(1, Fate::Lost, true));
        assert_ne!(digest(1, Fate::Sent, true), digest_of(1, Fate::Sent, true, &msg_r(None)));
    }
}
