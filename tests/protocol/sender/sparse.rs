//! Sparse streams: messages delivered in any order leave the others with their ids, order and floor, however far apart.

use std::collections::BTreeMap;

use kit::*;
use sixfold::{MsgId, Outgoing, Status};

/// Returns a client with `count` messages to B on the wire.
fn sent(count: u64) -> (Rig, BTreeMap<u64, MsgId>) {
    let mut a = Rig::new(steady().window(10_000), 1);
    let ids = a.send_all(B, 0..count);
    a.drain();
    (a, (0..).zip(ids).collect())
}

/// Delivers one message and checks that exactly the others are left.
fn deliver(a: &mut Rig, left: &mut BTreeMap<u64, MsgId>, seq: u64) {
    let id = left.remove(&seq).unwrap();
    a.ack_n(id, seq);
    a.drain();
    assert_eq!(a.client.status(id), None);
    let listed: Vec<_> = a.client.outbox().map(|entry| (*entry.payload, entry.id)).collect();
    assert!(listed.into_iter().eq(left.iter().map(|(seq, id)| (*seq, *id))), "after {seq}");
    assert!(left.values().all(|id| a.client.status(*id) == Some(Status::OnWire)), "after {seq}");
}

/// Returns the floor in the next msg:R to B; its message is delivered.
fn floor(a: &mut Rig) -> u64 {
    let id = a.send(B, 0);
    let frames = a.frames();
    let [Outgoing::MsgR { floor, .. }] = frames[..] else { panic!("{frames:?}") };
    a.ack_n(id, 0);
    a.drain();
    floor
}

#[test]
fn deliveries_in_the_middle_leave_both_ends_in_place() {
    let (mut a, mut left) = sent(200);
    for seq in 2..198 {
        deliver(&mut a, &mut left, seq);
        assert_eq!(floor(&mut a), 0);
    }
    for (seq, next) in [(0, 1), (199, 1), (1, 198)] {
        deliver(&mut a, &mut left, seq);
        assert_eq!(floor(&mut a), next);
    }
}

#[test]
fn deliveries_in_descending_order_leave_the_others_in_place() {
    let (mut a, mut left) = sent(150);
    for seq in (0..150).rev().filter(|seq| seq % 3 == 0) {
        deliver(&mut a, &mut left, seq);
    }
    for seq in (0..150).rev().filter(|seq| seq % 3 != 0) {
        let lowest = *left.keys().next().unwrap();
        assert_eq!(floor(&mut a), lowest);
        deliver(&mut a, &mut left, seq);
    }
    assert!(a.client.is_settled());
}

#[test]
fn one_unanswered_message_stays_below_thousands_of_delivered_ones() {
    let (mut a, ids) = sent(1);
    for n in 1..3_000 {
        let id = a.send(B, n);
        assert_eq!(a.frames(), [msg_r(id, B, 0, n)]);
        a.ack_n(id, n);
        a.drain();
    }
    assert_eq!(a.client.status(ids[&0]), Some(Status::OnWire));
    a.ack_n(ids[&0], 0);
    a.drain();
    assert_eq!((a.client.is_settled(), floor(&mut a)), (true, 3_000));
}

#[test]
fn a_resent_message_is_listed_before_all_later_ones() {
    let (mut a, mut left) = sent(101);
    let failed = left[&0];
    a.reject(failed, 1);
    a.drain();
    left.remove(&0);
    for seq in (1..80).filter(|seq| *seq != 10) {
        let id = left.remove(&seq).unwrap();
        a.ack_n(id, seq);
    }
    left.extend((101..181).zip(a.send_all(B, 101..181)));
    a.client.resend(failed, a.now).unwrap();
    left.insert(0, failed);
    deliver(&mut a, &mut left, 180);
    assert_eq!(left.keys().take(3).collect::<Vec<_>>(), [&0, &10, &80]);
}
