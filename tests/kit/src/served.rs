//! A client and the server at the other end of its connection, on one clock. The test says what the server does with
//! each msg:R; a frame of the server takes its delay to arrive, or is lost with the connection.

mod replies;

use std::collections::BTreeMap;
use std::time::Duration;

use sixfold::{Event, Incoming, MsgId, Outgoing, Output, Record, Time};

use crate::{Rig, Test, id};

pub use replies::*;

/// A msg:R that the client transmitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The time since the start.
    pub at: Duration,
    pub id: MsgId,
    pub to: u64,
    pub floor: u64,
    /// With its payload: no question.
    pub is_whole: bool,
    /// The first msg:R of this message.
    pub is_first: bool,
    /// The number of the connection, from 1.
    pub connection: usize,
}

/// What the server does with a msg:R.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Nothing: it did not get the frame, or drops it.
    Nothing,
    /// These frames arrive at the client after this delay.
    After(Duration, Vec<Incoming<Test>>),
    /// Each of these frames arrives after its own delay.
    Each(Vec<(Duration, Incoming<Test>)>),
    /// The client sees the end of the connection after this delay. What it transmits from now on is not read.
    Closes(Duration),
}

/// How the client's driver treats the connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Driver {
    /// The time between the end of a connection and the next one. `None`: the test connects.
    pub reconnects_after: Option<Duration>,
    /// `SuspectConnection` ends the connection.
    pub obeys_suspicion: bool,
    /// A frame without effect arrives at these intervals: the connection is heard.
    pub hears_every: Option<Duration>,
}

#[derive(Clone, Debug)]
enum Arrival {
    Frame(Incoming<Test>),
    End,
    Connect,
    Noise,
}

#[derive(Debug)]
pub struct Served {
    pub rig: Rig,
    pub driver: Driver,
    /// Every msg:R so far, in order.
    pub sent: Vec<Sent>,
    /// Every event so far, in order, with the time since the start.
    pub events: Vec<(Duration, Event<Test>)>,
    pub records: Vec<Record<Test>>,
    /// How many deadlines of the client have fired.
    pub wakes: usize,
    /// How many of them brought no output.
    pub idle_wakes: usize,
    /// How many connections there were.
    pub connections: usize,
    firsts: BTreeMap<MsgId, Duration>,
    /// By time of arrival, then in order.
    arrivals: BTreeMap<(Time, u64), Arrival>,
    arrivals_so_far: u64,
    is_connected: bool,
    is_read: bool,
    start: Time,
}

impl Served {
    /// Takes a connected client.
    pub fn new(rig: Rig) -> Self {
        Self::with(rig, Driver::default())
    }

    /// Takes a connected client.
    pub fn with(rig: Rig, driver: Driver) -> Self {
        let start = rig.now;
        let mut served = Self {
            rig,
            driver,
            sent: Vec::new(),
            events: Vec::new(),
            records: Vec::new(),
            wakes: 0,
            idle_wakes: 0,
            connections: 1,
            firsts: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            arrivals_so_far: 0,
            is_connected: true,
            is_read: true,
            start,
        };
        if let Some(interval) = driver.hears_every {
            served.arrive(interval, Arrival::Noise);
        }
        served
    }

    /// Returns the time since the start.
    pub fn at(&self) -> Duration {
        self.rig.now.saturating_duration_since(self.start)
    }

    /// Returns when a message left for the first time.
    pub fn first(&self, id: MsgId) -> Option<Duration> {
        self.firsts.get(&id).copied()
    }

    /// Returns how often a message was transmitted.
    pub fn copies(&self, id: MsgId) -> usize {
        self.sent.iter().filter(|sent| sent.id == id).count()
    }

    /// Returns the events for which `pick` returns something.
    pub fn picked<E>(&self, pick: impl Fn(&Event<Test>) -> Option<E>) -> Vec<E> {
        self.events.iter().filter_map(|(_, event)| pick(event)).collect()
    }

    pub fn failed(&self) -> Vec<MsgId> {
        self.picked(|event| match event {
            Event::Failed { id, .. } => Some(*id),
            _ => None,
        })
    }

    pub fn delivered(&self) -> usize {
        self.events.iter().filter(|(_, event)| matches!(event, Event::Delivered { .. })).count()
    }

    pub fn suspicions(&self) -> usize {
        self.events.iter().filter(|(_, event)| matches!(event, Event::SuspectConnection { .. })).count()
    }

    /// Ends the connection; what is on its way to the client is lost.
    pub fn cut(&mut self) {
        self.arrivals.retain(|_, arrival| matches!(arrival, Arrival::Noise | Arrival::Connect));
        self.rig.client.handle_disconnected(self.rig.now);
        self.is_connected = false;
        if let Some(delay) = self.driver.reconnects_after {
            self.arrive(delay, Arrival::Connect);
        }
        self.collect(&mut |_| Reply::Nothing);
    }

