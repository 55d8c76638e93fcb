//! No allocation per message: in the steady state a client allocates nothing, and a few messages that are left over do not
//! keep the memory of 100,000.

use std::collections::VecDeque;

use kit::*;
use sixfold::{Config, Incoming, MsgId};

use crate::{change, growth, peak};

/// The least memory of a table of 100,000 slots; 100 outliers take less.
const LARGE_TABLE: usize = 400_000;

fn config() -> Config {
    steady().window(200_000).outbox_capacity(200_000)
}

/// Returns a client with 100,000 messages on the wire.
fn full() -> (Rig, Vec<MsgId>) {
    let mut a = Rig::new(config(), 1);
    let ids = a.send_all(B, 0..100_000);
    a.drain();
    (a, ids)
}

fn deliver(a: &mut Rig, id: MsgId) {
    a.ack_n(id, 1);
    while a.client.poll_output().is_some() {}
}

#[test]
fn a_long_conversation_allocates_nothing() {
    let (mut a, mut b) = (Rig::new(config(), 1), Rig::new(config(), 2));
    let mut waiting = VecDeque::with_capacity(2_000);
    let mut exchange = |n: u64| {
        let id = a.send(B, n);
        waiting.push_back(id);
        b.msg_n(A, id, n.saturating_sub(1_000));
        b.confirm(A, id);
        if waiting.len() > 1_000 {
            let oldest = waiting.pop_front().unwrap();
            a.accept(oldest, n);
            a.ack_n(oldest, n);
            b.frame(Incoming::AckA { id: oldest, from: A });
        }
        while a.client.poll_output().or_else(|| b.client.poll_output()).is_some() {}
    };
    (0..5_000).for_each(&mut exchange);
    for start in [5_000, 10_000, 15_000, 20_000] {
        assert_eq!(change(|| (start..start + 5_000).for_each(&mut exchange)), 0, "bytes, from message {start} on");
    }
}

/// Returns a client with `count` messages on the wire, after 1,000 delivered ones.
fn later(count: u64) -> (Rig, Vec<MsgId>) {
    let mut a = Rig::new(config(), 1);
    for id in a.send_all(B, 0..1_000) {
        deliver(&mut a, id);
    }
    let ids = a.send_all(B, 0..count);
    a.drain();
    (a, ids)
}

fn deliver_all_but(a: &mut Rig, ids: &[MsgId], is_kept: fn(usize) -> bool) {
    ids.iter().enumerate().filter(|(n, _)| !is_kept(*n)).for_each(|(_, id)| deliver(a, *id));
}

/// Every fourth message of 100 is left, or only the last one. A table may span four times its messages.
#[test]
fn a_stream_that_spans_four_times_its_messages_allocates_nothing() {
    let kept: [fn(usize) -> bool; 2] = [|n| n % 4 == 0, |n| n == 99];
    for is_kept in kept {
        let (mut a, ids) = later(100);
        deliver_all_but(&mut a, &ids, is_kept);
        let bytes = change(|| {
            for n in 100..104 {
                a.send(B, n);
                while a.client.poll_output().is_some() {}
            }
        });
        assert_eq!(bytes, 0);
    }
}

/// Messages 0 and 9 of 104 have failed, 25 others are left, the lowest of them 7.
#[test]
fn a_resent_message_below_all_others_takes_one_node_of_a_map_more_than_one_in_the_middle() {
    let resending = |which: usize| {
        let (mut a, ids) = later(104);
        [0, 9].into_iter().for_each(|n| a.reject(ids[n], 1));
        a.drain();
        for (n, id) in ids.iter().enumerate().filter(|(n, _)| ![0, 9].contains(n)) {
            if n < 7 || n % 4 != 3 {
                deliver(&mut a, *id);
            }
        }
        change(|| {
            a.client.resend(ids[which], a.now).unwrap();
            while a.client.poll_output().is_some() {}
        })
    };
    let (below, within) = (resending(0), resending(9));
    assert!(below <= within + 160, "{below} bytes, {within} in the middle");
}

/// One of two clients keeps every thousandth message of 100,000, the other none.
#[test]
fn a_hundred_messages_left_of_100_000_keep_no_large_table() {
    let after = |is_kept: fn(usize) -> bool| {
        let mut client = None;
        growth(|| {
            let (mut a, ids) = full();
            deliver_all_but(&mut a, &ids, is_kept);
            client = Some(a);
        })
    };
    let (none, hundred) = (after(|_| false), after(|n| n % 1_000 == 500));
    assert!(hundred < none + LARGE_TABLE as i64 / 8, "{hundred} bytes with a hundred messages, {none} with none");
}

/// Message 0 failed and is sent again while message 100,000 is on the wire.
#[test]
fn a_message_resent_after_100_000_others_allocates_no_large_table() {
    let mut a = Rig::new(config(), 1);
    let first = a.send(B, 0);
    a.reject(first, 1);
    for n in 1..100_000 {
        let id = a.send(B, n);
        deliver(&mut a, id);
    }
    let last = a.send(B, 0);
    a.drain();
    let bytes = peak(|| {
        a.client.resend(first, a.now).unwrap();
        assert_eq!(a.drain().len(), 1);
    });
    assert!(bytes < LARGE_TABLE / 8, "{bytes} bytes more");
    deliver(&mut a, first);
    deliver(&mut a, last);
    assert!(a.client.is_settled());
}

/// One of two receivers still owes every thousandth ack of 100,000 in one stream, the other none.
#[test]
fn a_hundred_acks_left_of_100_000_keep_no_large_table() {
    let after = |is_kept: fn(u64) -> bool| {
        let mut client = None;
        growth(|| {
            let mut b = Rig::new(steady().inbox_capacity(200_000).ack_capacity(200_000), 2);
            for seq in 0..100_000 {
                b.msg_n(A, id(1, seq), 0);
                while b.client.poll_output().is_some() {}
            }
            for seq in (0..100_000).filter(|seq| !is_kept(*seq)) {
                b.confirm(A, id(1, seq));
                b.frame(Incoming::AckA { id: id(1, seq), from: A });
                while b.client.poll_output().is_some() {}
            }
            assert_eq!(b.client.unconfirmed().count(), (0..100_000).filter(|seq| is_kept(*seq)).count());
            client = Some(b);
        })
    };
    let (none, hundred) = (after(|_| false), after(|seq| seq % 1_000 == 500));
    assert!(hundred < none + LARGE_TABLE as i64 / 8, "{hundred} bytes with a hundred messages, {none} with none");
}
