//! Bounds of the inbox and of the ranges: above each one a message is refused without ack, and admitted when it is repeated.

use kit::*;

use super::{count_refused, handle};

#[test]
fn above_the_inbox_capacity_a_msg_n_is_ignored_and_admitted_when_repeated() {
    let mut b = Rig::new(steady().inbox_capacity(2), 2);
    for seq in 0..3 {
        b.msg_n(A, id(1, seq), 0);
    }
    assert_eq!(b.received(), [(0, false), (1, false)]);
    assert_eq!(b.client.stats().ignored_msg_n_full, 1);
    handle(&mut b, A, id(1, 0));
    b.msg_n(A, id(1, 2), 0);
    assert_eq!(b.received(), [(2, false)], "still in order");
}

#[test]
fn a_refused_message_of_a_new_stream_creates_no_stream() {
    let mut b = Rig::new(steady().inbox_capacity(1), 2);
    b.msg_n(A, id(1, 0), 0);
    for stream in 2..100 {
        b.msg_n(A, id(stream, 0), 0);
        b.msg_n(stream, id(stream, 5), 0);
    }
    assert_eq!((b.client.stats().incoming_streams, b.client.stats().ignored_msg_n_full), (1, 196));
}

#[test]
fn the_message_at_the_cursor_replaces_the_highest_held_one() {
    let mut b = Rig::new(steady().inbox_capacity(3), 2);
    for seq in [1, 9, 2, 7] {
        b.msg_n(A, id(1, seq), 0);
    }
    assert_eq!((b.client.stats().held, b.client.stats().ignored_msg_n_full), (3, 1));
    b.msg_n(A, id(1, 0), 0);
    assert_eq!(b.received(), [(0, false), (1, false), (2, false)]);
    assert_eq!((b.client.stats().held, b.client.stats().held_dropped), (0, 1));
    (0..3).for_each(|seq| handle(&mut b, A, id(1, seq)));
    b.msg_n(A, id(1, 9), 9);
    assert_eq!(b.received(), [(9, false)], "the dropped one was not acked: it arrives again");
}

#[test]
fn held_messages_of_one_peer_do_not_block_another_peer() {
    let mut b = Rig::new(steady().inbox_capacity(10).order(in_order_for_ever()), 2);
    for seq in 1..=10 {
        b.msg_n(66, id(1, seq), 0);
    }
    assert_eq!(b.client.stats().held, 10);
    for seq in 0..20 {
        b.msg_n(A, id(2, seq), 0);
        assert_eq!(b.received(), [(seq, false)]);
        handle(&mut b, A, id(2, seq));
        b.drain();
    }
}

#[test]
fn above_max_ranges_a_new_range_is_refused_and_a_filled_gap_never() {
    let mut b = Rig::new(steady().max_ranges(3).order(sixfold::Order::AsArrived), 2);
    for seq in [0, 2, 4] {
        b.msg_n(A, id(1, seq), 0);
    }
    assert_eq!(b.received().len(), 3);
    b.msg_n(A, id(1, 9), 0);
    b.msg_n(7, id(1, 0), 0);
    assert_eq!(count_refused(&b.drain()), 2);
    b.msg_n(A, id(1, 5), 0);
    b.msg_n(A, id(1, 3), 0);
    assert_eq!(b.received(), [(5, false), (3, false)]);
    assert_eq!(b.client.stats().ranges, 2);
    b.msg_n(A, id(1, 9), 0);
    assert_eq!(b.received(), [(9, false)]);
}

#[test]
fn releases_cannot_grow_the_ranges_without_limit() {
    let mut b = Rig::new(steady().max_ranges(4).inbox_capacity(10), 2);
    for seq in 0..2_000 {
        b.msg_n(A, id(1, seq), 0);
        if b.received().is_empty() {
            continue;
        }
        if seq % 2 == 1 {
            b.confirm(A, id(1, seq));
            b.client.release(&A, id(1, seq - 1), b.now).unwrap();
        }
    }
    assert!(b.client.stats().ranges <= 4 + 10 + 1, "{}", b.client.stats().ranges);
    (0..2_000).for_each(|seq| b.msg_n(A, id(1, seq), 0));
    assert!(b.client.stats().ranges <= 2, "released and refused messages are admitted when they are repeated");
}

#[test]
fn a_held_message_without_a_free_range_is_refused_when_its_gap_is_abandoned() {
    let mut b = Rig::new(steady().max_ranges(1), 2);
    b.msg_n(A, id(1, 0), 0);
    b.msg_n(A, id(1, 5), 0);
    b.msg_n(A, id(1, 6), 0);
    b.drain();
    let outputs: Vec<_> = b.run(60 * SECOND).into_iter().map(|(_, output)| output).collect();
    assert_eq!((count_refused(&outputs), received(&outputs)), (2, vec![]));
    assert_eq!(b.client.stats().held, 0);
    for seq in 1..=6 {
        b.msg_n(A, id(1, seq), 0);
    }
    assert_eq!(b.received().len(), 6, "no message is lost");
}

#[test]
fn a_refused_held_message_does_not_delay_the_next_one() {
    let mut b = Rig::new(steady().max_ranges(1), 2);
    b.msg_n(A, id(1, 0), 0);
    b.msg_n(A, id(1, 5), 0);
    b.pass(30 * SECOND);
    b.msg_n(A, id(1, 6), 0);
    b.drain();
    assert_eq!(b.wake(), 30 * SECOND);
    assert_eq!((count_refused(&b.drain()), b.client.stats().held), (2, 0));
}

#[test]
fn a_message_that_was_held_is_counted_once_in_a_full_inbox() {
    let mut b = Rig::new(steady().inbox_capacity(2), 2);
    [1, 0].into_iter().for_each(|seq| b.msg_n(A, id(1, seq), 0));
    assert_eq!(b.received(), [(0, false), (1, false)]);
    b.msg_n(A, id(1, 2), 0);
    assert_eq!((b.received(), b.client.stats().ignored_msg_n_full, b.client.stats().held_dropped), (vec![], 1, 0));
}
