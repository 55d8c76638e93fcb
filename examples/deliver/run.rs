//! One run: three sockets, three threads, and the main thread that watches them and shows how far they are.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use crate::clock::Clock;
use crate::control::Control;
use crate::count::Count;
use crate::failure::Failure;
use crate::input::Input;
use crate::log::Log;
use crate::node::Node;
use crate::options::Options;
use crate::output::Output;
use crate::port::{Place, Port};
use crate::progress::Progress;
use crate::report::Report;
use crate::seeds::{Seeds, Use};
use crate::tuning::{config, faults};
use crate::{receiver, sender, server};

/// Delivers the input and tells what happened, also when it was stopped half-way.
pub(crate) fn run(options: &Options, input: &Input, seeds: Seeds, control: &Control) -> Result<Report, Failure> {
    let output = Output::open(options, input)?;
    let log = Log::create(options)?;
    let (a, a_address) = bind(Place::A)?;
    let (s, s_address) = bind(Place::Server)?;
    let (b, b_address) = bind(Place::B)?;
    let (config, faults, clock) = (config(options, input.average()), faults(options), Clock::start());

    let port = Port::new(Place::A, a, options.trace, log.clone())?;
    let port = port.lane(Place::Server, s_address, faults.clone(), seeds.link(Use::SenderToServer));
    let a = Node::new(Place::A, config.clone(), seeds.client(Use::SenderClient), port, clock)?;

    let port = Port::new(Place::B, b, options.trace, log.clone())?;
    let port = port.lane(Place::Server, s_address, faults.clone(), seeds.link(Use::ReceiverToServer));
    let b = Node::new(Place::B, config, seeds.client(Use::ReceiverClient), port, clock)?;

    let port = Port::new(Place::Server, s, options.trace, log.clone())?;
    let port = port.lane(Place::A, a_address, faults.clone(), seeds.link(Use::ServerToSender));
    let port = port.lane(Place::B, b_address, faults, seeds.link(Use::ServerToReceiver));

    thread::scope(|scope| {
        let server = scope.spawn(|| control.supervise(|| server::run(port, options, clock, control, &log)));
        let receiver = scope.spawn(|| control.supervise(|| receiver::run(b, output, control)));
        let sender = scope.spawn(|| control.supervise(|| sender::run(a, input, control)));

        let messages = input.lines().count() as u64;
        let mut progress = Progress::new(options, messages);
        while !(sender.is_finished() && receiver.is_finished()) {
            progress.update(control.count(messages), clock.elapsed());
            if options.timeout.is_some_and(|timeout| clock.elapsed() >= timeout) {
                control.stop();
            }
            thread::park_timeout(REDRAW);
        }
        let took = clock.elapsed();
        progress.finish();
        control.clients_are_done();
        let (sent, received, served) = (join(sender, Place::A), join(receiver, Place::B), join(server, Place::Server));
        let (sent, received, served) = (sent?, received?, served?);
        let count = Count { messages, sent: sent.stats.sent, delivered: sent.delivered.len() as u64 };
        Ok(Report { count, sent, received, served, took, seed: seeds.number() })
    })
}

fn bind(place: Place) -> Result<(UdpSocket, SocketAddr), Failure> {
    let socket = |source| Failure::Socket { place, source };
    let bound = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(socket)?;
    let address = bound.local_addr().map_err(socket)?;
    Ok((bound, address))
}

fn join<T>(thread: ScopedJoinHandle<'_, Result<T, Failure>>, place: Place) -> Result<T, Failure> {
    thread.join().unwrap_or(Err(Failure::Panicked(place)))
}

/// How often progress is shown and the timeout looked at.
const REDRAW: Duration = Duration::from_millis(50);
