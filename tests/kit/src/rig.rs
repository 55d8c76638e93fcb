//! A deployment, and a client with a clock that moves exactly to the next deadline.

use std::time::Duration;

use sixfold::{
    Client, Config, Delivery, Event, FailReason, Incoming, MsgId, Order, Outgoing, Output, Record, Rejection, Seed,
    StreamId, Time, Types, Verdict,
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

/// Returns the default without jitter: delays are the nominal ones.
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

    /// Returns all pending outputs.
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

    pub fn records(&mut self) -> Vec<Record<Test>> {
        let record = |output| match output {
            Output::Persist(record) => Some(record),
            Output::Event(_) | Output::Transmit(_) => None,
        };
        self.drain().into_iter().filter_map(record).collect()
    }

    pub fn send(&mut self, to: u64, payload: u64) -> MsgId {
        self.client.send(to, payload, self.now).unwrap()
    }

    /// Sends each payload; returns the ids.
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

    /// Receives msg:N with the seq of `id` as payload and server id.
    pub fn msg_n(&mut self, from: u64, id: MsgId, floor: u64) {
        let n = id.seq().unwrap_or(0);
        self.frame(Incoming::MsgN { id, from, server_id: n, floor, payload: n });
    }

    pub fn confirm(&mut self, from: u64, id: MsgId) {
        self.client.confirm(&from, id, self.now).unwrap();
    }

    /// Returns what the pending outputs hand over, as (seq, late); a foreign id has seq 0.
    pub fn received(&mut self) -> Vec<(u64, bool)> {
        received(&self.drain())
    }

    /// Moves the clock without a call to the client.
    pub fn pass(&mut self, duration: Duration) {
        self.now = self.now + duration;
    }

    /// Moves the clock exactly to the next deadline and fires it; returns how much time passed.
    pub fn wake(&mut self) -> Duration {
        let next = self.client.poll_timeout().expect("a deadline");
        assert!(next > self.now, "due at {next:?}, now {:?}", self.now);
        let passed = next.saturating_duration_since(self.now);
        self.fire(next);
        passed
    }

    /// Moves the clock through every deadline up to `duration` from now; returns the outputs with their times.
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

    /// Receives a frame that answers nothing: it shows that the connection is alive.
    pub fn hear(&mut self) {
        self.frame(Incoming::AckA { id: id(u64::MAX, 0), from: u64::MAX });
    }

    /// As [`wake`](Self::wake), on a connection that is alive: a frame is heard just before the deadline.
    pub fn wake_heard(&mut self) -> Duration {
        let start = self.now;
        let next = self.client.poll_timeout().expect("a deadline");
        self.fire_heard(next);
        next.saturating_duration_since(start)
    }

    /// As [`run`](Self::run), on a connection that is alive: a frame is heard just before each deadline.
    pub fn run_heard(&mut self, duration: Duration) -> Vec<(Duration, Output<Test>)> {
        let (start, end) = (self.now, self.now + duration);
        let mut outputs: Vec<_> = self.drain().into_iter().map(|output| (Duration::ZERO, output)).collect();
        while let Some(next) = self.client.poll_timeout().filter(|next| *next <= end) {
            self.fire_heard(next);
            let at = next.saturating_duration_since(start);
            outputs.extend(self.drain().into_iter().map(|output| (at, output)));
        }
        self.now = end;
        outputs
    }

    fn fire_heard(&mut self, at: Time) {
        self.now = Time::from_nanos(at.as_nanos() - 1);
        self.hear();
        assert_eq!(self.client.poll_output(), None, "nothing is due yet");
        self.fire(at);
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
    Outgoing::MsgR { id, to, floor, payload: Some(payload) }
}

/// Returns msg:R without its payload: how does the message stand?
pub fn question(id: MsgId, to: u64, floor: u64) -> Outgoing<Test> {
    Outgoing::MsgR { id, to, floor, payload: None }
}

pub fn rejection(code: u16) -> Rejection {
    Rejection { code, reason: "no".into() }
}

pub fn unknown(rejection: Option<Rejection>) -> FailReason {
    FailReason::Unknown { rejection }
}

/// Returns the id of message `seq` in the made-up stream `stream`.
pub fn id(stream: u64, seq: u64) -> MsgId {
    MsgId::new(StreamId::from_u64(stream), seq).unwrap()
}
