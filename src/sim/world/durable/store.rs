//! What survives a process: the journal and the application's own rows, committed together.
//!
//! The rows are stored separately from the records, so that each can be checked against the other: a row is what the
//! application believes to be durable, whether or not the client has emitted the record.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::frame::Types;
use crate::id::MsgId;
use crate::journal::Record;

/// A message from its recipient's view: sender and id.
type Key<T> = (<T as Types>::Peer, MsgId);

/// What one batch makes durable, atomically.
#[derive(Debug)]
pub(in super::super) struct Transaction<T: Types> {
    pub(in super::super) records: Vec<Record<T>>,
    /// What the application has sent, received `Delivered` for, and discarded.
    pub(in super::super) sent: Vec<MsgId>,
    pub(in super::super) delivered: Vec<MsgId>,
    pub(in super::super) discarded: Vec<MsgId>,
    /// What it has handled inside the transaction and confirmed.
    pub(in super::super) handled: Vec<Key<T>>,
    pub(in super::super) confirmed: Vec<Key<T>>,
}

impl<T: Types> Default for Transaction<T> {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            sent: Vec::new(),
            delivered: Vec::new(),
            discarded: Vec::new(),
            handled: Vec::new(),
            confirmed: Vec::new(),
        }
    }
}

impl<T: Types> Transaction<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
            && self.sent.is_empty()
            && self.delivered.is_empty()
            && self.discarded.is_empty()
            && self.handled.is_empty()
            && self.confirmed.is_empty()
    }
}

/// How often an application that shows messages outside transactions has shown one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Showing {
    First,
    /// Again, after a death and without a durable confirmation: allowed.
    Again,
    /// Again otherwise: wrong.
    Twice,
}

#[derive(Debug)]
pub(in super::super) struct Store<T: Types> {
    snapshot: Vec<Record<T>>,
    /// The records since the snapshot.
    tail: Vec<Record<T>>,
    pub(in super::super) sent: BTreeSet<MsgId>,
    pub(in super::super) delivered: BTreeSet<MsgId>,
    pub(in super::super) discarded: BTreeSet<MsgId>,
    pub(in super::super) handled: BTreeSet<Key<T>>,
    pub(in super::super) confirmed: BTreeSet<Key<T>>,
    /// The life in which each message was last shown; no transaction undoes that.
    shown: BTreeMap<Key<T>, u32>,
}

/// What was lost with the last records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Torn {
    pub(super) records: u64,
    /// The number of handled messages that were undone.
    pub(super) handled: u64,
    /// The messages that the application has sent and no longer knows.
    pub(super) sent: Vec<MsgId>,
}

impl<T: Types> Store<T> {
    pub(super) fn new() -> Self {
        Self {
            snapshot: Vec::new(),
            tail: Vec::new(),
            sent: BTreeSet::new(),
            delivered: BTreeSet::new(),
            discarded: BTreeSet::new(),
            handled: BTreeSet::new(),
            confirmed: BTreeSet::new(),
            shown: BTreeMap::new(),
        }
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &Record<T>> {
        self.snapshot.iter().chain(&self.tail)
    }

    pub(super) fn commit(&mut self, transaction: Transaction<T>) {
        let Transaction { records, sent, delivered, discarded, handled, confirmed } = transaction;
        self.tail.extend(records);
        self.sent.extend(sent);
        self.delivered.extend(delivered);
        self.discarded.extend(discarded);
        self.handled.extend(handled);
        self.confirmed.extend(confirmed);
    }

    /// Replaces the journal.
    pub(super) fn compact(&mut self, snapshot: Vec<Record<T>>) {
        self.snapshot = snapshot;
        self.tail.clear();
    }

    pub(super) fn show(&mut self, key: Key<T>, life: u32) -> Showing {
        let excused = !self.confirmed.contains(&key);
        match self.shown.insert(key, life) {
            None => Showing::First,
            Some(before) if before < life && excused => Showing::Again,
            Some(_) => Showing::Twice,
        }
    }

    /// Drops the last records and undoes the effects that were committed with them.
    pub(super) fn tear(&mut self, records: usize) -> Torn {
        let mut torn = Torn::default();
        for record in self.tail.drain(self.tail.len().saturating_sub(records)..) {
            torn.records += 1;
            match record {
                Record::Queued { id, .. } => {
                    self.sent.remove(&id);
                    torn.sent.push(id);
                }
                Record::Delivered { id, .. } => {
                    self.delivered.remove(&id);
                }
                Record::Discarded { id } => {
                    self.discarded.remove(&id);
                }
                Record::Confirmed { from, id, .. } => {
                    torn.handled += u64::from(self.handled.remove(&(from.clone(), id)));
                    self.confirmed.remove(&(from, id));
                }
                Record::Accepted { .. } | Record::Failed { .. } | Record::Resent { .. } | Record::Seen { .. } => {}
            }
        }
        torn
    }

    /// Returns what a new process reads: the journal, and its last records once more.
    pub(super) fn read(&self, repeated: usize) -> Vec<Record<T>> {
        let mut records: Vec<_> = self.records().cloned().collect();
        records.extend_from_within(records.len().saturating_sub(repeated)..);
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::StreamId;
    use crate::time::Time;
    use alloc::vec;

    #[derive(Clone, Debug, PartialEq)]
    struct Chat;

    impl Types for Chat {
        type Peer = u8;
        type Payload = ();
        type ServerId = u64;
    }

    fn id(seq: u64) -> MsgId {
        MsgId::new(StreamId::from_u64(5), seq).unwrap()
    }

    fn confirmed(seq: u64) -> Record<Chat> {
        Record::Confirmed { from: 1, id: id(seq), at: Time::ZERO }
    }

    /// A store in which each of three commits handled one message.
    fn store() -> Store<Chat> {
        let mut store = Store::new();
        for seq in 0..3 {
            let keys = vec![(1, id(seq))];
            let records = vec![confirmed(seq)];
            store.commit(Transaction { records, handled: keys.clone(), confirmed: keys, ..Transaction::default() });
        }
        store
    }

    #[test]
    fn what_is_torn_takes_its_effects_with_it() {
        let mut store = store();
        assert_eq!(store.tear(2), Torn { records: 2, handled: 2, sent: vec![] });
        assert_eq!(store.handled, BTreeSet::from([(1, id(0))]));
        assert_eq!(store.read(0), [confirmed(0)]);
        assert_eq!(store.tear(2), Torn { records: 1, handled: 1, sent: vec![] });
    }

    #[test]
    fn a_snapshot_is_never_torn_and_keeps_the_effects() {
        let mut store = store();
        store.compact(vec![confirmed(2)]);
        assert_eq!(store.tear(9), Torn::default());
        assert_eq!((store.handled.len(), store.read(0)), (3, vec![confirmed(2)]));
    }

    #[test]
    fn a_suffix_or_the_whole_journal_is_read_twice() {
        let store = store();
        assert_eq!(store.read(1), [confirmed(0), confirmed(1), confirmed(2), confirmed(2)]);
        assert_eq!(store.read(usize::MAX).len(), 6);
    }

    #[test]
    fn showing_again_is_excused_by_a_death_before_a_durable_confirmation() {
        let mut store = store();
        assert_eq!(store.show((1, id(7)), 0), Showing::First);
        assert_eq!(store.show((1, id(7)), 0), Showing::Twice);
        assert_eq!(store.show((1, id(7)), 1), Showing::Again);
        assert_eq!(store.show((1, id(0)), 1), Showing::First);
        assert_eq!(store.show((1, id(0)), 2), Showing::Twice, "it was confirmed");
    }
}
