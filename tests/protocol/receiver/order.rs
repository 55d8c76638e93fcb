//! Order: messages are handed over in sending order, held until a gap is filled, and flagged late after it was abandoned.

use kit::*;
use sixfold::Order;

#[test]
fn an_early_message_is_held_without_ack_and_handed_over_in_order() {
    let mut b = Rig::new(steady(), 2);
    for seq in [2, 1, 4] {
        b.msg_n(A, id(1, seq), 0);
    }
    assert_eq!(b.drain(), []);
    b.msg_n(A, id(1, 0), 0);
    assert_eq!(b.received(), [(0, false), (1, false), (2, false)]);
    b.msg_n(A, id(1, 4), 0);
    assert_eq!((b.received(), b.client.stats().ignored_msg_n_pending), (vec![], 1));
    b.msg_n(A, id(1, 3), 0);
    assert_eq!(b.received(), [(3, false), (4, false)]);
}

#[test]
fn with_as_arrived_no_message_is_held_or_flagged_late() {
    let mut b = Rig::new(steady().order(Order::AsArrived), 2);
    for seq in [2, 0, 1, 2] {
        b.msg_n(A, id(1, seq), 3);
    }
    assert_eq!(b.received(), [(2, false), (0, false), (1, false)]);
}

#[test]
fn a_receiver_that_joins_midstream_waits_only_for_seqs_from_the_floor_on() {
    let mut b = Rig::new(steady(), 2);
    b.msg_n(A, id(1, 503), 501);
    assert_eq!(b.drain(), []);
    b.msg_n(A, id(1, 501), 501);
    assert_eq!(b.received(), [(501, false)]);
    b.msg_n(A, id(1, 502), 501);
    assert_eq!(b.received(), [(502, false), (503, false)]);
    b.msg_n(A, id(1, 17), 0);
    assert_eq!(b.received(), [(17, true)]);
}

#[test]
fn a_floor_above_an_abandoned_seq_frees_the_held_messages_even_in_a_duplicate() {
    let mut b = Rig::new(steady().order(in_order_for_ever()), 2);
    b.msg_n(A, id(1, 0), 0);
    b.msg_n(A, id(1, 2), 0);
    b.msg_n(A, id(1, 5), 0);
    assert_eq!(b.received(), [(0, false)]);
    b.msg_n(A, id(1, 2), 2);
    assert_eq!(b.received(), [(2, false)], "its floor says that seq 1 is abandoned");
    b.msg_n(A, id(1, 6), 5);
    assert_eq!(b.received(), [(5, false), (6, false)]);
    b.msg_n(A, id(1, 3), 0);
    assert_eq!(b.received(), [(3, true)], "a lower floor does not lower the cursor");
}

#[test]
fn messages_held_below_a_new_floor_are_handed_over_first() {
    let mut b = Rig::new(steady(), 2);
    for seq in [3, 1, 7] {
        b.msg_n(A, id(1, seq), 0);
    }
    b.msg_n(A, id(1, 4), 4);
    assert_eq!(b.received(), [(1, false), (3, false), (4, false)]);
    b.msg_n(A, id(1, 6), u64::MAX);
    assert_eq!(b.received(), [(7, false), (6, true)], "a forged floor costs only its own stream's order");
    b.msg_n(A, id(1, 8), 0);
    assert_eq!(b.received(), [(8, true)]);
}

#[test]
fn a_gap_is_abandoned_after_max_hold_and_not_a_nanosecond_before() {
    let mut b = Rig::new(steady().order(Order::InOrder { max_hold: Some(60 * SECOND) }), 2);
    b.msg_n(A, id(1, 2), 0);
    b.pass(10 * SECOND);
    b.msg_n(A, id(1, 1), 0);
    b.msg_n(A, id(1, 5), 0);
    assert_eq!(b.client.poll_timeout(), Some(b.now + 50 * SECOND));
    b.pass(50 * SECOND - NANOSECOND);
    b.client.handle_timeout(b.now);
    assert_eq!(b.received(), []);
    b.wake();
    assert_eq!(
        b.received(),
        [(1, false), (2, false)],
        "lower ones are handed over first, though they were held for less"
    );
    assert_eq!((b.client.stats().gaps_given_up, b.client.stats().held), (1, 1));
    b.msg_n(A, id(1, 0), 0);
    assert_eq!(b.received(), [(0, true)], "late, but not lost");
    assert_eq!(b.wake(), 10 * SECOND);
    assert_eq!(b.received(), [(5, false)]);
    b.msg_n(A, id(1, 3), 0);
    assert_eq!(b.received(), [(3, true)], "a message of an abandoned gap is late");
}

