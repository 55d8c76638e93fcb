//! The table at the end: what the three threads saw, side by side, so that they check one another.
//!
//! Every row says what its number counts.

use std::fmt;
use std::time::Duration;

use crate::count::Count;
use crate::port::Tally;
use crate::receiver::Received;
use crate::sender::Sent;
use crate::server::Served;
use crate::wire::Kind;

/// All that is known when the threads have ended.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) count: Count,
    pub(crate) sent: Sent,
    pub(crate) received: Received,
    pub(crate) served: Served,
    pub(crate) took: Duration,
    pub(crate) seed: u64,
}

impl Report {
    /// Whether every message arrived, once and in order, and B wrote what A read.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_right() && self.received.complete
    }

    /// Whether nothing went wrong so far: what is still on the way may come yet.
    pub(crate) fn is_right(&self) -> bool {
        let Received { twice, out_of_order, right, .. } = self.received;
        right && self.missing() == 0 && twice == 0 && out_of_order == 0
    }

    /// Messages that A was told are delivered, and B never had.
    fn missing(&self) -> usize {
        self.sent.delivered.iter().filter(|id| !self.received.ids.contains(id)).count()
    }

    /// Name, value and explanation of each row.
    fn rows(&self) -> Vec<[String; 3]> {
        let tallies = [&self.sent.tally, &self.served.tally, &self.received.tally];
        let sum = |count: fn(&Tally) -> u64| tallies.into_iter().map(count).sum::<u64>();
        let frames = |index: usize| tallies.iter().filter_map(|tally| tally.frames.get(index)).sum::<u64>();
        let datagrams: u64 = (0..Kind::ALL.len()).map(frames).sum();
        let mut delays = self.sent.delays.clone();
        delays.sort_unstable();
        let percentile = |percent| percentile(&delays, percent).map_or("-".to_string(), millis);
        let repeated = self.sent.stats.retransmissions + self.received.stats.retransmissions;
        let dropped = sum(|tally| tally.given).saturating_sub(sum(|tally| tally.taken));
        let mut rows = Vec::new();
        let mut row = |name: &str, value: String, note: &str| rows.push([name, &value, note].map(str::to_string));
        row("messages", self.count.messages.to_string(), "one for each line");
        row("delivered", self.count.delivered.to_string(), "B has it, and A knows");
        row("on the way", self.count.on_the_way().to_string(), "sent, but A does not know yet that B has it");
        row("not sent yet", self.count.not_sent_yet().to_string(), "waiting for room in A's client");
        row("handed over twice", self.received.twice.to_string(), "to B");
        row("missing", self.missing().to_string(), "A was told \"delivered\", but B never had it");
        row("out of order", self.received.out_of_order.to_string(), "handed over to B after a later one");
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            row(&format!("{kind} sent"), frames(index).to_string(), kind.meaning());
        }
        row("retransmissions", repeated.to_string(), "of msg:R and ack:R, counted there too");
        let lost = format!("by the links, of {datagrams} sent (--loss)");
        row("datagrams lost", sum(|tally| tally.lost).to_string(), &lost);
        row("datagrams doubled", sum(|tally| tally.doubled).to_string(), "by the links (--duplicate)");
        row("datagrams dropped", dropped.to_string(), "by a full socket, or still in it at the end");
        row("datagrams ignored", sum(|tally| tally.ignored).to_string(), "not a frame, or from a stranger");
        row("retransmission timeout", millis(self.sent.stats.rto), "how long A waited for an answer, in the end");
        row("half delivered within", percentile(50), "from send to ack:N");
        row("99 % delivered within", percentile(99), "from send to ack:N");
        row("time", millis(self.took), "of the whole run");
        row("server crashes", self.served.crashes.to_string(), "it forgot everything (--crash-server)");
        row("seed", self.seed.to_string(), "--seed draws the same faults again");
        rows
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows();
        let names = rows.iter().map(|[name, ..]| name.len()).max().unwrap_or(0);
        let values = rows.iter().map(|[_, value, _]| value.len()).max().unwrap_or(0);
        for [name, value, note] in &rows {
            let line = format!("{name:<names$}  {value:>values$}  {note}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
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
