//! Two clients with journals, an honest server, and a network and a scheduler that do as the bytes say: frames are lost and
//! doubled, connections end, processes die between batches. Then all heals: every message is handled exactly once.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sixfold::{Client, Config, Delivery, Event, FailReason, Incoming, MsgId, Outgoing, Output, Record, Time, Verdict};
use sixfold_fuzz::{Fuzz, START, drain, pause, seed};

#[derive(Debug, Arbitrary)]
enum Op {
    Send(bool),
    Pass(u8),
    Wake,
    Reconnect(bool),
    Die(bool),
    /// So many more fates of frames.
    Fates(u64),
    ServerForgets,
}

fuzz_target!(|ops: Vec<Op>| {
    let mut world = World::new();
    for op in ops {
        world.op(op);
    }
    world.heal();
});

struct Node {
    client: Client<Fuzz>,
    journal: Vec<Record<Fuzz>>,
    handled: Vec<u32>,
}

struct World {
    nodes: [Node; 2],
    now: Time,
    lives: u8,
    next_payload: u32,
    sent: [Vec<u32>; 2],
    /// Two bits a frame: lost, carried, doubled.
    fates: Vec<u8>,
    server: BTreeMap<MsgId, (u8, u64, u32)>,
    confirmed: BTreeSet<MsgId>,
}

fn config() -> Config {
    let year = Duration::from_secs(365 * 24 * 3_600);
    let patient = Config::default().journal(true).max_attempts(None).lifetime(year).expiry(year);
    patient.probe_max(Duration::from_secs(20)).retransmit_rate(1_000)
}

impl World {
    fn new() -> Self {
        let node = |byte| {
            let mut client = Client::new(config(), seed(byte), START).expect("a sound config");
            client.handle_connected(START);
            Node { client, journal: Vec::new(), handled: Vec::new() }
        };
        Self {
            nodes: [node(1), node(2)],
            now: START,
            lives: 2,
            next_payload: 0,
            sent: [Vec::new(), Vec::new()],
            fates: Vec::new(),
            server: BTreeMap::new(),
            confirmed: BTreeSet::new(),
        }
    }

    fn op(&mut self, op: Op) {
        match op {
            Op::Send(who) => {
                let (me, payload) = (usize::from(who), self.next_payload);
                self.next_payload += 1;
                if self.nodes[me].client.send(u8::from(!who), payload, self.now).is_ok() {
                    self.sent[me].push(payload);
                }
            }
            // Short of the expiry: only suspects fail.
            Op::Pass(byte) => self.run(pause(byte % 224).min(Duration::from_secs(60))),
            Op::Wake => self.wake(),
            Op::Reconnect(who) => {
                let client = &mut self.nodes[usize::from(who)].client;
                client.handle_disconnected(self.now);
                client.handle_connected(self.now);
            }
            Op::Die(who) => {
                self.lives = self.lives.wrapping_add(1);
                let (lives, node) = (self.lives, &mut self.nodes[usize::from(who)]);
                let journal = node.journal.iter().cloned();
                node.client = Client::restore(config(), seed(lives), journal, self.now).expect("a sound config");
                node.client.handle_connected(self.now);
            }
            Op::Fates(bits) => self.fates.extend((0..32).map(|n| (bits >> (2 * n) & 3) as u8)),
            Op::ServerForgets => {
                self.server.clear();
                self.confirmed.clear();
            }
        }
        self.carry();
    }

    /// How many copies of the next frame come.
    fn copies(&mut self) -> usize {
        match self.fates.pop() {
            Some(0) => 0,
            Some(3) => 2,
            Some(_) | None => 1,
        }
    }

    /// One batch of each client after another, until nothing is said.
    fn carry(&mut self) {
        loop {
            let batches = [self.batch(0), self.batch(1)];
            if batches.iter().all(Vec::is_empty) {
                return;
            }
            for (me, frames) in (0_u8..).zip(batches) {
                for frame in frames {
                    for _ in 0..self.copies() {
                        self.server_hears(me, &frame);
                    }
                }
            }
        }
    }

