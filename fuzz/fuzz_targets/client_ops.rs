//! Any calls, frames and clocks: nothing panics, the bounds hold, deadlines are exact, retransmissions keep to the budget, and
//! in the end a live server settles all.
#![no_main]

use std::collections::BTreeSet;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sixfold::{Client, Incoming, MsgId, Outgoing, Output, Time};
use sixfold_fuzz::{AnyId, Fuzz, Knobs, START, drain, pause, seed, settles, verdict};

#[derive(Debug, Arbitrary)]
enum Op {
    Pass(u8),
    Back(u8),
    Wake,
    Send(u8),
    Resend(u8),
    Discard(u8),
    Confirm(u8),
    Release(u8),
    Connected,
    Disconnected,
    MsgA(u8, u8),
    AckN(u8, u8),
    AckA(u8, AnyId),
    MsgN { from: u8, id: AnyId, floor: u8 },
}

fuzz_target!(|run: (Knobs, Vec<Op>)| {
    let (knobs, ops) = run;
    let mut run = Run {
        client: Client::new(knobs.config(), seed(1), START).expect("a sound config"),
        knobs,
        now: START,
        elapsed: 0,
        sent: Vec::new(),
        seen: BTreeSet::new(),
        excess: 0,
        excess_at: 0,
    };
    run.client.handle_connected(run.now);
    for op in ops {
        run.op(op);
    }
    settles(&mut run.client, run.now);
});

struct Run {
    client: Client<Fuzz>,
    knobs: Knobs,
    now: Time,
    elapsed: u128,
    sent: Vec<MsgId>,
    seen: BTreeSet<(Option<u8>, MsgId)>,
    /// In 10⁻⁹ retransmissions: by how much some window that ends then exceeds its rate.
    excess: u128,
    excess_at: u128,
}

impl Run {
    fn own(&self, byte: u8) -> MsgId {
        let newest = self.sent.iter().rev().cycle().nth(usize::from(byte % 32));
        newest.copied().unwrap_or(MsgId::from_uuid(uuid::Uuid::nil()))
    }

    fn op(&mut self, op: Op) {
        let now = self.now;
        match op {
            Op::Pass(byte) => self.move_to(now + pause(byte)),
            Op::Back(byte) => self.move_to(Time::from_origin(now.since_origin() - pause(byte))),
            Op::Wake => self.move_to(self.client.poll_timeout().unwrap_or(now)),
            Op::Send(to) => self.sent.extend(self.client.send(to % 3, 0, now)),
            Op::Resend(byte) => drop(self.client.resend(self.own(byte), now)),
            Op::Discard(byte) => drop(self.client.discard(self.own(byte), now)),
            Op::Confirm(byte) | Op::Release(byte) => {
                let owed: Vec<(u8, MsgId)> = self.client.unconfirmed().map(|(from, id)| (*from, id)).collect();
                let Some((from, id)) = owed.iter().cycle().nth(usize::from(byte)).copied() else { return };
                if matches!(op, Op::Confirm(_)) {
                    self.seen.remove(&(Some(from), id));
                    self.client.confirm(&from, id, now).expect("it is with the application");
                } else {
                    self.client.release(&from, id, now).expect("it is with the application");
                }
            }
            Op::Connected => self.client.handle_connected(now),
            Op::Disconnected => self.client.handle_disconnected(now),
            Op::MsgA(byte, say) => self.frame(Incoming::MsgA { id: self.own(byte), verdict: verdict(say) }),
            Op::AckN(byte, server_id) => {
                self.frame(Incoming::AckN { id: self.own(byte), server_id: server_id % 2 + 1 });
            }
            Op::AckA(from, AnyId(id)) => self.frame(Incoming::AckA { id, from: from % 3 }),
            Op::MsgN { from, id: AnyId(id), floor } => {
                let floor = if floor < 128 { u64::from(floor % 16) } else { id.seq().unwrap_or(u64::MAX) };
                self.frame(Incoming::MsgN { id, from: from % 3, server_id: 1, floor, payload: 0 });
            }
        }
        self.check();
    }

    fn frame(&mut self, frame: Incoming<Fuzz>) {
        self.client.handle_frame(frame, self.now);
    }

    fn move_to(&mut self, now: Time) {
        self.elapsed += u128::from(now.as_nanos().saturating_sub(self.now.as_nanos()));
        self.now = now;
        self.client.handle_timeout(now);
    }

    fn check(&mut self) {
        let (rate, burst) = self.knobs.rate_and_burst();
        let waits = self.client.poll_timeout();
        let outputs = drain(&mut self.client);
        assert!(outputs.is_empty() || waits == Some(self.now), "output waits, due at {waits:?}");
        self.excess = self.excess.saturating_sub((self.elapsed - self.excess_at) * u128::from(rate));
        self.excess_at = self.elapsed;
        for output in outputs {
            let name = match output {
                Output::Transmit(Outgoing::MsgR { id, .. }) => (None, id),
                Output::Transmit(Outgoing::AckR { id, from }) => (Some(from), id),
                Output::Persist(_) | Output::Event(_) => continue,
            };
            self.excess += u128::from(!self.seen.insert(name)) * 1_000_000_000;
            assert!(self.excess <= u128::from(burst) * 1_000_000_000, "a storm");
        }
        let stats = self.client.stats();
        assert!(stats.unsettled + stats.parked <= self.knobs.outbox());
        assert!(stats.unconfirmed + stats.held <= self.knobs.inbox());
        assert!(stats.acks_pending <= self.knobs.acks());
        assert_eq!(stats.unsettled + stats.parked, self.client.outbox().count());
        assert_eq!(stats.unconfirmed, self.client.unconfirmed().count());
        let mut fork = self.client.clone();
        fork.handle_timeout(self.now);
        drop(drain(&mut fork));
        assert!(fork.poll_timeout().is_none_or(|due| due > self.now), "a deadline in the past");
    }
}
