//! Bounds of the sender: a full outbox refuses a message and returns its payload, and idle streams are forgotten.

use kit::*;
use sixfold::{Client, SendError};

#[test]
fn a_full_outbox_returns_the_payload_until_a_message_is_delivered() {
    let mut a = Rig::new(steady().outbox_capacity(3), 1);
    let ids: Vec<_> = (0..3).map(|n| a.send(B, n)).collect();
    a.reject(ids[0], 1);
    let full = a.client.send(B, 7, a.now).unwrap_err();
    assert_eq!(full, SendError::Full { payload: 7, capacity: 3 }, "a failed message counts");
    assert_eq!(full.to_string(), "the outbox is full: 3 messages are not settled");
    assert_eq!(full.into_payload(), 7);
    a.client.discard(ids[0], a.now).unwrap();
    a.send(B, 7);
    assert!(a.client.send(99, 7, a.now).is_err());
    a.ack_n(ids[1], 1);
    a.send(99, 7);
}

#[test]
fn above_the_outbox_capacity_the_longest_idle_stream_is_forgotten() {
    let mut a = Rig::new(steady().outbox_capacity(10), 1);
    let mut streams = std::collections::BTreeMap::new();
    for peer in 0..100 {
        let id = a.send(peer, 1);
        a.ack_n(id, 1);
        streams.insert(peer, id.stream());
        a.drain();
    }
    assert_eq!(a.client.stats().outgoing_streams, 10);
    assert_eq!(a.send(95, 1).stream(), streams[&95], "still known");
    assert_ne!(a.send(5, 1).stream(), streams[&5], "forgotten: a new stream, no id is reused");
}

#[test]
fn one_seed_used_at_two_times_gives_two_streams() {
    let at = |nanos| {
        let now = sixfold::Time::from_nanos(nanos);
        let mut client: Client<Test> = Client::new(steady(), seed(1), now).unwrap();
        client.send(B, 1, now).unwrap()
    };
    assert_eq!(at(1_000), at(1_000), "equal inputs give equal ids, so a seed is used only once");
    assert_ne!(at(1_000).stream(), at(1_001).stream(), "one nanosecond is enough");
}

#[test]
fn outbox_lists_messages_of_every_state_by_peer_in_sending_order() {
    let mut a = Rig::new(steady().window(2), 1);
    let sent: Vec<_> = [(9, 0), (B, 1), (9, 2), (B, 3)].map(|(to, n)| a.send(to, n)).to_vec();
    a.reject(sent[0], 1);
    let listed: Vec<_> = a.client.outbox().map(|entry| (*entry.to, entry.id, *entry.payload)).collect();
    assert_eq!(listed, [(B, sent[1], 1), (B, sent[3], 3), (9, sent[0], 0), (9, sent[2], 2)]);
    assert!(a.client.outbox().all(|entry| entry.queued_at == a.now));
}

#[test]
fn outbox_lists_failed_messages_in_place_among_the_others() {
    let mut a = Rig::new(steady(), 1);
    let sent = a.send_all(B, 0..7);
    for seq in [0, 2, 3, 6] {
        a.reject(sent[seq], 1);
    }
    assert!(a.client.outbox().map(|entry| entry.id).eq(sent));
}
