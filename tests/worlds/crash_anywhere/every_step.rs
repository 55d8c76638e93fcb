//! Every step: one client of each of 125 small worlds is killed after each of its steps.

use super::scene::Scene;
use kit::{A, B};
use sixfold::sim::Bookkeeping;

/// Kills `victim` after each of its steps in each scene; returns the totals of all runs.
pub(super) fn kill_everywhere(name: &str, victim: u64, scenes: impl Iterator<Item = Scene>) -> Total {
    let mut total = Total::default();
    for scene in scenes {
        for step in scene.steps(victim) {
            let kills = [(victim, step)];
            let run = scene.run(&kills);
            run.check(&scene, &kills);
            assert_eq!((run.report.kills, run.report.restarts), (1, 1), "{scene:?} {kills:?}");
            total.crashes += 1;
            total.vanished += scene.messages - run.report.committed;
            total.again += run.report.shown_again;
            total.torn += run.report.torn;
            total.undone += run.report.undone;
        }
        total.worlds += 1;
    }
    eprintln!("{name}: {total:?}");
    assert!(total.vanished > 0, "no crash came before a send was committed");
    total
}

/// The totals of many runs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Total {
    pub(super) worlds: u64,
    pub(super) crashes: u64,
    /// Sends that were not committed before the crash, or were torn off the journal.
    pub(super) vanished: u64,
    pub(super) again: u64,
    pub(super) torn: u64,
    pub(super) undone: u64,
}

fn transactional(seeds: core::ops::Range<u64>) -> impl Iterator<Item = Scene> {
    seeds.map(Scene::new)
}

fn handled_before_commit(seeds: core::ops::Range<u64>) -> impl Iterator<Item = Scene> {
    seeds.map(|seed| Scene::new(seed).bookkeeping(Bookkeeping::AfterTheFact))
}

#[test]
fn a_sender_killed_after_any_step_loses_no_committed_message_part_1() {
    kill_everywhere("sender, 1", A, transactional(0..25));
}

#[test]
fn a_sender_killed_after_any_step_loses_no_committed_message_part_2() {
    kill_everywhere("sender, 2", A, transactional(25..50));
}

#[test]
fn a_receiver_killed_after_any_step_handles_each_message_once_part_1() {
    kill_everywhere("receiver, 1", B, transactional(50..75));
}

#[test]
fn a_receiver_killed_after_any_step_handles_each_message_once_part_2() {
    kill_everywhere("receiver, 2", B, transactional(75..100));
}

#[test]
fn a_receiver_that_handles_before_it_commits_handles_each_message_at_least_once() {
    kill_everywhere("receiver, handled before commit", B, handled_before_commit(100..125));
}
