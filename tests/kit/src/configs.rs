//! Generated configurations: every extreme, with the default first, so that shrinking ends there.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use sixfold::{Config, Order};

use crate::{DAY, HOUR, MS, SECOND};

const MICROSECOND: Duration = Duration::from_micros(1);
/// The longest duration that a config accepts.
const MAX_DURATION: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// The fields of a [`Config`], open to a test.
#[derive(Clone, Debug)]
pub struct Knobs {
    pub window: usize,
    /// Outbox, inbox, acks.
    pub capacity: [usize; 3],
    /// Minimum, initial, maximum.
    pub rto: [Duration; 3],
    pub max_attempts: Option<u32>,
    /// Initial, maximum.
    pub probe: [Duration; 2],
    pub expiry: Duration,
    pub lifetime: Duration,
    pub jitter: f64,
    pub rate: u32,
    pub burst: u32,
    pub order: Order,
    /// Streams, streams per peer, ranges.
    pub remembered: [usize; 3],
    pub suspect_after: u32,
    pub journal: bool,
    pub questions: bool,
}

impl Knobs {
    pub fn config(&self) -> Config {
        let [outbox, inbox, acks] = self.capacity;
        let [rto_min, rto_initial, rto_max] = self.rto;
        let [streams, per_peer, ranges] = self.remembered;
        Config::default()
            .window(self.window)
            .outbox_capacity(outbox)
            .inbox_capacity(inbox)
            .ack_capacity(acks)
            .rto_min(rto_min)
            .rto_initial(rto_initial)
            .rto_max(rto_max)
            .max_attempts(self.max_attempts)
            .probe_initial(self.probe[0])
            .probe_max(self.probe[1])
            .expiry(self.expiry)
            .lifetime(self.lifetime)
            .jitter(self.jitter)
            .retransmit_rate(self.rate)
            .retransmit_burst(self.burst)
            .order(self.order)
            .max_streams(streams)
            .max_streams_per_peer(per_peer)
            .max_ranges(ranges)
            .suspect_after(self.suspect_after)
            .journal(self.journal)
            .questions(self.questions)
    }

    /// Returns whether a run may reach the bounds on remembered streams and ranges.
    pub fn has_small_memory(&self) -> bool {
        self.remembered.iter().any(|bound| *bound < 100)
    }
}

pub fn knobs() -> impl Strategy<Value = Knobs> {
    let sizes = (
        select(vec![32, 1, 2, 3]),
        (select(vec![1_000, 1, 2, 8]), select(vec![1_000, 1, 2, 5]), select(vec![1_000, 1, 2, 5])),
        (select(vec![65_536, 1, 2, 5]), select(vec![1_024, 1, 2]), select(vec![262_144, 1, 2, 5])),
    );
    let times = (
        select(vec![
            [200 * MS, SECOND, 60 * SECOND],
            [MICROSECOND, MICROSECOND, MICROSECOND],
            [MICROSECOND, MS, 7 * SECOND],
            [100 * MS, 300 * MS, 300 * MS],
            [3 * MICROSECOND, 3 * MICROSECOND, MAX_DURATION],
        ]),
        select(vec![
            [2 * SECOND, 600 * SECOND],
            [MICROSECOND, MICROSECOND],
            [MICROSECOND, MAX_DURATION],
            [10 * MS, 11 * MS],
            [HOUR, HOUR],
            [100 * MS, 2 * SECOND],
        ]),
        select(vec![
            (3 * DAY, 7 * DAY),
            (30 * SECOND, 60 * SECOND),
            (30 * SECOND, 30 * SECOND),
            (MICROSECOND, MICROSECOND),
            (MICROSECOND, DAY),
            (MAX_DURATION, MAX_DURATION),
        ]),
    );
    let rates = (
        select(vec![0.25, 0.0, 1.0]),
        select(vec![64, 1, 3, 1_000_000]),
        select(vec![128, 1, 2, 1_000_000]),
        select(vec![Some(10), None, Some(1), Some(2), Some(4)]),
        select(vec![3, 1]),
    );
    let switches = (any::<bool>(), select(vec![true, false]));
    (sizes, times, rates, order(), switches).prop_map(|(sizes, times, rates, order, switches)| {
        let (window, (outbox, inbox, acks), (streams, per_peer, ranges)) = sizes;
        let (rto, probe, (expiry, lifetime)) = times;
        let (jitter, rate, burst, max_attempts, suspect_after) = rates;
        let (journal, questions) = switches;
        Knobs {
            window,
            capacity: [outbox, inbox, acks],
            rto,
            max_attempts,
            probe,
            expiry,
            lifetime,
            jitter,
            rate,
            burst,
            order,
            remembered: [streams, per_peer, ranges],
            suspect_after,
            journal,
            questions,
        }
    })
}

fn order() -> impl Strategy<Value = Order> {
    let hold = |max_hold| Order::InOrder { max_hold };
    select(vec![
        hold(Some(60 * SECOND)),
        hold(None),
        hold(Some(MICROSECOND)),
        hold(Some(SECOND)),
        hold(Some(MAX_DURATION)),
        Order::AsArrived,
    ])
}
