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

/// The delays of a timer for what takes a round trip: before the first sample, the least, the greatest.
pub(crate) fn delays(options: &Options) -> [Duration; 3] {
    let round_trip = 2 * (options.latency + options.jitter);
    [round_trip + Duration::from_millis(15), Duration::from_millis(10), 2 * round_trip + Duration::from_millis(25)]
}

/// The configuration for these links and lines of `length` bytes on average.
pub(crate) fn config(options: &Options, length: usize) -> Config {
    let [patience, least, longest_wait] = delays(options);
    let (rate, at_once) = budget(length);
    // What waits for ack:N is asked for again and again until then: as much as the rate allows, and not more.
    let in_a_wait = u128::from(rate) * longest_wait.as_micros() / 1_000_000;
    let outbox = usize::try_from(in_a_wait).unwrap_or(usize::MAX).clamp(16, 10_000);
    Config::default()
        .window(at_once as usize)
        .outbox_capacity(outbox)
        // Everything that A may have on the way fits into B at once, held for order or not.
        .inbox_capacity(2 * outbox)
        .ack_capacity(2 * outbox)
        .rto_initial(patience)
        .rto_min(least)
        .rto_max(longest_wait)
        // From msg:A to ack:N is one more round trip, and whatever B holds the message for.
        .probe_initial(patience)
        .probe_max(longest_wait)
        .max_attempts(None)
        .expiry(LIFETIME)
        .lifetime(LIFETIME)
        .retransmit_rate(rate)
        .retransmit_burst(at_once)
        .order(Order::InOrder { max_hold: None })
}

/// How many frames with lines of `length` bytes on average a client may repeat in a second, and how many at once.
pub(crate) fn budget(length: usize) -> (u32, u32) {
    let datagram = u32::try_from(length).unwrap_or(u32::MAX).saturating_add(PER_DATAGRAM);
    ((BYTES_PER_SECOND / datagram).clamp(1, DATAGRAMS_PER_SECOND), (SOCKET_BUFFER / datagram).clamp(2, 128))
}

/// What three threads on one machine get through with time to spare.
const DATAGRAMS_PER_SECOND: u32 = 50_000;
const BYTES_PER_SECOND: u32 = 200 * 1024 * 1024;
/// What a socket usually holds before the kernel drops datagrams, and what it reckons for each besides its bytes.
const SOCKET_BUFFER: u32 = 200 * 1024;
const PER_DATAGRAM: u32 = 512;
