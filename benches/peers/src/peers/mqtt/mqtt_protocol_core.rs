//! mqtt-protocol-core's connection: MQTT 3.1.1, QoS 2, a session that persists, automatic answers.
//!
//! It is sent packets as objects and receives bytes only, so every frame that comes is parsed; what goes out stays an
//! object. Timers are the caller's.

use std::fmt;
use std::hint::black_box;
use std::sync::Arc;

use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{Connection, Event};
use mqtt_protocol_core::mqtt::packet::v3_1_1::{Connack, Connect, Publish};
use mqtt_protocol_core::mqtt::packet::{Packet, Qos};
use mqtt_protocol_core::mqtt::result_code::ConnectReturnCode;
use mqtt_protocol_core::mqtt::role::Client;

use super::{FORGED, PAYLOAD, TOPIC, packet_id};
use crate::halves::{Forged, Receiver, Reconnect, Remembers, Sender};

const PUBREC: u8 = 0x50;
const PUBREL: u8 = 0x62;
const PUBCOMP: u8 = 0x70;

/// What one input brought.
#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    frames: u64,
    received: u64,
}

struct Node {
    connection: Connection<Client>,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").finish_non_exhaustive()
    }
}

impl Node {
    fn new() -> Self {
        let mut connection = Connection::new(Version::V3_1_1);
        connection.set_auto_pub_response(true);
        let mut node = Self { connection };
        node.connect();
        node
    }

    /// A new connection with the old session.
    fn connect(&mut self) -> Turn {
        let connect = Connect::builder().client_id("client").expect("short").clean_session(false);
        let connect = connect.build().expect("all is set");
        black_box(self.connection.checked_send(connect));
        let accepted = Connack::builder().session_present(true).return_code(ConnectReturnCode::Accepted);
        self.receive(&accepted.build().expect("all is set").to_continuous_buffer())
    }

    fn receive(&mut self, frame: &[u8]) -> Turn {
        turn(self.connection.recv(&mut Cursor::new(frame)))
    }

    fn answer(&mut self, kind: u8, id: u16) -> Turn {
        let [high, low] = id.to_be_bytes();
        self.receive(&[kind, 2, high, low])
    }
}

fn turn(events: Vec<Event>) -> Turn {
    let mut turn = Turn::default();
    for event in events {
        match black_box(&event) {
            Event::RequestSendPacket { .. } => turn.frames += 1,
            Event::NotifyPacketReceived(Packet::V3_1_1Publish(_)) => turn.received += 1,
            _ => {}
        }
    }
    turn
}

#[derive(Debug)]
pub(crate) struct Tx {
    node: Node,
    /// The packet ids of the messages in flight, by `i` modulo the length.
    ids: Vec<u16>,
    payload: Arc<[u8]>,
}

impl Tx {
    fn publish(&self, id: u16) -> Publish {
        let publish = Publish::builder().topic_name(TOPIC).expect("a topic").qos(Qos::ExactlyOnce).packet_id(id);
        publish.payload(self.payload.clone()).build().expect("all is set")
    }

    fn slot(&self, i: u64) -> usize {
        i as usize % self.ids.len()
    }
}

impl Sender for Tx {
    fn new(room: u64) -> Self {
        Self { node: Node::new(), ids: vec![0; room as usize], payload: Arc::from(PAYLOAD) }
    }

    fn send(&mut self, i: u64) {
        let id = self.node.connection.acquire_packet_id().expect("there is room");
        let slot = self.slot(i);
        self.ids[slot] = id;
        let publish = self.publish(id);
        let turn = turn(self.node.connection.checked_send(publish));
        assert_eq!(turn.frames, 1, "it leaves at once");
    }

    fn accepted(&mut self, i: u64) {
        let turn = self.node.answer(PUBREC, self.ids[self.slot(i)]);
        assert_eq!(turn.frames, 1, "PUBREL");
    }

    fn settled(&mut self, i: u64) {
        self.node.answer(PUBCOMP, self.ids[self.slot(i)]);
    }

    fn inputs(&mut self, i: u64) {
        black_box(self.publish(packet_id(i)));
    }
}

impl Reconnect for Tx {
    fn reconnect(&mut self) -> u64 {
        black_box(self.node.connection.notify_closed());
        self.node.connect().frames
    }
}

impl Forged for Tx {
    fn forged(&mut self) {
        let [high, low] = FORGED.to_be_bytes();
        let refused = self.node.connection.recv(&mut Cursor::new(&[PUBCOMP, 2, high, low][..]));
        let closes = |event: &Event| matches!(event, Event::RequestClose);
        assert!(black_box(&refused).iter().any(closes), "the connection is to be closed");
    }
}

#[derive(Debug)]
pub(crate) struct Rx {
    node: Node,
    publish: Vec<u8>,
}

impl Receiver for Rx {
    fn new(_: u64) -> Self {
        let mut publish = vec![0x34, (2 + TOPIC.len() + 2 + PAYLOAD.len()) as u8, 0, TOPIC.len() as u8];
        publish.extend(TOPIC.bytes());
        publish.extend([0, 0]);
        publish.extend(PAYLOAD);
        Self { node: Node::new(), publish }
    }

    fn message(&mut self, i: u64) -> u64 {
        let at = 4 + TOPIC.len();
        self.publish[at..at + 2].copy_from_slice(&packet_id(i).to_be_bytes());
        let turn = self.node.receive(&self.publish);
        assert_eq!(turn.frames, 1, "PUBREC");
        turn.received
    }

    fn noted(&mut self, i: u64) {
        let turn = self.node.answer(PUBREL, packet_id(i));
        assert_eq!(turn.frames, 1, "PUBCOMP");
    }

    fn inputs(&mut self, i: u64) {
        black_box([packet_id(i), packet_id(i)]);
    }
}

impl Remembers for Rx {}
