//! Scripted servers: the reference relay with one fault.

use std::collections::{BTreeMap, BTreeSet};

use kit::*;
use sixfold::sim::Relay;
use sixfold::{Incoming, MsgId, Outgoing, Time, Verdict};

/// The fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A repeated msg:R is ignored, and nothing is pushed again.
    IgnoresDuplicates,
    /// A repeated msg:R is stored as another message, under another server id, and pushed again.
    StoresTwice,
    /// msg:A is sent and the message is not stored, this many times.
    AcksBeforeStoring(u32),
    /// The first ack:R of each message is answered and not stored.
    LosesAckR,
    /// ack:R is not answered at all, this many times.
    IgnoresAckR(u32),
    /// Every answer comes this many seconds late.
    AnswersLate(u32),
    /// ack:N comes with msg:A, whatever the recipient does.
    Lies,
    /// All messages have one server id.
    OneServerId,
}

pub(super) struct Faulty {
    pub(super) relay: Relay<Test>,
    fault: Fault,
    /// How often each message arrived, and each ack of it.
    messages: BTreeMap<MsgId, u32>,
    acks: BTreeMap<MsgId, u32>,
    pushed: BTreeSet<MsgId>,
    /// The frames to send: time, recipient, frame.
    outputs: Vec<(Time, u64, Incoming<Test>)>,
}

impl Faulty {
    pub(super) fn new(fault: Fault, now: Time) -> Self {
        let mut relay = Relay::new(7 * DAY, now);
        relay.handle_connected(A, now);
        relay.handle_connected(B, now);
        let (messages, acks, pushed) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { relay, fault, messages, acks, pushed, outputs: Vec::new() }
    }

    pub(super) fn handle(&mut self, by: u64, frame: Outgoing<Test>, now: Time) {
        match &frame {
            // A question is a repetition, and no copy: only a server that knows the message answers it.
            Outgoing::MsgR { id, payload: None, .. } => match self.fault {
                Fault::IgnoresDuplicates => return,
                Fault::Lies => return self.lie(now, by, *id),
                _ => {}
            },
            Outgoing::MsgR { id, to, floor, payload: Some(payload) } => {
                let (id, to, floor, payload) = (*id, *to, *floor, *payload);
                let copies = self.messages.entry(id).or_insert(0);
                *copies += 1;
                let copy = *copies;
                match self.fault {
                    Fault::IgnoresDuplicates if copy > 1 => return,
                    Fault::StoresTwice if copy > 1 => {
                        let server_id = 1_000 + u64::from(copy);
                        self.put(now, by, Incoming::MsgA { id, verdict: Verdict::Accepted(server_id) });
                        self.put(now, to, Incoming::MsgN { id, from: by, server_id, floor, payload });
                        return;
                    }
                    Fault::AcksBeforeStoring(times) if copy <= times => {
                        self.put(now, by, Incoming::MsgA { id, verdict: Verdict::Accepted(5) });
                        return;
                    }
                    Fault::Lies => return self.lie(now, by, id),
                    _ => {}
                }
            }
            Outgoing::AckR { id, from } => {
                let (id, from) = (*id, *from);
                let copies = self.acks.entry(id).or_insert(0);
                *copies += 1;
                let copy = *copies;
                match self.fault {
                    Fault::LosesAckR if copy == 1 => return self.put(now, by, Incoming::AckA { id, from }),
                    Fault::IgnoresAckR(times) if copy <= times => return,
                    _ => {}
                }
            }
        }
        self.relay.handle_frame(by, frame, now);
        self.collect(now);
    }

    /// Fires the timers of the relay.
    pub(super) fn fire(&mut self, now: Time) {
        self.relay.handle_timeout(now);
        self.collect(now);
    }

    fn collect(&mut self, now: Time) {
        let late =
            if let Fault::AnswersLate(seconds) = self.fault { seconds * SECOND } else { core::time::Duration::ZERO };
        while let Some((to, mut frame)) = self.relay.poll_output() {
            let is_repeated = matches!(&frame, Incoming::MsgN { id, .. } if !self.pushed.insert(*id));
            if is_repeated && self.fault == Fault::IgnoresDuplicates {
                continue;
            }
            if self.fault == Fault::OneServerId {
                replace_server_id(&mut frame);
            }
            self.outputs.push((now + late, to, frame));
        }
    }

    /// Returns the next frame that is due.
    pub(super) fn poll(&mut self, now: Time) -> Option<(u64, Incoming<Test>)> {
        let n = self.outputs.iter().position(|(at, ..)| *at <= now)?;
        let (_, to, frame) = self.outputs.remove(n);
        Some((to, frame))
    }

    pub(super) fn next(&self) -> Option<Time> {
        self.outputs.iter().map(|(at, ..)| *at).chain(self.relay.poll_timeout()).min()
    }

    fn lie(&mut self, now: Time, to: u64, id: MsgId) {
        self.put(now, to, Incoming::MsgA { id, verdict: Verdict::Accepted(5) });
        self.put(now, to, Incoming::AckN { id, server_id: 5 });
    }

    fn put(&mut self, now: Time, to: u64, frame: Incoming<Test>) {
        self.outputs.push((now, to, frame));
    }
}

/// Replaces the server id by the same one in every frame.
fn replace_server_id(frame: &mut Incoming<Test>) {
    match frame {
        Incoming::MsgA { verdict: Verdict::Accepted(server_id), .. }
        | Incoming::MsgN { server_id, .. }
        | Incoming::AckN { server_id, .. } => *server_id = 5,
        Incoming::MsgA { verdict: Verdict::Rejected(_) | Verdict::RetryAfter(_), .. } | Incoming::AckA { .. } => {}
    }
}
