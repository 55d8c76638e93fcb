//! The array of the messages that somebody owes an answer to.
//!
//! The rule: a key is valid from `insert` until `remove`, and the pending acks stand in one list, the oldest first. A place
//! says by its state what it is, free ones included, and has the links of the list within: each message is one small
//! record, and nothing about it is stored elsewhere.

use alloc::vec::Vec;

use crate::memory::{self, Bytes};
use crate::slab::{Key, NIL};

#[derive(Clone, Debug)]
pub(super) struct Entries {
    places: Vec<Entry>,
    /// The first free place; each has the next one's key in its `next`.
    free: Key,
    /// The pending acks: the oldest, the newest, how many.
    head: Key,
    tail: Key,
    pending: usize,
}

/// One message.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// No seq of any message while the place is free.
    seq: u64,
    stream: Key,
    state: State,
    prev: Key,
    next: Key,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// There is no message.
    Free,
    /// Handed over; the application has not confirmed it.
    WithApp,
    /// Confirmed; the server has not answered ack:R.
    AckPending {
        /// Whether an ack:R went out before.
        sent: bool,
        unanswered: u16,
    },
}

impl Entries {
    pub(super) const fn new() -> Self {
        Self { places: Vec::new(), free: NIL, head: NIL, tail: NIL, pending: 0 }
    }

    /// The most heap that so many messages take.
    pub(super) fn memory_bound(messages: usize) -> Bytes {
        memory::array::<Entry>(messages)
    }

    /// How many acks are pending.
    #[inline]
    pub(super) const fn pending(&self) -> usize {
        self.pending
    }

    /// Whether a key, if it is one, is that of the message with this seq; the stream is right.
    #[inline]
    pub(super) fn is(&self, key: Key, seq: u64) -> bool {
        self.places.get(key as usize).is_some_and(|entry| entry.seq == seq)
    }

    #[inline]
    pub(super) fn seq(&self, key: Key) -> u64 {
        self.places[key as usize].seq
    }

    #[inline]
    pub(super) fn stream(&self, key: Key) -> Key {
        self.places[key as usize].stream
    }

    #[inline]
    pub(super) fn state(&self, key: Key) -> State {
        self.places[key as usize].state
    }

    /// Adds a message that is with the application; the key freed last is used first.
    #[inline]
    pub(super) fn insert(&mut self, seq: u64, stream: Key) -> Key {
        let key = self.free;
        let entry = Entry { seq, stream, state: State::WithApp, prev: NIL, next: NIL };
        match self.places.get_mut(key as usize) {
            Some(place) => {
                self.free = place.next;
                *place = entry;
                key
            }
            None => self.append(entry),
        }
    }

    #[inline(never)]
    fn append(&mut self, entry: Entry) -> Key {
        let key = Key::try_from(self.places.len()).expect("the configured capacities end at 2^30");
        self.places.push(entry);
        key
    }

    /// Removes a message that is with the application.
    pub(super) fn remove(&mut self, key: Key) {
        let place = &mut self.places[key as usize];
        *place = Entry { seq: u64::MAX, stream: NIL, state: State::Free, prev: NIL, next: self.free };
        self.free = key;
    }

    /// Puts a message that was with the application last among the pending acks.
    #[inline]
    pub(super) fn pend(&mut self, key: Key, sent: bool) {
        let place = &mut self.places[key as usize];
        place.state = State::AckPending { sent, unanswered: 0 };
        place.prev = self.tail;
        let before = core::mem::replace(&mut self.tail, key);
        match self.places.get_mut(before as usize) {
            Some(before) => before.next = key,
            None => self.head = key,
        }
        self.pending += 1;
    }

    /// Removes a message whose ack is pending.
    #[inline]
    pub(super) fn settle(&mut self, key: Key) {
        let place = &mut self.places[key as usize];
        let (prev, next) = (place.prev, place.next);
        (place.seq, place.state, place.next) = (u64::MAX, State::Free, self.free);
        self.free = key;
        match self.places.get_mut(prev as usize) {
            Some(before) => before.next = next,
            None => self.head = next,
        }
        match self.places.get_mut(next as usize) {
            Some(after) => after.prev = prev,
            None => self.tail = prev,
        }
        self.pending -= 1;
    }

