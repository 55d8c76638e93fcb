//! The floor of a stream, and how the receiver learns that it has risen.
//!
//! The floor is the lowest seq that may still be transmitted unasked: that of the lowest live message. Each msg:R carries it.
//! The rule: when the floor passes an *abandoned* seq (its message failed or was discarded), the receiver must learn so, since
//! it may be holding what came after. Then the live messages of the stream that were transmitted go out again, with a token
//! each. While a live message lies below the abandoned seq, the highest such message is marked instead.

use super::{AWAITS_ACK_N, AWAITS_MSG_A, Outbox};
use crate::collections::Key;
use crate::frame::Types;
use crate::recovery::FlightState;

/// Which messages go out again to announce a floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Announce {
    /// Not those that are going unanswered themselves: their own timers will announce it, and a dead network is not to be
    /// flooded with every failure.
    Answered,
    All,
}

impl<T: Types> Outbox<T> {
    /// A seq was abandoned, or a message below an abandoned one is gone. To be called when it is not live any more.
    pub(super) fn on_gap(&mut self, stream: Key, seq: u64, announce: Announce) {
        match self.streams[stream].live.last_below(seq) {
            Some((_, below)) => self.messages[below].is_below_gap = true,
            None => {
                let risen = self.risen.entry(stream).or_insert(announce);
                *risen = announce.max(*risen);
            }
        }
    }

    /// Announces the floors that have risen. To be called at the end of each input, so that a mass failure costs one pass.
    pub(crate) fn announce_floors(&mut self) {
        while let Some((key, announce)) = self.risen.pop_first() {
            let Some(stream) = self.streams.get(key) else { continue };
            if stream.announced >= Some(announce) {
                continue;
            }
            // What was never transmitted will carry the floor as it is then.
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
