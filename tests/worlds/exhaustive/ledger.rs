//! What an application has committed, and the laws that each batch keeps.

use std::collections::{BTreeMap, BTreeSet};

use kit::*;
use sixfold::{Event, MsgId, Outgoing, Output, Record, StreamId};

/// The durable state of one application.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// The handled messages (sender, id, payload), in the order of handling.
    pub(super) rows: Vec<(u64, MsgId, u64)>,
    /// The messages whose `Queued` is durable, with what was reported of each.
    pub(super) sent: BTreeMap<MsgId, Reported>,
    /// The streams of these messages, the oldest first.
    streams: Vec<StreamId>,
    /// The messages that the server has accepted, in the order in which it first did.
    accepted: Vec<MsgId>,
    /// The records written so far: a frame or an event may rely on these.
    written: BTreeSet<(&'static str, MsgId)>,
}

/// The progress of a message that was reported to the user: it only advances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reported {
    #[default]
    Nothing,
    Accepted,
    Delivered,
}

impl Ledger {
    /// Commits one batch; the error names the law that it breaks.
    pub(super) fn commit(&mut self, batch: &[Output<Test>], server_lost_state: bool) -> Result<(), String> {
        for output in batch {
            match output {
                Output::Persist(record) => self.write(record),
                Output::Event(event) => {
                    self.report(event, server_lost_state).map_err(|law| format!("{law}: {event:?}"))?
                }
                Output::Transmit(frame) => self.check_frame(frame)?,
            }
        }
        Ok(())
    }

    fn write(&mut self, record: &Record<Test>) {
        let name = match record {
            Record::Queued { id, .. } => {
                self.sent.insert(*id, Reported::Nothing);
                self.streams.extend(id.stream().filter(|stream| !self.streams.contains(stream)));
                ("queued", *id)
            }
            Record::Accepted { id, .. } => ("accepted", *id),
            Record::Delivered { id, .. } => ("delivered", *id),
            Record::Failed { id, .. } => ("failed", *id),
            Record::Resent { id, .. } => ("resent", *id),
            Record::Discarded { id } => ("discarded", *id),
            Record::Confirmed { id, .. } => ("confirmed", *id),
            Record::Seen { stream, .. } => ("seen", *stream),
            other => panic!("unknown record {other:?}"),
        };
        self.written.insert(name);
    }

    /// L7: a frame goes out after the record that it relies on.
    fn check_frame(&self, frame: &Outgoing<Test>) -> Result<(), String> {
        let record = match frame {
            Outgoing::MsgR { id, .. } => ("queued", *id),
            Outgoing::AckR { id, .. } => ("confirmed", *id),
        };
        if self.written.contains(&record) { Ok(()) } else { Err(format!("L7, not written first: {frame:?}")) }
    }

    /// L5, L6 and L7 of events.
    fn report(&mut self, event: &Event<Test>, server_lost_state: bool) -> Result<(), &'static str> {
        match event {
            Event::Accepted { id, .. } => self.advance(*id, "accepted", Reported::Accepted),
            Event::Delivered { id, .. } => self.advance(*id, "delivered", Reported::Delivered),
            Event::Retrying { id, .. } => match self.sent.get(id) {
                Some(Reported::Nothing | Reported::Accepted) => Ok(()),
                Some(Reported::Delivered) | None => Err("L6, a delivered or unknown message is retried"),
            },
            Event::Received(delivery) => {
                if delivery.late {
                    return Err("order, late");
                }
                if self.rows.iter().any(|(from, id, _)| (*from, *id) == (delivery.from, delivery.id)) {
                    return Err("L5, handed over twice");
                }
                self.rows.push((delivery.from, delivery.id, delivery.payload));
                Ok(())
            }
            Event::AckSettled { from, id } => {
                let handled = self.rows.iter().any(|row| (row.0, row.1) == (*from, *id));
                if handled { Ok(()) } else { Err("AckSettled for an ack that was not owed") }
            }
            Event::ServerIdConflict { .. } if server_lost_state => Ok(()),
            Event::ServerIdConflict { .. } => Err("a server that lost no state gave two ids"),
            Event::SuspectConnection { .. } => Ok(()),
            Event::Failed { .. } => Err("too few faults to fail a message"),
            Event::HorizonExceeded { .. } => Err("no bound is reached"),
            other => panic!("unknown event {other:?}"),
        }
    }

    /// The server has accepted a message.
    pub(super) fn on_accepted(&mut self, id: MsgId) {
        if !self.accepted.contains(&id) {
            self.accepted.push(id);
        }
    }

    /// The messages of each stream are handled in order.
    pub(super) fn check_handled(&self) -> Result<(), String> {
        let mut next = BTreeMap::new();
        for (from, id, _) in &self.rows {
            let next = next.entry((from, id.stream())).or_insert(None);
            if *next > id.seq() {
                return Err(format!("out of order: {:?}", self.rows));
            }
            *next = id.seq();
        }
        Ok(())
    }

    /// What is accepted of a process is first accepted before anything of a later process.
    pub(super) fn check_accepted(&self) -> Result<(), String> {
        let age = |id: &MsgId| self.streams.iter().position(|stream| Some(*stream) == id.stream());
        if self.accepted.is_sorted_by_key(age) {
            Ok(())
        } else {
            Err(format!("accepted before a message of an earlier process: {:?}", self.accepted))
        }
    }

    fn advance(&mut self, id: MsgId, record: &'static str, to: Reported) -> Result<(), &'static str> {
        if !self.written.contains(&(record, id)) {
            return Err("L7, not written first");
        }
        let reported = self.sent.get_mut(&id).ok_or("L6, it was never sent")?;
        if *reported >= to {
            return Err("L6, reported again or moved back");
        }
        *reported = to;
        Ok(())
    }
}
