//! What the tests share: a deployment, a client whose outputs are read one by one, a clock that moves to the next wake-up.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, clippy::cast_possible_truncation)]

use std::time::Duration;

use sixfold::{
    Client, Config, Delivery, Event, FailReason, Incoming, MsgId, Order, Outgoing, Output, Rejection, Seed, StreamId,
    Time, Types, Verdict,
};

#[derive(Clone, Debug, PartialEq)]
pub struct Test;

impl Types for Test {
    type Peer = u64;
    type Payload = u64;
    type ServerId = u64;
}

pub const A: u64 = 1;
pub const B: u64 = 2;
pub const NANOSECOND: Duration = Duration::from_nanos(1);
pub const MS: Duration = Duration::from_millis(1);
pub const SECOND: Duration = Duration::from_secs(1);
pub const HOUR: Duration = Duration::from_secs(3600);
pub const DAY: Duration = Duration::from_secs(24 * 3600);

pub fn seed(byte: u8) -> Seed {
    Seed::from_bytes([byte; 32])
}

/// The default without jitter: delays are the nominal ones, rounded up to the timer grid.
pub fn steady() -> Config {
    Config::default().jitter(0.0)
}

pub fn in_order_for_ever() -> Order {
    Order::InOrder { max_hold: None }
}

/// A client with its own clock.
#[derive(Clone, Debug)]
pub struct Rig {
    pub client: Client<Test>,
    pub now: Time,
}

impl Rig {
    pub fn new(config: Config, seed_byte: u8) -> Self {
        let now = Time::from_origin(HOUR);
        let mut client = Client::new(config, seed(seed_byte), now).unwrap();
        client.handle_connected(now);
        Self { client, now }
    }

    /// Everything that waits.
    pub fn drain(&mut self) -> Vec<Output<Test>> {
        let outputs: Vec<_> = std::iter::from_fn(|| self.client.poll_output()).collect();
        assert!(self.client.poll_output().is_none());
        outputs
    }

    pub fn frames(&mut self) -> Vec<Outgoing<Test>> {
        let frame = |output| match output {
            Output::Transmit(frame) => Some(frame),
            Output::Persist(_) | Output::Event(_) => None,
        };
        self.drain().into_iter().filter_map(frame).collect()
    }

    pub fn events(&mut self) -> Vec<Event<Test>> {
        let event = |output| match output {
            Output::Event(event) => Some(event),
            Output::Persist(_) | Output::Transmit(_) => None,
        };
        self.drain().into_iter().filter_map(event).collect()
    }

    pub fn send(&mut self, to: u64, payload: u64) -> MsgId {
        self.client.send(to, payload, self.now).unwrap()
    }

    /// Sends each payload.
    pub fn send_all(&mut self, to: u64, payloads: core::ops::Range<u64>) -> Vec<MsgId> {
        payloads.map(|payload| self.send(to, payload)).collect()
    }

    pub fn frame(&mut self, frame: Incoming<Test>) {
        self.client.handle_frame(frame, self.now);
    }

    pub fn accept(&mut self, id: MsgId, server_id: u64) {
        self.frame(Incoming::MsgA { id, verdict: Verdict::Accepted(server_id) });
    }

    pub fn reject(&mut self, id: MsgId, code: u16) {
        self.frame(Incoming::MsgA { id, verdict: Verdict::Rejected(rejection(code)) });
    }

    pub fn retry_after(&mut self, id: MsgId, pause: Duration) {
        self.frame(Incoming::MsgA { id, verdict: Verdict::RetryAfter(pause) });
    }

    pub fn ack_n(&mut self, id: MsgId, server_id: u64) {
        self.frame(Incoming::AckN { id, server_id });
    }

    /// msg:N of seq `seq` in the stream of [`stream`], with payload and server id `seq`.
    pub fn msg_n(&mut self, from: u64, id: MsgId, floor: u64) {
        let n = id.seq().unwrap_or(0);
        self.frame(Incoming::MsgN { id, from, server_id: n, floor, payload: n });
    }

    pub fn confirm(&mut self, from: u64, id: MsgId) {
        self.client.confirm(&from, id, self.now).unwrap();
    }

    /// What was handed over by what waits, as (seq, late); foreign ids count as seq 0.
    pub fn received(&mut self) -> Vec<(u64, bool)> {
        received(&self.drain())
    }

    /// Moves time on without telling the client.
    pub fn pass(&mut self, duration: Duration) {
        self.now = self.now + duration;
    }

    /// Moves time exactly to the next wake-up and fires it; tells how much passed.
    pub fn wake(&mut self) -> Duration {
        let next = self.client.poll_timeout().expect("a wake-up");
        assert!(next > self.now, "due at {next:?}, now {:?}", self.now);
        let passed = next.saturating_duration_since(self.now);
        self.fire(next);
        passed
    }

    /// Moves time through every wake-up up to `duration` from now, and collects the outputs with their times.
    pub fn run(&mut self, duration: Duration) -> Vec<(Duration, Output<Test>)> {
        let (start, end) = (self.now, self.now + duration);
        let mut outputs: Vec<_> = self.drain().into_iter().map(|output| (Duration::ZERO, output)).collect();
        while let Some(next) = self.client.poll_timeout().filter(|next| *next <= end) {
            self.fire(next);
            let at = next.saturating_duration_since(start);
            outputs.extend(self.drain().into_iter().map(|output| (at, output)));
        }
        self.now = end;
        outputs
    }

    fn fire(&mut self, at: Time) {
        self.now = at;
        self.client.handle_timeout(at);
    }
}

pub fn received(outputs: &[Output<Test>]) -> Vec<(u64, bool)> {
    let received = outputs.iter().filter_map(|output| match output {
        Output::Event(Event::Received(Delivery { id, late, .. })) => Some((id.seq().unwrap_or(0), *late)),
        _ => None,
    });
    received.collect()
}

pub fn msg_r(id: MsgId, to: u64, floor: u64, payload: u64) -> Outgoing<Test> {
    Outgoing::MsgR { id, to, floor, payload }
}

pub fn rejection(code: u16) -> Rejection {
    Rejection { code, reason: "no".into() }
}

pub fn unknown(rejection: Option<Rejection>) -> FailReason {
    FailReason::Unknown { rejection }
}

/// Message `seq` of a stream that a test makes up.
pub fn id(stream: u64, seq: u64) -> MsgId {
    MsgId::new(StreamId::from_u64(stream), seq).unwrap()
}

/// A delay as the timer grid rounds it up.
pub fn on_grid(delay: Duration) -> Duration {
    let nanos = delay.as_nanos() as u64;
    let exponent = 59 - nanos.leading_zeros();
    Duration::from_nanos(nanos.div_ceil(1 << exponent) << exponent)
}
