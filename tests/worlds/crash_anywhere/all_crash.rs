//! All crash in one run: each client several times at random steps, and the server repeatedly.

use super::scene::Scene;
use kit::*;
use sixfold::Order;
use sixfold::sim::{Bookkeeping, CrashReport, Restarts};

/// A linear congruential generator, for the steps to crash after.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Runs each scene `times` times, with one to four crashes of each client.
fn kill_together(name: &str, scenes: impl Iterator<Item = Scene>, times: u64) {
    let (mut worlds, mut runs, mut crashes) = (0, 0, 0);
    for scene in scenes {
        let mut numbers = Numbers(scene.seed);
        for _ in 0..times {
            let mut kills = Vec::new();
            for peer in 1..=scene.clients {
                for _ in 0..=numbers.below(4) {
                    kills.push((peer, 10 + numbers.below(150)));
                }
            }
            let run = scene.run(&kills);
            run.check(&scene, &kills);
            let CrashReport { kills, restarts, .. } = run.report;
            assert_eq!(kills, restarts);
            crashes += kills;
            runs += 1;
        }
        worlds += 1;
    }
    eprintln!("{name}: {worlds} worlds, {runs} runs, {crashes} crashes");
    assert!(crashes > 2 * runs);
}

#[test]
fn clients_and_server_all_crash_in_one_run() {
    kill_together("together", (300..350).map(Scene::new), 10);
}

#[test]
fn all_crash_and_applications_handle_before_they_commit() {
    kill_together(
        "together, handled before commit",
        (350..380).map(|n| Scene::new(n).bookkeeping(Bookkeeping::AfterTheFact)),
        10,
    );
}

#[test]
fn all_crash_and_each_start_compacts_and_applies_records_twice() {
    let restarts = Restarts::default().after(300 * MS).compacts(true).repeated(4).restores(2);
    kill_together("together, compacted", (380..410).map(|n| Scene::new(n).restarts(restarts.clone())), 10);
}

#[test]
fn all_crash_with_bounded_holds_or_without_order() {
    let bounded =
        |n| Scene::new(n).unordered().config(|config| config.order(Order::InOrder { max_hold: Some(SECOND) }));
    kill_together("together, bounded holds", (410..430).map(bounded), 10);
    let as_arrived = |n| Scene::new(n).unordered().config(|config| config.order(Order::AsArrived));
    kill_together("together, as arrived", (430..450).map(as_arrived), 10);
}

/// When both ends have lost different records, a retransmitted message may arrive after a later one.
#[test]
fn all_crash_and_restart_from_old_backups() {
    let restarts = Restarts::default().after(300 * MS).torn(5);
    kill_together("together, backups", (450..480).map(|n| Scene::new(n).restarts(restarts.clone()).unordered()), 10);
}
