//! Repeated floor updates: each message whose last msg:R carried a lower floor is sent again, and no other.

use kit::*;
use sixfold::{MsgId, Outgoing};

/// Returns the seqs and floors of the pending msg:R.
fn floors(a: &mut Rig) -> Vec<(u64, u64)> {
    let floor = |frame| match frame {
        Outgoing::MsgR { id, floor, .. } => (id.seq().unwrap(), floor),
        Outgoing::AckR { .. } => panic!("a sender sends msg:R"),
    };
    let mut floors: Vec<_> = a.frames().into_iter().map(floor).collect();
    floors.sort_unstable();
    floors
}

fn accepted(a: &mut Rig, payloads: core::ops::Range<u64>) -> Vec<MsgId> {
    let ids = a.send_all(B, payloads);
    ids.iter().for_each(|id| a.accept(*id, 1));
    a.drain();
    ids
}

#[test]
fn each_floor_update_is_announced_by_the_messages_transmitted_before_it() {
    let mut a = Rig::new(steady().retransmit_burst(1_000), 1);
    let ids = accepted(&mut a, 0..4);
    a.client.discard(ids[0], a.now).unwrap();
    assert_eq!(floors(&mut a), [(1, 1), (2, 1), (3, 1)]);
    a.client.discard(ids[1], a.now).unwrap();
    assert_eq!(floors(&mut a), [(2, 2), (3, 2)]);
}

#[test]
fn floor_updates_without_a_token_are_announced_once_with_the_last_floor() {
    let mut a = Rig::new(steady().retransmit_burst(1), 1);
    let ids = accepted(&mut a, 0..5);
    a.client.discard(ids[0], a.now).unwrap();
    assert_eq!(floors(&mut a), [(1, 1)], "one token");
    for id in &ids[1..4] {
        a.client.discard(*id, a.now).unwrap();
    }
    assert_eq!(floors(&mut a), []);
    a.pass(SECOND);
    a.client.handle_timeout(a.now);
    assert_eq!(floors(&mut a), [(4, 4)]);
}

#[test]
fn a_message_accepted_while_it_waits_to_announce_announces_the_next_floor_update() {
    let mut a = Rig::new(steady().retransmit_burst(1), 1);
    let ids = a.send_all(B, 0..4);
    a.drain();
    a.client.discard(ids[0], a.now).unwrap();
    assert_eq!(floors(&mut a), [(1, 1)], "seqs 2 and 3 wait for a token");
    a.accept(ids[3], 1);
    a.client.discard(ids[1], a.now).unwrap();
    a.drain();
    a.pass(SECOND);
    a.client.handle_timeout(a.now);
    assert_eq!(floors(&mut a), [(2, 2)], "one token at a time");
    a.pass(SECOND / 64);
    a.client.handle_timeout(a.now);
    assert_eq!(floors(&mut a), [(3, 2)], "long before its probe is due");
}

#[test]
fn a_floor_update_while_disconnected_is_sent_on_connect() {
    let mut a = Rig::new(steady().retransmit_burst(1_000), 1);
    let ids = accepted(&mut a, 0..4);
    a.client.handle_disconnected(a.now);
    a.client.discard(ids[0], a.now).unwrap();
    a.client.handle_connected(a.now);
    assert_eq!(floors(&mut a), [(1, 1), (2, 1), (3, 1)]);
    a.client.discard(ids[1], a.now).unwrap();
    assert_eq!(floors(&mut a), [(2, 2), (3, 2)]);
}
