//! A log to try the program on.

use std::time::Duration;

use sixfold::sim::check::{Entry, View};
use sixfold::sim::{LinkConfig, World};
use sixfold::{Config, ConfigError, Types};

/// A deployment of the simulation: its server counts its ids.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Simulated;

impl Types for Simulated {
    type Peer = String;
    type Payload = String;
    type ServerId = u64;
}

/// Two clients exchange some messages over links that lose a third of all frames.
pub(super) fn log(view: View) -> Result<Vec<Entry<Simulated>>, ConfigError> {
    let lossy = LinkConfig::default().latency(Duration::from_millis(20)).loss(0.3);
    let mut world = World::<Simulated>::new(1).links(lossy.clone(), lossy).record_trace(true);
    let names = ["alice".to_owned(), "bob".to_owned()];
    for name in &names {
        world.add_client(name.clone(), Config::default())?;
    }
    for n in 0..10 {
        let [from, to] = [&names[n % 2], &names[(n + 1) % 2]];
        // The outbox holds thousands.
        let _ = world.send(from, to, format!("message {n}"));
    }
    world.run_until_settled(Duration::from_secs(3600));
    Ok(world.trace().iter().filter_map(|entry| Entry::from_trace(entry, view)).collect())
}
