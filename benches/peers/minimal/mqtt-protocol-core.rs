use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::Connection;
use mqtt_protocol_core::mqtt::packet::Qos;
use mqtt_protocol_core::mqtt::packet::v3_1_1::{Connect, Publish};
use mqtt_protocol_core::mqtt::role::Client;

fn main() {
    let mut connection: Connection<Client> = Connection::new(Version::V3_1_1);
    connection.set_auto_pub_response(true);
    let connect = Connect::builder().client_id("client").expect("short").build().expect("all is set");
    std::hint::black_box(connection.checked_send(connect));
    let id = connection.acquire_packet_id().expect("room");
    let publish = Publish::builder().topic_name("im/conv/00000001").expect("a topic").qos(Qos::ExactlyOnce);
    let publish = publish.packet_id(id).payload("hello").build().expect("all is set");
    std::hint::black_box(connection.checked_send(publish));
    let frames: [&[u8]; 3] = [&[0x20, 2, 0, 0], &[0x50, 2, 0, 1], &[0x70, 2, 0, 1]];
    for frame in frames {
        std::hint::black_box(connection.recv(&mut Cursor::new(frame)));
    }
    std::hint::black_box(connection.notify_closed());
}
