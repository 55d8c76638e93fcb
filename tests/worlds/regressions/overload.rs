//! Overload: a peer or a queue that exceeds a bound does not affect others.

use kit::*;
use sixfold::{Incoming, Outgoing, Output};

fn handle(b: &mut Rig, from: u64, id: sixfold::MsgId) {
    b.confirm(from, id);
    b.frame(Incoming::AckA { id, from });
}

#[test]
fn one_peer_with_100_000_streams_loses_only_its_own() {
    let mut b = Rig::new(steady(), 2);
    for n in 0..100_000 {
        b.msg_n(66, id(1_000 + n, 0), 0);
        handle(&mut b, 66, id(1_000 + n, 0));
        b.drain();
        if n % 1_000 == 0 {
            b.msg_n(A, id(1, n / 1_000), 0);
            assert_eq!(b.received(), [(n / 1_000, false)]);
            handle(&mut b, A, id(1, n / 1_000));
            b.msg_n(A, id(1, n / 1_000), 0);
            assert_eq!(b.received(), [], "the other stream is remembered");
        }
    }
    assert_eq!(b.client.stats().incoming_streams, 1_025);
}

/// On a new connection all recipients are asked about at once: for minutes each token is fought for.
#[test]
fn ten_thousand_questions_do_not_starve_an_ack_r() {
    let mut a = Rig::new(steady(), 1);
    for n in 0..10_000 {
        let id = a.send(1_000 + n, n);
        a.accept(id, n);
        a.drain();
    }
    a.client.handle_disconnected(a.now);
    a.client.handle_connected(a.now);
    a.run(60 * SECOND);
    assert_eq!(a.client.stats().retransmissions, 128 + 60 * 64, "the bucket is empty all the time");
    a.msg_n(B, id(1, 0), 0);
    a.confirm(B, id(1, 0));
    let ack = Output::Transmit(Outgoing::AckR { id: id(1, 0), from: B });
    assert!(a.drain().contains(&ack), "the first takes no token");
    let rto = a.client.stats().rto;
    let again = a.run(10 * SECOND).into_iter().find(|(_, output)| *output == ack).unwrap().0;
    assert!(again <= rto + SECOND / 16, "it was lost, and its retransmission waits for a token or two: {again:?}");
}

#[test]
fn the_message_at_the_cursor_is_admitted_while_held_ones_fill_the_inbox() {
    let mut b = Rig::new(steady().inbox_capacity(4).order(in_order_for_ever()), 2);
    for seq in 1..=4 {
        b.msg_n(A, id(1, seq), 0);
    }
    assert_eq!((b.received(), b.client.stats().held), (vec![], 4));
    b.msg_n(A, id(1, 0), 0);
    assert_eq!(b.received(), [(0, false), (1, false), (2, false), (3, false)]);
    (0..4).for_each(|seq| handle(&mut b, A, id(1, seq)));
    b.msg_n(A, id(1, 4), 0);
    assert_eq!(b.received(), [(4, false)], "the dropped one was not acked: it arrives again");
}

#[test]
fn a_release_below_an_abandoned_gap_loses_no_message() {
    let mut b = Rig::new(steady(), 2);
    b.msg_n(A, id(1, 0), 0);
    b.msg_n(A, id(1, 2), 0);
    b.run(60 * SECOND);
    assert_eq!(b.client.stats().received, 2, "seq 1 was abandoned");
    b.client.release(&A, id(1, 0), b.now).unwrap();
    for seq in [0, 1, 3] {
        b.msg_n(A, id(1, seq), 0);
    }
    assert_eq!(b.received(), [(0, true), (1, true), (3, false)]);
}

#[test]
fn peers_are_asked_about_in_turn_when_there_are_more_of_them_than_tokens() {
    let mut a = Rig::new(steady(), 1);
    for n in 0..500 {
        let id = a.send(1_000 + n, n);
        a.accept(id, n);
    }
    a.drain();
    let mut asked = std::collections::BTreeMap::new();
    let end = a.now + 2 * HOUR;
    while let Some(next) = a.client.poll_timeout().filter(|next| *next <= end) {
        a.now = next;
        a.client.handle_timeout(next);
        for frame in a.frames() {
            if let Outgoing::MsgR { id, to, .. } = frame {
                *asked.entry(to).or_insert(0) += 1;
                a.accept(id, to - 1_000);
            }
        }
    }
    let (least, most) = (asked.values().min(), asked.values().max());
    assert_eq!((asked.len(), least, most), (500, Some(&4), Some(&5)), "19 firings with 128 tokens each");
}
