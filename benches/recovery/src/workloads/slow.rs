//! The path of the sender becomes slow, and stays so.

use std::time::Duration;

use crate::cell::{Case, Cell};
use crate::figures::Figures;
use crate::settings;
use crate::workloads::{PATIENCE, send_evenly};
use crate::world::{Setup, World};

const SEEDS: u64 = 20;
/// So many messages tell the client how fast the path is.
const BEFORE: u64 = 20;
/// After so many the client should know how slow it has become.
const FIRST: u64 = 10;
const LATER: u64 = 50;
/// A message has long been answered when the next one is sent.
const INTERVAL: Duration = Duration::from_secs(5);

pub(super) fn measure(cell: &Cell) -> Figures {
    let round_trip = if let Case::RoundTrip(millis) = cell.case { millis } else { 0 };
    let (mut first, mut later) = (0, 0);
    for seed in 1..=SEEDS {
        let mut world = World::new(&Setup::new(settings::config(cell.preset, cell.window), seed));
        send_evenly(&mut world, BEFORE, INTERVAL, 1);
        world.set_links(Duration::from_millis(round_trip) / 2, 0.0);
        send_evenly(&mut world, FIRST + LATER, INTERVAL, 1);
        world.settle_until(world.now() + PATIENCE);
        let needless = |from| world.log().tally(from as usize).before.needless;
        first += needless(BEFORE) - needless(BEFORE + FIRST);
        later += needless(BEFORE + FIRST);
    }
    let mut figures = Figures::default();
    figures.set("first", first as f64 / SEEDS as f64);
    figures.set("later", later as f64 / SEEDS as f64);
    figures
}
