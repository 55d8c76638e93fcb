//! Checks, over all lives of a client, that each output comes after the record that it depends on (L7), and that the
//! events about a message never go back to an earlier state (L6).
//!
//! After a restart the witness starts from the durable records: the events of a lost batch do not count.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Range;

use crate::event::Event;
use crate::frame::{Outgoing, Types};
use crate::id::MsgId;
use crate::journal::Record;

/// The records and the events of a client.
#[derive(Debug)]
pub(in super::super) struct Witness<T: Types> {
    written: BTreeSet<(MsgId, Note)>,
    confirmed: BTreeSet<(T::Peer, MsgId)>,
    seen: Vec<(T::Peer, MsgId, Vec<Range<u64>>)>,
    said: BTreeSet<(MsgId, Note)>,
}

/// What is recorded about a message of the client's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Note {
    Queued,
    Accepted,
    Failed,
    Delivered,
    Discarded,
}

/// The expected state of a message in a restored client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Standing {
    Gone,
    Failed,
    Accepted,
    Moving,
}

impl<T: Types> Witness<T> {
    pub(super) fn new() -> Self {
        Self { written: BTreeSet::new(), confirmed: BTreeSet::new(), seen: Vec::new(), said: BTreeSet::new() }
    }

    /// Makes a witness from the durable records.
    pub(super) fn from_records<'a>(records: impl Iterator<Item = &'a Record<T>>) -> Self
    where
        T: 'a,
    {
        let mut witness = Self::new();
        for record in records {
            witness.on_record(record);
        }
        witness.said = witness.written.clone();
        witness
    }

    pub(super) fn on_record(&mut self, record: &Record<T>) {
        match record {
            Record::Queued { id, .. } => self.written.insert((*id, Note::Queued)),
            Record::Accepted { id, .. } => self.written.insert((*id, Note::Accepted)),
            Record::Delivered { id, .. } => self.written.insert((*id, Note::Delivered)),
            Record::Failed { id, .. } => self.written.insert((*id, Note::Failed)),
            Record::Discarded { id } => self.written.insert((*id, Note::Discarded)),
            Record::Resent { id, .. } => {
                self.said.remove(&(*id, Note::Failed));
                self.written.remove(&(*id, Note::Failed))
            }
            Record::Confirmed { from, id, .. } => self.confirmed.insert((from.clone(), *id)),
            Record::Seen { from, stream, ranges, .. } => {
                self.seen.push((from.clone(), *stream, ranges.clone()));
                true
            }
        };
    }

    /// [`resend`](crate::Client::resend) took a message: `Delivered` or `Failed` may follow once more.
    pub(in super::super) fn on_resend(&mut self, id: MsgId) {
        self.said.remove(&(id, Note::Failed));
    }

    /// Returns whether the record that an event depends on was emitted, and whether the event advances its message.
    pub(super) fn on_event(&mut self, event: &Event<T>) -> (bool, bool) {
        let (id, note) = match event {
            Event::Accepted { id, .. } => (*id, Note::Accepted),
            Event::Delivered { id, .. } => (*id, Note::Delivered),
            Event::Failed { id, .. } => (*id, Note::Failed),
            Event::Retrying { id, .. } => return (true, !self.has_ended(*id)),
            Event::Received(_)
            | Event::AckSettled { .. }
            | Event::ServerIdConflict { .. }
            | Event::HorizonExceeded { .. }
            | Event::SuspectConnection { .. } => return (true, true),
        };
        let rises = match note {
            Note::Queued | Note::Discarded | Note::Accepted | Note::Failed => !self.has_ended(id),
            Note::Delivered => !self.has(&self.said, id, Note::Discarded),
        };
        (self.has(&self.written, id, note), self.said.insert((id, note)) && rises)
    }

    /// Returns whether the record that a frame depends on was emitted.
    pub(super) fn backs(&self, frame: &Outgoing<T>) -> bool {
        match frame {
            Outgoing::MsgR { id, .. } => self.has_queued(*id),
            Outgoing::AckR { id, from } => self.has_confirmed(from, *id),
        }
    }

    pub(super) fn has_queued(&self, id: MsgId) -> bool {
        self.has(&self.written, id, Note::Queued)
    }

    pub(super) fn has_confirmed(&self, from: &T::Peer, id: MsgId) -> bool {
        let (stream, seq) = id.split();
        let in_ranges = |(by, zero, ranges): &(T::Peer, MsgId, Vec<Range<u64>>)| {
            by == from && zero.split().0 == stream && ranges.iter().any(|range| range.contains(&seq))
        };
        self.confirmed.contains(&(from.clone(), id)) || self.seen.iter().any(in_ranges)
    }

    /// Returns the state of a message according to the records.
    pub(super) fn standing(&self, id: MsgId) -> Standing {
        let has = |note| self.has(&self.written, id, note);
        if has(Note::Delivered) || has(Note::Discarded) || !has(Note::Queued) {
            Standing::Gone
        } else if has(Note::Failed) {
            Standing::Failed
        } else if has(Note::Accepted) {
            Standing::Accepted
        } else {
            Standing::Moving
        }
    }

    fn has(&self, notes: &BTreeSet<(MsgId, Note)>, id: MsgId, note: Note) -> bool {
        notes.contains(&(id, note))
    }

    fn has_ended(&self, id: MsgId) -> bool {
        [Note::Failed, Note::Delivered, Note::Discarded].iter().any(|note| self.has(&self.said, id, *note))
    }
}
