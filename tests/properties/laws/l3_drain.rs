//! L3 drain-independent: when the caller drains changes no output and no order: a frame is fixed when it is queued. (One
//! exception: `handle_disconnected` drops undrained `Transmit`s.)
//!
//! Every run is played twice: drained after each call, and a few outputs at a time at random moments. Both are drained
//! before a connection ends, where the exception applies, and before a restart, which begins after a batch.

use proptest::collection::vec;
use proptest::prelude::*;
use sixfold::{Output, Time};

use kit::ops::{Call, scenario};
use kit::run::{Process, cases, transcript};
use kit::{B, Rig, SECOND, steady};

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn late_drains_give_the_same_outputs_in_the_same_order(
        scenario in scenario(120),
        polls in vec(0..4_usize, 120),
    ) {
        let mut lazy = Process::start(&scenario);
        let mut late: Vec<Output<_>> = Vec::new();
        let mut next = polls.iter().cycle();
        let mut connected = false;
        let moments = scenario.play(|eager, moment| {
            let ends = match moment.call {
                Call::Connected => std::mem::replace(&mut connected, true),
                Call::Disconnected | Call::Restart => std::mem::take(&mut connected),
                _ => false,
            };
            if ends || matches!(moment.call, Call::Restart) {
                late.extend(lazy.drain());
            }
            let reply = lazy.call(&moment.call, moment.now);
            let polls = next.next().copied().unwrap_or_default();
            late.extend((0..polls).map_while(|_| lazy.poll()));
            if reply != moment.reply {
                return Err(format!("drained late, the call gives {reply:?}"));
            }
            due_while_output_waits(&lazy, moment.now)?;
            if lazy.client.stats() == eager.client.stats() { Ok(()) } else { Err("the stats differ".into()) }
        })?;
        late.extend(lazy.drain());
        let eager: Vec<_> = moments.iter().flat_map(|moment| moment.outputs.iter().cloned()).collect();
        prop_assert_eq!(late, eager, "{}", transcript(&moments));
    }
}

fn due_while_output_waits(lazy: &Process, now: Time) -> Result<(), String> {
    let waits = lazy.client.clone().poll_output().is_some();
    let timeout = lazy.client.poll_timeout();
    if waits && timeout != Some(now) { Err(format!("output waits at {now:?}, due at {timeout:?}")) } else { Ok(()) }
}

#[test]
fn a_disconnect_drops_the_undrained_frames_and_nothing_else() {
    let mut rig = Rig::new(steady().journal(true), 1);
    let id = rig.send(B, 0);
    let mut before = rig.client.clone();
    let all: Vec<_> = std::iter::from_fn(|| before.poll_output()).collect();
    rig.client.handle_disconnected(rig.now);
    let is_frame = |output: &Output<_>| matches!(output, Output::Transmit(_));
    let kept: Vec<_> = all.iter().filter(|output| !is_frame(output)).cloned().collect();
    assert_eq!(rig.drain(), kept);
    assert!(all.iter().any(is_frame));
    rig.pass(SECOND);
    rig.client.handle_connected(rig.now);
    assert!(rig.drain().iter().any(is_frame), "{id} is transmitted again");
}
