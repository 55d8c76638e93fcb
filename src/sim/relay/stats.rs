//! Counters of the relay: every frame that comes in or goes out is in one of them.

/// What a [`Relay`](super::Relay) has done since it was made, crashes included, and what it holds now.
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
    /// How many of `msg_r` named a message that was stored already.
    pub duplicates: u64,
    /// How many of `msg_r` were refused.
    pub rejected: u64,
    /// How many of `msg_r` were told to come again later.
    pub throttled: u64,
    /// Messages that their recipient confirmed.
    pub confirmed: u64,
    /// How many of `ack_r` confirmed a message again.
    pub acks_repeated: u64,
    /// How many of `ack_r` named no message that was meant for the confirming peer.
    pub acks_unknown: u64,
    /// Messages given up, unconfirmed, at the end of `lifetime`.
    pub outlived: u64,
    /// Messages forgotten altogether at the end of twice `lifetime`.
    pub forgotten: u64,
    /// Crashes of either kind.
    pub crashes: u64,

    /// Messages remembered.
    pub remembered: usize,
    /// How many of them wait for their recipient.
    pub waiting: usize,
    /// Peers connected.
    pub connected: usize,
}
