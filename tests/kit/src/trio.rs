//! Two clients and the relay on one clock. A frame arrives at once, or is lost if the test says so.

use std::collections::VecDeque;

use crate::*;
use sixfold::sim::{Crash, Relay};
use sixfold::{Config, Event, Incoming, Outgoing, Output, Verdict};

pub struct Trio {
    pub a: Rig,
    pub b: Rig,
    pub relay: Relay<Test>,
    /// Whether the application of B confirms at once.
    pub b_confirms: bool,
    /// The names of the frames to lose, each once, in order.
    lost: VecDeque<&'static str>,
    trace: Vec<String>,
    start: sixfold::Time,
}

impl Trio {
    /// Returns two connected, idle clients. The first probe comes after 4 s, so that traces are short.
    pub fn new(lost: &[&'static str]) -> Self {
        let config = || steady().probe_initial(4 * SECOND);
        Self::with(config(), config(), lost)
    }

    pub fn with(a: Config, b: Config, lost: &[&'static str]) -> Self {
        let (a, b) = (Rig::new(a, 1), Rig::new(b, 2));
        let mut relay = Relay::new(7 * DAY, a.now);
        relay.handle_connected(A, a.now);
        relay.handle_connected(B, a.now);
        let start = a.now;
        Self { a, b, relay, b_confirms: true, lost: lost.iter().copied().collect(), trace: Vec::new(), start }
    }

    /// Sends one message from A to B and carries every frame that follows at once.
    pub fn send(&mut self, payload: u64) -> sixfold::MsgId {
        let id = self.a.send(B, payload);
        self.flow();
        id
    }

    /// Moves the clock from deadline to deadline until both clients are settled. Returns the trace: one line per frame and
    /// event, with the whole seconds since the start.
    pub fn run_until_settled(&mut self) -> Vec<String> {
        self.flow();
        for _ in 0..100 {
            if self.a.client.is_settled() && self.b.client.is_settled() {
                assert!(self.lost.is_empty(), "never met: {:?}", self.lost);
                return core::mem::take(&mut self.trace);
            }
            self.wake();
        }
        panic!("not settled: {:#?}", self.trace);
    }

    /// Asserts that a message is handed over, accepted and delivered once although `frame` is lost five times.
    pub fn assert_repaired_after(lost: &[&'static str], frame: &str) {
        let mut trio = Self::new(lost);
        trio.send(7);
        let trace = trio.run_until_settled();
        let count = |line: &str| trace.iter().filter(|entry| entry.ends_with(line)).count();
        assert_eq!((count(" B received 7"), count(" A delivered"), count(" A accepted")), (1, 1, 1), "{trace:#?}");
        assert_eq!(count(&format!(" {frame} LOST")), 5);
    }

    pub fn wake(&mut self) {
        let deadlines = [self.a.client.poll_timeout(), self.b.client.poll_timeout(), self.relay.poll_timeout()];
        let next = deadlines.into_iter().flatten().min().expect("a deadline");
        (self.a.now, self.b.now) = (next, next);
        self.a.client.handle_timeout(next);
        self.b.client.handle_timeout(next);
        self.flow();
        self.relay.handle_timeout(next);
        self.flow();
    }

    /// B crashes without a journal, and a new process takes its place.
    pub fn b_crashes(&mut self) {
        let now = self.b.now;
        self.b = Rig::new(steady(), 3);
        (self.b.now, self.b_confirms) = (now, true);
        self.b.client.handle_disconnected(now);
        self.b.client.handle_connected(now);
        self.relay.handle_disconnected(&B, now);
        self.relay.handle_connected(B, now);
        self.flow();
    }

    pub fn relay_crashes(&mut self, kind: Crash) {
        let now = self.a.now;
        self.relay.crash(kind, now);
        for (peer, rig) in [(A, &mut self.a), (B, &mut self.b)] {
            rig.client.handle_disconnected(now);
            self.relay.handle_connected(peer, now);
            rig.client.handle_connected(now);
        }
        self.flow();
    }

    pub fn flow(&mut self) {
        loop {
            let mut quiet = true;
            for peer in [A, B] {
                for output in self.rig(peer).drain() {
                    quiet = false;
                    match output {
                        Output::Persist(_) => {}
                        Output::Event(event) => self.on_event(peer, event),
                        Output::Transmit(frame) => self.on_outgoing(peer, frame),
                    }
                }
            }
            while let Some((peer, frame)) = self.relay.poll_output() {
                quiet = false;
                let name = match &frame {
                    Incoming::MsgA { verdict: Verdict::Accepted(_), .. } => "msg:A",
                    Incoming::MsgA { .. } => "msg:A refused",
                    Incoming::MsgN { .. } => "msg:N",
                    Incoming::AckA { .. } => "ack:A",
                    Incoming::AckN { .. } => "ack:N",
                };
                if self.passes(name) {
                    self.rig(peer).frame(frame);
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn on_outgoing(&mut self, peer: u64, frame: Outgoing<Test>) {
        let name = match &frame {
            Outgoing::MsgR { .. } => "msg:R",
            Outgoing::AckR { .. } => "ack:R",
        };
        if self.passes(name) {
            self.relay.handle_frame(peer, frame, self.a.now);
        }
    }

    fn on_event(&mut self, peer: u64, event: Event<Test>) {
        let who = if peer == A { "A" } else { "B" };
        let line = match &event {
            Event::Accepted { .. } => "accepted".into(),
            Event::Delivered { .. } => "delivered".into(),
            Event::Retrying { stage, attempt, .. } => format!("retrying {stage:?} {attempt}"),
            Event::Failed { reason, .. } => format!("failed {reason:?}"),
            Event::Received(delivery) => format!("received {}", delivery.payload),
            Event::AckSettled { .. } => "ack settled".into(),
            Event::ServerIdConflict { .. } => "server id conflict".into(),
            other => format!("{other:?}"),
        };
        self.note(&format!("{who} {line}"));
        if let Event::Received(delivery) = event {
            if peer == A || self.b_confirms {
                self.rig(peer).confirm(delivery.from, delivery.id);
            }
        }
    }

    fn passes(&mut self, name: &'static str) -> bool {
        let lost = self.lost.front() == Some(&name);
        if lost {
            self.lost.pop_front();
        }
        self.note(&format!("{name}{}", if lost { " LOST" } else { "" }));
        !lost
    }

    fn note(&mut self, line: &str) {
        let seconds = self.a.now.saturating_duration_since(self.start).as_secs();
        self.trace.push(format!("{seconds} {line}"));
    }

    fn rig(&mut self, peer: u64) -> &mut Rig {
        if peer == A { &mut self.a } else { &mut self.b }
    }
}
