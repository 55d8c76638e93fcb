//! A sender, its recipients and the reference relay, joined by lossy links, under virtual time.
//!
//! The rule: time goes exactly to the next thing that happens, and of what happens at one time frames come before
//! timers. A recipient's application confirms at once. Everything follows from the seed.

mod node;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sixfold::sim::{Crash, LinkConfig, Relay};
use sixfold::{Config, Event, MsgId, Outgoing, Output, Time};

use crate::chat::{self, A, Chat, Up};
use crate::log::{Kind, Log};
use crate::settings::{LATENCY, LIFETIME};
use node::{Node, Tagged};

/// What a world is made of.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) recipients: u64,
    /// Whether they are there.
    pub(crate) are_online: bool,
    /// The share of frames lost, on each link and in each direction.
    pub(crate) loss: f64,
    /// One way, on each link.
    pub(crate) latency: Duration,
    /// How long the server takes for a msg:R to every second recipient, longer than for the others.
    pub(crate) slow_half: Duration,
    pub(crate) seed: u64,
}

impl Setup {
    /// One recipient that is online, on links that lose nothing.
    pub(crate) fn new(config: Config, seed: u64) -> Self {
        let (latency, slow_half) = (LATENCY, Duration::ZERO);
        Self { config, recipients: 1, are_online: true, loss: 0.0, latency, slow_half, seed }
    }
}

/// What happens to the transmissions of certain messages, whatever the links do to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    FirstIsLost,
    AllAreLost,
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct World {
    now: Time,
    slow_half: Duration,
    nodes: Vec<Node>,
    relay: Relay<Chat>,
    /// When each node has something to do.
    wakes: BTreeSet<(Time, usize)>,
    /// What the server is busy with: frames of the sender that it has received.
    busy: BTreeMap<(Time, u64), Tagged<Outgoing<Chat>>>,
    delayed: u64,
    fates: BTreeMap<MsgId, Fate>,
    log: Log,
    frames: u64,
    wake_ups: u64,
}

impl World {
    pub(crate) fn new(setup: &Setup) -> Self {
        let now = Time::from_origin(Duration::from_secs(1));
        let links = LinkConfig::default().latency(setup.latency).loss(setup.loss);
        let node = |index| Node::new(setup.config.clone(), &links, setup.seed, index, now);
        let mut world = Self {
            now,
            slow_half: setup.slow_half,
            nodes: (0..=setup.recipients).map(node).collect(),
            relay: Relay::new(LIFETIME, now),
            wakes: BTreeSet::new(),
            busy: BTreeMap::new(),
            delayed: 0,
            fates: BTreeMap::new(),
            log: Log::default(),
            frames: 0,
            wake_ups: 0,
        };
        world.connect(A);
        if setup.are_online {
            (1..=setup.recipients).for_each(|peer| world.connect(peer));
        }
        world
    }

