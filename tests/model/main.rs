//! A reference model of the whole client, in the simplest possible code, beside the real one: on generated runs both must
//! say the same, in the same order, and wait until the same time.
//!
//! The model has maps and sets and looks through all of them for whatever it needs: no rings, no timer lists, no counts kept
//! by hand. It shares nothing with the crate but the vocabulary. Left out, and kept from happening: jitter, the journal and
//! restarts, the bounds on remembered streams and ranges, streams worn out or dropped for being idle, the end of time. Where
//! two timers of different delay are due at the very same nanosecond, their order is not part of the contract: such a run ends
//! there.
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, unreachable_pub, reason = "tests")]
#![allow(dead_code, reason = "the generator serves the laws too")]

mod model;
mod receiver;
mod sender;
mod shared;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use sixfold::Time;

use kit::configs::{Knobs, knobs};
use kit::ops::{Act, Clock, Step, start, step};
use kit::run::{Moment, Player, Process, Verdict, cases};
use model::Model;

prop_state_machine! {
    #![proptest_config(cases(600))]

    #[test]
    fn the_client_does_what_the_model_does(sequential 1..150 => Pair);
}

/// How a run begins; what happens in it is names and numbers that make sense in any.
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
        step().prop_map(step_within_the_model).boxed()
    }

    fn apply(state: Self, _: &Step) -> Self {
        state
    }
}

/// The client and the model.
struct Pair {
    player: Player,
    model: Model,
    told: Time,
}

impl StateMachineTest for Pair {
    type SystemUnderTest = Self;
    type Reference = Beginning;

    fn init_test(beginning: &Beginning) -> Self {
        let Beginning { knobs, seed, start } = beginning;
        let pair = Self { player: Player::new(knobs, *seed, *start), model: Model::new(knobs, *start), told: *start };
        Self::apply(pair, beginning, Step::CONNECT)
    }

    fn apply(mut pair: Self, _: &Beginning, step: Step) -> Self {
        let Self { player, model, told } = &mut pair;
        let outcome = player.step(&step, |process, moment| {
            model.advance(*told, moment.now);
            *told = moment.now;
            same(model, process, moment)
        });
        if let Err(why) = outcome {
            panic!("{why}");
        }
        pair
    }
}

/// Whether the model does what the client has just done.
fn same(model: &mut Model, process: &Process, moment: &Moment) -> Verdict {
    if model.is_ambiguous() {
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
        return Err(format!("the model says {outputs:#?}"));
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
            "unsettled, parked, in flight, unconfirmed, held, acks: {real:?}, in the model {modelled:?}"
        ));
    }
    let rto = model.rto();
    if rto == (stats.rto, stats.srtt) { Ok(()) } else { Err(format!("RTO {:?}, in the model {rto:?}", stats.rto)) }
}

/// Takes out of a config what the model leaves out.
fn within_the_model(mut knobs: Knobs) -> Knobs {
    knobs.jitter = 0.0;
    knobs.journal = false;
    knobs.remembered = [65_536, 1_024, 262_144];
    knobs.capacity[0] = knobs.capacity[0].max(4);
    knobs
}

/// Takes out of what happens what the model leaves out.
fn step_within_the_model(Step { clock, act }: Step) -> Step {
    let clock = if matches!(clock, Clock::Jumps(_)) { Clock::Stands } else { clock };
    let act = if matches!(act, Act::Restart) { Act::Timeout } else { act };
    Step { clock, act }
}
