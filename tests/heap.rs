//! What a client keeps on the heap, and what it gives back: nothing is allocated per message, and one that is left over
//! does not keep the memory of a hundred thousand.
//!
//! The allocator counts everything in the process, so this test binary is one test.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::VecDeque;

use kit::*;
use peak_alloc::PeakAlloc;
use sixfold::{Config, Incoming, MsgId};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// What a ring of a hundred thousand slots takes at least, and a hundred strays do not.
const A_LONG_RING: usize = 400_000;

#[test]
fn a_client_keeps_what_its_messages_need() {
    a_long_conversation_allocates_nothing();
    a_stream_that_spans_four_times_what_is_left_of_it_allocates_nothing();
    what_is_sent_again_within_the_span_takes_no_more_than_in_the_middle();
    what_is_left_of_a_hundred_thousand_takes_no_long_ring();
    what_is_sent_again_after_a_hundred_thousand_takes_no_long_ring();
    what_a_receiver_still_owes_of_a_hundred_thousand_takes_no_long_table();
}

fn config() -> Config {
    steady().window(200_000).outbox_capacity(200_000)
}

/// A hundred thousand messages on the wire.
fn full() -> (Rig, Vec<MsgId>) {
    let mut a = Rig::new(config(), 1);
    let ids = a.send_all(B, 0..100_000);
    a.drain();
    (a, ids)
}

fn settle(a: &mut Rig, id: MsgId) {
    a.ack_n(id, 1);
    while a.client.poll_output().is_some() {}
}

/// What is on the heap now; what comes on top of it counts from here on.
fn mark() -> usize {
    HEAP.reset_peak_usage();
    HEAP.current_usage()
}

/// How much came on top at most, or is there now, or was given back.
fn used_since(mark: usize) -> usize {
    HEAP.peak_usage().saturating_sub(mark).max(HEAP.current_usage().abs_diff(mark))
}

/// Tries a few times, since the thread that runs the test may allocate something of its own meanwhile.
fn assert_allocates_nothing(attempt: impl FnMut() -> usize) {
    let used: Vec<usize> = std::iter::repeat_with(attempt).take(4).collect();
    assert!(used.contains(&0), "{used:?} bytes");
}

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
    let mut n = 5_000;
    assert_allocates_nothing(|| {
        let before = mark();
        (n..n + 5_000).for_each(&mut exchange);
        n += 5_000;
        used_since(before)
    });
}

/// A thousand messages to B have come and gone, and so many more are on the wire.
fn later(count: u64) -> (Rig, Vec<MsgId>) {
    let mut a = Rig::new(config(), 1);
    for id in a.send_all(B, 0..1_000) {
        settle(&mut a, id);
    }
    let ids = a.send_all(B, 0..count);
    a.drain();
    (a, ids)
}

fn settle_all_but(a: &mut Rig, ids: &[MsgId], is_kept: fn(usize) -> bool) {
    ids.iter().enumerate().filter(|(n, _)| !is_kept(*n)).for_each(|(_, id)| settle(a, *id));
}

/// Every fourth of a hundred is left: 25 within a hundred, and with each further one they may lie within four more. Or only the
/// last one is.
fn a_stream_that_spans_four_times_what_is_left_of_it_allocates_nothing() {
    let kept: [fn(usize) -> bool; 2] = [|n| n % 4 == 0, |n| n == 99];
    for is_kept in kept {
        assert_allocates_nothing(|| {
            let (mut a, ids) = later(100);
            settle_all_but(&mut a, &ids, is_kept);
            let before = mark();
            for n in 100..104 {
                a.send(B, n);
                while a.client.poll_output().is_some() {}
            }
            used_since(before)
        });
    }
}

/// The first and the tenth of 104 have failed, 25 others are left. The first lies just within the span of 26.
fn what_is_sent_again_within_the_span_takes_no_more_than_in_the_middle() {
    let sending_again = |which: usize| {
        let attempt = || {
            let (mut a, ids) = later(104);
            [0, 9].into_iter().for_each(|n| a.reject(ids[n], 1));
            a.drain();
            for (n, id) in ids.iter().enumerate().filter(|(n, _)| ![0, 9].contains(n)) {
                if n < 7 || n % 4 != 3 {
                    settle(&mut a, *id);
                }
            }
            let before = mark();
            a.client.resend(ids[which], a.now).unwrap();
            while a.client.poll_output().is_some() {}
            used_since(before)
        };
        std::iter::repeat_with(attempt).take(4).min()
    };
    assert_eq!(sending_again(0), sending_again(9));
}

/// Both clients have had a hundred thousand messages on the wire; one of them keeps every thousandth.
fn what_is_left_of_a_hundred_thousand_takes_no_long_ring() {
    let after = |is_kept: fn(usize) -> bool| {
        let before = HEAP.current_usage();
        let (mut a, ids) = full();
        ids.iter().enumerate().filter(|(n, _)| !is_kept(*n)).for_each(|(_, id)| settle(&mut a, *id));
        drop(ids);
        HEAP.current_usage() - before
    };
    let (all, most) = (after(|_| false), after(|n| n % 1_000 == 500));
    assert!(most < all + A_LONG_RING / 8, "{most} bytes with a hundred messages, {all} with none");
}

/// The first message failed long ago and is sent again while the hundred-thousandth is on the wire.
fn what_is_sent_again_after_a_hundred_thousand_takes_no_long_ring() {
    let mut a = Rig::new(config(), 1);
    let first = a.send(B, 0);
    a.reject(first, 1);
    for n in 1..100_000 {
        let id = a.send(B, n);
        settle(&mut a, id);
    }
    let last = a.send(B, 0);
    a.drain();
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    a.client.resend(first, a.now).unwrap();
    assert_eq!(a.drain().len(), 1);
    assert!(HEAP.peak_usage() < before + A_LONG_RING / 8, "{} bytes more", HEAP.peak_usage() - before);
    settle(&mut a, first);
    settle(&mut a, last);
    assert!(a.client.is_settled());
}

/// Both clients have owed a hundred thousand answers in one stream; one of them owes every thousandth still.
fn what_a_receiver_still_owes_of_a_hundred_thousand_takes_no_long_table() {
    let after = |is_kept: fn(u64) -> bool| {
        let before = HEAP.current_usage();
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
        HEAP.current_usage() - before
    };
    let (all, most) = (after(|_| false), after(|seq| seq % 1_000 == 500));
    assert!(most < all + A_LONG_RING / 8, "{most} bytes with a hundred messages, {all} with none");
}
