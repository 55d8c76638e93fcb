//! The server loses its memory while a recipient is away: until it has all of the messages again.

use std::time::Duration;

use crate::cell::{Case, Cell};
use crate::figures::Figures;
use crate::percentile::Values;
use crate::settings::{self, LATENCY};
use crate::tally;
use crate::workloads::{send_evenly, transmissions_since, until_slowest};
use crate::world::{Setup, World};

const SEEDS: u64 = 9;
const MESSAGES: u64 = 1_000;
const INTERVAL: Duration = Duration::from_millis(100);
/// What is not there again by then never is.
const DAYS: Duration = Duration::from_secs(2 * 24 * 3600);

pub(super) fn measure(cell: &Cell) -> Figures {
    let (loss, reconnects) = match cell.case {
        Case::Forgets { loss, reconnects } => (f64::from(loss) / 100.0, reconnects),
        Case::Loss(_) | Case::Peers(_) | Case::RoundTrip(_) | Case::Only => (0.0, false),
    };
    let (mut times, mut whole, mut questions) = (Values::default(), 0, 0);
    for seed in 1..=SEEDS {
        let setup = Setup::new(settings::config(cell.preset, cell.window), seed);
        let mut world = World::new(&Setup { are_online: false, ..setup });
        send_evenly(&mut world, MESSAGES, INTERVAL, 1);
        world.run_until(world.now() + until_slowest(cell.preset));
        world.set_links(LATENCY, loss);
        world.forget();
        if reconnects {
            world.reconnect();
        }
        let (start, all) = (world.now(), world.log().messages().len());
        world.run_while(start + DAYS, |world| world.remembered() < all);
        let end = (world.remembered() == all).then_some(world.now());
        times.add(tally::seconds(start, end));
        let sent = transmissions_since(&world, start);
        (whole, questions) = (whole + sent.0, questions + sent.1);
    }
    let times = times.sorted();
    let of = |value: Option<f64>| value.unwrap_or(f64::INFINITY);
    let mut figures = Figures::default();
    figures.set("seconds p50", of(times.at(500)));
    figures.set("seconds max", of(times.greatest()));
    figures.set("whole", whole as f64 / SEEDS as f64);
    figures.set("questions", questions as f64 / SEEDS as f64);
    figures
}
