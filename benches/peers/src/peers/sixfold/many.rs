//! As many conversations as messages.

use std::time::Duration;

use sixfold::{Client, Incoming, MsgId, Verdict};

use super::{Chat, Node, Plain, id_of};
use crate::halves::{Converses, Listens, Receiver, Remembers, Sender};

/// The sender's half: every message goes to somebody else.
#[derive(Debug)]
pub(crate) struct ToMany {
    node: Node<Client<Chat>>,
    /// The ids of the messages in flight, by `i` modulo the length.
    ids: [Option<MsgId>; 64],
}

impl ToMany {
    fn id(&self, i: u64) -> MsgId {
        self.ids[i as usize % self.ids.len()].expect("it was sent")
    }
}

impl Sender for ToMany {
    fn new(room: u64) -> Self {
        Self { node: Node::new::<Plain>(room), ids: [None; 64] }
    }

    fn send(&mut self, i: u64) {
        self.send_to(i, i);
    }

    fn accepted(&mut self, i: u64) {
        self.node.frame(Incoming::MsgA { id: self.id(i), verdict: Verdict::Accepted(i) });
    }

    fn settled(&mut self, i: u64) {
        self.node.frame(Incoming::AckN { id: self.id(i), server_id: i });
    }

    fn inputs(&mut self, _: u64) {}
}

impl Converses for ToMany {
    fn send_to(&mut self, to: u64, i: u64) {
        self.ids[i as usize % self.ids.len()] = Some(self.node.send(to));
    }
}

/// The receiver's half: every message comes from somebody else.
#[derive(Debug)]
pub(crate) struct FromMany {
    node: Node<Client<Chat>>,
}

impl Receiver for FromMany {
    fn new(room: u64) -> Self {
        Self { node: Node::new::<Plain>(room) }
    }

    fn message(&mut self, i: u64) -> u64 {
        self.message_from(i, 0)
    }

    fn noted(&mut self, i: u64) {
        self.noted_from(i, 0);
    }

    fn inputs(&mut self, _: u64) {}
}

impl Listens for FromMany {
    fn message_from(&mut self, from: u64, seq: u64) -> u64 {
        let payload = self.node.payload.clone();
        let frame = Incoming::MsgN { id: id_of(from, seq), from, server_id: seq, floor: seq, payload };
        self.node.frame(frame).received
    }

    fn noted_from(&mut self, from: u64, seq: u64) {
        self.node.frame(Incoming::AckA { id: id_of(from, seq), from });
    }
}

impl Remembers for FromMany {
    fn exchange(&mut self, from: u64, i: u64) {
        assert_eq!(self.message_from(from, i), 1);
        self.noted_from(from, i);
    }

    fn wait(&mut self, time: Duration) {
        self.node.now = self.node.now + time;
        if self.node.machine.poll_timeout().is_some_and(|due| due <= self.node.now) {
            self.node.machine.handle_timeout(self.node.now);
            self.node.turn();
        }
    }
}
