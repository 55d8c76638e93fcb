//! Each bound reached, and who pays.

use kit::*;
use sixfold::{Event, MsgId, Output};

fn horizon(outputs: &[Output<Test>]) -> usize {
    outputs.iter().filter(|output| matches!(output, Output::Event(Event::HorizonExceeded { .. }))).count()
}

/// Handles one message and lets its ack settle.
fn handle(b: &mut Rig, from: u64, id: MsgId) {
    b.confirm(from, id);
    b.frame(sixfold::Incoming::AckA { id, from });
}

#[test]
fn beyond_the_inbox_capacity_msg_n_is_left_unanswered_and_comes_again() {
    let mut b = Rig::new(steady().inbox_capacity(2), 2);
    for seq in 0..3 {
        b.msg_n(A, id(1, seq), 0);
    }
    assert_eq!(b.received(), [(0, false), (1, false)]);
    assert_eq!(b.client.stats().ignored_msg_n_full, 1);
    handle(&mut b, A, id(1, 0));
    b.msg_n(A, id(1, 2), 0);
    assert_eq!(b.received(), [(2, false)], "in order all the same");
}

#[test]
fn a_message_left_unanswered_in_a_new_stream_leaves_nothing_behind() {
    let mut b = Rig::new(steady().inbox_capacity(1), 2);
    b.msg_n(A, id(1, 0), 0);
    for stream in 2..100 {
        b.msg_n(A, id(stream, 0), 0);
        b.msg_n(stream, id(stream, 5), 0);
    }
    assert_eq!((b.client.stats().incoming_streams, b.client.stats().ignored_msg_n_full), (1, 196));
}

#[test]
fn the_message_at_the_cursor_is_admitted_by_dropping_the_highest_held_one() {
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
    assert_eq!(b.received(), [(9, false)], "the dropped one was not acked: it comes again");
}

