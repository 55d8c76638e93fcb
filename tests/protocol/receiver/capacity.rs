//! Capacity: which streams and ranges count at a bound, and for which peer.

use kit::*;
use sixfold::{Event, Incoming};

/// Receives, confirms and completes one message up to ack:A.
fn complete(b: &mut Rig, from: u64, stream: u64, seq: u64) {
    b.msg_n(from, id(stream, seq), 0);
    b.confirm(from, id(stream, seq));
    b.frame(Incoming::AckA { id: id(stream, seq), from });
    b.drain();
}

#[test]
fn a_stream_whose_only_held_message_is_dropped_does_not_count_for_its_peer() {
    let mut b = Rig::new(steady().inbox_capacity(1).max_streams_per_peer(3), 2);
    complete(&mut b, A, 1, 0);
    complete(&mut b, A, 2, 0);
    b.msg_n(A, id(3, 5), 0);
    assert_eq!((b.client.stats().held, b.client.stats().incoming_streams), (1, 3));
    complete(&mut b, A, 1, 1);
    assert_eq!((b.client.stats().held_dropped, b.client.stats().incoming_streams), (1, 2));
    complete(&mut b, A, 4, 0);
    assert_eq!((b.client.stats().streams_forgotten, b.client.stats().incoming_streams), (0, 3));
    complete(&mut b, A, 5, 0);
    assert_eq!((b.client.stats().streams_forgotten, b.client.stats().incoming_streams), (1, 3));
}

#[test]
fn ranges_above_the_bound_do_not_block_a_stream_without_gaps() {
    let mut b = Rig::new(steady().max_ranges(2), 2);
    for (stream, seqs) in [(1, 5), (2, 1)] {
        (0..seqs).for_each(|seq| b.msg_n(A, id(stream, seq), 0));
    }
    b.drain();
    b.client.release(&A, id(1, 2), b.now).unwrap();
    assert_eq!(b.client.stats().ranges, 3);
    b.msg_n(A, id(2, 1), 0);
    assert_eq!(b.received(), [(1, false)]);
    b.msg_n(A, id(2, 1), 9);
    b.msg_n(A, id(2, 2), 0);
    assert_eq!(b.received(), [(2, true)], "nor when it is not the next one");
    b.msg_n(A, id(1, 5), 0);
    assert_eq!(b.events(), [Event::HorizonExceeded { from: A, id: id(1, 5) }]);
    b.msg_n(A, id(1, 2), 0);
    assert_eq!(b.received(), [(2, true)]);
}