    /// Commits a batch: its records and what its events did. Then its frames may go.
    fn batch(&mut self, me: usize) -> Vec<Outgoing<Fuzz>> {
        let node = &mut self.nodes[me];
        let mut frames = Vec::new();
        while let Some(output) = node.client.poll_output() {
            match output {
                Output::Persist(record) => node.journal.push(record),
                Output::Transmit(frame) => frames.push(frame),
                Output::Event(Event::Received(Delivery { from, id, payload, .. })) => {
                    assert!(!node.handled.contains(&payload), "handled twice: {payload}");
                    node.handled.push(payload);
                    node.client.confirm(&from, id, self.now).expect("just handed over");
                }
                // A suspect that was alone in flight at ten cuts fails, whatever `max_attempts` says.
                Output::Event(Event::Failed { id, reason: FailReason::Unknown { rejection: None } }) => {
                    node.client.resend(id, self.now).expect("it has failed");
                }
                Output::Event(Event::Failed { id, reason }) => panic!("{id} failed: {reason:?}"),
                Output::Event(_) => {}
            }
        }
        frames
    }

    fn server_hears(&mut self, me: u8, frame: &Outgoing<Fuzz>) {
        match frame {
            Outgoing::MsgR { id, floor, payload, .. } => {
                // A question for an unknown message is not answered.
                let known = self.server.get(id).map(|(_, _, payload)| *payload);
                let Some(payload) = payload.or(known) else { return };
                self.server.insert(*id, (me, *floor, payload));
                self.push(me, &Incoming::MsgA { id: *id, verdict: Verdict::Accepted(1) });
                if self.confirmed.contains(id) {
                    self.push(me, &Incoming::AckN { id: *id, server_id: 1 });
                } else {
                    let (id, floor) = (*id, *floor);
                    self.push(1 - me, &Incoming::MsgN { id, from: me, server_id: 1, floor, payload });
                }
            }
            Outgoing::AckR { id, from } => {
                self.push(me, &Incoming::AckA { id: *id, from: *from });
                if self.server.contains_key(id) {
                    self.confirmed.insert(*id);
                    self.push(*from, &Incoming::AckN { id: *id, server_id: 1 });
                }
            }
        }
    }

    fn push(&mut self, to: u8, frame: &Incoming<Fuzz>) {
        for _ in 0..self.copies() {
            self.nodes[usize::from(to)].client.handle_frame(frame.clone(), self.now);
        }
    }

    fn next(&self) -> Option<Time> {
        self.nodes.iter().filter_map(|node| node.client.poll_timeout()).min()
    }

    fn wake(&mut self) {
        self.now = self.next().unwrap_or(self.now).min(self.now + Duration::from_secs(600));
        for node in &mut self.nodes {
            node.client.handle_timeout(self.now);
        }
        self.carry();
    }

    fn run(&mut self, duration: Duration) {
        self.carry();
        let end = self.now + duration;
        for _ in 0..200 {
            if self.next().is_none_or(|next| next > end) {
                break;
            }
            self.wake();
        }
        self.now = end;
    }

    fn heal(&mut self) {
        self.fates.clear();
        for node in &mut self.nodes {
            node.client.handle_connected(self.now);
        }
        self.carry();
        for _ in 0..5_000 {
            if self.nodes.iter().all(|node| node.client.is_settled()) {
                break;
            }
            self.wake();
        }
        for me in [0, 1] {
            assert!(self.nodes[me].client.is_settled(), "{:?}", self.nodes[me].client.stats());
            assert_eq!(drain(&mut self.nodes[me].client), []);
            let mut handled = self.nodes[1 - me].handled.clone();
            handled.sort_unstable();
            assert_eq!(handled, self.sent[me], "every message is handled once");
        }
    }
}
