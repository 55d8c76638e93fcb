//! The generator: what an application, a server, a clock and an attacker may do to a client, as shrinkable steps.
//!
//! A step names messages by how lately they were met, so that most frames answer something real and a shortened list of
//! steps still makes sense; [`Act::call`] turns it into a concrete call.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use sixfold::{Client, Incoming, MsgId, Time, Verdict};
use uuid::Uuid;

use crate::common::{DAY, MS, SECOND, Test, id, rejection};
use crate::configs::{Knobs, knobs};

/// One run: under which configuration, from which seed and time, what happens.
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
    /// What a run begins with.
    pub const CONNECT: Self = Self { clock: Clock::Stands, act: Act::Connected };
}

/// Where the caller's clock goes before the act.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    Stands,
    Passes(Duration),
    Back(Duration),
    /// To the client's next deadline, or so many nanoseconds before it.
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
    Confirm(Who),
    Release(Who),
    Resend(Who),
    Discard(Who),
    Connected,
    Disconnected,
    Restart,
    MsgA(Who, Say),
    AckN(Who, u64),
    AckA(Who),
    MsgN {
        from: u64,
        id: MsgId,
        floor: u64,
    },
    /// A msg:N that came before.
    Again(Who),
}

/// A message met before: the latest is 0. A few are of nobody.
pub type Who = u8;

#[derive(Clone, Copy, Debug)]
pub enum Say {
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
    /// The process dies after a committed batch, and another one starts from the journal, if there is one.
    Restart,
    Frame(Incoming<Test>),
}

/// The ids met in a run.
#[derive(Clone, Debug, Default)]
pub struct Met {
    pub sent: Vec<MsgId>,
    pub heard: Vec<(u64, MsgId, u64)>,
}

impl Met {
    fn own(&self, who: Who) -> MsgId {
        let back = usize::from(who) % 16;
        match self.sent.len().checked_sub(1) {
            Some(last) if who < 240 => self.sent[last - back % self.sent.len()],
            Some(_) | None => id(u64::from(who), 0),
        }
    }

    fn incoming(&self, who: Who) -> (u64, MsgId, u64) {
        let back = usize::from(who) % 16;
        match self.heard.len().checked_sub(1) {
            Some(last) if who < 250 => self.heard[last - back % self.heard.len()],
            Some(_) | None => (0, id(u64::from(who), 0), 0),
        }
    }

    /// What the application holds, more often than not.
    fn held(&self, who: Who, client: &Client<Test>) -> (u64, MsgId) {
        let unconfirmed: Vec<_> = client.unconfirmed().collect();
        if unconfirmed.is_empty() || who >= 200 {
            let (from, id, _) = self.incoming(who);
            return (from, id);
        }
        let (from, id) = unconfirmed[usize::from(who) % unconfirmed.len()];
        (*from, id)
    }
}

impl Act {
    pub fn call(self, met: &Met, client: &Client<Test>) -> Call {
        match self {
            Self::Timeout => Call::Timeout,
            Self::Send { to } => Call::Send { to, payload: met.sent.len() as u64 },
            Self::Confirm(who) => {
                let (from, id) = met.held(who, client);
                Call::Confirm { from, id }
            }
            Self::Release(who) => {
                let (from, id) = met.held(who, client);
                Call::Release { from, id }
            }
            Self::Resend(who) => Call::Resend(met.own(who)),
            Self::Discard(who) => Call::Discard(met.own(who)),
            Self::Connected => Call::Connected,
            Self::Disconnected => Call::Disconnected,
            Self::Restart => Call::Restart,
            Self::MsgA(who, say) => {
                let verdict = match say {
                    Say::Accepted(server_id) => Verdict::Accepted(server_id),
                    Say::Rejected => Verdict::Rejected(rejection(1)),
                    Say::RetryAfter(pause) => Verdict::RetryAfter(pause),
                };
                Call::Frame(Incoming::MsgA { id: met.own(who), verdict })
            }
            Self::AckN(who, server_id) => Call::Frame(Incoming::AckN { id: met.own(who), server_id }),
            Self::AckA(who) => {
                let (from, id, _) = met.incoming(who);
                Call::Frame(Incoming::AckA { id, from })
            }
            Self::MsgN { from, id, floor } => Call::Frame(msg_n(from, id, floor)),
            Self::Again(who) => {
                let (from, id, floor) = met.incoming(who);
                Call::Frame(msg_n(from, id, floor))
            }
        }
    }
}

fn msg_n(from: u64, id: MsgId, floor: u64) -> Incoming<Test> {
    let n = id.as_uuid().as_u64_pair().1 % 1_000;
    Incoming::MsgN { id, from, server_id: n, floor, payload: n }
}

/// A run of at most so many steps.
pub fn scenario(steps: usize) -> impl Strategy<Value = Scenario> {
    (knobs(), any::<u8>(), start(), vec(step(), 1..steps)).prop_map(|(knobs, seed, start, mut steps)| {
        steps.insert(0, Step::CONNECT);
        Scenario { knobs, seed, start, steps }
    })
}

/// When a run begins.
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
        8 => any::<Who>().prop_map(Act::Confirm),
        2 => any::<Who>().prop_map(Act::Release),
        2 => any::<Who>().prop_map(Act::Resend),
        2 => any::<Who>().prop_map(Act::Discard),
        2 => Just(Act::Connected),
        1 => Just(Act::Disconnected),
        1 => Just(Act::Restart),
        7 => (any::<Who>(), say()).prop_map(|(who, say)| Act::MsgA(who, say)),
        4 => (any::<Who>(), select(vec![7, 8])).prop_map(|(who, server_id)| Act::AckN(who, server_id)),
        4 => any::<Who>().prop_map(Act::AckA),
        10 => (from(), incoming_id(), floor()).prop_map(|(from, id, floor)| Act::MsgN { from, id, floor }),
        4 => any::<Who>().prop_map(Act::Again),
    ]
}

fn say() -> impl Strategy<Value = Say> {
    let pause = select(vec![3 * SECOND, Duration::ZERO, Duration::from_nanos(1), MS, Duration::MAX]);
    prop_oneof![
        6 => select(vec![7, 8]).prop_map(Say::Accepted),
        1 => Just(Say::Rejected),
        1 => pause.prop_map(Say::RetryAfter),
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
