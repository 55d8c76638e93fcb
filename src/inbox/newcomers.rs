//! The first message of a stream, and what must be forgotten for it.
//!
//! The rule: a stream is opened for a message that is taken in; one of which nothing came is closed in the same breath. Who
//! pays for the room is told in `streams/room.rs`.

use super::streams::{Met, NoRoom};
use super::{Inbox, Message, in_order};
use crate::context::Context;
use crate::frame::Types;
use crate::id::{MsgId, SEQ_END};
use crate::slab::Key;

impl<T: Types> Inbox<T> {
    /// A message came that is not of the stream of the one before.
    #[inline(never)]
    pub(super) fn on_another(&mut self, from: &T::Peer, id: MsgId, message: Message<T>, ctx: &mut Context<T>) {
        let (name, seq) = id.split();
        let floor = in_order(name, ctx).then(|| message.floor.min(SEQ_END));
        let is_early = floor.is_some_and(|floor| seq > floor);
        let is_full = self.is_full(ctx);
        let has_room = !is_full && self.streams.has_room(&ctx.config);
        match self.streams.meet(from, name, has_room, ctx.now) {
            Met::Known(key) => self.on_known(key, from, id, seq, message, ctx),
            Met::New(key) => self.on_first(key, seq, floor, from, message, ctx),
            Met::Unknown if is_full && (is_early || self.held.len() == 0) => ctx.stats.ignored_msg_n_full += 1,
            Met::Unknown => {
                if let Some(key) = self.make_room(from, id, ctx) {
                    self.on_first(key, seq, floor, from, message, ctx);
                }
            }
        }
    }

    /// Opens a stream for which another may have to be forgotten; none when that is not to be had.
    #[inline(never)]
    fn make_room(&mut self, from: &T::Peer, id: MsgId, ctx: &mut Context<T>) -> Option<Key> {
        let room = self.streams.room(from, &ctx.config, ctx.now);
        let freed = room.as_ref().ok().and_then(|silent| *silent).map_or(0, |key| self.streams[key].seen.ranges());
        match room {
            Ok(silent) if self.streams.ranges() - freed < ctx.config.max_ranges => {
                silent.into_iter().for_each(|silent| self.forget(silent, ctx));
                Some(self.streams.open(from, id.split().0, ctx.now))
            }
            Ok(_) | Err(NoRoom) => {
                self.refuse(from.clone(), id, ctx);
                None
            }
        }
    }

    /// The first message of a stream that was opened for it, with its floor if order matters: there is room for one more
    /// range.
    fn on_first(
        &mut self,
        key: Key,
        seq: u64,
        floor: Option<u64>,
        from: &T::Peer,
        message: Message<T>,
        ctx: &mut Context<T>,
    ) {
        let cursor = floor.unwrap_or(0);
        if self.is_full(ctx) || floor.is_some_and(|floor| seq > floor) {
            self.streams[key].cursor = cursor;
            self.on_first_of_many(key, seq, message, ctx);
            return;
        }
        let late = seq < cursor;
        let stream = self.streams.see_first(key, seq);
        stream.cursor = if floor == Some(seq) { seq + 1 } else { cursor };
        self.owed.insert(&mut stream.live, seq, key);
        let id = stream.key.id(seq);
        self.give(from.clone(), id, message, late, ctx);
    }

    /// The first message of a stream that waits for others, or for which another one must go.
    #[inline(never)]
    fn on_first_of_many(&mut self, key: Key, seq: u64, message: Message<T>, ctx: &mut Context<T>) {
        self.admit(key, seq, message, ctx);
        if self.is_blank(key, &self.streams[key]) {
            // It was left unanswered: its floor is not remembered either.
            self.streams[key].cursor = 0;
        }
        self.close_if_blank(key);
    }

    /// Forgets a stream to make room for another. What it holds was not acked and comes again.
    fn forget(&mut self, stream: Key, ctx: &mut Context<T>) {
        while let Some(seq) = self.held.highest(stream) {
            self.drop_held(stream, seq, ctx);
        }
        self.streams.close(stream);
        ctx.stats.streams_forgotten += 1;
    }
}