    pub fn connect(&mut self) {
        (self.is_connected, self.is_read) = (true, true);
        self.connections += 1;
        self.rig.client.handle_connected(self.rig.now);
    }

    /// Lets time pass, from deadline to deadline and from frame to frame.
    pub fn run(&mut self, duration: Duration, mut server: impl FnMut(&Sent) -> Reply) {
        let end = self.rig.now + duration;
        self.run_until(end, &mut |_| false, &mut server);
        self.rig.now = end;
    }

    /// As [`run`](Self::run), until `done`. Returns whether that came about in time.
    pub fn run_while(
        &mut self,
        at_most: Duration,
        mut done: impl FnMut(&Self) -> bool,
        mut server: impl FnMut(&Sent) -> Reply,
    ) -> bool {
        let end = self.rig.now + at_most;
        let is_done = self.run_until(end, &mut done, &mut server);
        if !is_done {
            self.rig.now = end;
        }
        is_done
    }

    fn run_until(
        &mut self,
        end: Time,
        done: &mut dyn FnMut(&Self) -> bool,
        server: &mut dyn FnMut(&Sent) -> Reply,
    ) -> bool {
        loop {
            self.collect(server);
            if done(self) {
                return true;
            }
            let arrival = self.arrivals.first_key_value().map(|((at, _), _)| *at);
            let deadline = self.rig.client.poll_timeout();
            let Some(next) = arrival.into_iter().chain(deadline).min().filter(|next| *next <= end) else {
                return false;
            };
            self.rig.now = next.max(self.rig.now);
            if arrival == Some(next) {
                let (_, arrival) = self.arrivals.pop_first().expect("there is one");
                self.on_arrival(arrival);
            } else {
                self.wakes += 1;
                self.rig.client.handle_timeout(self.rig.now);
                self.idle_wakes += usize::from(!self.collect(server));
                let is_over = self.rig.client.poll_timeout().is_none_or(|next| next > self.rig.now);
                assert!(is_over, "a deadline that is not over when it has fired");
            }
        }
    }

    fn on_arrival(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Frame(frame) => self.rig.frame(frame),
            Arrival::End => self.cut(),
            Arrival::Connect => self.connect(),
            Arrival::Noise => {
                if self.is_connected {
                    self.rig.frame(Incoming::AckA { id: id(u64::MAX, 0), from: u64::MAX });
                }
                if let Some(interval) = self.driver.hears_every {
                    self.arrive(interval, Arrival::Noise);
                }
            }
        }
    }

    /// Takes the client's outputs, and answers its frames. Returns whether there were any.
    fn collect(&mut self, server: &mut dyn FnMut(&Sent) -> Reply) -> bool {
        let outputs = self.rig.drain();
        let are_any = !outputs.is_empty();
        for output in outputs {
            match output {
                Output::Persist(record) => self.records.push(record),
                Output::Event(event) => {
                    let is_suspicion = matches!(event, Event::SuspectConnection { .. });
                    self.events.push((self.at(), event));
                    if is_suspicion && self.driver.obeys_suspicion && self.is_connected {
                        self.arrive(Duration::ZERO, Arrival::End);
                        self.is_read = false;
                    }
                }
                Output::Transmit(Outgoing::AckR { .. }) => {}
                Output::Transmit(Outgoing::MsgR { id, to, floor, payload }) => {
                    let at = self.at();
                    let is_first = !self.firsts.contains_key(&id);
                    self.firsts.entry(id).or_insert(at);
                    let connection = self.connections;
                    self.sent.push(Sent { at, id, to, floor, is_whole: payload.is_some(), is_first, connection });
                    if self.is_read {
                        self.reply(server(&self.sent[self.sent.len() - 1]));
                    }
                }
            }
        }
        are_any
    }

    fn reply(&mut self, reply: Reply) {
        match reply {
            Reply::Nothing => {}
            Reply::After(delay, frames) => {
                frames.into_iter().for_each(|frame| self.arrive(delay, Arrival::Frame(frame)));
            }
            Reply::Each(frames) => {
                frames.into_iter().for_each(|(delay, frame)| self.arrive(delay, Arrival::Frame(frame)));
            }
            Reply::Closes(delay) => {
                self.is_read = false;
                self.arrive(delay, Arrival::End);
            }
        }
    }

    fn arrive(&mut self, delay: Duration, arrival: Arrival) {
        self.arrivals_so_far += 1;
        self.arrivals.insert((self.rig.now + delay, self.arrivals_so_far), arrival);
    }
}
