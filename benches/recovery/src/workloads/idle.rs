//! A client that is connected and has nothing to do: its messages are accepted, and their recipients are away.

use std::time::Duration;

use crate::cell::{Case, Cell};
use crate::figures::Figures;
use crate::settings::{self, Preset};
use crate::workloads::{send_evenly, transmissions_since, until_slowest};
use crate::world::{Setup, World};

const MESSAGES: u64 = 1_000;
const INTERVAL: Duration = Duration::from_millis(500);
/// What belongs to a reconnect has happened by then.
const MINUTE: Duration = Duration::from_secs(60);

/// How many worlds are measured, and how many minutes of the hour. Datagram settings repeat thousands of frames a second.
fn size(preset: Preset) -> (u64, u32) {
    match preset {
        Preset::Default => (5, 60),
        Preset::Datagram => (1, 1),
    }
}

pub(super) fn measure(cell: &Cell) -> Figures {
    let recipients = if let Case::Peers(peers) = cell.case { peers } else { 1 };
    let (seeds, minutes) = size(cell.preset);
    let (mut wake_ups, mut hour, mut reconnect) = (0, (0, 0), (0, 0));
    for seed in 1..=seeds {
        let setup = Setup::new(settings::config(cell.preset, cell.window), seed);
        let mut world = World::new(&Setup { recipients, are_online: false, ..setup });
        send_evenly(&mut world, MESSAGES, INTERVAL, recipients);
        world.run_until(world.now() + until_slowest(cell.preset));
        let before = world.wake_ups();
        add(&mut hour, spent(&mut world, MINUTE * minutes));
        wake_ups += world.wake_ups() - before;
        world.reconnect();
        add(&mut reconnect, spent(&mut world, MINUTE));
    }
    let mut figures = Figures::default();
    let mean = |count: u64| count as f64 / seeds as f64;
    let an_hour = |count: u64| mean(count) * 60.0 / f64::from(minutes);
    figures.set("wake-ups", an_hour(wake_ups));
    figures.set("whole", an_hour(hour.0));
    figures.set("questions", an_hour(hour.1));
    figures.set("reconnect whole", mean(reconnect.0));
    figures.set("reconnect questions", mean(reconnect.1));
    figures
}

/// The transmissions of msg:R within a time from now.
fn spent(world: &mut World, time: Duration) -> (u64, u64) {
    let start = world.now();
    world.run_until(start + time);
    transmissions_since(world, start)
}

fn add(sum: &mut (u64, u64), other: (u64, u64)) {
    *sum = (sum.0 + other.0, sum.1 + other.1);
}