    /// Notes that the ack:R of a message goes out; tells how many went unanswered, unless its ack is not pending.
    pub(super) fn send(&mut self, key: Key) -> Option<u16> {
        match &mut self.places[key as usize].state {
            State::AckPending { sent, unanswered } => {
                *sent = true;
                Some(*unanswered)
            }
            State::WithApp | State::Free => None,
        }
    }

    /// Counts an ack:R that went unanswered, or starts anew.
    pub(super) fn count_unanswered(&mut self, key: Key, count: impl FnOnce(u16) -> u16) {
        match &mut self.places[key as usize].state {
            State::AckPending { unanswered, .. } => *unanswered = count(*unanswered),
            State::WithApp | State::Free => {}
        }
    }

    /// The messages whose acks are pending, the oldest first.
    pub(super) fn iter_pending(&self) -> impl Iterator<Item = Key> {
        let some = |key: Key| (key != NIL).then_some(key);
        core::iter::successors(some(self.head), move |key| some(self.places[*key as usize].next))
    }
}

impl State {
    /// Whether an ack:A may have been sent for it.
    #[inline]
    pub(super) const fn is_ack_sent(self) -> bool {
        match self {
            Self::AckPending { sent, .. } => sent,
            Self::WithApp | Self::Free => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use alloc::vec;

    #[test]
    fn a_message_is_24_bytes() {
        assert_eq!(size_of::<Entry>(), 24);
    }

    #[test]
    fn keys_are_dense_and_reused_and_a_free_place_is_no_message() {
        let mut entries = Entries::new();
        let keys: Vec<Key> = (0..4).map(|seq| entries.insert(seq, 7)).collect();
        assert_eq!(keys, [0, 1, 2, 3]);
        entries.remove(1);
        entries.remove(2);
        assert_eq!(
            (entries.is(1, 1), entries.is(3, 3), entries.is(3, 2), entries.is(NIL, 0)),
            (false, true, false, false)
        );
        assert_eq!((entries.state(1), entries.state(3)), (State::Free, State::WithApp));
        assert_eq!([entries.insert(8, 7), entries.insert(9, 7), entries.insert(10, 7)], [2, 1, 4]);
        assert_eq!((entries.seq(2), entries.stream(2)), (8, 7));
    }

    #[test]
    fn pending_acks_leave_from_the_front_the_middle_and_the_back() {
        let mut entries = Entries::new();
        let pending = |entries: &Entries| entries.iter_pending().collect::<Vec<_>>();
        (0..5).for_each(|key: Key| assert_eq!(entries.insert(key.into(), 7), key));
        [4, 0, 2, 1].into_iter().for_each(|key| entries.pend(key, false));
        entries.settle(0);
        assert_eq!((pending(&entries), entries.pending()), (vec![4, 2, 1], 3));
        entries.settle(4);
        entries.settle(1);
        assert_eq!(pending(&entries), [2]);
        assert_eq!((entries.insert(9, 7), entries.insert(9, 7)), (1, 4), "their places are free");
        entries.pend(3, true);
        assert_eq!((pending(&entries), entries.pending()), (vec![2, 3], 2));
        entries.settle(2);
        entries.settle(3);
        assert_eq!((pending(&entries), entries.pending()), (vec![], 0));
    }

    #[test]
    fn an_ack_knows_whether_it_was_sent_and_how_often_in_vain() {
        let mut entries = Entries::new();
        let key = entries.insert(0, 7);
        entries.count_unanswered(key, |_| 9);
        assert_eq!((entries.send(key), entries.state(key)), (None, State::WithApp));
        entries.pend(key, false);
        entries.count_unanswered(key, |unanswered| unanswered + 1);
        assert_eq!(entries.state(key), State::AckPending { sent: false, unanswered: 1 });
        assert_eq!(entries.send(key), Some(1));
        assert_eq!(entries.state(key), State::AckPending { sent: true, unanswered: 1 });
    }
}
