//! A conformance kit: reads a log of frames of any client and any server, and reports which rule is broken and where.
//!
//! The rule: only what frames prove is reported. What a log can prove depends on its [`View`]:
//!
//! | recorded at | checked |
//! |---|---|
//! | both | ids, streams, floors; questions before msg:A; ack:R before msg:N; server ids; sender, recipient, payload, floor; ack:N before ack:R |
//! | the server | every required frame: msg:A, also for a duplicate, msg:N, ack:A, ack:N, each within `patience` |
//! | the clients | gaps in the seqs, at first transmissions; storms |
//!
//! Not checked, since frames do not show it: the order of handing over, whether an acked message was handled, and the
//! push timer: one push on each connection of the recipient is required, and more are allowed. A server that lost its
//! memory breaks rules (another server id, no ack:N) unless the log contains [`Direction::Forgotten`]. A log must be
//! complete from the start: otherwise answers to earlier frames look forged. A message that was discarded before its
//! first transmission, with an undelivered one below it, looks like a gap: see [`Check::gaps`].
//!
//! A log may contain the frames of some clients only. Payloads are compared and never inspected, so hashes are enough:
//! see [`Entry::map_payload`].
//!
//! The sections in a report are those of the protocol: **1** the six frames and the server's six rules (answer every
//! msg:R, also a duplicate; never reuse a server id; keep and push; answer every ack:R; true sender; unread payload),
//! **2** ids (one message each, numbered per stream), **4** the client's laws.

mod bucket;
mod debts;
mod entry;
mod message;
mod rule;
mod sender;
mod server;
mod waiting;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::frame::Types;
use crate::id::{MsgId, StreamId};
use crate::time::Time;

use bucket::Bucket;
use debts::Debts;
pub use entry::{Direction, Entry, View};
use message::Message;
pub use rule::{Report, Rule, Violation};
use sender::Stream;
use waiting::Waiting;

/// Checks a log of frames, entry by entry or [all at once](Check::run). Its memory grows with the number of messages.
///
/// # Examples
///
/// A client that acks a message that it never received:
///
/// ```
/// use sixfold::sim::check::{Check, Direction, Entry, Rule, View};
/// use sixfold::{MsgId, Outgoing, StreamId, Time};
///
/// # #[derive(Clone, Debug, PartialEq)]
/// # struct Chat;
/// # impl sixfold::Types for Chat { type Peer = &'static str; type Payload = &'static str; type ServerId = u64; }
/// let id = MsgId::new(StreamId::from_u64(1), 0).unwrap();
/// let ack = Direction::Up(Outgoing::<Chat>::AckR { id, from: "alice" });
/// let log = [Entry { time: Time::ZERO, endpoint: "bob", direction: ack }];
///
/// let report = Check::new(View::Server).run(log);
/// assert_eq!(report.violations[0].rule, Rule::AckBeforeMessage);
/// assert_eq!(
///     report.to_string().lines().next(),
///     Some("line 1: AckBeforeMessage (section 1, ack:R): seen ack:R 00000000-0000-8000-8401-000000000000 of \"alice\" by \
///           \"bob\"; expected a msg:N of it to \"bob\" before")
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Check<T: Types> {
    view: View,
    patience: Duration,
    lifetime: Duration,
    rate: u32,
    burst: u32,
    fan_out: bool,
    gaps: bool,
    line: u64,
    /// The latest time in the log so far: lines of several clients may be slightly out of order.
    now: Time,
    /// The time of the current line, by its endpoint's own clock.
    time: Time,
    messages: BTreeMap<Key<T>, Message<T>>,
    waiting: Waiting<T>,
    server_ids: BTreeMap<T::ServerId, Key<T>>,
    streams: BTreeMap<(T::Peer, StreamId), Stream<T>>,
    /// The pushed messages, by receiver.
    pushed: BTreeSet<(T::Peer, Key<T>)>,
    /// The acked messages, by receiver, and in which of its processes last.
    acked: BTreeMap<(T::Peer, Key<T>), u64>,
    /// How many further processes of an endpoint have started.
    restarts: BTreeMap<T::Peer, u64>,
    /// Every endpoint so far, and whether it is connected.
    endpoints: BTreeMap<T::Peer, bool>,
    /// The line of the latest connection of each endpoint.
    connections: BTreeMap<T::Peer, u64>,
    buckets: BTreeMap<T::Peer, Bucket>,
    debts: Debts<T>,
    violations: Vec<Violation>,
}

