//! L4 timeouts: while output waits, `poll_timeout` is due at once; otherwise it is the exact earliest deadline (timer, expiry,
//! hold, next token). After `handle_timeout(now)` and a drain it is `None` or later than `now`. Calling `handle_timeout`
//! early, late or twice is harmless. A `now` that steps back counts as no time passed and time runs on from there
//! (`poll_timeout` shifts with it); a restored time later than `now` is taken as `now`; a leap forward (a phone asleep) costs
//! at most one transmission per message.
//!
//! At every moment of a run, clones are called one nanosecond early, on time, twice, after a step back, and after a leap.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use sixfold::{Client, MsgId, Outgoing, Output, Record, Time};

use kit::ops::scenario;
use kit::run::{Moment, Verdict, cases};
use kit::{B, DAY, HOUR, Rig, SECOND, Test, steady};

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn deadlines_are_exact(scenario in scenario(100)) {
        let mut furthest = scenario.start;
        scenario.play(|process, moment| {
            furthest = furthest.max(moment.now);
            due_at_once_while_output_is_pending(moment)?;
            if moment.near_end_of_time {
                return Ok(());
            }
            let settled = timed_out(&process.client, moment.now);
            let settled = match &settled {
                Ok(settled) => settled,
                Err(why) => return Err(why.clone()),
            };
            let Some(due) = settled.poll_timeout() else { return Ok(()) };
            // A leap of more than a year counts from the furthest time, so after a step back it is shorter for the client.
            if moment.now == furthest || due.saturating_duration_since(moment.now) <= 366 * DAY {
                nothing_happens_before(settled, due)?;
                something_happens_at(settled, due)?;
            }
            timed_out(settled, due)?;
            a_step_back_shifts(settled, moment.now, due)?;
            a_leap_costs_one_transmission(settled, moment.now)
        })?;
    }
}

fn due_at_once_while_output_is_pending(moment: &Moment) -> Verdict {
    match (moment.outputs.is_empty(), moment.timeout_before_drain) {
        (false, due) if due != Some(moment.now) => Err(format!("output is pending, but the timeout is {due:?}")),
        (true, Some(due)) if due < moment.now => Err(format!("due before now: {due:?}")),
        (_, _) => Ok(()),
    }
}

/// After a timeout and a drain nothing is due, and a second timeout finds nothing to do.
fn timed_out(client: &Client<Test>, now: Time) -> Result<Client<Test>, String> {
    let mut client = client.clone();
    client.handle_timeout(now);
    drain(&mut client);
    let due = client.poll_timeout();
    if due.is_some_and(|due| due <= now) {
        return Err(format!("after a timeout at {now:?} the next is due at {due:?}"));
    }
    let stats = client.stats();
    client.handle_timeout(now);
    let outputs = drain(&mut client);
    if !outputs.is_empty() || client.stats() != stats || client.poll_timeout() != due {
        return Err(format!("a second timeout at {now:?} did something: {outputs:?}"));
    }
    Ok(client)
}

fn nothing_happens_before(client: &Client<Test>, due: Time) -> Verdict {
    let mut early = client.clone();
    early.handle_timeout(Time::from_nanos(due.as_nanos() - 1));
    let outputs = drain(&mut early);
    if !outputs.is_empty() || early.stats() != client.stats() {
        return Err(format!("1 ns before {due:?}: {outputs:?}"));
    }
    if early.poll_timeout() != Some(due) {
        return Err(format!("an early timeout moved {due:?} to {:?}", early.poll_timeout()));
    }
    Ok(())
}

fn something_happens_at(client: &Client<Test>, due: Time) -> Verdict {
    let mut there = client.clone();
    there.handle_timeout(due);
    let outputs = drain(&mut there);
    if outputs.is_empty() && there.stats() == client.stats() {
        return Err(format!("nothing happens at {due:?}, then {:?}", there.poll_timeout()));
    }
    Ok(())
}

fn a_step_back_shifts(client: &Client<Test>, now: Time, due: Time) -> Verdict {
    for back in [1, 1_000_000_007] {
        let Some(earlier) = now.as_nanos().checked_sub(back) else { continue };
        let mut stepped = client.clone();
        stepped.handle_timeout(Time::from_nanos(earlier));
        let outputs = drain(&mut stepped);
        let shifted = Some(Time::from_nanos(due.as_nanos() - back));
        if !outputs.is_empty() || stepped.poll_timeout() != shifted {
            return Err(format!("{back} ns back: {outputs:?}, {due:?} became {:?}", stepped.poll_timeout()));
        }
    }
    Ok(())
}

fn a_leap_costs_one_transmission(client: &Client<Test>, now: Time) -> Verdict {
    for leap in [HOUR, 40 * DAY] {
        let mut client = client.clone();
        client.handle_timeout(now + leap);
        let mut frames: BTreeMap<(Option<u64>, MsgId), u32> = BTreeMap::new();
        for output in drain(&mut client) {
            if let Output::Transmit(Outgoing::MsgR { id, .. }) = output {
                *frames.entry((None, id)).or_default() += 1;
            } else if let Output::Transmit(Outgoing::AckR { id, from }) = output {
                *frames.entry((Some(from), id)).or_default() += 1;
            }
        }
        if let Some((frame, times)) = frames.iter().find(|(_, times)| **times > 1) {
            return Err(format!("a leap of {leap:?} transmitted {frame:?} {times} times"));
        }
    }
    Ok(())
}

fn drain(client: &mut Client<Test>) -> Vec<Output<Test>> {
    std::iter::from_fn(|| client.poll_output()).collect()
}

#[test]
fn a_restored_time_later_than_now_is_taken_as_now() {
    let mut rig = Rig::new(steady().journal(true).expiry(DAY), 1);
    rig.send(B, 0);
    let journal: Vec<Record<Test>> = rig.client.records().collect();
    let earlier = Time::from_nanos(5);
    let client = Client::restore(steady().expiry(DAY), kit::seed(2), journal, earlier).unwrap();
    assert_eq!(client.outbox().map(|entry| entry.queued_at).collect::<Vec<_>>(), [earlier]);
    assert_eq!(client.poll_timeout(), Some(earlier + DAY));
}

#[test]
fn a_timer_fires_at_its_nanosecond_and_not_before() {
    let mut rig = Rig::new(steady(), 1);
    rig.send(B, 0);
    rig.drain();
    let due = rig.client.poll_timeout().unwrap();
    rig.client.handle_timeout(Time::from_nanos(due.as_nanos() - 1));
    assert_eq!(rig.drain(), []);
    rig.client.handle_timeout(due);
    assert_eq!(rig.drain().len(), 2, "Retrying and a frame");
    assert!(due.saturating_duration_since(rig.now) >= SECOND - Duration::from_nanos(1));
}
