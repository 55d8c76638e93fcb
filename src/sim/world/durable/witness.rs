//! Whether the record that an output relies on had come out before it (L7), and whether what was said of a message only
//! ever rose (L6), over all lives of a client.
//!
//! After a restart the witness goes by the durable records: what was said in a batch that was lost was said to nobody.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Range;

use crate::event::Event;
use crate::frame::{Outgoing, Types};
use crate::id::MsgId;
use crate::journal::Record;

/// What the client has written, and what it has said.
#[derive(Debug)]
pub(in super::super) struct Witness<T: Types> {
    written: BTreeSet<(MsgId, Note)>,
    confirmed: BTreeSet<(T::Peer, MsgId)>,
    seen: Vec<(T::Peer, MsgId, Vec<Range<u64>>)>,
    said: BTreeSet<(MsgId, Note)>,
}

/// What is noted of a message of the client's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Note {
    Queued,
    Accepted,
    Failed,
    Delivered,
    Discarded,
}

/// What a restored client should say of a message.
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

    /// Starts anew from the durable records.
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

    /// [`resend`](crate::Client::resend) took a message: one more end may follow.
    pub(in super::super) fn on_resend(&mut self, id: MsgId) {
        self.said.remove(&(id, Note::Failed));
    }

    /// Tells whether the record that an event relies on is there, and whether the event moves its message up.
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

    /// Tells whether the record that a frame relies on is there.
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

    /// Tells where the records leave a message.
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
