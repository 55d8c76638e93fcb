//! One message is never answered; its siblings, sent when it has backed off, are lost once each.

use std::time::Duration;

use crate::cell::Cell;
use crate::figures::Figures;
use crate::log::Message;
use crate::percentile::Values;
use crate::settings;
use crate::tally;
use crate::workloads::PATIENCE;
use crate::world::{Fate, Setup, World};

const SEEDS: u64 = 50;
/// How long the one is repeated alone.
const ALONE: Duration = Duration::from_secs(70);
const SIBLINGS: u64 = 30;

/// What befalls the siblings: of each ten, the first transmission of the last three is lost.
fn fate(number: u64) -> Option<Fate> {
    (number % 10 >= 7).then_some(Fate::FirstIsLost)
}

pub(super) fn measure(cell: &Cell) -> Figures {
    let (mut again, mut accepted, mut needless) = (Values::default(), Values::default(), 0);
    for seed in 1..=SEEDS {
        let mut world = World::new(&Setup::new(settings::config(cell.preset, cell.window), seed));
        world.send(1, Some(Fate::AllAreLost));
        world.run_until(world.now() + ALONE);
        (0..SIBLINGS).for_each(|number| world.send(1, fate(number)));
        world.run_while(world.now() + PATIENCE, |world| siblings(world).any(|(_, sibling)| sibling.accepted.is_none()));
        for (number, sibling) in siblings(&world) {
            needless += (1..sibling.copies.len()).filter(|copy| sibling.is_needless(*copy)).count();
            if fate(number).is_some() {
                again.add(tally::seconds(sibling.copies[0].at, sibling.copies.get(1).map(|copy| copy.at)));
                accepted.add(tally::seconds(sibling.sent, sibling.accepted));
            }
        }
    }
    let (again, accepted) = (again.sorted(), accepted.sorted());
    let mut figures = Figures::default();
    let of = |value: Option<f64>| value.unwrap_or(f64::INFINITY);
    figures.set("repeated least", of(again.least()));
    figures.set("repeated p50", of(again.at(500)));
    figures.set("repeated max", of(again.greatest()));
    figures.set("accept p50", of(accepted.at(500)));
    figures.set("accept max", of(accepted.greatest()));
    figures.set("needless", needless as f64 / (SEEDS * SIBLINGS) as f64);
    figures
}

fn siblings(world: &World) -> impl Iterator<Item = (u64, &Message)> {
    (0..).zip(world.log().messages().iter().skip(1))
}
