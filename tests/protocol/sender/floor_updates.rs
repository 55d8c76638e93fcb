//! Floor updates: one message announces each, the lowest live one that was transmitted before it.

use kit::*;
use sixfold::{MsgId, Outgoing};

fn accepted(a: &mut Rig, payloads: core::ops::Range<u64>) -> Vec<MsgId> {
    let ids = a.send_all(B, payloads);
    ids.iter().for_each(|id| a.accept(*id, 1));
    a.drain();
    ids
}

/// Fires the deadline that is due after `duration`.
fn frames_after(a: &mut Rig, duration: core::time::Duration) -> Vec<Outgoing<Test>> {
    a.pass(duration);
    a.client.handle_timeout(a.now);
    a.frames()
}

#[test]
fn each_floor_update_is_announced_by_the_lowest_message_transmitted_before_it() {
    let mut a = Rig::new(steady().retransmit_burst(1_000), 1);
    let ids = accepted(&mut a, 0..4);
    a.client.discard(ids[0], a.now).unwrap();
    assert_eq!(a.frames(), [question(ids[1], B, 1)]);
    a.client.discard(ids[1], a.now).unwrap();
    assert_eq!(a.frames(), [question(ids[2], B, 2)], "whether the one before was answered or not");
    a.accept(ids[2], 1);
    a.client.discard(ids[2], a.now).unwrap();
    assert_eq!(a.frames(), [question(ids[3], B, 3)]);
}

#[test]
fn floor_updates_without_a_token_are_announced_once_with_the_last_floor() {
    let mut a = Rig::new(steady().retransmit_burst(1), 1);
    let ids = accepted(&mut a, 0..5);
    a.client.discard(ids[0], a.now).unwrap();
    assert_eq!(a.frames(), [question(ids[1], B, 1)], "one token");
    for id in &ids[1..4] {
        a.client.discard(*id, a.now).unwrap();
    }
    assert_eq!(a.frames(), []);
    assert_eq!(frames_after(&mut a, SECOND), [question(ids[4], B, 4)]);
}

#[test]
fn a_message_accepted_while_it_waits_to_announce_announces_the_floor_as_a_question() {
    let mut a = Rig::new(steady().retransmit_burst(1), 1);
    let ids = a.send_all(B, 0..4);
    a.drain();
    a.client.discard(ids[0], a.now).unwrap();
    assert_eq!(a.frames(), [msg_r(ids[1], B, 1, 1)], "the token is spent");
    a.client.discard(ids[1], a.now).unwrap();
    assert_eq!(a.frames(), []);
    a.accept(ids[2], 1);
    a.drain();
    assert_eq!(frames_after(&mut a, SECOND / 64), [question(ids[2], B, 2)], "long before its peer is asked about");
}

#[test]
fn a_floor_update_while_disconnected_is_sent_on_connect() {
    let mut a = Rig::new(steady().retransmit_burst(1_000), 1);
    let ids = accepted(&mut a, 0..40);
    // The walk through the accepted messages moves on, so that a reconnect does not ask about the lowest ones anyway.
    a.wake();
    a.drain();
    ids.iter().for_each(|id| a.accept(*id, 1));
    a.client.handle_disconnected(a.now);
    a.client.discard(ids[0], a.now).unwrap();
    a.client.handle_connected(a.now);
    let frames = [question(ids[39], B, 1), question(ids[16], B, 1), question(ids[1], B, 1)];
    assert_eq!(a.frames(), frames, "the newest, the next of the walk, and the announcement");
    a.client.discard(ids[1], a.now).unwrap();
    assert_eq!(a.frames(), [question(ids[2], B, 2)]);
}
