//! The server: the reference relay behind a port, with crashes in which it loses all its memory.

use std::time::Duration;

use sixfold::Outgoing;
use sixfold::sim::{Crash, Relay};

use crate::clock::Clock;
use crate::control::Control;
use crate::failure::Failure;
use crate::log::Log;
use crate::options::Options;
use crate::port::{Port, Tally};
use crate::tuning::{LIFETIME, delays};
use crate::wire::{Peer, Wire};

/// What the server can tell at the end.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) crashes: u64,
    pub(crate) tally: Tally,
}

/// Runs the server until both clients are done or it is told to stop.
pub(crate) fn run(
    mut port: Port,
    options: &Options,
    clock: Clock,
    control: &Control,
    log: &Log,
) -> Result<Served, Failure> {
    let mut relay = Relay::<Wire>::new(LIFETIME, clock.now());
    let [patience, least, longest_wait] = delays(options);
    relay.push_timer(patience, least, longest_wait);
    connect(&mut relay, clock);
    let crash_every = options.crash_server;
    let mut next_crash = crash_every.map(|every| clock.now() + every);
    let mut crashes = 0;
    while !control.is_stopped() && !control.are_clients_done() {
        let now = clock.now();
        while let Some((peer, frame)) = relay.poll_output() {
            port.send(peer.into(), &frame, now)?;
        }
        port.flush(clock.now())?;
        let deadlines = [relay.poll_timeout(), port.poll_timeout(), next_crash];
        let now = clock.now();
        let wait = deadlines.into_iter().flatten().min().map_or(Duration::MAX, |at| at.saturating_duration_since(now));
        for (from, frame) in port.receive::<Outgoing<Wire>>(wait, || clock.now())? {
            if let Some(peer) = from.peer() {
                relay.handle_frame(peer, frame, clock.now());
            }
        }
        relay.handle_timeout(clock.now());
        if let Some((every, at)) = crash_every.zip(next_crash) {
            let now = clock.now();
            if at <= now {
                relay.crash(Crash::LosesAll, now);
                log.forgotten(now)?;
                connect(&mut relay, clock);
                crashes += 1;
                next_crash = Some(now + every);
            }
        }
    }
    Ok(Served { crashes, tally: port.close() })
}

/// Both clients are there from the start and again after each crash: UDP knows no connection that could break.
fn connect(relay: &mut Relay<Wire>, clock: Clock) {
    for peer in [Peer::A, Peer::B] {
        relay.handle_connected(peer, clock.now());
    }
}
