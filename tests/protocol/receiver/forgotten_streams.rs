//! Bounds of the streams: above each one the least recent stream that may be forgotten makes room, or the message is refused.

use kit::*;
use sixfold::{Event, Output};

use super::{count_refused, handle};

#[test]
fn above_max_streams_per_peer_the_longest_silent_stream_of_the_peer_is_forgotten() {
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
    assert_eq!(b.received(), [], "stream 0 was used recently");
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
fn above_max_streams_a_new_stream_replaces_only_one_past_its_retention() {
    let mut b = Rig::new(steady().max_streams(3).lifetime(7 * DAY), 2);
    for (from, stream) in [(7, 0), (A, 0), (A, 1)] {
        b.msg_n(from, id(stream, 0), 0);
        handle(&mut b, from, id(stream, 0));
    }
    b.drain();
    b.pass(14 * DAY - NANOSECOND);
    b.msg_n(9, id(5, 0), 0);
    assert_eq!(count_refused(&b.drain()), 1, "no stream within its retention is forgotten");
    assert_eq!(b.client.stats().ignored_msg_n_horizon, 1);
    b.pass(NANOSECOND);
    b.msg_n(9, id(5, 0), 0);
    assert_eq!(b.received(), [(0, false)]);
    b.msg_n(7, id(0, 0), 0);
    assert_eq!(b.received(), [], "a stream of the peer with the most streams was forgotten");
}

#[test]
fn one_peer_with_100_000_streams_does_not_affect_another() {
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
    assert_eq!(b.received(), [], "no message was forgotten");
}

#[test]
fn no_stream_is_forgotten_for_a_message_that_is_not_admitted() {
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
fn no_stream_is_forgotten_for_an_early_message_while_held_ones_fill_the_inbox() {
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
    assert_eq!(
        (b.client.stats().streams_forgotten, b.client.stats().held),
        (1, 1),
        "the first message of a stream is admitted"
    );
}

#[test]
fn no_stream_is_forgotten_when_that_frees_too_few_ranges() {
    let mut b = Rig::new(steady().max_ranges(2).max_streams_per_peer(1), 2);
    (0..5).for_each(|seq| b.msg_n(9, id(9, seq), 0));
    b.msg_n(A, id(1, 0), 0);
    handle(&mut b, A, id(1, 0));
    for (released, ranges) in [(1, 3), (3, 4)] {
        b.client.release(&9, id(9, released), b.now).unwrap();
        assert_eq!(b.client.stats().ranges, ranges);
        b.drain();
        b.msg_n(A, id(2, 0), 0);
        assert_eq!((count_refused(&b.drain()), b.client.stats().streams_forgotten), (1, 0));
    }
    b.msg_n(A, id(1, 1), 0);
    assert_eq!(b.received(), [(1, false)], "a stream with one range is not refused");
    handle(&mut b, A, id(1, 1));
    [1, 3].into_iter().for_each(|seq| b.msg_n(9, id(9, seq), 0));
    assert_eq!(b.client.stats().ranges, 2);
    b.drain();
    b.msg_n(A, id(2, 0), 0);
    assert_eq!((b.received().len(), b.client.stats().streams_forgotten), (1, 1), "its stream and its range are free");
}

#[test]
fn a_stream_with_only_released_messages_may_be_forgotten() {
    let mut b = Rig::new(steady().max_streams_per_peer(1), 2);
    for seq in 0..3 {
        b.msg_n(A, id(1, seq), 0);
    }
    b.msg_n(A, id(2, 0), 0);
    assert_eq!((count_refused(&b.drain()), b.client.stats().incoming_streams), (1, 1));
    for seq in 0..3 {
        b.client.release(&A, id(1, seq), b.now).unwrap();
    }
    b.msg_n(A, id(2, 0), 0);
    assert_eq!((b.received().len(), b.client.stats().streams_forgotten), (1, 1));
}

#[test]
fn the_peer_with_the_most_streams_loses_one_and_the_next_loss_is_counted_anew() {
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
    assert_eq!(count_refused(&b.drain()), 1, "and one of the second peer is not");
}
