//! Every counter and gauge of [`Stats`](sixfold::Stats) counts what its name says, and nothing else.
//!
//! Each step states the fields that it changes; a change of any other field fails the comparison.

use sixfold::{Config, MsgId, Order, Stats};

use kit::{A, B, DAY, HOUR, MS, Rig, SECOND, id, steady};

/// Asserts that the stats differ from the last ones in exactly these fields.
macro_rules! counts {
    ($rig:expr, $stats:ident, $($field:ident: $value:expr),* $(,)?) => {
        $rig.drain();
        let mut expected = $stats;
        $(expected.$field = $value;)*
        assert_eq!($rig.client.stats(), expected);
        #[allow(unused_assignments, reason = "the last step of a test")]
        { $stats = expected; }
    };
}

fn rig(config: Config) -> (Rig, Stats) {
    let rig = Rig::new(config, 1);
    let stats = rig.client.stats();
    (rig, stats)
}

#[test]
fn the_sender_counts_frames_answers_and_states() {
    let (mut rig, mut stats) = rig(steady());
    counts!(rig, stats, rto: SECOND);
    let mut ids = Vec::new();
    for n in 1..=3_u64 {
        ids.push(rig.send(B, n));
        counts!(rig, stats, sent: n, msg_r: n, unsettled: n as usize, in_flight: n as usize, outgoing_streams: 1);
    }
    rig.pass(100 * MS);
    for (n, id) in (1u64..).zip(&ids) {
        rig.accept(*id, n);
        let srtt = rig.client.stats().srtt;
        assert_eq!(srtt, Some(100 * MS));
        counts!(rig, stats, msg_a: n, in_flight: 3 - n as usize, srtt: srtt, rto: rig.client.stats().rto);
        assert_eq!(rig.client.stats().rto, 300 * MS, "a round trip gives one sample");
    }
    for (n, id) in (1u64..).zip(&ids) {
        rig.accept(*id, n);
        counts!(rig, stats, msg_a: 3 + n, ignored_msg_a_repeated: n);
    }
    for (n, id) in (1u64..).zip(&ids) {
        rig.ack_n(*id, n);
        counts!(rig, stats, ack_n: n, delivered: n, unsettled: 3 - n as usize);
    }
    assert!(rig.client.is_settled());
    for (n, id) in (1u64..).zip(&ids) {
        rig.ack_n(*id, n);
        counts!(rig, stats, ack_n: 3 + n, ignored_ack_n_unknown: n);
        rig.accept(*id, n);
        counts!(rig, stats, msg_a: 6 + n, ignored_msg_a_unknown: n);
    }
}

#[test]
fn the_sender_counts_timeouts_retransmissions_and_outcomes() {
    let (mut rig, mut stats) = rig(steady());
    let ids = rig.send_all(B, 0..4);
    counts!(rig, stats, sent: 4, msg_r: 4, unsettled: 4, in_flight: 4, outgoing_streams: 1);
    rig.wake();
    counts!(rig, stats, timeouts: 4, msg_r: 8, retransmissions: 4);
    rig.retry_after(ids[0], SECOND);
    counts!(rig, stats, msg_a: 1, retry_after: 1, in_flight: 3);
    rig.reject(ids[1], 7);
    counts!(rig, stats, msg_a: 2, failed: 1, unsettled: 3, parked: 1, in_flight: 2);
    rig.reject(ids[1], 7);
    counts!(rig, stats, msg_a: 3, ignored_msg_a_repeated: 1);
    rig.client.resend(ids[1], rig.now).unwrap();
    counts!(rig, stats, unsettled: 4, parked: 0);
    rig.client.discard(ids[1], rig.now).unwrap();
    counts!(rig, stats, unsettled: 3);
    rig.reject(ids[2], 7);
    counts!(rig, stats, msg_a: 4, failed: 2, unsettled: 2, parked: 1, in_flight: 1);
    rig.client.discard(ids[2], rig.now).unwrap();
    counts!(rig, stats, parked: 0);
    rig.client.handle_disconnected(rig.now);
    counts!(rig, stats, in_flight: 0);
    assert!(!rig.client.is_settled());
    rig.pass(SECOND);
    rig.client.handle_timeout(rig.now);
}

#[test]
fn the_sender_counts_answers_to_messages_that_were_never_transmitted() {
    let (mut rig, mut stats) = rig(steady());
    rig.client.handle_disconnected(rig.now);
    let unsent = rig.send(B, 0);
    counts!(rig, stats, sent: 1, unsettled: 1, outgoing_streams: 1);
    for n in 1..=3 {
        rig.accept(unsent, 1);
        counts!(rig, stats, msg_a: n, ignored_msg_a_repeated: n);
        rig.ack_n(unsent, 1);
        counts!(rig, stats, ack_n: n, ignored_ack_n_unsent: n);
    }
    rig.pass(8 * DAY);
    rig.client.handle_timeout(rig.now);
    counts!(rig, stats, failed: 1, unsettled: 0, parked: 1);
    rig.ack_n(unsent, 1);
    counts!(rig, stats, ack_n: 4, ignored_ack_n_unsent: 4);
    rig.accept(unsent, 1);
    counts!(rig, stats, msg_a: 4, ignored_msg_a_repeated: 4);
}

