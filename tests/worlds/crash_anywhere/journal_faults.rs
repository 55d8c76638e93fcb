//! Journal faults: a torn, old, repeated or compacted journal loses at most the records that are missing from it.

use super::every_step::kill_everywhere;
use super::scene::Scene;
use kit::*;
use sixfold::sim::{Bookkeeping, LinkConfig, Restarts, World};
use sixfold::{Client, Config, Record, Status};

fn scenes(seeds: core::ops::Range<u64>, restarts: Restarts) -> impl Iterator<Item = Scene> {
    seeds.map(move |seed| Scene::new(seed).restarts(restarts.clone()))
}

fn quick_restarts() -> Restarts {
    Restarts::default().after(600 * MS)
}

#[test]
fn a_torn_last_record_loses_only_that_record() {
    let total = kill_everywhere("torn, sender", A, scenes(200..206, quick_restarts().torn(1)));
    assert!(total.torn > 0);
    let total = kill_everywhere("torn, receiver", B, scenes(206..212, quick_restarts().torn(1)));
    assert!(total.undone > 0, "no handled message was undone");
}

#[test]
fn an_old_backup_reuses_no_id_and_blocks_no_message() {
    for records in [4, 12, usize::MAX] {
        let sender = scenes(220..224, quick_restarts().torn(records));
        assert!(kill_everywhere("backup, sender", A, sender).torn > 0);
        assert!(kill_everywhere("backup, receiver", B, scenes(224..228, quick_restarts().torn(records))).undone > 0);
    }
}

#[test]
fn records_applied_twice_have_the_effect_of_one() {
    for records in [1, 5, usize::MAX] {
        kill_everywhere("twice, sender", A, scenes(230..234, quick_restarts().repeated(records)));
        kill_everywhere("twice, receiver", B, scenes(234..238, quick_restarts().repeated(records)));
    }
}

#[test]
fn two_restores_in_a_row_have_the_effect_of_one() {
    kill_everywhere("two restores, sender", A, scenes(240..245, quick_restarts().restores(2)));
    kill_everywhere("two restores, receiver", B, scenes(245..250, quick_restarts().restores(2)));
}

#[test]
fn a_journal_compacted_at_each_start_or_every_few_commits_restores_the_same() {
    kill_everywhere("compacted at start, sender", A, scenes(250..254, quick_restarts().compacts(true)));
    kill_everywhere("compacted at start, receiver", B, scenes(254..258, quick_restarts().compacts(true)));
    for commits in [1, 3] {
        kill_everywhere(
            "compacted while running, sender",
            A,
            scenes(258..261, quick_restarts().compacts_every(commits)),
        );
        kill_everywhere(
            "compacted while running, receiver",
            B,
            scenes(261..264, quick_restarts().compacts_every(commits)),
        );
    }
}

#[test]
fn a_snapshot_restores_the_same_client_as_the_journal() {
    for number in 270..290 {
        let scene = Scene::new(number);
        for victim in [A, B] {
            for step in scene.steps(victim).step_by(7) {
                let world = scene.run_to_crash(victim, step);
                let journal: Vec<_> = world.journal(&victim).cloned().collect();
                let restore = |records: &[Record<Test>], byte: u8| -> Client<Test> {
                    let config = scene.config.clone().journal(true);
                    Client::restore(config, seed(byte), records.to_vec(), world.now()).unwrap()
                };
                let first = restore(&journal, 1);
                let snapshot: Vec<_> = first.records().collect();
                let second = restore(&snapshot, 2);
                assert_eq!(second.records().collect::<Vec<_>>(), snapshot, "{scene:?} {victim} {step}");
                assert!(first.outbox().eq(second.outbox()), "{scene:?} {victim} {step}");
                let overlapping: Vec<_> = snapshot.iter().chain(&journal).cloned().collect();
                assert!(first.outbox().eq(restore(&overlapping, 3).outbox()), "{scene:?} {victim} {step}");
            }
        }
    }
}

/// A perfect network; B is killed at each step from handing over to confirming.
#[test]
fn a_client_killed_between_handling_and_confirming_handles_the_message_once_more() {
    let mut world = World::<Test>::new(1).links(LinkConfig::default(), LinkConfig::default());
    for peer in [A, B] {
        world.add_durable_client(peer, Config::default(), Bookkeeping::AfterTheFact).unwrap();
    }
    let before = world.steps(&B);
    world.send(&A, &B, 7).unwrap();
    assert!(world.run_until_settled(MINUTE));
    assert_eq!((world.crash_report().shown_again, world.report().delivered), (0, 1));
    let steps = world.steps(&B) - before;

    // Step 1 hands the message over, step 2 handles it: a crash from there to the commit makes it handled once more.
    let mut handled = Vec::new();
    for step in 1..=steps {
        let mut world = World::<Test>::new(1).links(LinkConfig::default(), LinkConfig::default());
        for peer in [A, B] {
            world.add_durable_client(peer, Config::default(), Bookkeeping::AfterTheFact).unwrap();
        }
        world.kill_at(&B, before + step);
        let id = world.send(&A, &B, 7).unwrap();
        assert!(world.run_until_settled(MINUTE));
        let report = world.crash_report();
        assert_eq!((report.kills, report.handled_twice, report.known_delivered), (1, 0, 1), "step {step}");
        assert_eq!(world.client(&A).status(id), None::<Status>);
        handled.push(1 + report.shown_again);
    }
    assert_eq!(handled[..2], [1, 2], "{handled:?}");
    let confirmed = handled[1..].iter().position(|times| *times == 1).expect("a crash after the commit") + 1;
    assert!(handled[1..confirmed].iter().all(|times| *times == 2), "{handled:?}");
    assert!(handled[confirmed..].iter().all(|times| *times == 1), "{handled:?}");
}

const MINUTE: core::time::Duration = core::time::Duration::from_secs(60);
