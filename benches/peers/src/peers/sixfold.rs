//! sixfold itself, driven by the loop of its README: an input, all outputs, one question for the next timeout.
//!
//! The whole client runs, with events, window, RTO, jitter, token bucket, order and deduplication. Each input comes 4 µs
//! after the one before, and sooner when so many are in flight that the oldest would otherwise time out.

use std::hint::black_box;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use sixfold::{Client, Config, Event, Incoming, MsgId, Output, Seed, StreamId, Time, Types, Verdict};

use crate::halves::{Receiver, Reconnect, Sender, Stray, Timers};

/// How long after the one before an input comes.
const STEP: Duration = Duration::from_micros(4);
/// How long a window's worth of steps takes at most: three steps a message stay below the least timeout, a second.
const WINDOW: Duration = Duration::from_millis(240);
/// Longer than any retransmission timeout.
const LEAP: Duration = Duration::from_secs(120);

const PAYLOAD: [u8; 64] = [0x5a; 64];
const SOMEBODY: u64 = 7;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chat;

impl Types for Chat {
    type Peer = u64;
    type Payload = Arc<[u8]>;
    type ServerId = u64;
}

/// What a config has that the default has not.
pub(crate) trait Setup {
    fn adapt(config: Config) -> Config;
}

/// As a user has it.
#[derive(Debug)]
pub(crate) struct Plain;

impl Setup for Plain {
    fn adapt(config: Config) -> Config {
        config
    }
}

/// With the journal on; its records are dropped.
#[derive(Debug)]
pub(crate) struct Journal;

impl Setup for Journal {
    fn adapt(config: Config) -> Config {
        config.journal(true)
    }
}

/// With a token bucket that always has a token, so that what is repeated is repeated at once, as the peers do it.
#[derive(Debug)]
pub(crate) struct Unthrottled;

impl Setup for Unthrottled {
    fn adapt(config: Config) -> Config {
        config.retransmit_rate(1_000_000).retransmit_burst(1_000_000).max_attempts(None)
    }
}

/// A client and its clock.
#[derive(Debug)]
struct Node {
    client: Client<Chat>,
    now: Time,
    step: Duration,
    payload: Arc<[u8]>,
}

/// What one turn of the loop brought.
#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    frames: u64,
    received: u64,
}

impl Node {
    /// The default config, with the bounds raised where `room` asks for it.
    fn new<S: Setup>(room: u64) -> Self {
        let (least, room) = (Config::default(), usize::try_from(room).expect("it fits into memory"));
        let least = least
            .window(room.max(32))
            .outbox_capacity(room.max(10_000))
            .ack_capacity(room.max(1_000))
            .max_streams(room.max(65_536));
        let (seed, now) = (Seed::from_bytes([7; 32]), Time::ZERO);
        let mut client = Client::new(S::adapt(least), seed, now).expect("the config is sound");
        client.handle_connected(now);
        let step = STEP.min(WINDOW / u32::try_from(room).expect("a million at most"));
        Self { client, now, step, payload: Arc::from(PAYLOAD) }
    }

    fn tick(&mut self) -> Time {
        self.now = self.now + self.step;
        self.now
    }

    fn send(&mut self, to: u64) -> MsgId {
        let now = self.tick();
        let id = self.client.send(to, self.payload.clone(), now).expect("there is room");
        assert_eq!(self.turn().frames, 1, "it leaves at once");
        id
    }

    fn frame(&mut self, frame: Incoming<Chat>) -> Turn {
        let now = self.tick();
        self.client.handle_frame(frame, now);
        self.turn()
    }

    /// What follows an input in a user's loop. What is handed over is confirmed at once.
    fn turn(&mut self) -> Turn {
        let mut turn = Turn::default();
        while let Some(output) = self.client.poll_output() {
            match black_box(&output) {
                Output::Transmit(_) => turn.frames += 1,
                Output::Event(Event::Received(message)) => {
                    turn.received += 1;
                    self.client.confirm(&message.from, message.id, self.now).expect("just handed over");
                }
                Output::Event(_) | Output::Persist(_) => {}
            }
        }
        black_box(self.client.poll_timeout());
        turn
    }
}

/// The sender's half: one conversation.
#[derive(Debug)]
pub(crate) struct Tx<S> {
    node: Node,
    /// The stream of the conversation, once something was sent.
    stream: StreamId,
    setup: PhantomData<S>,
}

impl<S> Tx<S> {
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
        self.node.client.poll_timeout().map(Time::as_nanos)
    }

    fn expire_all(&mut self) -> u64 {
        self.node.now = self.node.now + LEAP;
        self.node.client.handle_timeout(self.node.now);
        self.node.turn().frames
    }
}

impl<S: Setup> Reconnect for Tx<S> {
    fn reconnect(&mut self) -> u64 {
        self.node.now = self.node.now + LEAP;
        self.node.client.handle_disconnected(self.node.now);
        self.node.client.handle_connected(self.node.now);
        self.node.turn().frames
    }
}

impl<S: Setup> Stray for Tx<S> {
    fn stale(&mut self) {
        self.node.frame(Incoming::AckN { id: self.id(0), server_id: 0 });
    }

    fn forged(&mut self) {
        let id = MsgId::new(stream_of(1), 0).expect("a small seq");
        self.node.frame(Incoming::AckN { id, server_id: 0 });
    }
}

/// The receiver's half: one conversation.
#[derive(Debug)]
pub(crate) struct Rx<S> {
    node: Node,
    room: u64,
    setup: PhantomData<S>,
}

impl<S> Rx<S> {
    fn message_frame(&self, i: u64) -> Incoming<Chat> {
        // The sender's window is as wide as ours.
        let floor = (i + 1).saturating_sub(self.room);
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

/// The sender's half: every message goes to somebody else.
#[derive(Debug)]
pub(crate) struct ToMany {
    node: Node,
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
        self.ids[i as usize % self.ids.len()] = Some(self.node.send(i));
    }

    fn accepted(&mut self, i: u64) {
        self.node.frame(Incoming::MsgA { id: self.id(i), verdict: Verdict::Accepted(i) });
    }

    fn settled(&mut self, i: u64) {
        self.node.frame(Incoming::AckN { id: self.id(i), server_id: i });
    }

    fn inputs(&mut self, _: u64) {}
}

/// The receiver's half: every message comes from somebody else.
#[derive(Debug)]
pub(crate) struct FromMany {
    node: Node,
}

impl Receiver for FromMany {
    fn new(room: u64) -> Self {
        Self { node: Node::new::<Plain>(room) }
    }

    fn message(&mut self, i: u64) -> u64 {
        let payload = self.node.payload.clone();
        self.node.frame(Incoming::MsgN { id: id_of(i, 0), from: i, server_id: i, floor: 0, payload }).received
    }

    fn noted(&mut self, i: u64) {
        self.node.frame(Incoming::AckA { id: id_of(i, 0), from: i });
    }

    fn inputs(&mut self, _: u64) {}
}

/// The id of message `seq` that somebody sends to this client.
fn id_of(peer: u64, seq: u64) -> MsgId {
    MsgId::new(stream_of(peer), seq).expect("few messages")
}

/// The stream from somebody to this client: as well mixed as a drawn one.
fn stream_of(peer: u64) -> StreamId {
    StreamId::from_u64((peer + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
