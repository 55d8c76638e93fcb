//! rumqttc's `MqttState`, of the original and of its fork: packets go in and come out as objects, without the codec.
//!
//! It reads the system's clock once a packet and hands each packet to the application as an event too, which is drained
//! after every call.

/// The halves over one of the two crates: their types have the same names.
macro_rules! halves {
    ($module:ident, $crate_name:ident, state: $state:expr, received: $received:expr) => {
        pub(crate) mod $module {
            use std::fmt;
            use std::hint::black_box;

            use ::$crate_name::{Event, MqttState, Packet, PubAck, PubComp, PubRec, PubRel, Publish, QoS, Request};
            use bytes::Bytes;

            use super::super::{FORGED, PAYLOAD, TOPIC, packet_id};
            use crate::halves::{Forged, Receiver, Reconnect, Remembers, Sender};

            const fn quality(exactly_once: bool) -> QoS {
                if exactly_once { QoS::ExactlyOnce } else { QoS::AtLeastOnce }
            }

            /// A state machine and what drives it.
            struct Node {
                state: MqttState,
                payload: Bytes,
            }

            impl fmt::Debug for Node {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_struct("Node").finish_non_exhaustive()
                }
            }

            impl Node {
                fn new(room: u64) -> Self {
                    let room = u16::try_from(room).expect("packet ids have sixteen bits");
                    let payload = Bytes::from(PAYLOAD.to_vec());
                    drop(payload.clone()); // its reference count is allocated now
                    Self { state: ($state)(room), payload }
                }

                /// Tells the packet id, if the packet carries a message.
                fn send(&mut self, request: Request) -> Option<u16> {
                    let packet = self.state.handle_outgoing_packet(request).expect("there is room");
                    self.drain();
                    match black_box(&packet) {
                        Some(Packet::Publish(publish)) => Some(publish.pkid),
                        _ => None,
                    }
                }

                /// Whether the packet was answered, and how many messages the application got.
                fn receive(&mut self, packet: Packet) -> (bool, u64) {
                    let answer = self.state.handle_incoming_packet(packet).expect("it was asked for");
                    (black_box(&answer).is_some(), self.drain())
                }

                fn drain(&mut self) -> u64 {
                    let mut received = 0;
                    while let Some(event) = self.state.events.pop_front() {
                        received += u64::from(matches!(black_box(&event), Event::Incoming(Packet::Publish(_))));
                    }
                    received
                }
            }

            #[derive(Debug)]
            pub(crate) struct Tx<const EXACTLY_ONCE: bool> {
                node: Node,
                /// The packet ids of the messages in flight, by `i` modulo the length.
                ids: Vec<u16>,
            }

            impl<const EXACTLY_ONCE: bool> Tx<EXACTLY_ONCE> {
                fn slot(&self, i: u64) -> usize {
                    i as usize % self.ids.len()
                }

                fn publish(&self) -> Publish {
                    Publish::from_bytes(TOPIC, quality(EXACTLY_ONCE), self.node.payload.clone())
                }
            }

            impl<const EXACTLY_ONCE: bool> Sender for Tx<EXACTLY_ONCE> {
                fn new(room: u64) -> Self {
                    Self { node: Node::new(room), ids: vec![0; room as usize] }
                }

                fn send(&mut self, i: u64) {
                    let slot = self.slot(i);
                    self.ids[slot] = self.node.send(Request::Publish(self.publish())).expect("it leaves at once");
                }

                fn accepted(&mut self, i: u64) {
                    let id = self.ids[self.slot(i)];
                    let answer =
                        if EXACTLY_ONCE { Packet::PubRec(PubRec::new(id)) } else { Packet::PubAck(PubAck::new(id)) };
                    let (answered, _) = self.node.receive(answer);
                    assert_eq!(answered, EXACTLY_ONCE);
                }

                fn settled(&mut self, i: u64) {
                    if EXACTLY_ONCE {
                        self.node.receive(Packet::PubComp(PubComp::new(self.ids[self.slot(i)])));
                    }
                }

                fn inputs(&mut self, _: u64) {
                    black_box(self.publish());
                }
            }

            impl<const EXACTLY_ONCE: bool> Reconnect for Tx<EXACTLY_ONCE> {
                fn reconnect(&mut self) -> u64 {
                    let pending = self.node.state.clean();
                    pending.into_iter().filter_map(|request| self.node.send(request)).count() as u64
                }
            }

            impl<const EXACTLY_ONCE: bool> Forged for Tx<EXACTLY_ONCE> {
                fn forged(&mut self) {
                    let answer = if EXACTLY_ONCE {
                        Packet::PubComp(PubComp::new(FORGED))
                    } else {
                        Packet::PubAck(PubAck::new(FORGED))
                    };
                    let refused = self.node.state.handle_incoming_packet(answer);
                    assert!(black_box(&refused).is_err(), "the event loop would close the connection");
                    self.node.drain();
                }
            }

            #[derive(Debug)]
            pub(crate) struct Rx<const EXACTLY_ONCE: bool>(Node);

            impl<const EXACTLY_ONCE: bool> Rx<EXACTLY_ONCE> {
                fn publish(&self, i: u64) -> Publish {
                    let mut publish: Publish = ($received)(quality(EXACTLY_ONCE), self.0.payload.clone());
                    publish.pkid = packet_id(i);
                    publish
                }
            }

            impl<const EXACTLY_ONCE: bool> Receiver for Rx<EXACTLY_ONCE> {
                fn new(_: u64) -> Self {
                    Self(Node::new(16))
                }

                fn message(&mut self, i: u64) -> u64 {
                    let (answered, received) = self.0.receive(Packet::Publish(self.publish(i)));
                    assert!(answered);
                    received
                }

                fn noted(&mut self, i: u64) {
                    if EXACTLY_ONCE {
                        self.0.receive(Packet::PubRel(PubRel::new(packet_id(i))));
                    }
                }

                fn inputs(&mut self, i: u64) {
                    black_box(self.publish(i));
                }
            }

            impl<const EXACTLY_ONCE: bool> Remembers for Rx<EXACTLY_ONCE> {}
        }
    };
}

halves!(original, rumqttc_original,
    state: |room| MqttState::new(room, false),
    // The codec makes a string of the topic too.
    received: |quality, payload| Publish::from_bytes(TOPIC, quality, payload));

halves!(next, rumqttc_next,
state: |room| MqttState::builder(room).build(),
received: |qos, payload| {
    let topic = Bytes::from_static(TOPIC.as_bytes());
    Publish { dup: false, retain: false, pkid: 0, qos, topic, payload }
});
