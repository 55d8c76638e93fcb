//! A client behind a port: the run loop that every user of the crate writes, here once for A and for B.

use std::time::Duration;

use sixfold::{Client, Config, Event, Incoming, Output, Seed};

use crate::clock::Clock;
use crate::failure::Failure;
use crate::port::{Place, Port, Tally};
use crate::wire::Wire;

/// A client, its socket and the clock.
pub(crate) struct Node {
    pub(crate) client: Client<Wire>,
    port: Port,
    clock: Clock,
}

impl Node {
    /// Makes a client that is connected from the start: UDP knows no connection to wait for.
    pub(crate) fn new(place: Place, config: Config, seed: Seed, port: Port, clock: Clock) -> Result<Self, Failure> {
        let mut client = Client::new(config, seed, clock.now()).map_err(|source| Failure::Config { place, source })?;
        client.handle_connected(clock.now());
        Ok(Self { client, port, clock })
    }

    /// One turn: sends what is to be sent, waits for datagrams or the next deadline, and tells the events.
    pub(crate) fn turn(&mut self) -> Result<Vec<Event<Wire>>, Failure> {
        let mut events = Vec::new();
        self.drain(&mut events)?;
        let wait = if events.is_empty() { self.wait() } else { Duration::ZERO };
        let clock = self.clock;
        for (_, frame) in self.port.receive::<Incoming<Wire>>(wait, || clock.now())? {
            self.client.handle_frame(frame, clock.now());
        }
        self.client.handle_timeout(clock.now());
        self.drain(&mut events)?;
        Ok(events)
    }

    /// Takes everything out of the client: frames go to the link, events to the application.
    fn drain(&mut self, events: &mut Vec<Event<Wire>>) -> Result<(), Failure> {
        let now = self.clock.now();
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Persist(_) => {} // the journal is off
                Output::Transmit(frame) => self.port.send(Place::Server, &frame, now),
                Output::Event(event) => events.push(event),
            }
        }
        self.port.flush(self.clock.now())
    }

    fn wait(&self) -> Duration {
        let deadlines = [self.client.poll_timeout(), self.port.poll_timeout()];
        let now = self.clock.now();
        deadlines.into_iter().flatten().min().map_or(Duration::MAX, |at| at.saturating_duration_since(now))
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    pub(crate) fn close(self) -> Tally {
        self.port.close()
    }
}