#[test]
fn without_max_hold_a_gap_is_never_abandoned() {
    let mut b = Rig::new(steady().order(in_order_for_ever()), 2);
    b.msg_n(A, id(1, 1), 0);
    assert_eq!((b.client.poll_timeout(), b.run(100 * DAY)), (None, vec![]));
    b.msg_n(A, id(1, 0), 0);
    assert_eq!(b.received(), [(0, false), (1, false)]);
}

#[test]
fn a_released_message_below_an_abandoned_gap_is_handed_over_late() {
    let mut b = Rig::new(steady(), 2);
    b.msg_n(A, id(1, 0), 0);
    b.msg_n(A, id(1, 2), 0);
    b.run(60 * SECOND);
    assert_eq!(b.client.stats().received, 2);
    b.client.release(&A, id(1, 0), b.now).unwrap();
    b.msg_n(A, id(1, 0), 0);
    b.msg_n(A, id(1, 1), 0);
    b.msg_n(A, id(1, 3), 0);
    assert_eq!(b.received(), [(0, true), (1, true), (3, false)]);
}

#[test]
fn a_stream_with_only_released_messages_keeps_its_cursor() {
    let mut b = Rig::new(steady(), 2);
    b.msg_n(A, id(1, 5), 5);
    b.client.release(&A, id(1, 5), b.now).unwrap();
    b.drain();
    b.msg_n(A, id(1, 6), 0);
    assert_eq!(b.received(), [(6, false)]);
    b.msg_n(A, id(1, 5), 0);
    assert_eq!(b.received(), [(5, true)]);
}

#[test]
fn a_stream_whose_only_held_message_is_dropped_is_removed() {
    let mut b = Rig::new(steady().inbox_capacity(1), 2);
    b.msg_n(A, id(1, 5), 0);
    assert_eq!((b.client.stats().held, b.client.stats().incoming_streams), (1, 1));
    b.msg_n(7, id(2, 0), 0);
    assert_eq!((b.client.stats().held, b.client.stats().incoming_streams), (0, 1));
}

#[test]
fn streams_do_not_wait_for_each_other() {
    let mut b = Rig::new(steady(), 2);
    b.msg_n(A, id(1, 1), 0);
    b.msg_n(A, id(2, 0), 0);
    b.msg_n(7, id(1, 0), 0);
    assert_eq!(b.client.stats().received, 2);
}

#[test]
fn the_floor_of_a_first_message_counts_even_if_that_message_is_held() {
    let mut b = Rig::new(steady(), 2);
    b.msg_n(A, id(1, 7), 5);
    assert_eq!(b.received(), []);
    b.msg_n(A, id(1, 5), 0);
    assert_eq!(b.received(), [(5, false)]);
}

#[test]
fn a_floor_in_a_duplicate_counts_and_messages_below_it_are_late() {
    let mut b = Rig::new(steady(), 2);
    b.msg_n(A, id(1, 0), 0);
    assert_eq!(b.received(), [(0, false)]);
    b.msg_n(A, id(1, 0), 5);
    b.msg_n(A, id(1, 1), 0);
    assert_eq!(b.received(), [(1, true)]);
    b.msg_n(A, id(1, 5), 0);
    assert_eq!(b.received(), [(5, false)], "the cursor has not moved back");
}

#[test]
fn a_message_below_its_own_floor_is_late() {
    let mut b = Rig::new(steady(), 2);
    b.msg_n(A, id(1, 0), 0);
    b.msg_n(A, id(1, 1), 3);
    b.msg_n(A, id(1, 3), 0);
    assert_eq!(b.received(), [(0, false), (1, true), (3, false)]);
}
