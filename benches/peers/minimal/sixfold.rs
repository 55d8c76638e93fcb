use std::sync::Arc;

use sixfold::{Client, Config, Incoming, Seed, Time, Types, Verdict};

#[derive(Clone, Debug, PartialEq)]
struct Chat;

impl Types for Chat {
    type Peer = u64;
    type Payload = Arc<[u8]>;
    type ServerId = u64;
}

fn main() {
    let now = Time::from_nanos(std::env::args().count() as u64);
    let mut client: Client<Chat> = Client::new(Config::default(), Seed::from_bytes([7; 32]), now).expect("sound");
    client.handle_connected(now);
    let id = client.send(7, Arc::from(*b"hello"), now).expect("room");
    client.handle_frame(Incoming::MsgA { id, verdict: Verdict::Accepted(1) }, now);
    client.handle_frame(Incoming::AckN { id, server_id: 1 }, now);
    let message = Incoming::MsgN { id, from: 7, server_id: 2, floor: 0, payload: Arc::from(*b"hello") };
    client.handle_frame(message, now);
    let _ = client.confirm(&7, id, now);
    client.handle_frame(Incoming::AckA { id, from: 7 }, now);
    client.handle_timeout(now);
    while let Some(output) = client.poll_output() {
        std::hint::black_box(output);
    }
    std::hint::black_box(client.poll_timeout());
}
