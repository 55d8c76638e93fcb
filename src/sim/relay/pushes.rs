//! The connected recipients, and when each unconfirmed message is pushed again.
//!
//! A push waits for the confirmation of its message. Its timer is due after the push RTO, doubled per unanswered push of
//! this message on this connection, up to a maximum. It is set when the message is pushed and changes only by a hint:
//! a message that its sender repeats or asks about is due one push RTO after its latest push. A connection begins anew:
//! without an estimate, and with the first interval for each message.
//!
//! The push RTO is that of RFC 6298. A recipient may hold a message back until an older one has come, so the time to a
//! confirmation is a sample only if nothing older of the sender was unconfirmed when the message was pushed. By Karn's
//! rule it is none if the message was pushed more than once, on earlier connections included.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use super::store::{Key, Stored};
use crate::config::Config;
use crate::frame::Types;
use crate::recovery::{Backoff, Rto};
use crate::time::Time;

#[derive(Clone, Debug)]
pub(super) struct Pushes<T: Types> {
    /// The push RTO of a new connection.
    rto: Rto,
    connections: BTreeMap<T::Peer, Connection<T>>,
    /// The pushed messages by due time and then by server id.
    timers: BTreeMap<(Time, u64), Key<T>>,
}

/// The connection of a recipient.
#[derive(Clone, Debug)]
struct Connection<T: Types> {
    rto: Rto,
    /// What was pushed on it and is unconfirmed, by sender and then in the order of acceptance.
    out: BTreeMap<(T::Peer, u64), Push>,
}

/// The pushes of one message on one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Push {
    unanswered: usize,
    /// The time of the latest.
    at: Time,
    due: Time,
    /// Whether its confirmation is a sample.
    is_timed: bool,
}

impl<T: Types> Pushes<T> {
    pub(super) fn new() -> Self {
        let rto = rto(RTO_INITIAL, RTO_MIN, PUSH_MAX);
        Self { rto, connections: BTreeMap::new(), timers: BTreeMap::new() }
    }

    /// Sets the push RTO of connections made later: before the first sample, and its bounds.
    pub(super) fn set_rto(&mut self, initial: Duration, min: Duration, max: Duration) {
        self.rto = rto(initial, min, max);
    }

    /// Ends all connections.
    pub(super) fn disconnect_all(&mut self) {
        self.connections.clear();
        self.timers.clear();
    }

    /// Adds a connection, on which nothing was pushed yet.
    pub(super) fn connect(&mut self, to: T::Peer) {
        self.connections.insert(to, Connection { rto: self.rto.clone(), out: BTreeMap::new() });
    }

    /// Ends a connection and its timers; returns whether there was one.
    pub(super) fn disconnect(&mut self, to: &T::Peer) -> bool {
        let Some(connection) = self.connections.remove(to) else { return false };
        for ((_, server_id), push) in connection.out {
            self.timers.remove(&(push.due, server_id));
        }
        true
    }

    pub(super) fn is_connected(&self, to: &T::Peer) -> bool {
        self.connections.contains_key(to)
    }

    /// Returns how many recipients are connected.
    pub(super) fn connected(&self) -> usize {
        self.connections.len()
    }

    /// Returns when [`Pushes::take_due`] next returns something.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.timers.first_key_value().map(|((time, _), _)| *time)
    }

    /// Takes what is due, in the order of acceptance.
    pub(super) fn take_due(&mut self, now: Time) -> Vec<Key<T>> {
        let mut due = Vec::new();
        while let Some(first) = self.timers.first_entry().filter(|first| first.key().0 <= now) {
            let ((_, server_id), key) = first.remove_entry();
            due.push((server_id, key));
        }
        due.sort_unstable_by_key(|(server_id, _)| *server_id);
        due.into_iter().map(|(_, key)| key).collect()
    }

    /// Notes that a message is pushed to its connected recipient; returns whether it was before on this connection.
    pub(super) fn on_push(&mut self, key: &Key<T>, stored: &Stored<T>, now: Time) -> bool {
        let Some(Connection { rto, out }) = self.connections.get_mut(&stored.to) else { return false };
        let place = (key.0.clone(), stored.server_id);
        let is_timed = !stored.was_pushed && out.range((key.0.clone(), 0)..place.clone()).next().is_none();
        let unanswered = out.get(&place).map_or(0, |before| before.unanswered);
        let due = now.plus(Backoff { base: rto.current(), cap: rto.max() }.nominal(unanswered));
        let push = Push { unanswered: unanswered + 1, at: now, due, is_timed };
        let before = out.insert(place, push);
        self.set_timer(key, stored.server_id, before, push);
        before.is_some()
    }

    /// The sender hints that a message has not arrived: its timer is due at the latest one push RTO after the latest push.
    /// Returns whether the message was pushed on this connection.
    pub(super) fn on_hint(&mut self, key: &Key<T>, stored: &Stored<T>) -> bool {
        let Some(Connection { rto, out }) = self.connections.get_mut(&stored.to) else { return false };
        let Some(push) = out.get_mut(&(key.0.clone(), stored.server_id)) else { return false };
        let before = *push;
        push.due = before.due.min(before.at.plus(rto.current()));
        let push = *push;
        self.set_timer(key, stored.server_id, Some(before), push);
        true
    }

    /// A recipient has confirmed a message.
    pub(super) fn on_confirmed(&mut self, key: &Key<T>, to: &T::Peer, server_id: u64, now: Time) {
        let push = self.end(key, to, server_id).filter(|push| push.is_timed);
        if let Some((push, connection)) = push.zip(self.connections.get_mut(to)) {
            connection.rto.on_sample(now.nanos_since(push.at));
        }
    }

    /// A message is pushed no more.
    pub(super) fn end(&mut self, key: &Key<T>, to: &T::Peer, server_id: u64) -> Option<Push> {
        let push = self.connections.get_mut(to)?.out.remove(&(key.0.clone(), server_id))?;
        self.timers.remove(&(push.due, server_id));
        Some(push)
    }

    /// Sets a timer anew; at the end of time there is none.
    fn set_timer(&mut self, key: &Key<T>, server_id: u64, before: Option<Push>, push: Push) {
        before.map(|before| self.timers.remove(&(before.due, server_id)));
        if push.due > push.at {
            self.timers.insert((push.due, server_id), key.clone());
        }
    }
}

fn rto(initial: Duration, min: Duration, max: Duration) -> Rto {
    Rto::new(&Config::default().rto_initial(initial.clamp(min, max)).rto_min(min).rto_max(max))
}

const RTO_INITIAL: Duration = Duration::from_secs(1);
const RTO_MIN: Duration = Duration::from_millis(200);
const PUSH_MAX: Duration = Duration::from_secs(600);
