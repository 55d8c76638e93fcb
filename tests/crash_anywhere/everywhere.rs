//! Each client of each of a hundred small worlds, killed after each step that it makes.

use crate::scene::Scene;
use kit::{A, B};
use sixfold::sim::Bookkeeping;

/// Kills `victim` after every step that it makes in each scene; tells what all the runs came to.
pub(crate) fn kill_everywhere(name: &str, victim: u64, scenes: impl Iterator<Item = Scene>) -> Total {
    let mut total = Total::default();
    for scene in scenes {
        for step in scene.steps(victim) {
            let kills = [(victim, step)];
            let run = scene.run(&kills);
            run.check(&scene, &kills);
            assert_eq!((run.report.kills, run.report.restarts), (1, 1), "{scene:?} {kills:?}");
            total.deaths += 1;
            total.vanished += scene.messages - run.report.committed;
            total.again += run.report.shown_again;
            total.torn += run.report.torn;
            total.undone += run.report.undone;
        }
        total.worlds += 1;
    }
    eprintln!("{name}: {total:?}");
    assert!(total.vanished > 0, "no death came before a send was committed");
    total
}

/// What many runs came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Total {
    pub(crate) worlds: u64,
    pub(crate) deaths: u64,
    /// Sends that died before they were committed, or were torn off the store.
    pub(crate) vanished: u64,
    pub(crate) again: u64,
    pub(crate) torn: u64,
    pub(crate) undone: u64,
}

fn transactional(seeds: core::ops::Range<u64>) -> impl Iterator<Item = Scene> {
    seeds.map(Scene::new)
}

fn after_the_fact(seeds: core::ops::Range<u64>) -> impl Iterator<Item = Scene> {
    seeds.map(|seed| Scene::new(seed).bookkeeping(Bookkeeping::AfterTheFact))
}

#[test]
fn a_sender_that_dies_after_any_step_loses_nothing_it_committed_part_1() {
    kill_everywhere("sender, 1", A, transactional(0..25));
}

#[test]
fn a_sender_that_dies_after_any_step_loses_nothing_it_committed_part_2() {
    kill_everywhere("sender, 2", A, transactional(25..50));
}

#[test]
fn a_receiver_that_dies_after_any_step_handles_everything_once_part_1() {
    kill_everywhere("receiver, 1", B, transactional(50..75));
}

#[test]
fn a_receiver_that_dies_after_any_step_handles_everything_once_part_2() {
    kill_everywhere("receiver, 2", B, transactional(75..100));
}

#[test]
fn a_receiver_that_handles_after_the_fact_handles_everything_at_least_once() {
    kill_everywhere("receiver, after the fact", B, after_the_fact(100..125));
}
