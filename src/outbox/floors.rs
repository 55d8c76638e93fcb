//! The announcement of a floor.
//!
//! The floor of a stream is `una`: no message below it is transmitted unasked. Each msg:R carries it. The rule: when
//! `una` passes an *abandoned* seq (its message failed or was discarded), the floor must be announced, since the receiver
//! may hold later messages that wait for the abandoned one. One message announces it: the lowest live one, if it was
//! transmitted already (the first transmission of any other carries the floor anyway); a question, if it was accepted.
//! If that settles first, the next takes over, and its floor is higher.
//!
//! Which seqs above `una` were abandoned is kept as their lowest and highest; of what lies between, too much may be
//! taken for abandoned, and a floor be announced that need not be.

use super::{Outbox, QUESTION};
use crate::collections::Key;
use crate::context::Context;
use crate::frame::Types;
use crate::recovery::Place;

/// What there is to announce of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Floor {
    /// The lowest and the highest abandoned seq above `una`; none when the lowest is greater.
    low: u64,
    high: u64,
    announcement: Announcement,
}

/// The announcement of the present floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Announcement {
    /// It need not be announced, or the server has answered the message that did.
    None,
    /// The lowest live message is to announce it.
    Wanted,
    /// The lowest live message has announced it and was not answered.
    Sent,
}

impl Floor {
    const NONE: Self = Self { low: u64::MAX, high: 0, announcement: Announcement::None };

    pub(super) const fn is_wanted(&self) -> bool {
        matches!(self.announcement, Announcement::Wanted)
    }

    const fn is_none(self) -> bool {
        self.low > self.high && matches!(self.announcement, Announcement::None)
    }
}

impl<T: Types> Outbox<T> {
    /// A seq was abandoned that is not live any more.
    pub(super) fn on_abandoned(&mut self, stream: Key, seq: u64, ctx: &Context<T>) {
        if seq < self.streams[stream].una() {
            self.on_una_passed(stream, true, ctx);
        } else {
            let floor = self.floors.entry(stream).or_insert(Floor::NONE);
            (floor.low, floor.high) = (floor.low.min(seq), floor.high.max(seq));
        }
    }

    /// A live message was delivered. To be called while there is anything in `floors`.
    pub(super) fn on_delivered_below(&mut self, stream: Key, seq: u64, ctx: &Context<T>) {
        if self.floors.contains_key(&stream) && seq < self.streams[stream].una() {
            self.on_una_passed(stream, false, ctx);
        }
    }

    /// `una` has risen; `over_abandoned` is whether the seq that it passed first was abandoned.
    fn on_una_passed(&mut self, stream: Key, over_abandoned: bool, ctx: &Context<T>) {
        let una = self.streams[stream].una();
        let floor = self.floors.entry(stream).or_insert(Floor::NONE);
        let rises = over_abandoned || floor.low < una;
        floor.low = floor.low.max(una);
        if floor.low > floor.high {
            (floor.low, floor.high) = (u64::MAX, 0);
        }
        if rises || floor.announcement != Announcement::None {
            floor.announcement = Announcement::Wanted;
            self.announce(stream, ctx);
        } else if floor.is_none() {
            self.floors.remove(&stream);
        }
    }

    /// Lets the lowest live message of a stream announce the floor, if that is wanted and there is a connection. While the
    /// stream pauses, that waits for the end.
    pub(super) fn announce(&mut self, stream: Key, ctx: &Context<T>) {
        let Some(floor) = self.floors.get_mut(&stream) else { return };
        let state = &self.streams[stream];
        let una = state.live.first().and_then(|una| Some((una, state.live.get(una)?)));
        let announcer = una.filter(|(una, key)| *una < state.nxt() || self.messages[*key].is_accepted());
        if announcer.is_none() {
            floor.announcement = Announcement::None;
        }
        let is_wanted = floor.is_wanted();
        if floor.is_none() {
            self.floors.remove(&stream);
        }
        if self.pauses.contain(stream) {
            self.update_rings(stream);
        }
        let Some((_, key)) = announcer.filter(|_| is_wanted && ctx.connected) else { return };
        if self.is_paused(stream, ctx.now) {
            return;
        }
        match self.flights.place(key) {
            Place::Timer if self.messages[key].is_accepted() => {
                self.flights.disarm(key);
                self.flights.push(&mut self.questions, QUESTION, key);
            }
            Place::Timer => {
                self.flights.disarm(key);
                self.push_again(key);
            }
            Place::Idle => drop(self.ask(key, ctx)),
            Place::Queue(_) => {}
        }
    }

    /// A message is transmitted.
    pub(super) fn on_announced(&mut self, stream: Key, seq: u64) {
        let una = self.streams[stream].una();
        if let Some(floor) = self.floors.get_mut(&stream).filter(|_| seq == una) {
            if floor.announcement == Announcement::Wanted {
                floor.announcement = Announcement::Sent;
            }
        }
    }

    /// The server has answered a message.
    pub(super) fn on_announcement_answered(&mut self, stream: Key, seq: u64) {
        let una = self.streams[stream].una();
        let Some(floor) = self.floors.get_mut(&stream).filter(|_| seq == una) else { return };
        if floor.announcement == Announcement::Sent {
            floor.announcement = Announcement::None;
            if floor.is_none() {
                self.floors.remove(&stream);
            }
        }
    }

    /// Announces all floors that were not announced on an earlier connection.
    pub(super) fn announce_all(&mut self, ctx: &Context<T>) {
        let streams: alloc::vec::Vec<Key> = self.floors.keys().copied().collect();
        for stream in streams {
            if let Some(floor) = self.floors.get_mut(&stream) {
                if floor.announcement == Announcement::Sent {
                    floor.announcement = Announcement::Wanted;
                }
            }
            self.announce(stream, ctx);
        }
    }

    /// The seqs that are missing between the live ones of a restored stream may have been abandoned.
    pub(super) fn restore_floor(&mut self, stream: Key) {
        let live = &self.streams[stream].live;
        let mut missing = live.iter().zip(live.iter().skip(1)).filter(|((seq, _), (next, _))| seq + 1 < *next);
        if let Some(((first, _), (mut high, _))) = missing.next() {
            missing.for_each(|(_, (next, _))| high = next);
            self.floors.insert(stream, Floor { low: first + 1, high: high - 1, ..Floor::NONE });
        }
    }
}
