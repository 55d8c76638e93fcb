//! Counters of the relay: every received and every queued frame is in one of them.

/// Counters since a [`Relay`](super::Relay) was made, crashes included, and gauges of what it holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RelayStats {
    /// msg:R received from connected peers.
    pub msg_r: u64,
    /// ack:R received from connected peers.
    pub ack_r: u64,
    /// msg:A queued.
    pub msg_a: u64,
    /// msg:N queued.
    pub msg_n: u64,
    /// Frames among `msg_n` that repeat one on the same connection: their push timer was due, if need be early because
    /// the sender had repeated the message or asked about it.
    pub pushed_again: u64,
    /// ack:A queued.
    pub ack_a: u64,
    /// ack:N queued.
    pub ack_n: u64,
    /// Frames received from peers that were not connected; ignored.
    pub ignored_unconnected: u64,
    /// Queued frames dropped because their peer disconnected or the relay crashed.
    pub dropped: u64,

    /// Messages stored.
    pub stored: u64,
    /// Whole messages among `msg_r` that were already stored.
    pub duplicates: u64,
    /// Frames among `msg_r` that were rejected.
    pub rejected: u64,
    /// Frames among `msg_r` that were answered with a retry-after.
    pub throttled: u64,
    /// Frames among `msg_r` that were questions: without a payload.
    pub questions: u64,
    /// Frames among `questions` that were not answered: for a message that is not remembered for that recipient, or was
    /// given up.
    pub questions_unknown: u64,
    /// Messages confirmed by their recipient.
    pub confirmed: u64,
    /// Frames among `ack_r` for a message that was already confirmed.
    pub acks_repeated: u64,
    /// Frames among `ack_r` for no message to that peer.
    pub acks_unknown: u64,
    /// Messages given up, unconfirmed, at the end of `lifetime`.
    pub outlived: u64,
    /// Messages forgotten at the end of twice `lifetime`.
    pub forgotten: u64,
    /// Crashes of either kind.
    pub crashes: u64,

    /// Messages remembered.
    pub remembered: usize,
    /// Remembered messages that wait for their recipient.
    pub waiting: usize,
    /// Peers connected.
    pub connected: usize,
}
