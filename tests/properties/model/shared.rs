//! What sender and receiver of the model share: the schedule, the RTO estimate, the token bucket, liveness.

use std::collections::BTreeMap;
use std::time::Duration;

use sixfold::{Event, Output};

use kit::Test;
use kit::configs::Knobs;

pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The answer that a timer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    Server,
    Recipient,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduled {
    Armed { at: u64, due: u64, timer: Timer },
    Waiting(usize),
}

/// What is scheduled under each key, with the number of its arrival.
#[derive(Clone, Debug)]
pub struct Schedule<K> {
    schedule: BTreeMap<K, (u64, Scheduled)>,
    arrivals: u64,
    pub ambiguous: bool,
}

impl<K: Ord + Copy> Schedule<K> {
    pub const fn new() -> Self {
        Self { schedule: BTreeMap::new(), arrivals: 0, ambiguous: false }
    }

    pub fn of(&self, key: K) -> Option<Scheduled> {
        self.schedule.get(&key).map(|(_, scheduled)| *scheduled)
    }

    pub fn arm(&mut self, key: K, (timer, delay): (Timer, u64), now: u64) {
        self.put(key, Scheduled::Armed { at: now, due: now + delay, timer });
    }

    pub fn wait(&mut self, key: K, queue: usize) {
        self.put(key, Scheduled::Waiting(queue));
    }

    fn put(&mut self, key: K, scheduled: Scheduled) {
        self.arrivals += 1;
        self.schedule.insert(key, (self.arrivals, scheduled));
    }

    pub fn cancel(&mut self, key: K) {
        self.schedule.remove(&key);
    }

    pub fn clear(&mut self) {
        self.schedule.clear();
    }

    pub fn first(&self, queue: usize) -> Option<K> {
        let waiting = self.schedule.iter().filter(|(_, (_, scheduled))| *scheduled == Scheduled::Waiting(queue));
        waiting.min_by_key(|(_, (arrival, _))| *arrival).map(|(key, _)| *key)
    }

    pub fn next_due(&self) -> Option<u64> {
        self.armed().map(|armed| armed.due).min()
    }

    /// Removes and returns the first key that is due, and when its timer was armed.
    pub fn pop_due(&mut self, now: u64) -> Option<(K, u64)> {
        let first = self.armed().filter(|armed| armed.due <= now).min_by_key(|armed| (armed.due, armed.arrival))?;
        let same = |other: &Armed<K>| (other.at, other.timer) == (first.at, first.timer);
        let tied = self.armed().any(|other| other.due == first.due && !same(&other));
        self.ambiguous |= tied;
        self.cancel(first.key);
        Some((first.key, first.at))
    }

    fn armed(&self) -> impl Iterator<Item = Armed<K>> + '_ {
        self.schedule.iter().filter_map(|(key, (arrival, scheduled))| match *scheduled {
            Scheduled::Armed { at, due, timer } => Some(Armed { due, arrival: *arrival, at, timer, key: *key }),
            Scheduled::Waiting(_) => None,
        })
    }
}

#[derive(Clone, Copy, Debug)]
struct Armed<K> {
    due: u64,
    arrival: u64,
    at: u64,
    timer: Timer,
    key: K,
}

/// The shared state.
#[derive(Clone, Debug)]
pub struct Shared {
    pub knobs: Knobs,
    pub now: u64,
    pub connected: bool,
    pub out: Vec<Output<Test>>,
    pub srtt: Option<u64>,
    rttvar: u64,
    pub rto: u64,
    pub level: u32,
    doubled_at: u64,
    /// When the token bucket is full again.
    full_at: u64,
    heard_at: u64,
    silent: u32,
    silent_at: Option<u64>,
}

impl Shared {
    pub fn new(knobs: &Knobs, now: u64) -> Self {
        Self {
            knobs: knobs.clone(),
            now,
            connected: false,
            out: Vec::new(),
            srtt: None,
            rttvar: 0,
            rto: nanos(knobs.rto[1]),
            level: 0,
            doubled_at: 0,
            full_at: 0,
            heard_at: now,
            silent: 0,
            silent_at: None,
        }
    }

    pub fn event(&mut self, event: Event<Test>) {
        self.out.push(Output::Event(event));
    }

    /// Returns base · 2^level, rounded up to the next (16 + m) · 2^e, at most the cap.
    pub fn delay(base: u64, level: u32, cap: u64) -> u64 {
        let doubled = (0..level).fold(u128::from(base), |delay, _| (delay * 2).min(u128::from(cap)));
        let step = (0..).map(|e| 1_u128 << e).find(|step| doubled < 32 * step).unwrap();
        u64::try_from((doubled.div_ceil(step) * step).min(u128::from(cap))).unwrap()
    }

    pub fn rto_delay(&self, level: u32) -> (Timer, u64) {
        (Timer::Server, Self::delay(self.rto, level, nanos(self.knobs.rto[2])))
    }

    pub fn probe_delay(&self, level: u32) -> (Timer, u64) {
        (Timer::Recipient, Self::delay(nanos(self.knobs.probe[0]), level, nanos(self.knobs.probe[1])))
    }

    /// RFC 6298, 2.2 and 2.3.
    pub fn sample(&mut self, r: u64) {
        let r = r.min(nanos(self.knobs.rto[2]));
        let srtt = match self.srtt {
            None => {
                self.rttvar = r / 2;
                r
            }
            Some(srtt) => {
                self.rttvar = self.rttvar - self.rttvar / 4 + srtt.abs_diff(r) / 4;
                srtt - srtt / 8 + r / 8
            }
        };
        self.srtt = Some(srtt);
        let rto = srtt.saturating_add(self.rttvar.saturating_mul(4).max(1));
        self.rto = rto.clamp(nanos(self.knobs.rto[0]), nanos(self.knobs.rto[2]));
        self.level = 0;
    }

    /// RFC 6298, 5.5, once per loss.
    pub fn double(&mut self, sent_at: u64) {
        if sent_at < self.doubled_at {
            return;
        }
        self.doubled_at = self.now;
        if u128::from(self.rto) << self.level < self.knobs.rto[2].as_nanos() {
            self.level += 1;
        }
    }

    pub fn heard(&mut self) {
        self.heard_at = self.now;
        self.silent = 0;
        self.silent_at = None;
    }

    /// A frame sent at this time was not answered in time.
    pub fn unanswered(&mut self, sent_at: u64) {
        let lately = self.silent_at.is_some_and(|at| self.now - at < self.rto);
        if self.heard_at > sent_at || lately {
            return;
        }
        self.silent_at = Some(self.now);
        self.silent += 1;
        if self.silent >= self.knobs.suspect_after {
            self.silent = 0;
            self.event(Event::SuspectConnection { silent: Duration::from_nanos(self.now - self.heard_at) });
        }
    }

    fn token_interval(&self) -> u64 {
        1_000_000_000_u64.div_ceil(u64::from(self.knobs.rate))
    }

    pub fn next_token(&self) -> u64 {
        let span = self.token_interval() * u64::from(self.knobs.burst);
        (self.full_at + self.token_interval()).saturating_sub(span)
    }

    pub fn take_token(&mut self) -> bool {
        let there = self.next_token() <= self.now;
        if there {
            self.full_at = self.full_at.max(self.now) + self.token_interval();
        }
        there
    }
}
