//! A reference model of the whole client: on generated runs the client and the model give the same outputs, in the same
//! order, and have the same deadlines.
//!
//! The model is the simplest possible code: maps and lists that are searched as a whole, with no index and no count kept.
//! It shares with the crate only the types of its interface. It leaves out, and the runs avoid: jitter, the journal and
//! restarts, the bounds on remembered streams and ranges, exhausted and forgotten streams, the end of time. The order of
//! timers of two lists that are due at the same nanosecond is not part of the contract: there a run ends.

mod client;
mod receiver;
mod rto;
mod sender;
mod shared;
mod timers;

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use sixfold::Time;

use client::Model;
use kit::configs::{Knobs, knobs};
use kit::ops::{Act, Answer, Clock, Step, start, step};
use kit::run::{Moment, Player, Process, Verdict, cases};
use kit::{MS, SECOND};

prop_state_machine! {
    #![proptest_config(cases(600))]

    #[test]
    fn the_client_gives_the_same_outputs_as_the_model(sequential 1..150 => Pair);
}

/// The beginning of a run. The steps do not depend on it.
#[derive(Clone, Debug)]
struct Beginning {
    knobs: Knobs,
    seed: u8,
    start: Time,
}

impl ReferenceStateMachine for Beginning {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        let beginning = |(knobs, seed, start)| Self { knobs: within_the_model(knobs), seed, start };
        (knobs(), any::<u8>(), start()).prop_map(beginning).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        prop_oneof![1 => step().prop_map(step_within_the_model), 1 => senders_step()].boxed()
    }

    fn apply(state: Self, _: &Step) -> Self {
        state
    }
}

/// The client and the model.
struct Pair {
    player: Player,
    model: Model,
    caller_now: Time,
}

impl StateMachineTest for Pair {
    type SystemUnderTest = Self;
    type Reference = Beginning;

    fn init_test(beginning: &Beginning) -> Self {
        let Beginning { knobs, seed, start } = beginning;
        let pair =
            Self { player: Player::new(knobs, *seed, *start), model: Model::new(knobs, *start), caller_now: *start };
        Self::apply(pair, beginning, Step::CONNECT)
    }

    fn apply(mut pair: Self, _: &Beginning, step: Step) -> Self {
        let Self { player, model, caller_now } = &mut pair;
        let outcome = player.step(&step, |process, moment| {
            model.advance(*caller_now, moment.now);
            *caller_now = moment.now;
            same(model, process, moment)
        });
        if let Err(why) = outcome {
            panic!("{why}");
        }
        pair
    }
}

/// Checks that the model does what the client has just done.
fn same(model: &mut Model, process: &Process, moment: &Moment) -> Verdict {
    if model.is_ambiguous() || moment.near_end_of_time {
        return Ok(());
    }
    let reply = model.call(&moment.call, moment.reply);
    if model.is_ambiguous() {
        return Ok(());
    }
    if reply != moment.reply {
        return Err(format!("the model replies {reply:?}"));
    }
    let outputs = model.drain();
    if outputs != moment.outputs {
        return Err(format!("the model outputs {outputs:#?}"));
    }
    same_state(model, process, moment)
}

fn same_state(model: &Model, process: &Process, moment: &Moment) -> Verdict {
    let deadline = model.poll_timeout(moment.now);
    if process.client.poll_timeout() != deadline {
        return Err(format!("due at {:?}, in the model at {deadline:?}", process.client.poll_timeout()));
    }
    let stats = &moment.after;
    let real = [stats.unsettled, stats.parked, stats.in_flight, stats.unconfirmed, stats.held, stats.acks_pending];
    let modelled = model.gauges();
    if real != modelled {
        return Err(format!(
            "undelivered, failed, in flight, unconfirmed, held, acks: {real:?}, in the model {modelled:?}"
        ));
    }
    let rto = model.rto();
    if rto == (stats.rto, stats.srtt) { Ok(()) } else { Err(format!("RTO {:?}, in the model {rto:?}", stats.rto)) }
}

/// Removes from a config what the model leaves out.
fn within_the_model(mut knobs: Knobs) -> Knobs {
    knobs.jitter = 0.0;
    knobs.journal = false;
    knobs.remembered = [65_536, 1_024, 262_144];
    knobs.capacity[0] = knobs.capacity[0].max(4);
    knobs
}

/// A step in the life of a busy sender: the server mostly answers, and its answers are mostly possible.
fn senders_step() -> impl Strategy<Value = Step> {
    let clock = prop_oneof![
        4 => Just(Clock::Stands),
        2 => (1..400_u64).prop_map(|ms| Clock::Passes(Duration::from_millis(ms))),
        3 => select(vec![0, 1]).prop_map(|early| Clock::Deadline { early }),
    ];
    let recent = || 0..8_u8;
    let pause = select(vec![3 * SECOND, 500 * MS, Duration::ZERO]);
    let act = prop_oneof![
        8 => (0..3_u64).prop_map(|to| Act::Send { to }),
        8 => recent().prop_map(|recency| Act::MsgA(recency, Answer::Accepted(7))),
        4 => recent().prop_map(|recency| Act::AckN(recency, 7)),
        4 => (recent(), pause).prop_map(|(recency, pause)| Act::MsgA(recency, Answer::RetryAfter(pause))),
        1 => recent().prop_map(|recency| Act::MsgA(recency, Answer::Rejected)),
        1 => recent().prop_map(Act::Discard),
        1 => recent().prop_map(Act::Resend),
        2 => Just(Act::Connected),
        6 => Just(Act::Timeout),
    ];
    (clock, act).prop_map(|(clock, act)| Step { clock, act })
}

/// Removes from a step what the model leaves out. In place of a restart there is a new connection: what is unanswered at
/// the end of two may be suspect.
fn step_within_the_model(Step { clock, act }: Step) -> Step {
    let clock = if matches!(clock, Clock::Jumps(_)) { Clock::Stands } else { clock };
    let act = if matches!(act, Act::Restart) { Act::Connected } else { act };
    Step { clock, act }
}
