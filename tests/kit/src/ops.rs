//! The generator: calls of an application, frames of a server or an attacker, and clock changes, as shrinkable steps.
//!
//! A step refers to a message by its recency, so that most frames answer a real one and a shrunk list of steps is still
//! meaningful. [`Act::call`] turns a step into a concrete call.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use sixfold::{Client, Incoming, MsgId, Time, Verdict};
use uuid::Uuid;

use crate::configs::{Knobs, knobs};
use crate::{DAY, MS, SECOND, Test, id, rejection};

/// One run: configuration, seed, start time, steps.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub knobs: Knobs,
    pub seed: u8,
    pub start: Time,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub struct Step {
    pub clock: Clock,
    pub act: Act,
}

impl Step {
    /// The first step of every run.
    pub const CONNECT: Self = Self { clock: Clock::Stands, act: Act::Connected };
}

/// The change of the caller's clock before the act.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    Stands,
    Passes(Duration),
    Back(Duration),
    /// To the client's next deadline, or `early` nanoseconds before it.
    Deadline {
        early: u64,
    },
    Jumps(Time),
}

#[derive(Clone, Copy, Debug)]
pub enum Act {
    Timeout,
    Send {
        to: u64,
    },
    Confirm(Recency),
    Release(Recency),
    Resend(Recency),
    Discard(Recency),
    Connected,
    Disconnected,
    Restart,
    MsgA(Recency, Answer),
    AckN(Recency, u64),
    AckA(Recency),
    MsgN {
        from: u64,
        id: MsgId,
        floor: u64,
    },
    /// Repeats a msg:N.
    Again(Recency),
}

/// The recency of a message: 0 is the latest. The highest values refer to a message that does not exist.
pub type Recency = u8;

#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Accepted(u64),
    Rejected,
    RetryAfter(Duration),
}

/// A concrete call.
#[derive(Clone, Debug)]
pub enum Call {
    Timeout,
    Send {
        to: u64,
        payload: u64,
    },
    Confirm {
        from: u64,
        id: MsgId,
    },
    Release {
        from: u64,
        id: MsgId,
    },
    Resend(MsgId),
    Discard(MsgId),
    Connected,
    Disconnected,
    /// The process is killed after a committed batch, and a new one starts from the journal, if there is one.
    Restart,
    Frame(Incoming<Test>),
}

/// The ids sent and received in a run.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub sent: Vec<MsgId>,
    pub received: Vec<(u64, MsgId, u64)>,
}

impl History {
    fn own(&self, recency: Recency) -> MsgId {
        let back = usize::from(recency) % 16;
        match self.sent.len().checked_sub(1) {
            Some(last) if recency < 240 => self.sent[last - back % self.sent.len()],
            Some(_) | None => id(u64::from(recency), 0),
        }
    }

    fn incoming(&self, recency: Recency) -> (u64, MsgId, u64) {
        let back = usize::from(recency) % 16;
        match self.received.len().checked_sub(1) {
            Some(last) if recency < 250 => self.received[last - back % self.received.len()],
            Some(_) | None => (0, id(u64::from(recency), 0), 0),
        }
    }

    /// Mostly a message that the application has not confirmed yet.
    fn held(&self, recency: Recency, client: &Client<Test>) -> (u64, MsgId) {
        let unconfirmed: Vec<_> = client.unconfirmed().collect();
        if unconfirmed.is_empty() || recency >= 200 {
            let (from, id, _) = self.incoming(recency);
            return (from, id);
        }
        let (from, id) = unconfirmed[usize::from(recency) % unconfirmed.len()];
        (*from, id)
    }
}

impl Act {
    pub fn call(self, history: &History, client: &Client<Test>) -> Call {
        match self {
            Self::Timeout => Call::Timeout,
            Self::Send { to } => Call::Send { to, payload: history.sent.len() as u64 },
            Self::Confirm(recency) => {
                let (from, id) = history.held(recency, client);
                Call::Confirm { from, id }
            }
            Self::Release(recency) => {
                let (from, id) = history.held(recency, client);
                Call::Release { from, id }
            }
            Self::Resend(recency) => Call::Resend(history.own(recency)),
            Self::Discard(recency) => Call::Discard(history.own(recency)),
            Self::Connected => Call::Connected,
            Self::Disconnected => Call::Disconnected,
            Self::Restart => Call::Restart,
            Self::MsgA(recency, answer) => {
                let verdict = match answer {
                    Answer::Accepted(server_id) => Verdict::Accepted(server_id),
                    Answer::Rejected => Verdict::Rejected(rejection(1)),
                    Answer::RetryAfter(pause) => Verdict::RetryAfter(pause),
                };
                Call::Frame(Incoming::MsgA { id: history.own(recency), verdict })
            }
            Self::AckN(recency, server_id) => Call::Frame(Incoming::AckN { id: history.own(recency), server_id }),
            Self::AckA(recency) => {
                let (from, id, _) = history.incoming(recency);
                Call::Frame(Incoming::AckA { id, from })
            }
            Self::MsgN { from, id, floor } => Call::Frame(msg_n(from, id, floor)),
            Self::Again(recency) => {
                let (from, id, floor) = history.incoming(recency);
                Call::Frame(msg_n(from, id, floor))
            }
        }
    }
}

