//! sixfold itself, driven by the loop of its README: an input, all outputs, one question for the next timeout.
//!
//! The whole client runs, with events, window, RTO, jitter, token bucket, order and deduplication. Each input comes 4 µs
//! after the one before, and sooner when so many are in flight that the oldest would otherwise time out.
//!
//! - `machine.rs`: what the loop drives; `interface.rs`: the same with nothing behind it
//! - `one.rs`: both halves of one conversation
//! - `many.rs`: both halves of as many conversations as messages
//! - `records.rs`: the records of the journal

mod interface;
mod machine;
mod many;
mod one;
mod records;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use sixfold::{Client, Config, Event, Incoming, MsgId, Output, Seed, StreamId, Time, Types};

pub(crate) use interface::Interface;
use machine::Machine;
pub(crate) use many::{FromMany, ToMany};
pub(crate) use one::{Rx, Tx};
pub(crate) use records::{records_rx, records_tx};

/// How long after the one before an input comes: a million messages take less than the first probe interval.
const STEP: Duration = Duration::from_nanos(100);
/// How long a window's worth of steps takes at most: four steps a message stay below the least timeout, 200 ms.
const WINDOW: Duration = Duration::from_millis(48);
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

/// What is driven, and how it is set up.
pub(crate) trait Setup {
    type Machine: Machine;

    /// Makes it of the default config, with the bounds raised.
    fn machine(config: Config) -> Self::Machine;
}

/// As a user has it.
#[derive(Debug)]
pub(crate) struct Plain;

impl Setup for Plain {
    type Machine = Client<Chat>;

    fn machine(config: Config) -> Client<Chat> {
        client(config)
    }
}

/// With the journal on; its records are dropped.
#[derive(Debug)]
pub(crate) struct Journal;

impl Setup for Journal {
    type Machine = Client<Chat>;

    fn machine(config: Config) -> Client<Chat> {
        client(config.journal(true))
    }
}

/// With a token bucket that always has a token, so that what is repeated is repeated at once, as the peers do it.
#[derive(Debug)]
pub(crate) struct Unthrottled;

impl Setup for Unthrottled {
    type Machine = Client<Chat>;

    fn machine(config: Config) -> Client<Chat> {
        client(config.retransmit_rate(1_000_000).retransmit_burst(1_000_000).max_attempts(None))
    }
}

fn client(config: Config) -> Client<Chat> {
    Client::new(config, Seed::from_bytes([7; 32]), Time::ZERO).expect("the config is sound")
}

/// A machine and its clock.
///
/// There is one loop for each kind of machine, whatever its setup, as in a user's program; and its steps are never inlined,
/// so that a figure does not depend on where the compiler would draw the line.
#[derive(Debug)]
struct Node<M> {
    machine: M,
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

impl<M: Machine> Node<M> {
    /// The default config, with the bounds raised where `room` asks for it.
    fn new<S: Setup<Machine = M>>(room: u64) -> Self {
        let (least, room) = (Config::default(), usize::try_from(room).expect("it fits into memory"));
        let least = least
            .window(room.max(32))
            .outbox_capacity(room.max(10_000))
            .ack_capacity(room.max(1_000))
            .max_streams(room.max(65_536));
        let (mut machine, now) = (S::machine(least), Time::ZERO);
        machine.handle_connected(now);
        let step = STEP.min(WINDOW / u32::try_from(room).expect("a million at most"));
        Self { machine, now, step, payload: Arc::from(PAYLOAD) }
    }

    fn tick(&mut self) -> Time {
        self.now = self.now + self.step;
        self.now
    }

    #[inline(never)]
    fn send(&mut self, to: u64) -> MsgId {
        let now = self.tick();
        let id = self.machine.send(to, self.payload.clone(), now).expect("there is room");
        assert_eq!(self.turn().frames, 1, "it leaves at once");
        id
    }

    /// As [`send`](Self::send), while the window is full.
    #[inline(never)]
    fn queue(&mut self, to: u64) {
        let now = self.tick();
        self.machine.send(to, self.payload.clone(), now).expect("there is room");
        assert_eq!(self.turn().frames, 0, "it waits");
    }

    fn frame(&mut self, frame: Incoming<Chat>) -> Turn {
        self.tick();
        self.frame_at_once(frame)
    }

    /// A frame that comes while time stands still: any number of them makes nothing time out.
    #[inline(never)]
    fn frame_at_once(&mut self, frame: Incoming<Chat>) -> Turn {
        self.machine.handle_frame(frame, self.now);
        self.turn()
    }

    /// What follows an input in a user's loop. What is handed over is confirmed at once.
    #[inline(never)]
    fn turn(&mut self) -> Turn {
        let mut turn = Turn::default();
        while let Some(output) = self.machine.poll_output() {
            match black_box(&output) {
                Output::Transmit(_) => turn.frames += 1,
                Output::Event(Event::Received(message)) => {
                    turn.received += 1;
                    self.machine.confirm(&message.from, message.id, self.now).expect("just handed over");
                }
                Output::Event(_) | Output::Persist(_) => {}
            }
        }
        let next = black_box(self.machine.poll_timeout());
        assert!(next.is_none_or(|next| next > self.now), "nothing times out unless it is made to");
        turn
    }
}

/// The id of message `seq` that somebody sends to this client.
fn id_of(peer: u64, seq: u64) -> MsgId {
    MsgId::new(stream_of(peer), seq).expect("few messages")
}

/// The stream from somebody to this client: as well mixed as a drawn one.
fn stream_of(peer: u64) -> StreamId {
    StreamId::from_u64((peer + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
