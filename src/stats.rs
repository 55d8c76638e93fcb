//! Counters: everything that is sent, heard, repeated or ignored leaves a trace here.

use core::time::Duration;

/// What a client has done since it was made, and what it holds now.
///
/// Counters only rise. Whatever arrives and changes nothing is counted in one of the `ignored_*` fields, so nothing is
/// dropped without a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Stats {
    /// msg:R queued for transmission, repeated ones included.
    pub msg_r: u64,
    /// ack:R queued for transmission, repeated ones included.
    pub ack_r: u64,
    /// msg:A received.
    pub msg_a: u64,
    /// msg:N received.
    pub msg_n: u64,
    /// ack:A received.
    pub ack_a: u64,
    /// ack:N received.
    pub ack_n: u64,
    /// How many of `msg_r` and `ack_r` were retransmissions: each took a token.
    pub retransmissions: u64,
    /// Messages that `send` took.
    pub sent: u64,
    /// Messages that were delivered.
    pub delivered: u64,
    /// Times that a message failed.
    pub failed: u64,
    /// Messages handed over to the application; a released one may count again.
    pub received: u64,
    /// How many of `received` were `late`.
    pub received_late: u64,
    /// Messages that the application confirmed.
    pub confirmed: u64,
    /// Transmissions that were not answered in time.
    pub timeouts: u64,
    /// Times that the server asked for a pause.
    pub retry_after: u64,
    /// Pending acks forgotten because `ack_capacity` was reached.
    pub acks_forgotten: u64,
    /// Incoming streams forgotten to make room for new ones.
    pub streams_forgotten: u64,
    /// Gaps given up because `max_hold` had passed.
    pub gaps_given_up: u64,
    /// Held messages dropped, unacked, to make room for one that could be handed over.
    pub held_dropped: u64,
    /// Times that `now` was before the last `now`.
    pub clock_steps_back: u64,

    /// msg:A for an id that is not in the outbox: settled long ago, discarded, or forged.
    pub ignored_msg_a_unknown: u64,
    /// msg:A for a message in a state that it does not change: accepted already, parked, never sent, not waiting.
    pub ignored_msg_a_repeated: u64,
    /// ack:N for an id that is not in the outbox: a second one, or forged.
    pub ignored_ack_n_unknown: u64,
    /// ack:N for a message that never left: forged.
    pub ignored_ack_n_unsent: u64,
    /// ack:A for an ack:R that is not pending: a second one, or forged.
    pub ignored_ack_a: u64,
    /// msg:N again while the first copy is with the application or held for order: absorbed.
    pub ignored_msg_n_pending: u64,
    /// msg:N again after the application confirmed it: answered with ack:R.
    pub repeated_msg_n_confirmed: u64,
    /// msg:N left unanswered because `inbox_capacity` was reached.
    pub ignored_msg_n_full: u64,
    /// msg:N refused with [`HorizonExceeded`](crate::Event::HorizonExceeded).
    pub ignored_msg_n_horizon: u64,

    /// Messages not settled, without the parked ones.
    pub unsettled: usize,
    /// Messages parked.
    pub parked: usize,
    /// Places of the window taken.
    pub in_flight: usize,
    /// Messages with the application, unconfirmed.
    pub unconfirmed: usize,
    /// Messages held for order.
    pub held: usize,
    /// ack:R waiting for their ack:A.
    pub acks_pending: usize,
    /// Outgoing streams remembered.
    pub outgoing_streams: usize,
    /// Incoming streams remembered.
    pub incoming_streams: usize,
    /// Seq ranges remembered over all incoming streams.
    pub ranges: usize,
    /// The current retransmission timeout, without backoff and jitter.
    pub rto: Duration,
    /// The smoothed round-trip time of msg:R → msg:A; `None` before the first sample.
    pub srtt: Option<Duration>,
}
