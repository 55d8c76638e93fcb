//! The floor of a stream, and its announcement.
//!
//! The floor is the lowest seq that may still be transmitted unasked: that of the lowest live one, or the next
//! seq when none is live. Each msg:R carries it. The rule: when the floor passes an *abandoned* seq (its message failed or was discarded), it must be announced,
//! since the receiver may hold later messages. Then the live messages of the stream whose timers run go out again,
//! with a token each. While a live message is below the abandoned seq, the highest such message is marked instead.

use super::{AWAITS_ACK_N, AWAITS_MSG_A, Outbox};
use crate::collections::Key;
use crate::frame::Types;
use crate::recovery::FlightState;

/// Which messages announce a floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Announce {
    /// Not those without an answer: their own timers will announce it, and failures must not flood a dead network.
    Answered,
    All,
}

impl<T: Types> Outbox<T> {
    /// Handles an abandoned seq, or the end of a message below one. To be called when the message is not live any more.
    pub(super) fn on_gap(&mut self, stream: Key, seq: u64, announce: Announce) {
        match self.streams[stream].live.last_below(seq) {
            Some((_, below)) => self.messages[below].is_below_gap = true,
            None => {
                let risen = self.risen.entry(stream).or_insert(announce);
                *risen = announce.max(*risen);
            }
        }
    }

    /// Announces the floors that have risen. To be called at the end of each input: a mass failure costs one pass.
    pub(crate) fn announce_floors(&mut self) {
        while let Some((key, announce)) = self.risen.pop_first() {
            let Some(stream) = self.streams.get(key) else { continue };
            if stream.announced >= Some(announce) {
                continue;
            }
            // A first transmission carries the current floor anyway.
            for (_, key) in stream.live.iter().take_while(|(seq, _)| *seq < stream.sent_end) {
                let message = &self.messages[key];
                let queue = match message.on_wire() {
                    Some(repeated) => (!repeated || announce == Announce::All).then_some(AWAITS_MSG_A),
                    None => message.is_accepted().then_some(AWAITS_ACK_N),
                };
                if let Some(queue) = queue.filter(|_| self.flights.state(key) == FlightState::Armed) {
                    self.flights.queue(key, queue);
                }
            }
            self.streams[key].announced = Some(announce);
            self.has_announced = true;
        }
    }
}
