//! Journal of the receiver half: applying records and writing the shortest ones.
//!
//! The rule: what was confirmed is remembered; what was handed over and not confirmed counts as never seen, so it comes
//! again. Pending acks are not recorded: a repeated msg:N restores them.

use alloc::vec::Vec;
use core::ops::Range;

use super::Inbox;
use crate::clock::Clock;
use crate::collections::Key;
use crate::context::Context;
use crate::frame::Types;
use crate::id::{MsgId, SEQ_END, StreamKey};
use crate::journal::Record;
use crate::time::Time;

impl<T: Types> Inbox<T> {
    /// A message was confirmed.
    pub(crate) fn restore_confirmed(&mut self, from: &T::Peer, id: MsgId, at: Time, ctx: &Context<T>) {
        let (_, seq) = id.split();
        self.restore_seen(from, id, core::iter::once(seq..seq + 1), at, ctx);
    }

    /// Applies a record of confirmed messages of one stream.
    pub(crate) fn restore_seen(
        &mut self,
        from: &T::Peer,
        id: MsgId,
        ranges: impl IntoIterator<Item = Range<u64>>,
        heard: Time,
        ctx: &Context<T>,
    ) {
        let (id, _) = id.split();
        let end = if id.counts() { SEQ_END } else { 1 };
        let known = self.streams.look_up_from(from, id.id(0)).map(|(stream, _)| stream);
        let Some(stream) = known.or_else(|| self.restore_stream(from, id, ctx)) else { return };
        self.on_heard_before(stream, heard.min(ctx.now));
        for range in ranges {
            let range = range.start..range.end.min(end);
            // Confirmed out of order, one range of the old process is several for a while: at most one more for each
            // message that was unconfirmed.
            let has_room = self.ranges < ctx.config.max_ranges + ctx.config.inbox_capacity;
            if !range.is_empty() && (has_room || self.streams[stream].seen.would_join(&range)) {
                self.change_seen(stream, |seen| seen.insert_range(range));
            }
        }
        if self.streams[stream].seen.is_blank() {
            self.forget_stream(stream);
        }
    }

    fn restore_stream(&mut self, from: &T::Peer, id: StreamKey, ctx: &Context<T>) -> Option<Key> {
        if let Some(silent) = self.room(from, &ctx.config, ctx.now).ok()? {
            self.forget_stream(silent);
        }
        let stream = self.open_stream(from, id, usize::MAX, Time::ZERO)?;
        self.on_quiet(stream);
        Some(stream)
    }

    /// Ends the restore: sorts the streams by when they were last heard of.
    pub(crate) fn end_restore(&mut self) {
        let mut heard: Vec<_> = self.streams.silent().map(|stream| (self.streams[stream].heard, stream)).collect();
        heard.sort_unstable();
        for (at, stream) in heard {
            self.on_heard_before(stream, at);
            let lowest_end = self.streams[stream].seen.iter().next().map_or(0, |range| range.end);
            self.streams[stream].cursor = lowest_end;
        }
    }

    /// The shortest journal of what was confirmed: one record per stream, by peer.
    pub(crate) fn records<'a>(&'a self, clock: &'a Clock) -> impl Iterator<Item = Record<T>> + 'a {
        let seen = self.streams.sorted(|stream| stream.seen.ranges() > 0);
        seen.into_iter().filter_map(|key| {
            let stream = &self.streams[key];
            let mut confirmed = stream.seen.clone();
            for (seq, key) in stream.pending.iter() {
                if self.messages[key].is_with_app() {
                    confirmed.remove(seq);
                }
            }
            let ranges: Vec<_> = confirmed.iter().collect();
            let (from, stream_id) = (self.streams[key].name.clone(), stream.id.id(0));
            let heard = clock.past_to_caller_time(stream.heard);
            (!ranges.is_empty()).then_some(Record::Seen { from, stream: stream_id, ranges, heard })
        })
    }
}
