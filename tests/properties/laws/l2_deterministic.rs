//! L2 deterministic: same config, seed and inputs: same outputs, byte for byte, on every platform.
//!
//! Every run is played twice, and a clone made at any step goes on like its original. `golden.rs` compares one run with a
//! text file, for every platform.

use proptest::prelude::*;

use kit::ops::scenario;
use kit::run::{Moment, Process, cases, transcript};

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn the_same_inputs_give_the_same_outputs(scenario in scenario(120)) {
        let first = scenario.play(|_, _| Ok(()))?;
        let second = scenario.play(|_, _| Ok(()))?;
        prop_assert_eq!(text(&first), text(&second), "{}", transcript(&first));
    }

    #[test]
    fn a_clone_gives_the_same_outputs_as_its_original(scenario in scenario(80), fork_at in 0..80_usize) {
        let mut fork: Option<Process> = None;
        let mut step = 0;
        scenario.play(|original, moment| {
            if let Some(fork) = &mut fork {
                let reply = fork.call(&moment.call, moment.now);
                let outputs = fork.drain();
                if (reply, &outputs) != (moment.reply, &moment.outputs) {
                    return Err(format!("the clone made at step {fork_at} went another way: {reply:?} {outputs:?}"));
                }
                if fork.client.poll_timeout() != original.client.poll_timeout() {
                    return Err("the clone has another deadline".into());
                }
            }
            if step == fork_at {
                fork = Some(original.clone());
            }
            step += 1;
            Ok(())
        })?;
    }
}

#[test]
fn another_seed_changes_the_ids_and_nothing_else() {
    let config = || sixfold::Config::default().jitter(0.0);
    let mut runs = [1, 2].map(|byte| kit::Rig::new(config(), byte));
    let ids = runs.each_mut().map(|rig| rig.send(2, 0));
    assert_ne!(ids[0].stream(), ids[1].stream());
    assert_eq!(runs[0].frames().len(), runs[1].frames().len());
    assert_eq!(runs[0].wake(), runs[1].wake());
}

fn text(moments: &[Moment]) -> String {
    let deadlines: Vec<_> = moments.iter().map(|moment| (moment.timeout_before_drain, moment.after)).collect();
    format!("{}{deadlines:?}", transcript(moments))
}
