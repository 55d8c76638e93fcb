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
    /// The number of tokens taken.
    dealt: u64,
    served_last: Class,
    deadline: Option<u64>,
}

/// What takes turns for tokens; questions have turns of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Again,
    Reentry,
    Suspect,
    Ack,
}

const CYCLE: [Class; 4] = [Class::Again, Class::Reentry, Class::Suspect, Class::Ack];

impl Model {
    pub fn new(knobs: &Knobs, now: Time) -> Self {
        Self {
            shared: Shared::new(knobs, now.as_nanos()),
            sender: Sender::new(),
            receiver: Receiver::new(),
            dealt: 0,
            served_last: Class::Ack,
            deadline: None,
        }
    }

    pub fn advance(&mut self, before: Time, now: Time) {
        self.shared.advance(before, now);
        let late_at = self.deadline.map(|deadline| deadline + self.shared.rto.current());
        if late_at.is_some_and(|late_at| self.shared.now > late_at) {
            self.sender.caller_was_late();
        }
    }

    /// A new message gets the id that the client has given it.
    pub fn call(&mut self, call: &Call, real: Reply) -> Reply {
        let Self { shared, sender, receiver, .. } = self;
        let done = |ok: bool| if ok { Reply::Done } else { Reply::Refused };
        let mut reply = Reply::Nothing;
        match call {
            Call::Timeout => {}
            Call::Connected => self.connect(),
            Call::Disconnected | Call::Restart => self.disconnect(),
            Call::Send { to, payload } => reply = sender.send(*to, *payload, real, shared),
            Call::Resend(id) => reply = done(sender.resend(*id, shared)),
            Call::Discard(id) => reply = done(sender.discard(*id, shared)),
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
        self.end_input();
        reply
    }

    fn connect(&mut self) {
        if self.shared.connected {
            self.disconnect();
            self.end_input();
        }
        self.shared.connected = true;
        self.shared.heard();
        self.receiver.on_connected(&mut self.shared);
        self.sender.on_connected(&mut self.shared);
    }

    fn disconnect(&mut self) {
        self.shared.connected = false;
        self.receiver.on_disconnected();
        self.sender.on_disconnected(&mut self.shared);
    }

    fn end_input(&mut self) {
        let Self { shared, sender, receiver, .. } = self;
        sender.expire(shared);
        sender.fire(shared);
        receiver.on_timeout(shared);
        sender.end_pauses(shared);
        let token = if shared.connected { self.transmit() } else { None };
        let deadlines = [token, self.sender.deadline(&self.shared), self.receiver.deadline(&self.shared)];
        self.deadline = deadlines.into_iter().flatten().min();
    }

    /// Transmits what may go; returns when the next token comes if one is waited for.
    fn transmit(&mut self) -> Option<u64> {
        loop {
            if self.sender.transmit_first(&mut self.shared) {
                continue;
            }
            let wanting = CYCLE.map(|class| (class, self.wants(class)));
            let question = self.sender.wants_question(&self.shared);
            let other = wanting.iter().any(|(_, wants)| *wants);
            if !other && !question {
                return None;
            }
            if !self.shared.take_token() {
                if self.sender.transmit_first_without_token(&mut self.shared) {
                    continue;
                }
                return Some(self.shared.next_token());
            }
            self.dealt += 1;
            if question && (self.dealt % 4 == 0 || !other) {
                self.sender.transmit_question(&mut self.shared);
            } else {
                self.serve_next(wanting);
            }
        }
    }

    fn wants(&mut self, class: Class) -> bool {
        match class {
            Class::Again => self.sender.wants_again(),
            Class::Reentry => self.sender.wants_reentry(&self.shared),
            Class::Suspect => self.sender.wants_suspect(&self.shared),
            Class::Ack => self.receiver.wants(),
        }
    }

    /// Serves the first class that wants, after the one that was served last.
    fn serve_next(&mut self, mut wanting: [(Class, bool); 4]) {
        let last = CYCLE.iter().position(|class| *class == self.served_last).unwrap();
        wanting.rotate_left(last + 1);
        let (class, _) = wanting.into_iter().find(|(_, wants)| *wants).unwrap();
        self.served_last = class;
        match class {
            Class::Again => self.sender.transmit_again(&mut self.shared),
            Class::Reentry => self.sender.transmit_reentry(&mut self.shared),
            Class::Suspect => self.sender.transmit_suspect(&mut self.shared),
            Class::Ack => self.receiver.transmit_next(&mut self.shared),
        }
    }

    pub fn drain(&mut self) -> Vec<Output<Test>> {
        std::mem::take(&mut self.shared.out)
    }

    pub fn poll_timeout(&self, caller_now: Time) -> Option<Time> {
        let deadline = self.deadline?;
        Some(caller_now + Duration::from_nanos(deadline.saturating_sub(self.shared.now)))
    }

    pub const fn is_ambiguous(&self) -> bool {
        self.sender.ambiguous || self.receiver.ambiguous
    }

    pub fn gauges(&self) -> [usize; 6] {
        let [undelivered, failed, in_flight] = self.sender.gauges();
        let [unconfirmed, held, acks] = self.receiver.gauges();
        [undelivered, failed, in_flight, unconfirmed, held, acks]
    }

    pub fn rto(&self) -> (Duration, Option<Duration>) {
        (Duration::from_nanos(self.shared.rto.current()), self.shared.rto.srtt.map(Duration::from_nanos))
    }
}
