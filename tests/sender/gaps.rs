//! Messages settled in any order: what is left keeps its id, its place and its floor, however far apart it lies.

use std::collections::BTreeMap;

use kit::*;
use sixfold::{MsgId, Outgoing, Status};

/// So many messages to B on the wire at once.
fn sent(count: u64) -> (Rig, BTreeMap<u64, MsgId>) {
    let mut a = Rig::new(steady().window(10_000), 1);
    let ids = a.send_all(B, 0..count);
    a.drain();
    (a, (0..).zip(ids).collect())
}

/// Settles one message, and looks whether exactly the others are left.
fn settle(a: &mut Rig, left: &mut BTreeMap<u64, MsgId>, seq: u64) {
    let id = left.remove(&seq).unwrap();
    a.ack_n(id, seq);
    a.drain();
    assert_eq!(a.client.status(id), None);
    let listed: Vec<_> = a.client.outbox().map(|entry| (*entry.payload, entry.id)).collect();
    assert!(listed.into_iter().eq(left.iter().map(|(seq, id)| (*seq, *id))), "after {seq}");
    assert!(left.values().all(|id| a.client.status(*id) == Some(Status::OnWire)), "after {seq}");
}

/// The floor in the next msg:R to B; the message that carries it is gone again.
fn floor(a: &mut Rig) -> u64 {
    let id = a.send(B, 0);
    let frames = a.frames();
    let [Outgoing::MsgR { floor, .. }] = frames[..] else { panic!("{frames:?}") };
    a.ack_n(id, 0);
    a.drain();
    floor
}

#[test]
fn when_the_middle_is_settled_first_both_ends_are_still_there() {
    let (mut a, mut left) = sent(200);
    for seq in 2..198 {
        settle(&mut a, &mut left, seq);
        assert_eq!(floor(&mut a), 0);
    }
    for (seq, next) in [(0, 1), (199, 1), (1, 198)] {
        settle(&mut a, &mut left, seq);
        assert_eq!(floor(&mut a), next);
    }
}

#[test]
fn from_the_last_to_the_first_and_every_third_before_the_rest() {
    let (mut a, mut left) = sent(150);
    for seq in (0..150).rev().filter(|seq| seq % 3 == 0) {
        settle(&mut a, &mut left, seq);
    }
    for seq in (0..150).rev().filter(|seq| seq % 3 != 0) {
        let lowest = *left.keys().next().unwrap();
        assert_eq!(floor(&mut a), lowest);
        settle(&mut a, &mut left, seq);
    }
    assert!(a.client.is_settled());
}

#[test]
fn one_message_that_nobody_answers_waits_below_thousands_that_come_and_go() {
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
fn a_failed_message_that_is_sent_again_stands_in_front_of_what_was_left_behind_since() {
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
    settle(&mut a, &mut left, 180);
    assert_eq!(left.keys().take(3).collect::<Vec<_>>(), [&0, &10, &80]);
}
