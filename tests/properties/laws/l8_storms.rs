//! L8 no storms: for any input and any clock: retransmissions in any Δt ≤ burst + rate·Δt. A first msg:R, and the first ack:R
//! of a handled message, are not retransmissions; everything else is. No retransmission timer runs for a message that is not
//! on the wire: attempts and backoff stand still while disconnected or queued.
//!
//! Time is the client's own: a step back counts as zero. The sum below is the greatest over all spans that end now.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sixfold::{Client, Event, MsgId, Outgoing, Output, Stage, Stats, Status};

use kit::configs::Knobs;
use kit::ops::{Call, scenario};
use kit::run::{Moment, Reply, Verdict, cases};
use kit::{B, HOUR, Rig, SECOND, Test, steady};

/// The retransmissions of one process.
#[derive(Clone, Debug, Default)]
struct Budget {
    /// The messages and acks transmitted before.
    messages: BTreeSet<MsgId>,
    acks: BTreeSet<(u64, MsgId)>,
    /// What the application has sent again may take a token even if it never left.
    resent: BTreeSet<MsgId>,
    /// In 10⁻⁹ retransmissions: the most by which a span that ends now exceeds rate·Δt.
    excess: u128,
    at: u128,
}

impl Budget {
    fn on_moment(&mut self, knobs: &Knobs, client: &Client<Test>, moment: &Moment) -> Verdict {
        let restarts = matches!(moment.call, Call::Restart);
        if restarts {
            *self = Self { at: moment.elapsed, ..Self::default() };
        }
        if let (Call::Confirm { from, id }, Reply::Done) = (&moment.call, moment.reply) {
            if moment.after.confirmed > moment.before.confirmed {
                self.acks.remove(&(*from, *id));
            }
        }
        if let (Call::Resend(id), Reply::Done) = (&moment.call, moment.reply) {
            self.resent.insert(*id);
        }
        let passed = moment.elapsed - self.at;
        self.at = moment.elapsed;
        self.excess = self.excess.saturating_sub(passed * u128::from(knobs.rate));
        let (mut repeats, mut free) = (0, 0);
        for output in &moment.outputs {
            if !self.repeats(output) {
                free += u64::from(self.is_free(output, client));
                continue;
            }
            repeats += 1;
            self.excess += 1_000_000_000;
            if self.excess > u128::from(knobs.burst) * 1_000_000_000 {
                return Err(format!("more than burst + rate·Δt: {output:?}"));
            }
        }
        let [before, after] =
            [moment.before, moment.after].map(|stats| [stats.retransmissions, stats.msg_r + stats.ack_r]);
        let [tokens, frames] = if restarts { after } else { [after[0] - before[0], after[1] - before[1]] };
        if (repeats..=frames - free).contains(&tokens) {
            return Ok(());
        }
        Err(format!("{frames} frames, {repeats} of them repeated and {free} free, took {tokens} tokens"))
    }

    /// Whether the first frame of its kind in a process needs no token: any msg:R of a message that is not accepted.
    fn is_free(&self, output: &Output<Test>, client: &Client<Test>) -> bool {
        match output {
            Output::Transmit(Outgoing::MsgR { id, .. }) => {
                client.status(*id) != Some(Status::Accepted) && !self.resent.contains(id)
            }
            Output::Transmit(Outgoing::AckR { .. }) | Output::Persist(_) | Output::Event(_) => false,
        }
    }

    fn repeats(&mut self, output: &Output<Test>) -> bool {
        match output {
            Output::Transmit(Outgoing::MsgR { id, .. }) => !self.messages.insert(*id),
            Output::Transmit(Outgoing::AckR { id, from }) => !self.acks.insert((*from, *id)),
            Output::Persist(_) | Output::Event(_) => false,
        }
    }
}

/// Without a connection no timer fires, nothing is retransmitted and no connection is suspected.
fn is_inactive(moment: &Moment) -> Verdict {
    if moment.connected || matches!(moment.call, Call::Restart) {
        return Ok(());
    }
    let active = moment.outputs.iter().any(|output| match output {
        Output::Transmit(_) | Output::Event(Event::Retrying { .. } | Event::SuspectConnection { .. }) => true,
        Output::Persist(_) | Output::Event(_) => false,
    });
    if active || moment.after.timeouts != moment.before.timeouts {
        return Err("a timer ran without a connection".into());
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn retransmissions_stay_within_burst_plus_rate_times_time(scenario in scenario(150)) {
        let mut budget = Budget::default();
        scenario.play(|process, moment| {
            is_inactive(moment)?;
            budget.on_moment(&scenario.knobs, &process.client, moment)
        })?;
    }

    /// Every frame is lost, and the caller fires the timers as often as it likes.
    #[test]
    fn a_dead_network_gets_no_more_retransmissions_than_the_budget(
        mut scenario in scenario(20), messages in 1..40_u64, wakes in 50..300_usize,
    ) {
        scenario.knobs.max_attempts = None;
        let mut budget = Budget::default();
        scenario.play(|process, moment| budget.on_moment(&scenario.knobs, &process.client, moment))?;
        let mut rig = Rig { client: Client::new(scenario.knobs.config(), kit::seed(1), scenario.start)
            .unwrap(), now: scenario.start };
        rig.client.handle_connected(rig.now);
        let refused = (0..messages).filter(|n| rig.client.send(B, *n, rig.now).is_err()).count();
        prop_assert!(refused as u64 <= messages);
        let (mut budget, mut before) = (Budget::default(), Stats::default());
        for _ in 0..wakes {
            rig.client.handle_timeout(rig.now);
            let moment = Moment {
                now: rig.now,
                elapsed: u128::from(rig.now.as_nanos()),
                near_end_of_time: false,
                call: Call::Timeout,
                reply: Reply::Nothing,
                timeout_before_drain: None,
                outputs: rig.drain(),
                before,
                after: rig.client.stats(),
                connected: true,
            };
            prop_assert_eq!(budget.on_moment(&scenario.knobs, &rig.client, &moment), Ok(()));
            before = moment.after;
            let Some(next) = rig.client.poll_timeout() else { break };
            rig.now = next;
        }
    }
}

#[test]
fn attempts_and_backoff_do_not_advance_while_disconnected_or_queued() {
    let mut rig = Rig::new(steady().window(1), 1);
    rig.send(B, 0);
    let queued = rig.send(B, 1);
    rig.run(5 * SECOND);
    rig.client.handle_disconnected(rig.now);
    assert_eq!(rig.run(HOUR), []);
    rig.client.handle_connected(rig.now);
    rig.drain();
    let after: Vec<_> = rig.run(20 * SECOND).into_iter().filter_map(|(_, output)| attempt(&output)).collect();
    assert_eq!(after[0], 1, "the count restarts");
    assert!(rig.client.status(queued).is_some());
}

fn attempt(output: &Output<Test>) -> Option<u32> {
    match output {
        Output::Event(Event::Retrying { stage: Stage::Accept, attempt, .. }) => Some(*attempt),
        _ => None,
    }
}

#[test]
fn jitter_spreads_the_first_timeouts_of_different_clients() {
    let first_wakes: BTreeSet<_> = (0..50_u8)
        .map(|byte| {
            let mut rig = Rig::new(sixfold::Config::default(), byte);
            rig.send(B, 0);
            rig.drain();
            rig.wake()
        })
        .collect();
    assert!(first_wakes.len() >= 4, "jitter spreads the retransmissions: {first_wakes:?}");
    assert!(first_wakes.iter().all(|delay| (SECOND..=SECOND * 4 / 3).contains(delay)));
}