    pub(crate) fn now(&self) -> Time {
        self.now
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// Frames of all clients and the server so far, lost ones included.
    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    /// How often a timer of the sender has fired so far.
    pub(crate) fn wake_ups(&self) -> u64 {
        self.wake_ups
    }

    /// How many messages the server knows.
    pub(crate) fn remembered(&self) -> usize {
        self.relay.stats().remembered
    }

    /// Whether nothing of the sender is on its way any more: each message is delivered or has failed.
    pub(crate) fn is_settled(&self) -> bool {
        self.nodes[0].client.is_settled()
    }

    /// The sender sends a message.
    pub(crate) fn send(&mut self, to: u64, fate: Option<Fate>) {
        let payload = self.log.messages().len() as u64;
        let id = self.nodes[0].client.send(to, payload, self.now).expect("the outbox has room");
        self.fates.extend(fate.map(|fate| (id, fate)));
        self.log.on_sent(id, self.now);
        self.drain(0);
    }

    /// What the links of the sender do from now on.
    pub(crate) fn set_links(&mut self, latency: Duration, loss: f64) {
        let links = LinkConfig::default().latency(latency).loss(loss);
        self.nodes[0].set_links(&links);
        self.list(0);
    }

    /// The connection of the sender ends, frames on the way are lost, and another one begins.
    pub(crate) fn reconnect(&mut self) {
        let node = &mut self.nodes[0];
        node.client.handle_disconnected(self.now);
        node.clear();
        self.busy.clear();
        self.connect(A);
    }

    /// The server loses its memory, and no connection.
    pub(crate) fn forget(&mut self) {
        let connected: Vec<u64> = (0..self.nodes.len() as u64).filter(|peer| self.relay.is_connected(peer)).collect();
        self.relay.crash(Crash::LosesAll, self.now);
        connected.into_iter().for_each(|peer| self.relay.handle_connected(peer, self.now));
        self.pump(None);
    }

    /// Lets time pass.
    pub(crate) fn run_until(&mut self, end: Time) {
        self.run_while(end, |_| true);
        self.now = self.now.max(end);
    }

    /// Lets time pass until the sender is settled; whether it is by then.
    pub(crate) fn settle_until(&mut self, end: Time) -> bool {
        self.run_while(end, |world| !world.is_settled());
        self.is_settled()
    }

    /// Lets time pass while a condition holds.
    pub(crate) fn run_while(&mut self, end: Time, goes_on: impl Fn(&Self) -> bool) {
        while goes_on(self) {
            let Some(next) = self.next().filter(|next| *next <= end) else { return };
            self.now = next;
            self.step();
        }
    }

    fn next(&self) -> Option<Time> {
        let node = self.wakes.first().map(|(time, _)| *time);
        let busy = self.busy.first_key_value().map(|((time, _), _)| *time);
        [node, busy, self.relay.poll_timeout()].into_iter().flatten().min()
    }

    /// Does what is due now: frames first.
    fn step(&mut self) {
        if self.relay.poll_timeout().is_some_and(|due| due <= self.now) {
            self.relay.handle_timeout(self.now);
            self.pump(None);
        }
        while let Some(done) = self.busy.first_entry().filter(|done| done.key().0 <= self.now) {
            let Tagged { frame, copy } = done.remove();
            self.serve(A, frame, copy);
        }
        while let Some((_, index)) = self.wakes.first().copied().filter(|(time, _)| *time <= self.now) {
            while let Some(Tagged { frame, copy }) = self.nodes[index].up.poll(self.now) {
                self.arrive(index as u64, frame, copy);
            }
            while let Some(Tagged { frame, .. }) = self.nodes[index].down.poll(self.now) {
                self.nodes[index].client.handle_frame(frame, self.now);
                self.drain(index);
            }
            if self.nodes[index].client.poll_timeout().is_some_and(|due| due <= self.now) {
                self.wake_ups += u64::from(index == 0);
                self.nodes[index].client.handle_timeout(self.now);
                self.drain(index);
            }
            self.list(index);
        }
    }

    fn connect(&mut self, peer: u64) {
        let index = peer as usize;
        self.nodes[index].client.handle_connected(self.now);
        self.relay.handle_connected(peer, self.now);
        self.pump(None);
        self.drain(index);
    }

    /// Takes what a client says, until it says no more.
    fn drain(&mut self, index: usize) {
        while let Some(output) = self.nodes[index].client.poll_output() {
            match output {
                Output::Transmit(frame) => self.transmit(index, frame),
                Output::Event(event) => self.on_event(index, event),
                Output::Persist(_) => {}
            }
        }
        self.list(index);
    }

    fn transmit(&mut self, index: usize, frame: Outgoing<Chat>) {
        self.frames += 1;
        let Up::MsgR { id, is_question, .. } = chat::up(&frame) else {
            self.nodes[index].up.send(Tagged { frame, copy: 0 }, self.now);
            return;
        };
        let copy = self.log.on_transmit(id, is_question, self.now);
        let is_lost = match self.fates.get(&id) {
            Some(Fate::AllAreLost) => true,
            Some(Fate::FirstIsLost) => copy == 0,
            None => false,
        };
        if !is_lost && self.nodes[index].up.send(Tagged { frame, copy }, self.now) > 0 {
            self.log.on_arrives(id, Kind::MsgR, copy);
        }
    }

    fn on_event(&mut self, index: usize, event: Event<Chat>) {
        match event {
            Event::Accepted { id, .. } => self.log.on_accepted(id, self.now),
            Event::Delivered { id, .. } => self.log.on_delivered(id, self.now),
            Event::Received(message) => {
                let client = &mut self.nodes[index].client;
                client.confirm(&message.from, message.id, self.now).expect("just handed over");
            }
            _ => {}
        }
    }

    /// Keeps the list of wake-ups true.
    fn list(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        let next = node.next();
        let before = std::mem::replace(&mut node.listed, next);
        if before != next {
            before.map(|time| self.wakes.remove(&(time, index)));
            next.map(|time| self.wakes.insert((time, index)));
        }
    }
}

#[cfg(test)]
mod tests;
