//! The model: a sender and a receiver that share the token bucket.

use std::time::Duration;

use sixfold::{Incoming, Output, Time};

use super::receiver::Receiver;
use super::sender::Sender;
use super::shared::Shared;
use kit::Test;
use kit::configs::Knobs;
use kit::ops::Call;
use kit::run::Reply;

#[derive(Clone, Debug)]
pub struct Model {
    shared: Shared,
    sender: Sender,
    receiver: Receiver,
    acks_turn: bool,
    token: Option<u64>,
}

impl Model {
    pub fn new(knobs: &Knobs, now: Time) -> Self {
        Self {
            shared: Shared::new(knobs, now.as_nanos()),
            sender: Sender::new(),
            receiver: Receiver::new(),
            acks_turn: true,
            token: None,
        }
    }

    /// A step back of the clock counts as zero.
    pub fn advance(&mut self, before: Time, now: Time) {
        self.shared.now += now.as_nanos().saturating_sub(before.as_nanos());
    }

    /// A new message gets the id that the client has given it.
    pub fn call(&mut self, call: &Call, real: Reply) -> Reply {
        let Self { shared, sender, receiver, .. } = self;
        let done = |ok: bool| if ok { Reply::Done } else { Reply::Refused };
        let mut reply = Reply::Nothing;
        match call {
            Call::Timeout => {
                sender.expire(shared);
                sender.on_timeout(shared);
                receiver.on_timeout(shared);
            }
            Call::Connected => self.connect(),
            Call::Disconnected | Call::Restart => self.disconnect(),
            Call::Send { to, payload } => reply = sender.send(*to, *payload, real, shared),
            Call::Resend(id) => reply = done(sender.resend(*id, shared)),
            Call::Discard(id) => reply = done(sender.discard(*id)),
            Call::Confirm { from, id } => reply = done(receiver.confirm(*from, *id, shared)),
            Call::Release { from, id } => reply = done(receiver.release(*from, *id)),
            Call::Frame(frame) => {
                shared.heard();
                match frame.clone() {
                    Incoming::MsgA { id, verdict } => sender.on_msg_a(id, verdict, shared),
                    Incoming::AckN { id, server_id } => sender.on_ack_n(id, server_id, shared),
                    Incoming::AckA { id, from } => receiver.on_ack_a(from, id, shared),
                    Incoming::MsgN { id, from, server_id, floor, payload } => {
                        receiver.on_msg_n(from, id, (server_id, payload), floor, shared);
                    }
                }
            }
        }
        self.finish_call();
        reply
    }

    fn connect(&mut self) {
        if self.shared.connected {
            self.disconnect();
            self.finish_call();
        }
        self.shared.connected = true;
        self.shared.heard();
        self.receiver.on_connected(&mut self.shared);
        self.sender.on_connected(&mut self.shared);
    }

    fn disconnect(&mut self) {
        self.shared.connected = false;
        self.receiver.schedule.clear();
        self.sender.on_disconnected();
    }

    fn finish_call(&mut self) {
        self.sender.expire(&mut self.shared);
        self.sender.announce_floors();
        self.token = if self.shared.connected { self.transmit() } else { None };
    }

    /// First transmissions need no token; tokens alternate between acks and messages.
    fn transmit(&mut self) -> Option<u64> {
        let Self { shared, sender, receiver, acks_turn, .. } = self;
        loop {
            let message = sender.next(shared);
            if let Some(id) = message.filter(|id| !sender.has_left(*id)) {
                sender.transmit(id, shared);
                continue;
            }
            let ack = receiver.schedule.first(0);
            if ack.is_none() && message.is_none() {
                return None;
            }
            if !shared.take_token() {
                if std::mem::take(&mut sender.flushing) {
                    continue;
                }
                return Some(shared.next_token());
            }
            match (message, ack) {
                (Some(id), ack) if ack.is_none() || !*acks_turn => {
                    sender.repeat(id, shared);
                    *acks_turn = true;
                }
                (_, Some(ack)) => {
                    receiver.transmit(ack, shared);
                    *acks_turn = false;
                }
                (_, None) => {}
            }
        }
    }

    pub fn drain(&mut self) -> Vec<Output<Test>> {
        std::mem::take(&mut self.shared.out)
    }

    pub fn poll_timeout(&self, caller_now: Time) -> Option<Time> {
        let deadlines = [self.token, self.sender.deadline(&self.shared), self.receiver.deadline(&self.shared)];
        let next = deadlines.into_iter().flatten().min()?;
        Some(caller_now + Duration::from_nanos(next.saturating_sub(self.shared.now)))
    }

    pub fn is_ambiguous(&self) -> bool {
        self.sender.is_ambiguous() || self.receiver.schedule.ambiguous
    }

    pub fn gauges(&self) -> [usize; 6] {
        let [undelivered, failed, in_flight] = self.sender.gauges();
        let [unconfirmed, held, acks] = self.receiver.gauges();
        [undelivered, failed, in_flight, unconfirmed, held, acks]
    }

    pub fn rto(&self) -> (Duration, Option<Duration>) {
        (Duration::from_nanos(self.shared.rto), self.shared.srtt.map(Duration::from_nanos))
    }
}
