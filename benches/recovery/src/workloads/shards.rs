//! Nothing is lost, and the server takes longer for one half of the conversations than for the other.

use std::time::Duration;

use crate::cell::Cell;
use crate::figures::Figures;
use crate::settings;
use crate::tally::Tally;
use crate::workloads::{INTERVAL, PATIENCE, send_evenly};
use crate::world::{Setup, World};

const SEEDS: u64 = 3;
const MESSAGES: u64 = 5_000;
/// Messages after which the client should know the path.
const FIRST: usize = 1_000;
const CONVERSATIONS: u64 = 10;
/// One way: msg:A comes 20 ms after msg:R, and from the slow half after 120 ms.
const LATENCY: Duration = Duration::from_millis(10);
const SLOWER: Duration = Duration::from_millis(100);

pub(super) fn measure(cell: &Cell) -> Figures {
    let (mut all, mut later) = (Tally::default(), Tally::default());
    for seed in 1..=SEEDS {
        let setup = Setup::new(settings::config(cell.preset, cell.window), seed);
        let setup = Setup { recipients: CONVERSATIONS, latency: LATENCY, slow_half: SLOWER, ..setup };
        let mut world = World::new(&setup);
        send_evenly(&mut world, MESSAGES, INTERVAL, CONVERSATIONS);
        world.settle_until(world.now() + PATIENCE);
        all.pool(world.log().tally(0));
        later.pool(world.log().tally(FIRST));
    }
    let mut figures = Figures::default();
    let percent = |count: u64, messages: u64| 100.0 * count as f64 / (SEEDS * messages) as f64;
    let first = FIRST as u64;
    for (when, of_all, of_later) in
        [("before", all.before.needless, later.before.needless), ("after", all.after.needless, later.after.needless)]
    {
        figures.set(format!("first {when}"), percent(of_all - of_later, first));
        figures.set(format!("later {when}"), percent(of_later, MESSAGES - first));
    }
    figures
}
