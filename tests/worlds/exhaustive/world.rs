//! A world without links: one step at a time in a fixed order, so that the only disorder is a [`Fault`] between two steps.
//!
//! A step is the first of these: commit a batch, deliver a frame, carry out a planned action that is due, fire a timer that
//! is due; else the clock moves to the next deadline. Frames arrive at once and in order.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use super::ledger::Reported;
use super::side::Side;
use kit::*;
use sixfold::sim::{Crash, Relay};
use sixfold::{Incoming, Outgoing, Time, Verdict};

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The next frame is lost.
    Drop,
    /// The next frame arrives, and again after the frames in flight.
    Duplicate,
    /// The next frame arrives after the next timeout.
    Delay,
    /// A connection ends; both ends are reported.
    Disconnect(u64),
    /// A client process is killed and restored from its journal.
    CrashClient(u64),
    /// The server crashes.
    CrashServer(Crash),
}

/// A frame in flight.
#[derive(Clone, Debug)]
enum Hop {
    Up(u64, Outgoing<Test>),
    Down(u64, Incoming<Test>),
}

/// A planned action.
#[derive(Clone, Debug)]
enum Planned {
    Send { from: u64, to: u64, payload: u64 },
    Reconnect(u64),
    Arrive(Hop),
}

/// The sends: delay, sender, recipient.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    sends: Vec<(Duration, u64, u64)>,
    compacts: bool,
}

impl Scenario {
    pub(super) fn new<const N: usize>(sends: [(Duration, u64, u64); N]) -> Self {
        Self { sends: sends.into(), compacts: false }
    }

    /// Every commit replaces the journal by a snapshot.
    pub(super) fn compacting(mut self) -> Self {
        self.compacts = true;
        self
    }
}

#[derive(Clone, Debug)]
pub(super) struct World {
    now: Time,
    sides: [Side; 2],
    relay: Relay<Test>,
    wire: VecDeque<Hop>,
    /// Ordered by time, then by planning.
    agenda: Vec<(Time, Planned)>,
    server_lost_state: bool,
    pub(super) steps: usize,
}