/// The authenticated sender and its id.
type Key<T> = (<T as Types>::Peer, MsgId);

impl<T: Types> Check<T>
where
    T::ServerId: Ord,
{
    /// Makes a check of an empty log. Defaults: a patience of 10 s, a lifetime of 7 days, 64 retransmissions per second
    /// and 128 at once, no groups.
    #[must_use]
    pub fn new(view: View) -> Self {
        Self {
            view,
            patience: Duration::from_secs(10),
            lifetime: Duration::from_secs(7 * 24 * 3600),
            rate: 64,
            burst: 128,
            fan_out: false,
            gaps: true,
            line: 0,
            now: Time::ZERO,
            time: Time::ZERO,
            messages: BTreeMap::new(),
            waiting: Waiting::new(),
            server_ids: BTreeMap::new(),
            streams: BTreeMap::new(),
            pushed: BTreeSet::new(),
            acked: BTreeMap::new(),
            restarts: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            connections: BTreeMap::new(),
            buckets: BTreeMap::new(),
            debts: Debts::new(),
            violations: Vec::new(),
        }
    }

    /// Sets how long the server may take to answer; answers due after the end of the log are not checked.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sets the deployment's lifetime: how long after its msg:R a message must be pushed.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Sets the clients' `retransmit_rate` and `retransmit_burst`.
    #[must_use]
    pub fn budget(mut self, rate: u32, burst: u32) -> Self {
        (self.rate, self.burst) = (rate, burst);
        self
    }

    /// Sets whether recipients may be groups. Then any client may receive a message, and ack:N requires one
    /// confirmation, since frames do not show who is a member.
    #[must_use]
    pub fn fan_out(mut self, fan_out: bool) -> Self {
        self.fan_out = fan_out;
        self
    }

    /// Sets whether [gaps](Rule::SeqGap) are checked; turn it off if messages are discarded before their first
    /// transmission.
    #[must_use]
    pub fn gaps(mut self, gaps: bool) -> Self {
        self.gaps = gaps;
        self
    }

    /// Checks a whole log.
    #[must_use]
    pub fn run(mut self, log: impl IntoIterator<Item = Entry<T>>) -> Report {
        for entry in log {
            self.feed(entry);
        }
        self.finish()
    }

    /// Checks the entry of the next line.
    pub fn feed(&mut self, entry: Entry<T>) {
        self.feed_line(self.line + 1, entry);
    }

    /// Checks the entry of a given line, for logs with blank lines.
    pub fn feed_line(&mut self, line: u64, entry: Entry<T>) {
        let Entry { time, endpoint, direction } = entry;
        (self.line, self.now, self.time) = (line, self.now.max(time), time);
        match direction {
            // Only a frame shows that the server was running: after a restart it first logs who is disconnected.
            Direction::Up(frame) => {
                self.collect_debts();
                self.endpoints.entry(endpoint.clone()).or_insert(true);
                self.on_up(&endpoint, frame);
            }
            Direction::Down(frame) => {
                self.collect_debts();
                self.on_down(&endpoint, frame);
            }
            Direction::Connected => self.on_connected(&endpoint),
            Direction::Disconnected => {
                self.debts.forgive(&endpoint);
                self.endpoints.insert(endpoint, false);
            }
            Direction::Started => self.on_started(&endpoint),
            Direction::Forgotten => self.on_forgotten(&endpoint),
        }
    }

    /// Ends the log and returns the report. A missing frame counts only if it was due at the last entry.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.collect_debts();
        self.violations.sort_by_key(|violation| violation.line);
        Report { lines: self.line, violations: self.violations }
    }

    fn is_connected(&self, endpoint: &T::Peer) -> bool {
        self.endpoints.get(endpoint).copied().unwrap_or(false)
    }

    /// Reports a violation at the current line.
    fn accuse(&mut self, rule: Rule, seen: String, expected: String) {
        self.violations.push(Violation { rule, line: self.line, seen, expected });
    }
}
