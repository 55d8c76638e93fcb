//! One conversation, however many messages are in flight.

use std::hint::black_box;
use std::marker::PhantomData;

use sixfold::{Incoming, MsgId, StreamId, Time, Verdict};

use super::machine::Machine;
use super::{Chat, LEAP, Node, SOMEBODY, Setup, id_of, stream_of};
use crate::halves::{Backlog, Forged, Holds, Receiver, Reconnect, Sender, Stale, Timers};

/// The sender's half: one conversation.
#[derive(Debug)]
pub(crate) struct Tx<S: Setup> {
    node: Node<S::Machine>,
    /// The stream of the conversation, once something was sent.
    stream: StreamId,
    setup: PhantomData<S>,
}

impl<S: Setup> Tx<S> {
    fn id(&self, i: u64) -> MsgId {
        MsgId::new(self.stream, i).expect("few messages")
    }
}

impl<S: Setup> Sender for Tx<S> {
    fn new(room: u64) -> Self {
        Self { node: Node::new::<S>(room), stream: StreamId::from_u64(0), setup: PhantomData }
    }

    fn send(&mut self, i: u64) {
        let id = self.node.send(SOMEBODY);
        if i == 0 {
            self.stream = id.stream().expect("an id of this crate");
        }
    }

    fn accepted(&mut self, i: u64) {
        self.node.frame(Incoming::MsgA { id: self.id(i), verdict: Verdict::Accepted(i) });
    }

    fn settled(&mut self, i: u64) {
        self.node.frame(Incoming::AckN { id: self.id(i), server_id: i });
    }

    fn inputs(&mut self, i: u64) {
        black_box(self.node.payload.clone());
        black_box(Incoming::<Chat>::MsgA { id: self.id(i), verdict: Verdict::Accepted(i) });
        black_box(Incoming::<Chat>::AckN { id: self.id(i), server_id: i });
    }
}

impl<S: Setup> Timers for Tx<S> {
    fn next_timeout(&self) -> Option<u64> {
        self.node.machine.poll_timeout().map(Time::as_nanos)
    }

    fn expire_all(&mut self) -> u64 {
        self.node.now = self.node.now + LEAP;
        self.node.machine.handle_timeout(self.node.now);
        self.node.turn().frames
    }
}

impl<S: Setup> Reconnect for Tx<S> {
    fn reconnect(&mut self) -> u64 {
        self.node.now = self.node.now + LEAP;
        self.node.machine.handle_disconnected(self.node.now);
        self.node.machine.handle_connected(self.node.now);
        self.node.turn().frames
    }
}

impl<S: Setup> Stale for Tx<S> {
    fn stale(&mut self) {
        self.node.frame_at_once(Incoming::AckN { id: self.id(0), server_id: 0 });
    }
}

impl<S: Setup> Forged for Tx<S> {
    fn forged(&mut self) {
        let id = MsgId::new(stream_of(1), 0).expect("a small seq");
        self.node.frame_at_once(Incoming::AckN { id, server_id: 0 });
    }
}

impl<S: Setup> Backlog for Tx<S> {
    const WINDOW: u64 = 32;

    fn queue(&mut self, _: u64) {
        self.node.queue(SOMEBODY);
    }

    fn accepted_for_another(&mut self, i: u64) {
        let turn = self.node.frame(Incoming::MsgA { id: self.id(i), verdict: Verdict::Accepted(i) });
        assert_eq!(turn.frames, 1, "the next one leaves");
    }
}

/// The receiver's half: one conversation.
#[derive(Debug)]
pub(crate) struct Rx<S: Setup> {
    node: Node<S::Machine>,
    room: u64,
    setup: PhantomData<S>,
}

impl<S: Setup> Rx<S> {
    fn message_frame(&self, i: u64) -> Incoming<Chat> {
        // The sender's window is as wide as ours.
        self.frame(i, (i + 1).saturating_sub(self.room))
    }

    fn frame(&self, i: u64, floor: u64) -> Incoming<Chat> {
        let payload = self.node.payload.clone();
        Incoming::MsgN { id: id_of(SOMEBODY, i), from: SOMEBODY, server_id: i, floor, payload }
    }
}

impl<S: Setup> Receiver for Rx<S> {
    fn new(room: u64) -> Self {
        Self { node: Node::new::<S>(room), room, setup: PhantomData }
    }

    fn message(&mut self, i: u64) -> u64 {
        let turn = self.node.frame(self.message_frame(i));
        assert_eq!(turn.frames, 1, "each copy is acked");
        turn.received
    }

    fn noted(&mut self, i: u64) {
        self.node.frame(Incoming::AckA { id: id_of(SOMEBODY, i), from: SOMEBODY });
    }

    fn inputs(&mut self, i: u64) {
        black_box(self.message_frame(i));
        black_box(Incoming::<Chat>::AckA { id: id_of(SOMEBODY, i), from: SOMEBODY });
    }
}

impl<S: Setup> Holds for Rx<S> {
    fn hold(&mut self, i: u64, head: u64) {
        let turn = self.node.frame(self.frame(i, head));
        assert_eq!((turn.received, turn.frames), (0, 0), "it is held, unacked");
    }

    fn release(&mut self, head: u64) -> u64 {
        let turn = self.node.frame(self.frame(head, head));
        assert_eq!(turn.frames, turn.received, "each is acked");
        turn.received
    }
}
