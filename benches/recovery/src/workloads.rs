//! What the clients are made to do, one file each.
//!
//! Each measures a cell: it runs some worlds that differ in their seed alone, and pools what it finds.

mod forgotten;
mod idle;
mod shards;
mod slow;
mod streams;
mod stuck;

use std::time::Duration;

use sixfold::Time;

use crate::cell::{Cell, Workload};
use crate::figures::Figures;
use crate::settings::Preset;
use crate::world::World;

/// The figures of a cell.
pub(crate) fn measure(cell: &Cell) -> Figures {
    match cell.workload {
        Workload::Steady => streams::steady(cell),
        Workload::Burst => streams::burst(cell),
        Workload::Many => streams::many(cell),
        Workload::Stuck => stuck::measure(cell),
        Workload::Idle => idle::measure(cell),
        Workload::Shards => shards::measure(cell),
        Workload::Slow => slow::measure(cell),
        Workload::Forgotten => forgotten::measure(cell),
    }
}

/// How far apart the messages of a steady conversation are: 20 a second.
const INTERVAL: Duration = Duration::from_millis(50);
/// How long after the last `send` a world is left to itself at most.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// Sends so many messages, one each interval, to the recipients in turn.
fn send_evenly(world: &mut World, messages: u64, interval: Duration, recipients: u64) {
    for number in 0..messages {
        world.send(1 + number % recipients, None);
        world.run_until(world.now() + interval);
    }
}

/// How long after msg:A the delay between two questions for ack:N has come to its maximum.
fn until_slowest(preset: Preset) -> Duration {
    match preset {
        Preset::Default => Duration::from_secs(6 * 3600),
        Preset::Datagram => Duration::from_secs(10),
    }
}

/// The transmissions of msg:R from a time on: whole ones and questions.
fn transmissions_since(world: &World, since: Time) -> (u64, u64) {
    let copies = world.log().messages().iter().flat_map(|message| &message.copies).filter(|copy| copy.at >= since);
    copies.fold(
        (0, 0),
        |(whole, questions), copy| {
            if copy.is_question { (whole, questions + 1) } else { (whole + 1, questions) }
        },
    )
}