#[test]
fn a_peer_that_fills_the_inbox_with_held_messages_does_not_block_another() {
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
fn a_peer_beyond_its_share_of_streams_pays_with_its_longest_silent_one() {
    let mut b = Rig::new(steady().max_streams_per_peer(3), 2);
    b.msg_n(7, id(100, 0), 0);
    for stream in 0..3 {
        b.msg_n(A, id(stream, 0), 0);
        handle(&mut b, A, id(stream, 0));
    }
    b.msg_n(A, id(0, 0), 0);
    b.frame(sixfold::Incoming::AckA { id: id(0, 0), from: A });
    b.drain();
    b.msg_n(A, id(3, 0), 0);
    assert_eq!(b.received(), [(0, false)]);
    assert_eq!((b.client.stats().incoming_streams, b.client.stats().streams_forgotten), (4, 1));
    b.msg_n(A, id(0, 0), 0);
    assert_eq!(b.received(), [], "stream 0 was heard of lately");
    handle(&mut b, A, id(3, 0));
    b.drain();
    b.msg_n(A, id(1, 0), 0);
    assert_eq!(b.received(), [(0, false)], "stream 1 was forgotten");
}

#[test]
fn a_stream_with_an_unconfirmed_message_or_a_pending_ack_is_never_forgotten() {
    let mut b = Rig::new(steady().max_streams_per_peer(2), 2);
    b.msg_n(A, id(0, 0), 0);
    b.msg_n(A, id(1, 0), 0);
    b.confirm(A, id(1, 0));
    b.drain();
    b.msg_n(A, id(2, 0), 0);
    assert_eq!(b.drain(), [Output::Event(Event::HorizonExceeded { from: A, id: id(2, 0) })]);
    b.frame(sixfold::Incoming::AckA { id: id(1, 0), from: A });
    b.msg_n(A, id(2, 0), 0);
    assert_eq!(b.received(), [(0, false)]);
    assert_eq!(b.client.unconfirmed().count(), 2);
}

#[test]
fn when_all_streams_are_taken_a_newcomer_waits_for_one_past_its_retention() {
    let mut b = Rig::new(steady().max_streams(3).lifetime(7 * DAY), 2);
    for (from, stream) in [(7, 0), (A, 0), (A, 1)] {
        b.msg_n(from, id(stream, 0), 0);
        handle(&mut b, from, id(stream, 0));
    }
    b.drain();
    b.pass(14 * DAY - NANOSECOND);
    b.msg_n(9, id(5, 0), 0);
    assert_eq!(horizon(&b.drain()), 1, "never one younger than its retention");
    assert_eq!(b.client.stats().ignored_msg_n_horizon, 1);
    b.pass(NANOSECOND);
    b.msg_n(9, id(5, 0), 0);
    assert_eq!(b.received(), [(0, false)]);
    b.msg_n(7, id(0, 0), 0);
    assert_eq!(b.received(), [], "the peer that held most has paid");
}

#[test]
fn a_peer_that_opens_100_000_streams_does_not_disturb_another() {
    let mut b = Rig::new(steady(), 2);
    for n in 0..100_000 {
        b.msg_n(66, id(1_000 + n, 0), 0);
        handle(&mut b, 66, id(1_000 + n, 0));
        if n % 1_000 == 0 {
            let seq = n / 1_000;
            b.msg_n(A, id(1, seq), 0);
            handle(&mut b, A, id(1, seq));
        }
        b.drain();
    }
    let stats = b.client.stats();
    assert_eq!((stats.incoming_streams, stats.received), (1_025, 100_100));
    (0..100).for_each(|seq| b.msg_n(A, id(1, seq), 0));
    assert_eq!(b.received(), [], "nothing of it was forgotten");
}

#[test]
fn a_frame_that_would_add_a_range_beyond_the_bound_is_refused_and_one_that_fills_a_gap_never() {
    let mut b = Rig::new(steady().max_ranges(3).order(sixfold::Order::AsArrived), 2);
    for seq in [0, 2, 4] {
        b.msg_n(A, id(1, seq), 0);
    }
    assert_eq!(b.received().len(), 3);
    b.msg_n(A, id(1, 9), 0);
    b.msg_n(7, id(1, 0), 0);
    assert_eq!(horizon(&b.drain()), 2);
    b.msg_n(A, id(1, 5), 0);
    b.msg_n(A, id(1, 3), 0);
    assert_eq!(b.received(), [(5, false), (3, false)]);
    assert_eq!(b.client.stats().ranges, 2);
    b.msg_n(A, id(1, 9), 0);
    assert_eq!(b.received(), [(9, false)]);
}

#[test]
fn releases_cannot_split_ranges_beyond_their_bound_for_ever() {
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
    assert!(b.client.stats().ranges <= 2, "what was released and refused comes in when it comes again");
}

#[test]
fn a_stream_is_not_forgotten_for_a_newcomer_that_is_not_admitted() {
    let mut b = Rig::new(steady().inbox_capacity(1).max_streams_per_peer(2), 2);
    for stream in [1, 2] {
        b.msg_n(A, id(stream, 0), 0);
        handle(&mut b, A, id(stream, 0));
    }
    b.msg_n(9, id(9, 0), 0);
    b.drain();
    b.msg_n(A, id(3, 0), 0);
    assert_eq!((b.client.stats().streams_forgotten, b.client.stats().ignored_msg_n_full), (0, 1));
    b.msg_n(A, id(1, 0), 0);
    assert_eq!(b.received(), []);
}

#[test]
fn a_held_message_that_cannot_be_remembered_is_refused_when_its_turn_comes() {
    let mut b = Rig::new(steady().max_ranges(1), 2);
    b.msg_n(A, id(1, 0), 0);
    b.msg_n(A, id(1, 5), 0);
    b.msg_n(A, id(1, 6), 0);
    b.drain();
    let outputs: Vec<_> = b.run(60 * SECOND).into_iter().map(|(_, output)| output).collect();
    assert_eq!((horizon(&outputs), received(&outputs)), (2, vec![]));
    assert_eq!(b.client.stats().held, 0);
    for seq in 1..=6 {
        b.msg_n(A, id(1, seq), 0);
    }
    assert_eq!(b.received().len(), 6, "nothing is lost once the gap is filled");
}

#[test]
fn a_stream_is_not_forgotten_for_an_early_newcomer_while_the_inbox_is_full_of_held_ones() {
    let mut b = Rig::new(steady().inbox_capacity(2).max_streams_per_peer(2), 2);
    for stream in [1, 2] {
        b.msg_n(A, id(stream, 0), 0);
        handle(&mut b, A, id(stream, 0));
    }
    b.msg_n(9, id(9, 5), 0);
    b.msg_n(9, id(9, 6), 0);
    assert_eq!(b.client.stats().held, 2);
    b.msg_n(A, id(3, 1), 0);
    assert_eq!((b.client.stats().streams_forgotten, b.client.stats().ignored_msg_n_full), (0, 1));
    b.msg_n(A, id(3, 0), 0);
    assert_eq!((b.client.stats().streams_forgotten, b.client.stats().held), (1, 1), "the first one may go on");
}

#[test]
fn a_stream_is_not_forgotten_when_even_without_it_there_are_too_many_ranges() {
    let mut b = Rig::new(steady().max_ranges(2).max_streams_per_peer(1), 2);
    (0..5).for_each(|seq| b.msg_n(9, id(9, seq), 0));
    b.msg_n(A, id(1, 0), 0);
    handle(&mut b, A, id(1, 0));
    for (released, ranges) in [(1, 3), (3, 4)] {
        b.client.release(&9, id(9, released), b.now).unwrap();
        assert_eq!(b.client.stats().ranges, ranges);
        b.drain();
        b.msg_n(A, id(2, 0), 0);
        assert_eq!((horizon(&b.drain()), b.client.stats().streams_forgotten), (1, 0));
    }
    b.msg_n(A, id(1, 1), 0);
    assert_eq!(b.received(), [(1, false)], "who has one range may go on");
    handle(&mut b, A, id(1, 1));
    [1, 3].into_iter().for_each(|seq| b.msg_n(9, id(9, seq), 0));
    assert_eq!(b.client.stats().ranges, 2);
    b.drain();
    b.msg_n(A, id(2, 0), 0);
    assert_eq!((b.received().len(), b.client.stats().streams_forgotten), (1, 1), "its place and its range are free");
}

#[test]
fn a_stream_of_which_everything_was_released_may_be_forgotten() {
    let mut b = Rig::new(steady().max_streams_per_peer(1), 2);
    for seq in 0..3 {
        b.msg_n(A, id(1, seq), 0);
    }
    b.msg_n(A, id(2, 0), 0);
    assert_eq!((horizon(&b.drain()), b.client.stats().incoming_streams), (1, 1));
    for seq in 0..3 {
        b.client.release(&A, id(1, seq), b.now).unwrap();
    }
    b.msg_n(A, id(2, 0), 0);
    assert_eq!((b.received().len(), b.client.stats().streams_forgotten), (1, 1));
}

#[test]
fn a_refused_held_message_does_not_keep_the_next_one_waiting() {
    let mut b = Rig::new(steady().max_ranges(1), 2);
    b.msg_n(A, id(1, 0), 0);
    b.msg_n(A, id(1, 5), 0);
    b.pass(30 * SECOND);
    b.msg_n(A, id(1, 6), 0);
    b.drain();
    assert_eq!(b.wake(), 30 * SECOND);
    assert_eq!((horizon(&b.drain()), b.client.stats().held), (2, 0));
}

#[test]
fn what_was_held_once_takes_no_second_place_in_a_full_inbox() {
    let mut b = Rig::new(steady().inbox_capacity(2), 2);
    [1, 0].into_iter().for_each(|seq| b.msg_n(A, id(1, seq), 0));
    assert_eq!(b.received(), [(0, false), (1, false)]);
    b.msg_n(A, id(1, 2), 0);
    assert_eq!((b.received(), b.client.stats().ignored_msg_n_full, b.client.stats().held_dropped), (vec![], 1, 0));
}

#[test]
fn a_peer_that_paid_once_holds_one_stream_less_and_is_not_made_to_pay_for_all() {
    let mut b = Rig::new(steady().max_streams(6).max_streams_per_peer(3), 2);
    for (from, stream) in [(7, 1), (7, 2), (7, 3), (8, 4), (8, 5), (9, 6)] {
        b.msg_n(from, id(stream, 0), 0);
        handle(&mut b, from, id(stream, 0));
    }
    b.pass(60 * DAY);
    for newcomer in [21, 22] {
        b.msg_n(newcomer, id(newcomer, 0), 0);
    }
    assert_eq!(b.client.stats().streams_forgotten, 2);
    b.drain();
    for (from, stream) in [(7, 2), (7, 3), (8, 5), (9, 6), (8, 4)] {
        b.msg_n(from, id(stream, 0), 0);
    }
    assert_eq!(b.client.stats().repeated_msg_n_confirmed, 4, "these are remembered");
    assert_eq!(horizon(&b.drain()), 1, "and of the second peer one is not");
}
