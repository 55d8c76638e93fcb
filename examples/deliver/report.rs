//! The table at the end: what the three threads saw, side by side, so that they check one another.

use std::fmt;
use std::time::Duration;

use crate::receiver::Received;
use crate::sender::Sent;
use crate::server::Served;
use crate::wire::Kind;

/// All that is known when the threads have ended.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) sent: Sent,
    pub(crate) received: Received,
    pub(crate) served: Served,
    pub(crate) took: Duration,
    pub(crate) seed: u64,
}

impl Report {
    /// Whether every message arrived, once and in order, and B wrote what A read.
    pub(crate) fn is_perfect(&self) -> bool {
        let Received { twice, out_of_order, equal, .. } = self.received;
        equal && self.missing() == 0 && twice == 0 && out_of_order == 0
    }

    fn missing(&self) -> u64 {
        self.sent.messages.saturating_sub(self.received.messages)
    }

    fn rows(&self) -> Vec<(String, String)> {
        let tallies = [&self.sent.tally, &self.served.tally, &self.received.tally];
        let sum = |count: fn(&crate::port::Tally) -> u64| tallies.into_iter().map(count).sum::<u64>();
        let mut delays = self.sent.delays.clone();
        delays.sort_unstable();
        let mut rows = Vec::new();
        let mut row = |name: &str, value: String| rows.push((name.to_string(), value));
        row("messages", self.sent.messages.to_string());
        row("delivered", self.sent.stats.delivered.to_string());
        row("handed over twice", self.received.twice.to_string());
        row("missing", self.missing().to_string());
        row("out of order", self.received.out_of_order.to_string());
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            let sent = tallies.iter().filter_map(|tally| tally.frames.get(index)).sum::<u64>();
            row(&format!("{kind} sent"), sent.to_string());
        }
        row("retransmissions", (self.sent.stats.retransmissions + self.received.stats.retransmissions).to_string());
        row("datagrams lost by the links", sum(|tally| tally.lost).to_string());
        row("datagrams doubled by the links", sum(|tally| tally.doubled).to_string());
        row(
            "datagrams left in or dropped by sockets",
            sum(|tally| tally.given).saturating_sub(sum(|tally| tally.taken)).to_string(),
        );
        row("datagrams ignored", sum(|tally| tally.ignored).to_string());
        row("RTO", millis(self.sent.stats.rto));
        row("time", millis(self.took));
        row("send to delivered, median", percentile(&delays, 50).map_or("-".to_string(), millis));
        row("send to delivered, 99th percentile", percentile(&delays, 99).map_or("-".to_string(), millis));
        row("server crashes", self.served.crashes.to_string());
        row("seed", self.seed.to_string());
        rows
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows();
        let names = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let values = rows.iter().map(|(_, value)| value.len()).max().unwrap_or(0);
        rows.iter().try_for_each(|(name, value)| writeln!(f, "{name:<names$}  {value:>values$}"))
    }
}

/// Milliseconds with one decimal; seconds from ten seconds on.
pub(crate) fn millis(duration: Duration) -> String {
    if duration < Duration::from_secs(10) {
        format!("{:.1} ms", duration.as_secs_f64() * 1e3)
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

/// The nearest-rank percentile of sorted values: the least that is not less than `percent` per cent of them.
fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up_to(count: u64) -> Vec<Duration> {
        (1..=count).map(Duration::from_millis).collect()
    }

    #[test]
    fn percentiles_are_values_of_the_list() {
        let ms = |n| Some(Duration::from_millis(n));
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&up_to(1), 99), ms(1));
        assert_eq!(percentile(&up_to(2), 50), ms(1));
        assert_eq!(percentile(&up_to(3), 50), ms(2));
        assert_eq!(percentile(&up_to(100), 99), ms(99));
        assert_eq!(percentile(&up_to(101), 99), ms(100));
        assert_eq!(percentile(&up_to(100), 0), ms(1));
    }

    #[test]
    fn durations_read_well_at_both_scales() {
        assert_eq!(millis(Duration::from_micros(1_250)), "1.2 ms");
        assert_eq!(millis(Duration::from_millis(9_999)), "9999.0 ms");
        assert_eq!(millis(Duration::from_millis(12_340)), "12.3 s");
    }
}
