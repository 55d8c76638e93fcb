//! What the targets share: a deployment, small domains to draw from, and what a live server answers.
//!
//! Domains are small on purpose: two frames that name the same message are worth more than two that do not.

use std::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};
use sixfold::{
    Client, Config, Incoming, MsgId, Order, Outgoing, Output, Rejection, Seed, StreamId, Time, Types, Verdict,
};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq)]
pub struct Fuzz;

impl Types for Fuzz {
    type Peer = u8;
    type Payload = u32;
    type ServerId = u8;
}

pub const START: Time = Time::from_nanos(1_000_000_000_000_000_000);

pub fn seed(byte: u8) -> Seed {
    Seed::from_bytes([byte; 32])
}

/// A config of defaults and extremes.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub struct Knobs {
    window: u8,
    outbox: u8,
    inbox: u8,
    acks: u8,
    times: u8,
    age: u8,
    hold: u8,
    attempts: u8,
    rate: u8,
    burst: u8,
    jitter: u8,
    streams: u8,
    ranges: u8,
    pub journal: bool,
}

impl Knobs {
    pub fn outbox(&self) -> usize {
        small(self.outbox, 1_000)
    }

    pub fn inbox(&self) -> usize {
        small(self.inbox, 1_000)
    }

    pub fn acks(&self) -> usize {
        small(self.acks, 1_000)
    }

    pub fn rate_and_burst(&self) -> (u32, u32) {
        let pick = |byte: u8, default| [default, 1, 3, 1_000_000][usize::from(byte % 4)];
        (pick(self.rate, 64), pick(self.burst, 128))
    }

    pub fn config(&self) -> Config {
        let (us, s) = (Duration::from_micros(1), Duration::from_secs(1));
        let hour = 3_600 * s;
        let ([rto_min, rto, rto_max], [probe, probe_max]) = [
            ([s / 5, s, 60 * s], [2 * s, 600 * s]),
            ([us, us, us], [us, us]),
            ([us, s, 10 * s], [us, hour]),
            ([s / 10, s / 3, s / 3], [hour, hour]),
        ][usize::from(self.times % 4)];
        let (expiry, lifetime) =
            [(72 * hour, 168 * hour), (us, us), (30 * s, 60 * s), (us, hour)][usize::from(self.age % 4)];
        let hold = |max_hold| Order::InOrder { max_hold };
        let order = [hold(Some(60 * s)), hold(None), hold(Some(us)), hold(Some(s)), Order::AsArrived];
        let attempts = [Some(10), None, Some(1), Some(2)][usize::from(self.attempts % 4)];
        let (rate, burst) = self.rate_and_burst();
        Config::default()
            .window(small(self.window, 32))
            .outbox_capacity(self.outbox())
            .inbox_capacity(self.inbox())
            .ack_capacity(self.acks())
            .rto_min(rto_min)
            .rto_initial(rto)
            .rto_max(rto_max)
            .probe_initial(probe)
            .probe_max(probe_max)
            .expiry(expiry)
            .lifetime(lifetime)
            .max_attempts(attempts)
            .questions(self.attempts % 8 < 4)
            .retransmit_rate(rate)
            .retransmit_burst(burst)
            .jitter([0.25, 0.0, 1.0, 0.5][usize::from(self.jitter % 4)])
            .order(order[usize::from(self.hold % 5)])
            .max_streams(small(self.streams, 65_536))
            .max_streams_per_peer(small(self.streams, 1_024))
            .max_ranges(small(self.ranges, 262_144))
            .journal(self.journal)
    }
}

fn small(byte: u8, default: usize) -> usize {
    [default, 1, 2, 5][usize::from(byte % 4)]
}

/// An id that a peer may have made, or that nobody has.
#[derive(Clone, Copy, Debug)]
pub struct AnyId(pub MsgId);

impl<'a> Arbitrary<'a> for AnyId {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let kind: u8 = u.arbitrary()?;
        let stream = StreamId::from_u64(u64::from(kind % 4));
        let seq = match kind / 4 % 8 {
            0 => return Ok(Self(MsgId::from_uuid(Uuid::from_u128(u128::from(u.arbitrary::<u8>()?))))),
            1 => (1 << 48) - 1 - u64::from(u.arbitrary::<u8>()?),
            2 => u64::from(u.arbitrary::<u32>()?),
            _ => u64::from(u.arbitrary::<u8>()? % 16),
        };
        Ok(Self(MsgId::new(stream, seq).expect("below 2^48")))
    }
}

/// How much time passes.
pub fn pause(byte: u8) -> Duration {
    let step = u32::from(byte % 32);
    match byte / 32 {
        0 => Duration::ZERO,
        1 => Duration::from_nanos(1) * step,
        2 => Duration::from_micros(1) * step,
        3 => Duration::from_millis(10) * step,
        4 | 5 => Duration::from_millis(300) * step,
        6 => Duration::from_secs(60) * step,
        _ => Duration::from_secs(24 * 3_600) * step,
    }
}

pub fn verdict(byte: u8) -> Verdict<Fuzz> {
    match byte % 8 {
        0 => Verdict::Rejected(Rejection { code: u16::from(byte), reason: "no".into() }),
        1 => Verdict::RetryAfter(pause(byte)),
        2 => Verdict::Accepted(2),
        _ => Verdict::Accepted(1),
    }
}

pub fn drain(client: &mut Client<Fuzz>) -> Vec<Output<Fuzz>> {
    std::iter::from_fn(|| client.poll_output()).collect()
}

/// A server that lives answers everything until all is settled.
pub fn settles(client: &mut Client<Fuzz>, mut now: Time) {
    client.handle_connected(now);
    for _ in 0..100_000 {
        let outputs = drain(client);
        for output in &outputs {
            let Output::Transmit(frame) = output else { continue };
            for answer in answers(frame) {
                client.handle_frame(answer, now);
            }
        }
        let stats = client.stats();
        if outputs.is_empty() {
            if stats.unsettled == 0 && stats.acks_pending == 0 {
                return;
            }
            now = client.poll_timeout().expect("nothing waits for ever");
            client.handle_timeout(now);
        }
    }
    panic!("does not settle: {:?}", client.stats());
}

fn answers(frame: &Outgoing<Fuzz>) -> Vec<Incoming<Fuzz>> {
    match frame {
        Outgoing::MsgR { id, .. } => {
            vec![Incoming::MsgA { id: *id, verdict: Verdict::Accepted(1) }, Incoming::AckN { id: *id, server_id: 1 }]
        }
        Outgoing::AckR { id, from } => vec![Incoming::AckA { id: *id, from: *from }],
    }
}
