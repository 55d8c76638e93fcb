//! What the MQTT peers share. They speak of a topic and a packet id where sixfold speaks of a peer and a message id, and
//! know no timers: MQTT repeats on a new connection only.

pub(crate) mod mqtt_protocol_core;
pub(crate) mod rumqttc;

/// Sixteen bytes: as long as the topic of a conversation usually is.
const TOPIC: &str = "im/conv/00000001";
const PAYLOAD: [u8; 64] = [0x5a; 64];
/// A packet id that is never in flight here.
const FORGED: u16 = 65_000;

/// The packet id of the i-th message of a server that counts them through.
fn packet_id(i: u64) -> u16 {
    (i % u64::from(u16::MAX)) as u16 + 1
}
