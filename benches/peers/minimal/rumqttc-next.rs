use rumqttc::{MqttState, Packet, PubComp, PubRec, PubRel, Publish, QoS, Request};

fn main() {
    let mut state = MqttState::builder(10).build();
    let publish = || Publish::from_bytes("im/conv/00000001", QoS::ExactlyOnce, "hello".into());
    let _ = std::hint::black_box(state.handle_outgoing_packet(Request::Publish(publish())));
    let mut received = publish();
    received.pkid = 1;
    let packets = [
        Packet::PubRec(PubRec::new(1)),
        Packet::PubComp(PubComp::new(1)),
        Packet::Publish(received),
        Packet::PubRel(PubRel::new(1)),
    ];
    for packet in packets {
        let _ = std::hint::black_box(state.handle_incoming_packet(packet));
    }
    std::hint::black_box(state.clean());
    while let Some(event) = state.events.pop_front() {
        std::hint::black_box(event);
    }
}
