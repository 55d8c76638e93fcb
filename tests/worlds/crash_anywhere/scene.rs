//! Small seeded worlds of durable clients with faults: how one is run, and what must hold after it.

use std::ops::RangeInclusive;
use std::time::Duration;

use kit::*;
use sixfold::Config;
use sixfold::sim::{Bookkeeping, Chaos, CrashReport, LinkConfig, Restarts, World};

/// One small world: the seed decides its links, its faults and its messages.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) seed: u64,
    pub(super) clients: u64,
    pub(super) messages: u64,
    pub(super) bookkeeping: Bookkeeping,
    pub(super) config: Config,
    pub(super) restarts: Restarts,
    /// Whether order is not expected: the config does not ask for it, or a sender forgets messages in flight.
    pub(super) unordered: bool,
}

/// The result of one run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) world: World<Test>,
    pub(super) report: CrashReport,
}

impl Scene {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            clients: 2 + seed % 2,
            messages: 6 + seed % 7,
            bookkeeping: Bookkeeping::Transactional,
            config: Config::default().order(in_order_for_ever()).max_attempts(None),
            restarts: Restarts::default().after(600 * MS),
            unordered: false,
        }
    }

    pub(super) fn bookkeeping(mut self, bookkeeping: Bookkeeping) -> Self {
        self.bookkeeping = bookkeeping;
        self
    }

    pub(super) fn restarts(mut self, restarts: Restarts) -> Self {
        self.restarts = restarts;
        self
    }

    pub(super) fn unordered(mut self) -> Self {
        self.unordered = true;
        self
    }

    pub(super) fn config(mut self, change: impl FnOnce(Config) -> Config) -> Self {
        self.config = change(self.config);
        self
    }

    /// Runs to the end; kills each of these clients after that step.
    pub(super) fn run(&self, kills: &[(u64, u64)]) -> Run {
        let mut world = self.world();
        for (peer, step) in kills {
            world.kill_at(peer, *step);
        }
        self.play(&mut world);
        let report = world.crash_report();
        Run { world, report }
    }

    /// Returns the steps of a client in the run without crashes, those before the first send aside.
    pub(super) fn steps(&self, peer: u64) -> RangeInclusive<u64> {
        let run = self.run(&[]);
        run.check(self, &[]);
        self.world().steps(&peer) + 1..=run.world.steps(&peer)
    }

    /// Runs until this client is killed after that step.
    pub(super) fn run_to_crash(&self, peer: u64, step: u64) -> World<Test> {
        let mut world = self.world();
        world.set_restarts(&peer, Restarts::default().after(DAY));
        world.kill_at(&peer, step);
        self.talk(&mut world, |world| world.is_alive(&peer));
        while world.is_alive(&peer) && world.step() {}
        world
    }

    fn world(&self) -> World<Test> {
        let share = |bits: u64| (self.seed >> bits) as f64 % 4.0 / 10.0;
        let up = LinkConfig::default().latency(20 * MS).jitter(10 * MS).loss(share(1)).duplicate(share(3));
        let down = LinkConfig::default().latency(20 * MS).loss(share(2)).duplicate(share(1)).reorder(share(4), 60 * MS);
        let mut world = World::new(self.seed).links(up, down).reconnect_after(300 * MS);
        for peer in 1..=self.clients {
            world.add_durable_client(peer, self.config.clone(), self.bookkeeping).unwrap();
            world.set_restarts(&peer, self.restarts.clone());
        }
        world.chaos(Chaos::default().disconnects(4 * SECOND).relay_crashes(3 * SECOND, 0.5));
        world
    }

    /// Sends all messages; then the network heals.
    fn play(&self, world: &mut World<Test>) {
        self.talk(world, |_| true);
        world.run_for(3 * SECOND);
        world.chaos(Chaos::default());
        let settled = world.run_until_settled(2 * HOUR);
        assert!(settled, "{self:?} did not settle: {:?}", world.crash_report());
    }

    /// Sends all messages; a client that is down sends when it has restarted.
    fn talk(&self, world: &mut World<Test>, goes_on: impl Fn(&World<Test>) -> bool) {
        let mut waiting: Vec<(u64, u64, u64)> = Vec::new();
        let mut n = 0;
        while goes_on(world) && (n < self.messages || !waiting.is_empty()) {
            if n < self.messages {
                let (from, to) = self.pair(n);
                waiting.push((from, to, n));
                n += 1;
            }
            let mut stays = Vec::new();
            for (from, to, payload) in waiting {
                if world.is_alive(&from) {
                    world.send(&from, &to, payload).unwrap();
                } else {
                    stays.push((from, to, payload));
                }
            }
            waiting = stays;
            world.run_for(Duration::from_millis(20 + 90 * (self.seed + n) % 400));
        }
    }

    /// Returns sender and recipient of message `n`: mostly A and B, some the other way and to a third client.
    fn pair(&self, n: u64) -> (u64, u64) {
        match (self.seed / 2 + n) % 5 {
            0 => (B, A),
            1 if self.clients > 2 => (A, 3),
            2 if self.clients > 2 => (3, B),
            _ => (A, B),
        }
    }
}

impl Run {
    /// Checks that no message is lost, handled twice or out of order, and that no event is false.
    pub(super) fn check(&self, scene: &Scene, kills: &[(u64, u64)]) {
        let CrashReport { lost, forgotten, handled_twice, disordered, ids_reused, .. } = self.report;
        let context = || format!("{scene:?}\nkilled after {kills:?}\n{:?}\n{:?}", self.report, self.world.report());
        assert_eq!((lost, forgotten), (0, 0), "L7, L10: lost: {}", context());
        assert_eq!(handled_twice, 0, "L5, L7: handled twice: {}", context());
        assert_eq!(ids_reused, 0, "section 2: ids reused: {}", context());
        assert!(disordered == 0 || scene.unordered, "L10: out of order: {}", context());
        let CrashReport { committed, known_delivered, misplaced, sunken, unwritten, .. } = self.report;
        assert_eq!(known_delivered, committed, "L6, L10: delivered, and the sender knows: {}", context());
        assert_eq!((misplaced, sunken), (0, 0), "L6: moved back: {}", context());
        assert_eq!(unwritten, 0, "L7: not written first: {}", context());
        let report = self.world.report();
        assert_eq!((report.twice, report.untrue, report.forged), (0, 0, 0), "L5, L6: {}", context());
        assert!(report.late + report.out_of_order == 0 || scene.unordered, "L10: flagged late: {}", context());
        let again = self.report.shown_again;
        assert!(again == 0 || scene.bookkeeping == Bookkeeping::AfterTheFact, "L5: handled again: {}", context());
    }
}
