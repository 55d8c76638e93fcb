//! The settings of the clients: both presets, at any window.

use std::fmt;
use std::time::Duration;

use sixfold::{Config, Order};

/// For which kind of transport the clients are set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Preset {
    /// `Config::default()`: a connection.
    Default,
    /// What the example `deliver` takes for datagrams of 64 bytes on links of [`LATENCY`].
    Datagram,
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::Datagram => "datagram",
        })
    }
}

/// One way, between each client and the server.
pub(crate) const LATENCY: Duration = Duration::from_millis(50);
/// A client and the server, there and back.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(100);
pub(crate) const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// The settings of every client of a world.
pub(crate) fn config(preset: Preset, window: usize) -> Config {
    match preset {
        Preset::Default => Config::default().lifetime(LIFETIME).window(window),
        Preset::Datagram => datagram(window),
    }
}

fn datagram(window: usize) -> Config {
    let patience = ROUND_TRIP + Duration::from_millis(15);
    let longest_wait = 2 * ROUND_TRIP + Duration::from_millis(25);
    Config::default()
        .window(window)
        .outbox_capacity(10_000)
        .inbox_capacity(20_000)
        .ack_capacity(20_000)
        .rto_initial(patience)
        .rto_min(Duration::from_millis(10))
        .rto_max(longest_wait)
        .probe_initial(patience)
        .probe_max(longest_wait)
        .max_attempts(None)
        .expiry(LIFETIME)
        .lifetime(LIFETIME)
        .retransmit_rate(50_000)
        .retransmit_burst(128)
        .order(Order::InOrder { max_hold: None })
}
