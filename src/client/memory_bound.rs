//! The maximum memory of a client.

use crate::collections;
use crate::config::Config;
use crate::frame::Types;
use crate::inbox::Inbox;
use crate::outbox::Outbox;
use crate::output::Output;

impl Config {
    /// Returns the maximum heap, in bytes, of a [`Client<T>`](crate::Client) with this config, whatever arrives and
    /// from however many peers, as long as the caller drains and confirms.
    ///
    /// Heap behind peers, payloads, server ids and rejections is not included: there are at most
    /// `outbox_capacity + inbox_capacity` payloads, and a peer's address for each stream.
    ///
    /// The bound is safe, not tight: it adds the maxima of all collections. A small device sets `outbox_capacity`,
    /// `max_streams` and `max_ranges`, which weigh most.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[derive(Clone, Debug, PartialEq)]
    /// # struct Chat;
    /// # impl sixfold::Types for Chat { type Peer = u64; type Payload = [u8; 8]; type ServerId = u64; }
    /// use sixfold::Config;
    ///
    /// let small = Config::default()
    ///     .outbox_capacity(64)
    ///     .inbox_capacity(32)
    ///     .ack_capacity(32)
    ///     .max_streams(64)
    ///     .max_streams_per_peer(8)
    ///     .max_ranges(256);
    /// assert!(small.memory_bound::<Chat>() < 1_000_000);
    /// ```
    #[must_use]
    pub fn memory_bound<T: Types>(&self) -> usize {
        // One input makes at most three outputs per message: retrying or failed, and a frame.
        let messages = self.outbox_capacity.saturating_add(self.inbox_capacity).saturating_add(self.ack_capacity);
        let outputs = messages.saturating_mul(3).saturating_add(16);
        let halves = Outbox::<T>::footprint(self) + Inbox::<T>::footprint(self);
        (halves + collections::array::<Output<T>>(outputs)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Test;

    impl Types for Test {
        type Peer = u64;
        type Payload = u64;
        type ServerId = u64;
    }

    /// Users size devices by these figures: change them only on purpose.
    #[cfg(target_pointer_width = "64")]
    #[test]
    fn the_bounds_of_seven_configs() {
        let small = Config::default().outbox_capacity(101).inbox_capacity(53).ack_capacity(29);
        let small = small.max_streams(71).max_streams_per_peer(11).max_ranges(307);
        let configs = [
            Config::default(),
            small.clone(),
            small.clone().outbox_capacity(1_009),
            small.clone().inbox_capacity(1_009),
            small.clone().ack_capacity(1_009),
            small.clone().max_streams(1_009),
            small.max_ranges(10_007),
        ];
        let bounds = configs.map(|config| config.memory_bound::<Test>());
        assert_eq!(bounds, [149_235_440, 928_520, 6_552_696, 2_178_264, 1_810_520, 1_893_792, 1_518_280]);
    }
}