fn msg_n(from: u64, id: MsgId, floor: u64) -> Incoming<Test> {
    let n = id.as_uuid().as_u64_pair().1 % 1_000;
    Incoming::MsgN { id, from, server_id: n, floor, payload: n }
}

/// Generates a run of at most `steps` steps.
pub fn scenario(steps: usize) -> impl Strategy<Value = Scenario> {
    (knobs(), any::<u8>(), start(), vec(step(), 1..steps)).prop_map(|(knobs, seed, start, mut steps)| {
        steps.insert(0, Step::CONNECT);
        Scenario { knobs, seed, start, steps }
    })
}

/// Generates the start time of a run.
pub fn start() -> impl Strategy<Value = Time> {
    select(vec![Time::from_origin(100 * DAY), Time::ZERO, Time::from_nanos(7)])
}

pub fn step() -> impl Strategy<Value = Step> {
    (clock(), act()).prop_map(|(clock, act)| Step { clock, act })
}

fn clock() -> impl Strategy<Value = Clock> {
    prop_oneof![
        24 => Just(Clock::Stands),
        8 => (0..3_000_u64).prop_map(|ms| Clock::Passes(Duration::from_millis(ms))),
        8 => (0..3_000_000_000_u64).prop_map(|ns| Clock::Passes(Duration::from_nanos(ns))),
        12 => select(vec![0, 1, 1_000]).prop_map(|early| Clock::Deadline { early }),
        2 => (0..10_000_u64).prop_map(|ms| Clock::Back(Duration::from_millis(ms))),
        2 => (0..100_000_u64).prop_map(|s| Clock::Passes(Duration::from_secs(s))),
        1 => (1..40_u32).prop_map(|days| Clock::Passes(DAY * days)),
        1 => select(vec![Time::MAX, Time::ZERO, Time::from_nanos(u64::MAX / 4 * 3), Time::from_nanos(u64::MAX - 1)])
            .prop_map(Clock::Jumps),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let from = || 0..3_u64;
    prop_oneof![
        8 => Just(Act::Timeout),
        8 => from().prop_map(|to| Act::Send { to }),
        8 => any::<Recency>().prop_map(Act::Confirm),
        2 => any::<Recency>().prop_map(Act::Release),
        2 => any::<Recency>().prop_map(Act::Resend),
        2 => any::<Recency>().prop_map(Act::Discard),
        2 => Just(Act::Connected),
        1 => Just(Act::Disconnected),
        1 => Just(Act::Restart),
        7 => (any::<Recency>(), answer()).prop_map(|(recency, answer)| Act::MsgA(recency, answer)),
        4 => (any::<Recency>(), select(vec![7, 8])).prop_map(|(recency, server_id)| Act::AckN(recency, server_id)),
        4 => any::<Recency>().prop_map(Act::AckA),
        10 => (from(), incoming_id(), floor()).prop_map(|(from, id, floor)| Act::MsgN { from, id, floor }),
        4 => any::<Recency>().prop_map(Act::Again),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    let pause = select(vec![3 * SECOND, Duration::ZERO, Duration::from_nanos(1), MS, Duration::MAX]);
    prop_oneof![
        6 => select(vec![7, 8]).prop_map(Answer::Accepted),
        1 => Just(Answer::Rejected),
        1 => pause.prop_map(Answer::RetryAfter),
    ]
}

fn incoming_id() -> impl Strategy<Value = MsgId> {
    let last = (1_u64 << 48) - 1;
    let seq = prop_oneof![
        10 => 0..12_u64,
        2 => 0..1_000_u64,
        1 => (0..3_u64).prop_map(move |back| last - back),
    ];
    prop_oneof![
        11 => (0..4_u64, seq).prop_map(|(stream, seq)| id(stream, seq)),
        1 => (0..4_u128).prop_map(|bits| MsgId::from_uuid(Uuid::from_u128(bits))),
    ]
}

fn floor() -> impl Strategy<Value = u64> {
    prop_oneof![8 => Just(0), 3 => 0..12_u64, 1 => select(vec![u64::MAX, 1 << 48, 1_000])]
}
