//! Streams of messages to recipients that are online: *steady*, *burst* and *many*.

use std::time::Duration;

use crate::cell::{Case, Cell};
use crate::figures::Figures;
use crate::settings;
use crate::tally::Tally;
use crate::workloads::{INTERVAL, PATIENCE, send_evenly};
use crate::world::{Setup, World};

/// How many messages each world of *steady* and *many* sends.
const EVENLY: u64 = 2_000;
const AT_ONCE: u64 = 10_000;
const CONVERSATIONS: u64 = 100;
/// When the sender is settled, recipients may still wait for ack:A.
const LAST_FRAMES: Duration = Duration::from_secs(120);

/// One conversation, 20 messages a second.
pub(super) fn steady(cell: &Cell) -> Figures {
    pooled(cell, 20, 1, |world| send_evenly(world, EVENLY, INTERVAL, 1))
}

/// One conversation, ten thousand messages at once.
pub(super) fn burst(cell: &Cell) -> Figures {
    pooled(cell, 5, 1, |world| (0..AT_ONCE).for_each(|_| world.send(1, None)))
}

/// A hundred conversations in turn, 20 messages a second in all.
pub(super) fn many(cell: &Cell) -> Figures {
    pooled(cell, 20, CONVERSATIONS, |world| send_evenly(world, EVENLY, INTERVAL, CONVERSATIONS))
}

fn pooled(cell: &Cell, seeds: u64, recipients: u64, send: impl Fn(&mut World)) -> Figures {
    let mut pool = Tally::default();
    for seed in 1..=seeds {
        let setup = Setup::new(settings::config(cell.preset, cell.window), seed);
        let mut world = World::new(&Setup { recipients, loss: loss(cell.case), ..setup });
        send(&mut world);
        world.settle_until(world.now() + PATIENCE);
        world.run_until(world.now() + LAST_FRAMES);
        let mut tally = world.log().tally(0);
        tally.frames = world.frames();
        pool.pool(tally);
    }
    pool.figures()
}

fn loss(case: Case) -> f64 {
    match case {
        Case::Loss(percent) | Case::Forgets { loss: percent, .. } => f64::from(percent) / 100.0,
        Case::Peers(_) | Case::RoundTrip(_) | Case::Only => 0.0,
    }
}
