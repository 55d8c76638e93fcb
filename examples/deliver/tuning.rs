//! The configuration of both clients: as impatient as the links allow, and never done with trying.
//!
//! A local link answers in milliseconds and loses as a matter of course, so timers are short, backoff is capped low and
//! attempts are not limited. All that is told of the network here is its slowest round trip; the rest is estimated.

use std::time::Duration;

use sixfold::sim::LinkConfig;
use sixfold::{Config, Order};

use crate::options::Options;

/// No run takes this long.
pub(crate) const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// What every hop does to datagrams, in each direction.
pub(crate) fn faults(options: &Options) -> LinkConfig {
    LinkConfig::default()
        .latency(options.latency)
        .jitter(options.jitter)
        .loss(options.loss)
        .duplicate(options.duplicate)
        .reorder(options.reorder, options.latency + options.jitter + Duration::from_millis(1))
}

/// The configuration for these links and lines of at most `longest` bytes.
pub(crate) fn config(options: &Options, longest: usize) -> Config {
    let round_trip = 2 * (options.latency + options.jitter);
    Config::default()
        .window((SOCKET_BUFFER / (longest + PER_DATAGRAM)).clamp(2, 256))
        .outbox_capacity(OUTBOX)
        // Everything that A may have on the way fits into B at once, held for order or not.
        .inbox_capacity(2 * OUTBOX)
        .ack_capacity(2 * OUTBOX)
        .rto_initial(round_trip + Duration::from_millis(50))
        .rto_min(Duration::from_millis(15))
        .rto_max(2 * round_trip + Duration::from_millis(200))
        // From msg:A to ack:N is one more round trip, and whatever B holds the message for.
        .probe_initial(round_trip + Duration::from_millis(50))
        .probe_max(2 * round_trip + Duration::from_millis(200))
        .max_attempts(None)
        .expiry(LIFETIME)
        .lifetime(LIFETIME)
        .retransmit_rate(100_000)
        .retransmit_burst(10_000)
        .order(Order::InOrder { max_hold: None })
}

/// How many lines are on their way at once, from the first transmission to ack:N.
const OUTBOX: usize = 2_000;
/// What a socket usually holds before the kernel drops datagrams, and what it reckons for each besides its bytes.
const SOCKET_BUFFER: usize = 200 * 1024;
const PER_DATAGRAM: usize = 512;
