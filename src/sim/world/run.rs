//! The run loop: moves time to the next deadline and does everything that is due, in a fixed order: planned actions,
//! the relay, then the clients by name, for each the arrived frames before its timers.

use alloc::vec::Vec;
use core::time::Duration;

use super::host::Handling;
use super::trace::{Action, Fate};
use super::{Planned, World};
use crate::event::{Delivery, Event};
use crate::frame::{Incoming, Outgoing, Types, Verdict};
use crate::output::Output;
use crate::time::Time;

impl<T: Types<ServerId = u64>> World<T> {
    /// Returns the next deadline; `None` when nothing is pending.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Time> {
        let planned = self.agenda.first_key_value().map(|((time, _), _)| *time);
        let wake = self.wakes.first().map(|(time, _)| *time);
        [planned, wake, self.relay.poll_timeout()].into_iter().flatten().min()
    }

    /// Moves time to the next deadline and does what is due; returns false when nothing is pending.
    #[track_caller]
    pub fn step(&mut self) -> bool {
        let Some(next) = self.next_deadline() else { return false };
        self.move_to(next);
        self.spins += 1;
        if self.spins > MAX_AT_ONCE {
            self.fail(format_args!("time stands still"));
        }
        let now = self.now;
        while let Some(due) = self.agenda.first_entry().filter(|due| due.key().0 <= now) {
            let planned = due.remove();
            self.carry_out(planned);
        }
        if is_due(self.relay.poll_timeout(), now) {
            self.relay.handle_timeout(now);
            self.drain_relay();
        }
        let due: Vec<_> =
            self.wakes.iter().take_while(|(time, _)| *time <= now).map(|(_, peer)| peer.clone()).collect();
        for peer in due {
            self.receive(&peer);
            self.settle(&peer);
        }
        true
    }

    /// Runs until a time, which is then the current time.
    #[track_caller]
    pub fn run_until(&mut self, end: Time) {
        while is_due(self.next_deadline(), end) {
            self.step();
        }
        self.move_to(end);
    }

    /// Runs for `length`.
    #[track_caller]
    pub fn run_for(&mut self, length: Duration) {
        self.run_until(self.now + length);
    }

    /// Runs until [every client is settled](World::is_settled), at most for `limit`; returns whether they are.
    #[track_caller]
    pub fn run_until_settled(&mut self, limit: Duration) -> bool {
        let end = self.now + limit;
        while !self.is_settled() {
            if !is_due(self.next_deadline(), end) {
                self.move_to(end);
                return false;
            }
            self.step();
        }
        true
    }

    /// Returns whether every client is settled: nothing left but failed messages. Frames may still be in flight.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.unsettled == 0
    }

    fn move_to(&mut self, time: Time) {
        if time > self.now {
            self.now = time;
            self.spins = 0;
        }
    }

    #[track_caller]
    fn carry_out(&mut self, planned: Planned<T>) {
        match planned {
            Planned::Reconnect(peer) => {
                let host = self.host(&peer);
                if !host.wanted || host.connected || !host.is_alive() {
                    return;
                }
                if host.partitioned {
                    self.plan_reconnect(&peer);
                } else {
                    self.establish(&peer);
                }
            }
            Planned::Heal(peer) => self.heal(&peer),
            Planned::Restart(peer) => self.restart(&peer),
            Planned::Confirm { at, life, from, id } => {
                if self.host(&at).life == life && self.is_alive(&at) {
                    // It may have been released or forgotten in the meantime.
                    let _ = self.confirm(&at, &from, id);
                }
            }
            Planned::Trouble(round, trouble) => {
                if round == self.chaos_round {
                    self.make_trouble(trouble);
                }
            }
        }
    }

    /// Passes the arrived frames to the relay and to the client.
    #[track_caller]
    fn receive(&mut self, peer: &T::Peer) {
        let now = self.now;
        while let Some(frame) = self.host_mut(peer).up.poll(now) {
            self.trace.up(now, peer, Fate::Arrived, &frame);
            self.relay.handle_frame(peer.clone(), frame, now);
            self.drain_relay();
        }
        while let Some(frame) = self.host_mut(peer).down.poll(now) {
            self.trace.down(now, peer, Fate::Arrived, &frame);
            self.host_mut(peer).client.handle_frame(frame, now);
            self.drain_client(peer);
        }
    }

    /// Puts the relay's frames on the links.
    #[track_caller]
    pub(super) fn drain_relay(&mut self) {
        let now = self.now;
        while let Some((peer, frame)) = self.relay.poll_output() {
            if let Incoming::MsgA { id, verdict: Verdict::Accepted(_) } = &frame {
                self.account.on_accepted(&peer, *id);
            }
            let host = self.host_mut(&peer);
            let vanishes = host.partitioned || !host.connected;
            let copies = if vanishes { 0 } else { host.down.send(frame.clone(), now) };
            self.trace.down(now, &peer, fate(copies), &frame);
            self.list(&peer);
        }
        if is_due(self.relay.poll_timeout(), now) {
            self.fail(format_args!("the relay's deadline does not move"));
        }
    }

    /// Drains a client, fires its timers if they are due, and checks its next deadline.
    #[track_caller]
    pub(super) fn settle(&mut self, peer: &T::Peer) {
        let now = self.now;
        self.drain_client(peer);
        if is_due(self.host(peer).client_deadline(), now) {
            self.host_mut(peer).client.handle_timeout(now);
            self.drain_client(peer);
        }
        if let Some(stuck) = self.host(peer).client_deadline().filter(|next| *next <= now) {
            self.fail(format_args!(
                "after handle_timeout, {peer:?} still wants to be woken at {:?}",
                stuck.since_origin()
            ));
        }
        self.list(peer);
    }

    #[track_caller]
    fn drain_client(&mut self, peer: &T::Peer) {
        if self.host(peer).durable.is_some() {
            return self.drain_durable(peer);
        }
        let mut outputs = 0;
        while let Some(output) = self.host_mut(peer).client.poll_output() {
            match output {
                Output::Persist(_) => {}
                Output::Transmit(frame) => self.transmit(peer, &frame),
                Output::Event(event) => self.on_event(peer, event),
            }
            outputs += 1;
            if outputs > MAX_AT_ONCE {
                self.fail(format_args!("{peer:?} cannot be drained"));
            }
        }
    }

    #[track_caller]
    pub(super) fn transmit(&mut self, peer: &T::Peer, frame: &Outgoing<T>) {
        let now = self.now;
        let host = self.host_mut(peer);
        if !host.connected {
            self.fail(format_args!("{peer:?} transmits while disconnected: {frame:?}"));
        }
        let copies = if host.partitioned { 0 } else { host.up.send(frame.clone(), now) };
        self.trace.up(now, peer, fate(copies), frame);
    }

    #[track_caller]
    fn on_event(&mut self, peer: &T::Peer, event: Event<T>) {
        self.trace.event(self.now, peer, &event);
        let life = self.host(peer).life;
        self.ledger.on_event(peer, life, &event, self.now);
        if let Event::Received(delivery) = event {
            self.handle(peer, life, delivery);
        }
    }

    /// Handles a message as the application does.
    #[track_caller]
    fn handle(&mut self, peer: &T::Peer, life: u32, Delivery { from, id, .. }: Delivery<T>) {
        let now = self.now;
        let host = self.host_mut(peer);
        let gives_back = match host.handling {
            Handling::Never => return,
            Handling::After(delay) => {
                return self.plan(delay, Planned::Confirm { at: peer.clone(), life, from, id });
            }
            Handling::Release(times) => host.gives_back(&from, id, times),
            Handling::Confirm => false,
        };
        let known = if gives_back { host.client.release(&from, id, now) } else { host.client.confirm(&from, id, now) };
        if let Err(error) = known {
            self.fail(format_args!("{peer:?} handed it over just now: {error}"));
        }
        if gives_back {
            self.ledger.on_release(peer, life, &from, id);
            self.trace.action(now, Some(peer), Action::Release { from, id });
        } else {
            self.ledger.on_confirm(&from, id, now);
            self.trace.action(now, Some(peer), Action::Confirm { from, id });
        }
    }

    /// Updates the list of wake-ups and the count of settled clients.
    #[track_caller]
    pub(super) fn list(&mut self, peer: &T::Peer) {
        let host = self.host_mut(peer);
        let (wake, settled) = (host.next_deadline(), host.is_alive() && host.client.is_settled());
        let was_wake = core::mem::replace(&mut host.wake, wake);
        let was_settled = core::mem::replace(&mut host.settled, settled);
        if was_wake != wake {
            if let Some(time) = was_wake {
                self.wakes.remove(&(time, peer.clone()));
            }
            if let Some(time) = wake {
                self.wakes.insert((time, peer.clone()));
            }
        }
        match (was_settled, settled) {
            (true, false) => self.unsettled += 1,
            (false, true) => self.unsettled -= 1,
            (true, true) | (false, false) => {}
        }
    }
}

fn is_due(deadline: Option<Time>, now: Time) -> bool {
    deadline.is_some_and(|deadline| deadline <= now)
}

fn fate(copies: usize) -> Fate {
    match copies {
        0 => Fate::Lost,
        1 => Fate::Sent,
        _ => Fate::Doubled,
    }
}

/// The maximum number of steps, or of outputs of one drain, without time moving.
const MAX_AT_ONCE: u32 = 1_000_000;
