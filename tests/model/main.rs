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

#[path = "../common/mod.rs"]
mod common;
#[path = "../laws/configs.rs"]
mod configs;
mod model;
#[path = "../laws/ops.rs"]
mod ops;
mod receiver;
#[path = "../laws/run.rs"]
mod run;
mod sender;
mod shared;

use proptest::prelude::*;

use model::Model;
use ops::{Act, Clock, Scenario, scenario};
use run::{Moment, Process, Verdict, cases};

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn the_client_does_what_the_model_does(scenario in scenario(150)) {
        let scenario = within_the_model(scenario);
        let mut model = Model::new(&scenario.knobs, scenario.start);
        let mut told = scenario.start;
        scenario.play(|process, moment| {
            model.advance(told, moment.now);
            told = moment.now;
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
            same_state(&model, process, moment)
        })?;
    }
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

/// Takes out of a run what the model leaves out.
fn within_the_model(mut scenario: Scenario) -> Scenario {
    let knobs = &mut scenario.knobs;
    knobs.jitter = 0.0;
    knobs.journal = false;
    knobs.remembered = [65_536, 1_024, 262_144];
    knobs.capacity[0] = knobs.capacity[0].max(4);
    for step in &mut scenario.steps {
        if matches!(step.act, Act::Restart) {
            step.act = Act::Timeout;
        }
        if matches!(step.clock, Clock::Jumps(_)) {
            step.clock = Clock::Stands;
        }
    }
    scenario
}