#[test]
fn the_receiver_counts_messages_acks_and_duplicates() {
    let (mut rig, mut stats) = rig(steady());
    for n in 1..=3 {
        rig.msg_n(A, id(7, n - 1), 0);
        counts!(rig, stats, msg_n: n, received: n, unconfirmed: n as usize, incoming_streams: 1, ranges: 1);
    }
    for n in 1..=3 {
        rig.msg_n(A, id(7, n - 1), 0);
        counts!(rig, stats, msg_n: 3 + n, ignored_msg_n_pending: n);
    }
    assert!(rig.client.is_settled(), "an unconfirmed message does not count");
    for n in 1..=3 {
        rig.confirm(A, id(7, n - 1));
        let left = 3 - n as usize;
        counts!(rig, stats, confirmed: n, ack_r: n, unconfirmed: left, acks_pending: n as usize);
        assert!(!rig.client.is_settled(), "an ack:R waits for ack:A");
    }
    for n in 1..=3 {
        rig.msg_n(A, id(7, n - 1), 0);
        counts!(rig, stats, msg_n: 6 + n, repeated_msg_n_confirmed: n, ack_r: 3 + n, retransmissions: n);
    }
    for n in 1..=3 {
        rig.frame(sixfold::Incoming::AckA { id: id(7, n - 1), from: A });
        counts!(rig, stats, ack_a: n, acks_pending: 3 - n as usize);
    }
    for n in 1..=3 {
        rig.frame(sixfold::Incoming::AckA { id: id(7, n - 1), from: A });
        counts!(rig, stats, ack_a: 3 + n, ignored_ack_a: n);
    }
    assert!(rig.client.is_settled());
    rig.msg_n(A, id(7, 1), 0);
    counts!(rig, stats, msg_n: 10, repeated_msg_n_confirmed: 4, ack_r: 7, retransmissions: 4, acks_pending: 1);
}

#[test]
fn the_receiver_counts_held_and_released_messages_and_abandoned_gaps() {
    let order = Order::InOrder { max_hold: Some(HOUR) };
    let (mut rig, mut stats) = rig(steady().inbox_capacity(3).order(order));
    for n in 1..=3 {
        rig.msg_n(A, id(7, 2 * n), 0);
        counts!(rig, stats, msg_n: n, held: n as usize, incoming_streams: 1);
    }
    rig.msg_n(A, id(7, 2), 0);
    counts!(rig, stats, msg_n: 4, ignored_msg_n_pending: 1);
    rig.msg_n(A, id(7, 8), 0);
    counts!(rig, stats, msg_n: 5, ignored_msg_n_full: 1);
    rig.msg_n(A, id(7, 0), 0);
    counts!(rig, stats, msg_n: 6, held_dropped: 1, held: 2, received: 1, unconfirmed: 1, ranges: 1);
    assert_eq!(rig.wake(), HOUR);
    counts!(rig, stats, gaps_given_up: 2, held: 0, received: 3, unconfirmed: 3, ranges: 3);
    for n in 1..=2 {
        rig.client.release(&A, id(7, 2 * n), rig.now).unwrap();
        counts!(rig, stats, unconfirmed: 3 - n as usize, ranges: 3 - n as usize);
    }
    for n in 1..=2 {
        rig.msg_n(A, id(7, 2 * n), 0);
        let (unconfirmed, ranges) = (1 + n as usize, 1 + n as usize);
        counts!(rig, stats, msg_n: 6 + n, received: 3 + n, received_late: n, unconfirmed: unconfirmed, ranges: ranges);
    }
}

#[test]
fn the_receiver_counts_forgotten_streams_and_acks_and_refused_messages() {
    let (mut rig, mut stats) = rig(steady().ack_capacity(1).max_streams(2).max_streams_per_peer(1));
    let ids: Vec<MsgId> = (0..4).map(|stream| id(stream, 0)).collect();
    rig.msg_n(A, ids[0], 0);
    counts!(rig, stats, msg_n: 1, received: 1, unconfirmed: 1, incoming_streams: 1, ranges: 1);
    rig.msg_n(A, ids[1], 0);
    counts!(rig, stats, msg_n: 2, ignored_msg_n_horizon: 1);
    rig.confirm(A, ids[0]);
    rig.msg_n(B, ids[2], 0);
    counts!(rig, stats, msg_n: 3, received: 2, confirmed: 1, ack_r: 1, acks_pending: 1, unconfirmed: 1,
        incoming_streams: 2, ranges: 2);
    rig.confirm(B, ids[2]);
    counts!(rig, stats, confirmed: 2, ack_r: 2, acks_forgotten: 1, unconfirmed: 0);
    rig.msg_n(A, ids[1], 0);
    counts!(rig, stats, msg_n: 4, received: 3, streams_forgotten: 1, unconfirmed: 1);
    rig.msg_n(B, ids[3], 0);
    counts!(rig, stats, msg_n: 5, ignored_msg_n_horizon: 2);
}

#[test]
fn a_clock_that_steps_back_is_counted_and_one_that_stands_still_is_not() {
    let (mut rig, mut stats) = rig(steady());
    for n in 1..=3 {
        rig.client.handle_timeout(rig.now);
        counts!(rig, stats, clock_steps_back: n - 1);
        rig.now = sixfold::Time::from_nanos(rig.now.as_nanos() - 1);
        rig.client.handle_timeout(rig.now);
        counts!(rig, stats, clock_steps_back: n);
    }
}
