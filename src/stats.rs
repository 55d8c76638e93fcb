//! Counters: every frame that is sent, received, repeated or ignored is counted here.

use core::time::Duration;

/// Counters since the client was made, and gauges of what it holds now.
///
/// The `u64` fields only rise. A frame that changes nothing is counted in one of the `ignored_*` fields.
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
    /// Retransmissions among `msg_r` and `ack_r`: each took a token.
    pub retransmissions: u64,
    /// Messages taken by `send`.
    pub sent: u64,
    /// Messages delivered.
    pub delivered: u64,
    /// Failures; a message that was resent may count again.
    pub failed: u64,
    /// Messages handed over to the application; a released one may count again.
    pub received: u64,
    /// Messages among `received` that were `late`.
    pub received_late: u64,
    /// Messages confirmed by the application.
    pub confirmed: u64,
    /// Transmissions that were not answered in time.
    pub timeouts: u64,
    /// Times at which it was a peer's turn to be asked about.
    pub probes: u64,
    /// Pauses requested by the server.
    pub retry_after: u64,
    /// Pending acks forgotten because `ack_capacity` was reached.
    pub acks_forgotten: u64,
    /// Incoming streams forgotten in favour of new ones.
    pub streams_forgotten: u64,
    /// Gaps skipped because `max_hold` had passed.
    pub gaps_given_up: u64,
    /// Held messages dropped, not acked, in favour of one that could be handed over.
    pub held_dropped: u64,
    /// Inputs whose `now` was before the previous `now`.
    pub clock_steps_back: u64,

    /// msg:A for an id that is not in the outbox: delivered, discarded, or forged.
    pub ignored_msg_a_unknown: u64,
    /// msg:A for a message whose state it does not change: already accepted, failed, never transmitted, not waiting.
    pub ignored_msg_a_repeated: u64,
    /// ack:N for an id that is not in the outbox: repeated, or forged.
    pub ignored_ack_n_unknown: u64,
    /// ack:N for a message that was never transmitted: forged.
    pub ignored_ack_n_unsent: u64,
    /// ack:A for an ack:R that is not pending: repeated, or forged.
    pub ignored_ack_a: u64,
    /// msg:N repeated while the first copy is unconfirmed or held for order: dropped.
    pub ignored_msg_n_pending: u64,
    /// msg:N repeated after the application confirmed it: answered with ack:R.
    pub repeated_msg_n_confirmed: u64,
    /// msg:N not answered because `inbox_capacity` was reached.
    pub ignored_msg_n_full: u64,
    /// msg:N refused with [`HorizonExceeded`](crate::Event::HorizonExceeded).
    pub ignored_msg_n_horizon: u64,

    /// Undelivered messages, without the failed ones.
    pub unsettled: usize,
    /// Failed messages that wait for the application.
    pub parked: usize,
    /// Messages in the window.
    pub in_flight: usize,
    /// Messages handed over and not confirmed.
    pub unconfirmed: usize,
    /// Messages held for order.
    pub held: usize,
    /// ack:R that wait for their ack:A.
    pub acks_pending: usize,
    /// Outgoing streams remembered.
    pub outgoing_streams: usize,
    /// Incoming streams remembered.
    pub incoming_streams: usize,
    /// Seq ranges remembered for all incoming streams.
    pub ranges: usize,
    /// The current retransmission timeout, without the backoff of single messages and without jitter.
    pub rto: Duration,
    /// The smoothed round-trip time of msg:R → msg:A; `None` before the first sample.
    pub srtt: Option<Duration>,
}
