//! What the sender half reads from a journal, and the shortest one that it would write.
//!
//! The rules: a restored message keeps its id and counts as having left, since nobody knows; what cannot be placed is
//! ignored; a record applied twice changes nothing.

use super::Outbox;
use super::entry::{Entry, Parked, State};
use crate::context::Context;
use crate::event::FailReason;
use crate::frame::Types;
use crate::id::MsgId;
use crate::journal::Record;
use crate::slab::Key;
use crate::time::Time;

impl<T: Types> Outbox<T> {
    /// Applies one record of an earlier process.
    pub(crate) fn restore(&mut self, record: Record<T>, ctx: &Context<T>) {
        match record {
            Record::Queued { id, to, payload, at } => self.restore_queued(id, &to, payload, at, ctx),
            Record::Accepted { id, server_id } => self.restore_accepted(id, server_id),
            Record::Failed { id, reason } => self.restore_failed(id, reason),
            Record::Resent { id, at } => self.restore_resent(id, at, ctx),
            Record::Delivered { id, .. } | Record::Discarded { id } => self.restore_gone(id),
            Record::Confirmed { .. } | Record::Seen { .. } => {}
        }
    }

    fn restore_queued(&mut self, id: MsgId, to: &T::Peer, payload: T::Payload, at: Time, ctx: &Context<T>) {
        let (Some(stream), Some(seq)) = (id.stream(), id.seq()) else { return };
        let stream = match self.streams.look_up(id) {
            Some(found) => found.stream,
            None => self.streams.adopt(stream, to),
        };
        if self.streams[stream].peer != *to || self.find_restored(id).is_some() {
            return;
        }
        let queued_at = at.min(ctx.now);
        let key = self.entries.insert(Entry::new(stream, seq, payload, queued_at, State::restored()));
        self.streams[stream].ring.insert(seq, key);
        self.ages.date(key, queued_at + ctx.config.expiry);
    }

    fn restore_accepted(&mut self, id: MsgId, server_id: T::ServerId) {
        match self.find_restored(id) {
            Some(Restored::Moving(key)) => self.entries[key].state = State::Accepted { server_id, probes: 0 },
            Some(Restored::Parked(place)) => {
                if let Some(parked) = self.parked.get_mut(&place) {
                    parked.server_id = Some(server_id);
                }
            }
            None => {}
        }
    }

    fn restore_failed(&mut self, id: MsgId, reason: FailReason) {
        match self.find_restored(id) {
            Some(Restored::Moving(key)) => {
                let Entry { stream, seq, payload, queued_at, state, .. } = self.take(key);
                let server_id = match state {
                    State::Accepted { server_id, .. } => Some(server_id),
                    State::Queued | State::OnWire { .. } => None,
                };
                self.parked.insert((stream, seq), Parked { payload, queued_at, reason, server_id });
                self.streams[stream].parked += 1;
            }
            Some(Restored::Parked(place)) => {
                if let Some(parked) = self.parked.get_mut(&place) {
                    parked.reason = reason;
                }
            }
            None => {}
        }
    }

    fn restore_resent(&mut self, id: MsgId, at: Time, ctx: &Context<T>) {
        let at = at.min(ctx.now);
        match self.find_restored(id) {
            Some(Restored::Parked((stream, seq))) => {
                let Some(key) = self.unpark(stream, seq, at, ctx) else { return };
                let state = &mut self.entries[key].state;
                if !state.has_left() {
                    // It was sent again, so it may have left since.
                    *state = State::restored();
                }
            }
            Some(Restored::Moving(key)) => {
                let last = self.entries[key].queued_at + ctx.config.lifetime;
                self.ages.remove(key, |key| self.entries[key].queued_at);
                self.ages.date(key, last.min(at + ctx.config.expiry));
            }
            None => {}
        }
    }

    fn restore_gone(&mut self, id: MsgId) {
        let stream = match self.find_restored(id) {
            Some(Restored::Moving(key)) => self.take(key).stream,
            Some(Restored::Parked(place)) => {
                self.parked.remove(&place);
                self.streams[place.0].parked -= 1;
                place.0
            }
            None => return,
        };
        self.streams.tidy_adopted(stream);
    }

    fn find_restored(&mut self, id: MsgId) -> Option<Restored> {
        let found = self.streams.look_up(id)?;
        let place = (found.stream, found.seq);
        match found.moving {
            Some(key) => Some(Restored::Moving(key)),
            None => self.parked.contains_key(&place).then_some(Restored::Parked(place)),
        }
    }

    /// All records were applied.
    pub(crate) fn end_restore(&mut self, ctx: &Context<T>) {
        self.shut_gates(&ctx.config);
    }

    /// The shortest journal of what is not delivered: by peer, and within each in sending order.
    pub(crate) fn records<'a>(&'a self, ctx: &'a Context<T>) -> impl Iterator<Item = Record<T>> + 'a {
        let streams = self.streams.peers().flat_map(|peer| self.streams.of(peer));
        streams.flat_map(move |key| {
            let stream = &self.streams[key];
            let moving = stream.ring.iter().map(move |(seq, message)| {
                let entry = &self.entries[message];
                let server_id = match &entry.state {
                    State::Accepted { server_id, .. } => Some(server_id),
                    State::Queued | State::OnWire { .. } => None,
                };
                let expires_at = self.ages.expires_at(message, entry.queued_at);
                let sent_at = expires_at.since_origin().saturating_sub(ctx.config.expiry);
                let end = End::Moving { sent_at: Time::from_origin(sent_at) };
                (seq, &entry.payload, entry.queued_at, server_id, end)
            });
            let parked = self.parked.range((key, 0)..=(key, u64::MAX)).map(|((_, seq), parked)| {
                (*seq, &parked.payload, parked.queued_at, parked.server_id.as_ref(), End::Parked(&parked.reason))
            });
            let both = super::merge(moving, parked, |(seq, ..)| *seq);
            both.flat_map(move |(seq, payload, queued_at, server_id, end)| {
                let id = stream.msg_id(seq);
                let outside = |time| ctx.clock().outside_past(time);
                let at = outside(queued_at);
                let queued = Record::Queued { id, to: stream.peer.clone(), payload: payload.clone(), at };
                let accepted = server_id.map(|server_id| Record::Accepted { id, server_id: server_id.clone() });
                let end = match end {
                    End::Parked(reason) => Some(Record::Failed { id, reason: reason.clone() }),
                    End::Moving { sent_at } if sent_at == queued_at => None,
                    End::Moving { sent_at } => Some(Record::Resent { id, at: outside(sent_at) }),
                };
                [Some(queued), accepted, end].into_iter().flatten()
            })
        })
    }
}

/// Where a restored message is.
enum Restored {
    Moving(Key),
    Parked((Key, u64)),
}

/// How the records of a message end.
enum End<'a> {
    /// It is on its way; its time to expire counts from when it was last sent by the application.
    Moving {
        sent_at: Time,
    },
    Parked(&'a FailReason),
}
