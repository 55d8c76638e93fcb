//! The receiver and the journal: a confirmed message is not handed over again after a restart, an unconfirmed one is.

use super::{connect, journaled, records, restart};
use kit::*;
use sixfold::{Incoming, MsgId, Outgoing, Output, Record, Time};

#[test]
fn confirmed_comes_out_after_received_and_before_ack_r() {
    let mut b = Rig::new(journaled(), 2);
    b.msg_n(A, id(1, 0), 0);
    b.confirm(A, id(1, 0));
    let outputs = b.drain();
    assert!(matches!(outputs[0], Output::Event(_)));
    let confirmed = Record::Confirmed { from: A, id: id(1, 0), at: b.now };
    assert_eq!(outputs[1], Output::Persist(confirmed));
    assert_eq!(outputs[2], Output::Transmit(Outgoing::AckR { id: id(1, 0), from: A }));
}

#[test]
fn after_a_restart_only_unconfirmed_messages_are_handed_over_again() {
    let mut b = Rig::new(journaled(), 2);
    for seq in 0..4 {
        b.msg_n(A, id(1, seq), 0);
    }
    b.confirm(A, id(1, 0));
    b.confirm(A, id(1, 2));
    let journal = records(&mut b);
    let mut b = restart(&b, journaled(), &journal, 3);
    connect(&mut b);
    assert_eq!(b.client.unconfirmed().count(), 0);
    for seq in 0..4 {
        b.msg_n(A, id(1, seq), 0);
    }
    let outputs = b.drain();
    assert_eq!(received(&outputs), [(1, false), (3, false)], "in order: seq 2 was confirmed");
    let acks = outputs.iter().filter(|output| matches!(output, Output::Transmit(Outgoing::AckR { .. })));
    assert_eq!(acks.count(), 2, "a duplicate of a confirmed message is answered");
}

#[test]
fn after_a_restart_the_order_continues_at_the_cursor() {
    let mut b = Rig::new(journaled().order(in_order_for_ever()), 2);
    for seq in 500..510 {
        b.msg_n(A, id(1, seq), 500);
        b.confirm(A, id(1, seq));
    }
    let journal = records(&mut b);
    let mut b = restart(&b, journaled().order(in_order_for_ever()), &journal, 3);
    b.msg_n(A, id(1, 511), 500);
    assert_eq!(b.received(), []);
    b.msg_n(A, id(1, 510), 500);
    assert_eq!(b.received(), [(510, false), (511, false)]);
    b.msg_n(A, id(1, 3), 0);
    assert_eq!(b.received(), [(3, true)]);
}

#[test]
fn foreign_ids_are_remembered_across_a_restart() {
    let foreign = MsgId::from_uuid(uuid::Uuid::from_u128(7));
    let mut b = Rig::new(journaled(), 2);
    b.msg_n(A, foreign, 0);
    b.confirm(A, foreign);
    b.drain();
    let snapshot: Vec<_> = b.client.records().collect();
    let [Record::Seen { stream, ranges, .. }] = &snapshot[..] else { panic!("{snapshot:?}") };
    assert_eq!((*stream, ranges.len(), ranges[0].clone()), (foreign, 1, 0..1));
    let mut b = restart(&b, journaled(), &snapshot, 3);
    b.msg_n(A, foreign, 0);
    assert_eq!(b.received(), []);
}

#[test]
fn retention_of_a_stream_counts_from_its_last_message_not_from_the_restart() {
    let config = || journaled().max_streams(1).lifetime(7 * DAY);
    let mut b = Rig::new(config(), 2);
    b.msg_n(A, id(1, 0), 0);
    b.confirm(A, id(1, 0));
    b.frame(Incoming::AckA { id: id(1, 0), from: A });
    b.drain();
    b.pass(10 * DAY);
    let snapshot: Vec<_> = b.client.records().collect();
    let mut b = restart(&b, config(), &snapshot, 3);
    b.pass(4 * DAY - NANOSECOND);
    b.msg_n(9, id(2, 0), 0);
    assert_eq!(b.received(), []);
    b.pass(NANOSECOND);
    b.msg_n(9, id(2, 0), 0);
    assert_eq!(b.received(), [(0, false)], "two lifetimes after its last message, not after the restart");
}

/// After a restart, a message confirmed out of order may have a pending ack above the cursor: it is not dropped for room.
#[test]
fn a_pending_ack_above_the_cursor_is_not_mistaken_for_a_held_message() {
    let config = || journaled().inbox_capacity(1);
    let b = Rig::new(config(), 2);
    let seen = Record::Seen { from: A, stream: id(1, 0), ranges: vec![0..1, 5..6], heard: b.now };
    let mut b = restart(&b, config(), &[seen], 3);
    connect(&mut b);
    b.msg_n(A, id(1, 5), 0); // confirmed before: its ack is pending again
    b.msg_n(A, id(1, 3), 0); // held: the inbox is full
    b.drain();
    b.msg_n(A, id(1, 1), 0); // at the cursor: always admitted
    assert_eq!(b.received(), [(1, false)]);
    let stats = b.client.stats();
    let holds = (stats.unconfirmed, stats.held, stats.held_dropped, stats.acks_pending);
    assert_eq!(holds, (1, 0, 1, 1), "the held one is dropped, and will be repeated");
}

#[test]
fn a_stream_without_confirmed_messages_takes_no_space() {
    let b = Rig::new(journaled(), 2);
    let blank = |stream, ranges| Record::Seen { from: A, stream: id(stream, 0), ranges, heard: b.now };
    let records = [blank(1, vec![]), blank(2, vec![7..7, 9..9]), blank(3, vec![5..6, 8..8])];
    let b = restart(&b, journaled(), &records, 3);
    let stats = b.client.stats();
    assert_eq!((stats.incoming_streams, stats.ranges), (1, 1));
}

#[test]
fn a_journal_with_too_many_ranges_is_restored_up_to_the_bound() {
    let config = || journaled().max_ranges(3).inbox_capacity(2);
    let confirmed = |seq| Record::Confirmed { from: A, id: id(1, seq), at: Time::ZERO };
    // Seven ranges, of which one process can have left five, and a seq that joins two of those.
    let records = [0, 2, 4, 6, 8, 10, 12, 7].map(confirmed);
    let mut b = restart(&Rig::new(config(), 2), config(), &records, 3);
    assert_eq!(b.client.stats().ranges, 4);
    connect(&mut b);
    for seq in [8, 7, 6, 4, 2, 0] {
        b.msg_n(A, id(1, seq), 13);
        assert_eq!(b.received(), [], "seq {seq} was confirmed");
    }
    b.msg_n(A, id(1, 3), 13);
    assert_eq!(b.received(), [(3, true)], "it fills a gap");
}
