//! Journal of the sender half: applying records and writing the shortest ones.
//!
//! The rules: a restored message keeps its id and counts as transmitted, since it may have been; records of unknown
//! messages are ignored; a record applied twice changes nothing.

use alloc::vec::Vec;

use super::message::Message;
use super::{Outbox, merge};
use crate::collections::Key;
use crate::context::Context;
use crate::frame::Types;
use crate::id::MsgId;
use crate::journal::Record;
use crate::status::{FailReason, Status};
use crate::time::Time;

impl<T: Types> Outbox<T> {
    /// Applies one record of an earlier process.
    pub(crate) fn restore(&mut self, record: Record<T>, ctx: &Context<T>) {
        match record {
            Record::Queued { id, to, payload, at } => self.restore_queued(id, &to, payload, at, ctx),
            Record::Accepted { id, server_id } => {
                if let Some(key) = self.look_up(id) {
                    self.restore_accepted(key, server_id, ctx);
                }
            }
            Record::Failed { id, reason } => self.restore_failed(id, reason),
            Record::Resent { id, at } => self.restore_resent(id, at, ctx),
            Record::Delivered { id, .. } | Record::Discarded { id } => self.restore_gone(id),
            Record::Confirmed { .. } | Record::Seen { .. } => {}
        }
    }

    fn restore_queued(&mut self, id: MsgId, to: &T::Peer, payload: T::Payload, at: Time, ctx: &Context<T>) {
        let (Some(stream), Some(seq)) = (id.stream(), id.seq()) else { return };
        let stream = match self.streams.look_up(id).map(|(stream, _)| stream) {
            Some(known) => known,
            None => self.adopt_stream(stream, to),
        };
        if self.streams[stream].name != *to || self.look_up(id).is_some() {
            return;
        }
        let queued_at = at.min(ctx.now);
        let expires_at = self.expiry.after(queued_at);
        let key = self.messages.insert(Message::restored(stream, seq, payload, queued_at, expires_at));
        self.streams[stream].live.insert(seq, key);
        self.streams[stream].holding_back += 1;
        self.expiry.push_dated(key, expires_at);
    }

    fn restore_accepted(&mut self, key: Key, server_id: T::ServerId, ctx: &Context<T>) {
        let message = &mut self.messages[key];
        let stream = message.stream;
        let is_first = message.is_live() && !message.is_accepted();
        drop(message.on_accepted(server_id));
        if is_first {
            self.hold_back_no_more(key);
            self.on_probed(key, stream, ctx);
        }
    }

    fn restore_failed(&mut self, id: MsgId, reason: FailReason) {
        let Some(key) = self.look_up(id) else { return };
        if self.messages[key].is_live() {
            self.fail_live(key, reason);
        } else {
            self.messages[key].on_failed(reason);
        }
    }

    fn restore_resent(&mut self, id: MsgId, at: Time, ctx: &Context<T>) {
        let Some(key) = self.look_up(id) else { return };
        let at = at.min(ctx.now);
        if self.messages[key].is_live() {
            let expires_at = self.expires_at_when_resent(key, at, ctx);
            let before = core::mem::replace(&mut self.messages[key].expires_at, expires_at);
            self.expiry.remove(key, before, &self.messages);
            self.expiry.push_dated(key, expires_at);
        } else {
            self.revive(key, at, ctx);
        }
    }

    fn restore_gone(&mut self, id: MsgId) {
        let Some(key) = self.look_up(id) else { return };
        let stream = self.remove(key).stream;
        if self.streams[stream].is_idle() {
            self.forget_older(stream);
        }
    }

    /// Ends the restore: all records were applied. Of each peer the oldest stream comes first.
    pub(crate) fn end_restore(&mut self) {
        let streams: Vec<Key> = self.streams.by_peer(|stream| !stream.is_idle()).collect();
        for stream in streams {
            self.restore_floor(stream);
            self.restore_order(stream);
            self.update_rings(stream);
        }
    }

    /// The shortest journal of what is not delivered: by peer, and within each in sending order.
    pub(crate) fn records<'a>(&'a self, ctx: &'a Context<T>) -> impl Iterator<Item = Record<T>> + 'a {
        self.keys().flat_map(move |key| self.records_of(key, ctx).into_iter().flatten())
    }

    fn records_of(&self, key: Key, ctx: &Context<T>) -> [Option<Record<T>>; 3] {
        let message = &self.messages[key];
        let id = self.msg_id(message.stream, message.seq);
        let at = |time| ctx.clock.past_to_caller_time(time);
        let (to, payload) = (self.streams[message.stream].name.clone(), message.payload.clone());
        let queued = Record::Queued { id, to, payload, at: at(message.queued_at) };
        let accepted = message.server_id().map(|server_id| Record::Accepted { id, server_id: server_id.clone() });
        // Its expiry counts from when the application last sent it.
        let sent_at = Time::from_origin(message.expires_at.since_origin().saturating_sub(ctx.config.expiry));
        let end = match message.status() {
            Status::Failed(reason) => Some(Record::Failed { id, reason }),
            _ if sent_at == message.queued_at => None,
            Status::Queued | Status::OnWire | Status::Accepted => Some(Record::Resent { id, at: at(sent_at) }),
        };
        [Some(queued), accepted, end]
    }

    /// All messages: by peer, and within each in sending order.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        self.streams.by_peer(|stream| !stream.is_idle()).flat_map(|stream| {
            let stream = &self.streams[stream];
            merge(stream.live.iter(), stream.failed.iter()).map(|(_, key)| key)
        })
    }
}
