//! The search: depth first, with a fork for each fault that can occur before each step.

use std::collections::BTreeSet;
use std::time::Instant;

use super::world::{Fault, Scenario, World};

/// Explores every placement of up to `faults` faults and prints the counts.
pub(super) fn explore(name: &str, scenario: &Scenario, faults: usize) {
    #[expect(clippy::disallowed_methods, reason = "only printed")]
    let start = Instant::now();
    let mut search = Search::default();
    search.follow(World::new(scenario), faults);
    let Search { runs, merged, steps, seen, .. } = search;
    assert!(runs > 1 || faults == 0);
    println!(
        "{name}, up to {faults} faults: {runs} runs in {steps} steps; with faults to come {} distinct states, {merged} more \
         seen again; {:.1} s",
        seen.len(),
        start.elapsed().as_secs_f64()
    );
}

#[derive(Default)]
struct Search {
    /// The faults so far, each with its step.
    path: Vec<(usize, Fault)>,
    /// The states seen right after a fault, with how many faults may follow.
    seen: BTreeSet<(u64, usize)>,
    runs: u64,
    merged: u64,
    steps: u64,
}

impl Search {
    /// Runs a world to its end and, before each step, every fork of it.
    fn follow(&mut self, mut world: World, faults: usize) {
        loop {
            if faults > 0 {
                for fault in world.faults() {
                    self.fork(&world, fault, faults - 1);
                }
            }
            self.steps += 1;
            match world.step() {
                Ok(true) => {}
                Ok(false) => break,
                Err(law) => self.fail(&law, &world),
            }
        }
        if let Err(law) = world.judge() {
            self.fail(&law, &world);
        }
        self.runs += 1;
    }

    fn fork(&mut self, world: &World, fault: Fault, faults: usize) {
        let mut fork = world.clone();
        self.path.push((world.steps, fault));
        if let Err(law) = fork.inject(fault) {
            self.fail(&law, &fork);
        }
        // After the last fault it is cheaper to run a world than to hash it.
        if faults == 0 || self.seen.insert((fork.digest(), faults)) {
            self.follow(fork, faults);
        } else {
            self.merged += 1;
        }
        self.path.pop();
    }

    fn fail(&self, law: &str, world: &World) -> ! {
        panic!("{law}\nafter the faults {:?}\nin {world:#?}", self.path);
    }
}
