//! Duplicates: exact deduplication by (sender, id).

use kit::*;
use sixfold::{MsgId, Outgoing, Output};

#[test]
fn a_duplicate_is_ignored_until_confirm_and_answered_with_ack_r_after() {
    let mut b = Rig::new(steady(), 2);
    let id = id(1, 0);
    b.msg_n(A, id, 0);
    assert_eq!(b.received(), [(0, false)]);
    b.msg_n(A, id, 0);
    assert_eq!((b.drain(), b.client.stats().ignored_msg_n_pending), (vec![], 1));
    b.confirm(A, id);
    assert_eq!(b.frames().len(), 1);
    for _ in 0..3 {
        b.msg_n(A, id, 0);
    }
    assert_eq!(b.frames(), vec![Outgoing::AckR { id, from: A }; 3]);
    b.frame(sixfold::Incoming::AckA { id, from: A });
    b.drain();
    b.msg_n(A, id, 0);
    assert_eq!(b.frames(), [Outgoing::AckR { id, from: A }], "not handed over again after ack:A");
    assert_eq!(b.client.stats().repeated_msg_n_confirmed, 4);
}

#[test]
fn acks_for_duplicates_take_tokens_and_each_message_queues_one() {
    let mut b = Rig::new(steady().retransmit_burst(2).retransmit_rate(1), 2);
    let id = id(1, 0);
    b.msg_n(A, id, 0);
    b.confirm(A, id);
    b.drain();
    (0..1_000).for_each(|_| b.msg_n(A, id, 0));
    assert_eq!(b.frames().len(), 2);
    let frames = b.run(SECOND).into_iter().filter(|(_, output)| matches!(output, Output::Transmit(_)));
    assert_eq!(frames.count(), 1);
}

#[test]
fn the_same_id_of_another_sender_is_another_message() {
    let mut b = Rig::new(steady(), 2);
    for from in [A, 7, 8] {
        b.msg_n(from, id(1, 0), 0);
    }
    assert_eq!(b.received(), [(0, false); 3]);
    b.confirm(7, id(1, 0));
    assert_eq!(b.client.unconfirmed().collect::<Vec<_>>(), [(&A, id(1, 0)), (&8, id(1, 0))]);
}

#[test]
fn one_range_remembers_100_000_messages_exactly() {
    let mut b = Rig::new(steady(), 2);
    for seq in 0..100_000 {
        b.msg_n(A, id(1, seq), seq);
        b.confirm(A, id(1, seq));
        b.frame(sixfold::Incoming::AckA { id: id(1, seq), from: A });
        assert_eq!(b.drain().len(), 3);
    }
    assert_eq!((b.client.stats().ranges, b.client.stats().incoming_streams), (1, 1));
    for seq in (0..100_000).step_by(997) {
        b.msg_n(A, id(1, seq), 0);
        assert_eq!(b.received(), []);
    }
}

#[test]
fn neither_floor_nor_server_id_is_used_for_deduplication() {
    let mut b = Rig::new(steady(), 2);
    b.msg_n(A, id(1, 9), 9);
    assert_eq!(b.received(), [(9, false)]);
    b.msg_n(A, id(1, 4), 9);
    assert_eq!(b.received(), [(4, true)], "below the floor and unseen: handed over, as late");
    for seq in [10, 11] {
        b.frame(sixfold::Incoming::MsgN { id: id(1, seq), from: A, server_id: 7, floor: 9, payload: 1 });
    }
    assert_eq!(b.received(), [(10, false), (11, false)], "two messages under one server id are two messages");
}

#[test]
fn a_foreign_id_is_deduplicated_as_a_whole_and_has_no_order() {
    let mut b = Rig::new(steady(), 2);
    let foreign = |n| MsgId::from_uuid(uuid::Uuid::from_u128(n));
    for n in [7, 3, 7, 0] {
        b.msg_n(A, foreign(n), u64::MAX);
    }
    assert_eq!(b.received().len(), 3);
    b.confirm(A, foreign(7));
    assert_eq!(b.frames(), [Outgoing::AckR { id: foreign(7), from: A }]);
    b.msg_n(A, foreign(7), 0);
    assert_eq!(b.frames().len(), 1);
    assert_eq!((b.client.stats().incoming_streams, b.client.stats().ranges), (3, 3));
}

#[test]
fn a_released_message_is_handed_over_again_by_its_next_copy() {
    let mut b = Rig::new(steady(), 2);
    for seq in 0..3 {
        b.msg_n(A, id(1, seq), 0);
    }
    b.drain();
    b.client.release(&A, id(1, 1), b.now).unwrap();
    assert_eq!(b.client.unconfirmed().count(), 2);
    assert!(b.client.release(&A, id(1, 1), b.now).is_err(), "it is not with the application any more");
    b.msg_n(A, id(1, 1), 0);
    assert_eq!(b.received(), [(1, true)], "the cursor is past it");
    b.msg_n(A, id(1, 1), 0);
    assert_eq!(b.received(), []);
    b.confirm(A, id(1, 1));
    assert!(b.client.release(&A, id(1, 1), b.now).is_err(), "a confirmed message cannot be released");
    assert_eq!(b.client.stats().ranges, 1);
}

#[test]
fn a_message_never_handed_over_cannot_be_confirmed_or_released() {
    let mut b = Rig::new(steady(), 2);
    b.msg_n(A, id(1, 5), 0);
    assert_eq!(b.client.stats().held, 1);
    for id in [id(1, 5), id(1, 0), id(2, 0)] {
        assert!(b.client.confirm(&A, id, b.now).is_err());
        assert!(b.client.release(&A, id, b.now).is_err());
    }
    assert!(b.client.confirm(&77, id(1, 5), b.now).is_err());
    assert_eq!(b.drain(), []);
}
