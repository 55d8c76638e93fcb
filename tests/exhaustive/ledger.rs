//! What the applications have committed, and the laws that a batch has to keep.

use std::collections::{BTreeMap, BTreeSet};

use kit::*;
use sixfold::{Event, MsgId, Outgoing, Output, Record};

/// The durable rows of one application.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// The payloads of messages handled, in the order of handling.
    pub(crate) rows: Vec<(u64, MsgId, u64)>,
    /// The messages whose `Queued` is durable, with what the user was told of each.
    pub(crate) sent: BTreeMap<MsgId, Told>,
    /// What was written first: what a frame or an event may rely on.
    written: BTreeSet<(&'static str, MsgId)>,
}

/// How far the user has been told that a message is: it only ever rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    #[default]
    Nothing,
    Accepted,
    Delivered,
}

impl Ledger {
    /// Commits one batch; tells what law it breaks.
    pub(crate) fn commit(&mut self, batch: &[Output<Test>], server_forgets: bool) -> Result<(), String> {
        for output in batch {
            match output {
                Output::Persist(record) => self.write(record),
                Output::Event(event) => self.tell(event, server_forgets).map_err(|law| format!("{law}: {event:?}"))?,
                Output::Transmit(frame) => self.relies(frame)?,
            }
        }
        Ok(())
    }

    fn write(&mut self, record: &Record<Test>) {
        let name = match record {
            Record::Queued { id, .. } => {
                self.sent.insert(*id, Told::Nothing);
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
    fn relies(&self, frame: &Outgoing<Test>) -> Result<(), String> {
        let record = match frame {
            Outgoing::MsgR { id, .. } => ("queued", *id),
            Outgoing::AckR { id, .. } => ("confirmed", *id),
        };
        if self.written.contains(&record) { Ok(()) } else { Err(format!("L7, not written first: {frame:?}")) }
    }

    /// L5, L6 and L7 of events.
    fn tell(&mut self, event: &Event<Test>, server_forgets: bool) -> Result<(), &'static str> {
        match event {
            Event::Accepted { id, .. } => self.lift(*id, "accepted", Told::Accepted),
            Event::Delivered { id, .. } => self.lift(*id, "delivered", Told::Delivered),
            Event::Retrying { id, .. } => match self.sent.get(id) {
                Some(Told::Nothing | Told::Accepted) => Ok(()),
                Some(Told::Delivered) | None => Err("L6, a settled or unknown message is retried"),
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
                if handled { Ok(()) } else { Err("an ack settled that nobody owed") }
            }
            Event::ServerIdConflict { .. } if server_forgets => Ok(()),
            Event::ServerIdConflict { .. } => Err("a server that forgot nothing gave two ids"),
            Event::SuspectConnection { .. } => Ok(()),
            Event::Failed { .. } => Err("so few faults fail no message"),
            Event::HorizonExceeded { .. } => Err("no bound is near"),
            other => panic!("unknown event {other:?}"),
        }
    }

    fn lift(&mut self, id: MsgId, record: &'static str, to: Told) -> Result<(), &'static str> {
        if !self.written.contains(&(record, id)) {
            return Err("L7, not written first");
        }
        let told = self.sent.get_mut(&id).ok_or("L6, nobody sent it")?;
        if *told >= to {
            return Err("L6, said again or moved down");
        }
        *told = to;
        Ok(())
    }
}
