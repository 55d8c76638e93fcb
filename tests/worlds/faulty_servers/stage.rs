//! Two clients and a faulty server on one clock, with a log for the conformance check and a list of frames to lose.

use super::server::{Fault, Faulty};
use kit::*;
use sixfold::sim::check::{Check, Direction, Entry, Rule, View};
use sixfold::{Event, Incoming, Outgoing, Output, Time};

pub(super) struct Stage {
    pub(super) a: Rig,
    pub(super) b: Rig,
    pub(super) server: Faulty,
    /// The frames to lose on their way to a client, each once, in order.
    pub(super) lost: Vec<&'static str>,
    pub(super) b_confirms: bool,
    /// The events of A, and the payloads handed over at B.
    pub(super) events: Vec<Event<Test>>,
    pub(super) handed_over: Vec<u64>,
    log: Vec<Entry<Test>>,
}

impl Stage {
    pub(super) fn new(fault: Fault) -> Self {
        let (a, b) = (Rig::new(steady(), 1), Rig::new(steady(), 2));
        let now = a.now;
        let connected = |endpoint| Entry { time: now, endpoint, direction: Direction::Connected };
        Self {
            a,
            b,
            server: Faulty::new(fault, now),
            lost: Vec::new(),
            b_confirms: true,
            events: Vec::new(),
            handed_over: Vec::new(),
            log: vec![connected(A), connected(B)],
        }
    }

    /// Runs for this duration.
    pub(super) fn run(&mut self, duration: core::time::Duration) {
        let end = self.a.now + duration;
        loop {
            self.flow();
            let next = [self.a.client.poll_timeout(), self.b.client.poll_timeout(), self.server.next()];
            let Some(next) = next.into_iter().flatten().min().filter(|next| *next <= end) else { break };
            self.at(next);
            self.a.client.handle_timeout(next);
            self.b.client.handle_timeout(next);
            self.server.fire(next);
        }
        self.at(end);
    }

    /// Returns the rules that the conformance check finds broken in the server's log, each once.
    pub(super) fn broken(&mut self) -> Vec<Rule> {
        let time = self.a.now + HOUR;
        self.log.push(Entry { time, endpoint: 77, direction: Direction::Started });
        let report = Check::new(View::Server).patience(SECOND).run(self.log.clone());
        let rules: std::collections::BTreeSet<_> = report.violations.iter().map(|violation| violation.rule).collect();
        rules.into_iter().collect()
    }

    /// Counts the outcomes at A: delivered, failed.
    pub(super) fn outcomes(&self) -> (usize, usize) {
        let count = |is: fn(&Event<Test>) -> bool| self.events.iter().filter(|event| is(event)).count();
        (count(|event| matches!(event, Event::Delivered { .. })), count(|event| matches!(event, Event::Failed { .. })))
    }

    pub(super) fn conflicts(&self) -> usize {
        self.events.iter().filter(|event| matches!(event, Event::ServerIdConflict { .. })).count()
    }

    /// Counts the msg:R of A with their payload.
    pub(super) fn whole_copies(&self) -> usize {
        self.count_up(|frame| matches!(frame, Outgoing::MsgR { payload: Some(_), .. }))
    }

    /// Counts the msg:R of A without it.
    pub(super) fn questions(&self) -> usize {
        self.count_up(|frame| matches!(frame, Outgoing::MsgR { payload: None, .. }))
    }

    fn count_up(&self, is: fn(&Outgoing<Test>) -> bool) -> usize {
        let up = self.log.iter().filter(|entry| matches!(&entry.direction, Direction::Up(frame) if is(frame)));
        up.count()
    }

    fn at(&mut self, now: Time) {
        (self.a.now, self.b.now) = (now, now);
    }

    fn flow(&mut self) {
        let now = self.a.now;
        loop {
            let mut quiet = true;
            for peer in [A, B] {
                let outputs = if peer == A { self.a.drain() } else { self.b.drain() };
                for output in outputs {
                    quiet = false;
                    match output {
                        Output::Persist(_) => {}
                        Output::Event(event) => self.on_event(peer, event),
                        Output::Transmit(frame) => {
                            self.log.push(Entry { time: now, endpoint: peer, direction: Direction::Up(frame.clone()) });
                            self.server.handle(peer, frame, now);
                        }
                    }
                }
            }
            while let Some((peer, frame)) = self.server.poll(now) {
                quiet = false;
                self.log.push(Entry { time: now, endpoint: peer, direction: Direction::Down(frame.clone()) });
                if self.lost.first() == Some(&name(&frame)) {
                    self.lost.remove(0);
                } else if peer == A {
                    self.a.frame(frame);
                } else {
                    self.b.frame(frame);
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn on_event(&mut self, peer: u64, event: Event<Test>) {
        if let (B, Event::Received(delivery)) = (peer, &event) {
            self.handed_over.push(delivery.payload);
            if self.b_confirms {
                self.b.confirm(delivery.from, delivery.id);
            }
        } else if peer == A {
            self.events.push(event);
        }
    }
}

fn name(frame: &Incoming<Test>) -> &'static str {
    match frame {
        Incoming::MsgA { .. } => "msg:A",
        Incoming::MsgN { .. } => "msg:N",
        Incoming::AckA { .. } => "ack:A",
        Incoming::AckN { .. } => "ack:N",
    }
}