impl World {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let now = Time::from_origin(HOUR);
        let relay = Relay::new(7 * DAY, now);
        let sides = [A, B].map(|peer| Side::new(peer, scenario.compacts, now));
        let mut world =
            Self { now, sides, relay, wire: VecDeque::new(), agenda: Vec::new(), server_lost_state: false, steps: 0 };
        for peer in [A, B] {
            world.connect(peer).unwrap();
        }
        for (payload, (after, from, to)) in (0..).zip(&scenario.sends) {
            world.plan(*after, Planned::Send { from: *from, to: *to, payload });
        }
        world
    }

    /// Returns the faults that would change the next step.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if !self.wire.is_empty() && !self.sides.iter().any(Side::has_batch) {
            faults.extend([Fault::Drop, Fault::Duplicate, Fault::Delay]);
        }
        let connected = self.sides.iter().filter(|side| side.connected);
        faults.extend(connected.map(|side| Fault::Disconnect(side.peer)));
        faults.extend([A, B].map(Fault::CrashClient));
        faults.extend([Crash::KeepsStored, Crash::LosesAll].map(Fault::CrashServer));
        faults
    }

    pub(super) fn inject(&mut self, fault: Fault) -> Result<(), String> {
        match fault {
            Fault::Drop => drop(self.wire.pop_front()),
            Fault::Duplicate => self.wire.extend(self.wire.front().cloned()),
            Fault::Delay => {
                if let Some(hop) = self.wire.pop_front() {
                    let next = self.sides.iter().filter_map(|side| side.client.poll_timeout()).min();
                    let wait = next.map_or(SECOND, |next| next.saturating_duration_since(self.now));
                    self.plan(wait + MS, Planned::Arrive(hop));
                }
            }
            Fault::Disconnect(peer) => {
                self.cut(peer);
                let now = self.now;
                self.side(peer).disconnect(now)?;
            }
            Fault::CrashClient(peer) => {
                self.cut(peer);
                let now = self.now;
                self.side(peer).crash(now)?;
            }
            Fault::CrashServer(kind) => {
                self.relay.crash(kind, self.now);
                self.server_lost_state |= kind == Crash::LosesAll;
                let now = self.now;
                for peer in [A, B] {
                    if self.side(peer).connected {
                        self.cut(peer);
                        self.side(peer).disconnect(now)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes the next step; returns false when there is none.
    pub(super) fn step(&mut self) -> Result<bool, String> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err("it does not settle".into());
        }
        let now = self.now;
        if let Some(n) = self.sides.iter().position(Side::has_batch) {
            let frames = self.sides[n].commit(self.server_lost_state)?;
            let peer = self.sides[n].peer;
            self.wire.extend(frames.into_iter().map(|frame| Hop::Up(peer, frame)));
        } else if let Some(hop) = self.wire.pop_front() {
            self.arrive(hop)?;
        } else if self.agenda.first().is_some_and(|(at, _)| *at <= now) {
            let (_, planned) = self.agenda.remove(0);
            self.carry_out(planned)?;
        } else if let Some(side) = self.sides.iter_mut().find(|side| is_due(side.client.poll_timeout(), now)) {
            side.fire(now)?;
        } else if self.is_settled() {
            return Ok(false);
        } else {
            let planned = self.agenda.first().map(|(at, _)| *at);
            let timers = self.sides.iter().filter_map(|side| side.client.poll_timeout());
            let next = planned.into_iter().chain(timers).min().ok_or("no deadline is left and it is not settled")?;
            self.now = self.relay.poll_timeout().map_or(next, |due| due.min(next));
            self.relay.handle_timeout(self.now);
            self.drain_relay();
        }
        Ok(true)
    }

    /// Checks what must hold at the end.
    pub(super) fn judge(&self) -> Result<(), String> {
        for (side, other) in [(0, 1), (1, 0)].map(|(n, m)| (&self.sides[n], &self.sides[m])) {
            let undelivered = side.ledger.sent.iter().find(|(_, reported)| **reported != Reported::Delivered);
            if let Some((id, reported)) = undelivered {
                return Err(format!("{reported:?} was reported of {id}"));
            }
            let sent: BTreeSet<_> = side.ledger.sent.keys().copied().collect();
            let handled: BTreeSet<_> = other.ledger.rows.iter().map(|(_, id, _)| *id).collect();
            if sent != handled {
                return Err(format!("sent {sent:?}, handled {handled:?}"));
            }
            side.check_order()?;
            if side.client.unconfirmed().next().is_some() || side.client.outbox().next().is_some() {
                return Err("a client has messages left".into());
            }
        }
        Ok(())
    }

    /// Returns a hash of everything that later steps and the final check depend on.
    pub(super) fn digest(&self) -> u64 {
        struct Sink(DefaultHasher);
        impl core::fmt::Write for Sink {
            fn write_str(&mut self, text: &str) -> core::fmt::Result {
                self.0.write(text.as_bytes());
                Ok(())
            }
        }
        let mut sink = Sink(DefaultHasher::new());
        let Self { now, sides, relay, wire, agenda, server_lost_state, steps: _ } = self;
        write!(sink, "{:?}", (now, sides, relay, wire, agenda, server_lost_state)).unwrap();
        sink.0.finish()
    }

    fn is_settled(&self) -> bool {
        self.agenda.is_empty() && self.sides.iter().all(|side| side.connected && side.client.is_settled())
    }

    fn carry_out(&mut self, planned: Planned) -> Result<(), String> {
        let now = self.now;
        match planned {
            Planned::Send { from, to, payload } => {
                let side = self.side(from);
                side.client.send(to, payload, now).map_err(|error| error.to_string())?;
                side.drain(now)
            }
            Planned::Reconnect(peer) if self.side(peer).connected => Ok(()),
            Planned::Reconnect(peer) => self.connect(peer),
            Planned::Arrive(hop) => self.arrive(hop),
        }
    }

    /// A frame arrives, unless its connection has ended.
    fn arrive(&mut self, hop: Hop) -> Result<(), String> {
        let now = self.now;
        match hop {
            Hop::Up(peer, frame) => self.relay.handle_frame(peer, frame, now),
            Hop::Down(peer, frame) => {
                let side = self.side(peer);
                if side.connected {
                    side.client.handle_frame(frame, now);
                    side.drain(now)?;
                }
            }
        }
        self.drain_relay();
        Ok(())
    }

    fn connect(&mut self, peer: u64) -> Result<(), String> {
        let now = self.now;
        self.relay.handle_connected(peer, now);
        self.side(peer).connect(now)?;
        self.drain_relay();
        Ok(())
    }

    /// Ends a connection for the server and the wire, and plans its reconnect.
    fn cut(&mut self, peer: u64) {
        self.relay.handle_disconnected(&peer, self.now);
        self.wire.retain(|hop| match hop {
            Hop::Up(of, _) | Hop::Down(of, _) => *of != peer,
        });
        self.plan(RECONNECT_DELAY, Planned::Reconnect(peer));
    }

    fn drain_relay(&mut self) {
        while let Some((peer, frame)) = self.relay.poll_output() {
            if let Incoming::MsgA { id, verdict: Verdict::Accepted(_) } = &frame {
                self.side(peer).ledger.on_accepted(*id);
            }
            self.wire.push_back(Hop::Down(peer, frame));
        }
    }

    fn plan(&mut self, after: Duration, planned: Planned) {
        let at = self.now + after;
        let place = self.agenda.partition_point(|(other, _)| *other <= at);
        self.agenda.insert(place, (at, planned));
    }

    fn side(&mut self, peer: u64) -> &mut Side {
        &mut self.sides[usize::from(peer != A)]
    }
}

fn is_due(deadline: Option<Time>, now: Time) -> bool {
    deadline.is_some_and(|deadline| deadline <= now)
}

/// How long a client stays disconnected.
const RECONNECT_DELAY: Duration = Duration::from_millis(500);
/// Far more steps than any run takes.
const MAX_STEPS: usize = 2_000;
