//! A client behind a port: the run loop that every user of the crate writes, here once for A and for B.

use std::time::Duration;

use sixfold::{Client, Config, Event, Incoming, Output, Seed, Time};

use crate::clock::Clock;
use crate::failure::Failure;
use crate::port::{Place, Port, Tally};
use crate::wire::Wire;

/// A client, its socket and the clock.
pub(crate) struct Node {
    pub(crate) client: Client<Wire>,
    port: Port,
    clock: Clock,
    now: Time,
}

impl Node {
    /// Makes a client that is connected from the start: UDP knows no connection to wait for.
    pub(crate) fn new(place: Place, config: Config, seed: Seed, port: Port, clock: Clock) -> Result<Self, Failure> {
        let now = clock.now();
        let mut client = Client::new(config, seed, now).map_err(|source| Failure::Config { place, source })?;
        client.handle_connected(now);
        Ok(Self { client, port, clock, now })
    }

    /// One turn: sends what is to be sent, waits for datagrams or the next deadline, and tells the events.
    pub(crate) fn turn(&mut self) -> Result<Vec<Event<Wire>>, Failure> {
        let mut events = Vec::new();
        self.drain(&mut events)?;
        let wait = if events.is_empty() { self.wait() } else { Duration::ZERO };
        let clock = self.clock;
        let frames = self.port.receive::<Incoming<Wire>>(wait, || clock.now())?;
        let now = self.tick();
        for (_, frame) in frames {
            self.client.handle_frame(frame, now);
        }
        self.client.handle_timeout(now);
        self.drain(&mut events)?;
        Ok(events)
    }

    /// Looks at the clock. The client is told no other time until the next look, and what it sends bears this time.
    pub(crate) fn tick(&mut self) -> Time {
        self.now = self.clock.now();
        self.now
    }

    /// Takes everything out of the client: frames go to the link, events to the application.
    fn drain(&mut self, events: &mut Vec<Event<Wire>>) -> Result<(), Failure> {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Persist(_) => {} // the journal is off
                Output::Transmit(frame) => self.port.send(Place::Server, &frame, self.now)?,
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
