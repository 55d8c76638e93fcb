//! Restored streams: those of one peer go by age, but only what was never accepted holds back the newer ones, and only
//! until it turns out that it does not get through.

use core::time::Duration;

use super::{connect, journaled, restart};
use kit::served::*;
use kit::*;
use sixfold::{FailReason, MsgId, Order, Outgoing, Record, Status};

const ROUND_TRIP: Duration = Duration::from_millis(50);

/// Returns a restarted, connected client with `count` restored messages to B, and their ids.
fn restarted(config: impl Fn() -> sixfold::Config, count: u64, are_accepted: bool) -> (Rig, Vec<MsgId>) {
    let mut old = Rig::new(config(), 1);
    let ids = old.send_all(B, 0..count);
    if are_accepted {
        ids.iter().for_each(|id| old.accept(*id, 1));
    }
    let journal = old.records();
    let mut a = restart(&old, config(), &journal, 2);
    connect(&mut a);
    (a, ids)
}

fn is_sent(a: &mut Rig, id: MsgId) -> bool {
    a.frames().iter().any(|frame| matches!(frame, Outgoing::MsgR { id: sent, .. } if *sent == id))
}

/// Its recipient is away, which is no reason to keep the next one back: the server pushes them in order.
#[test]
fn an_accepted_message_of_an_earlier_process_holds_back_no_new_one() {
    for max_hold in [Some(60 * SECOND), None] {
        let config = || journaled().order(Order::InOrder { max_hold });
        let (mut a, _) = restarted(config, 3, true);
        let new = a.send(B, 9);
        assert!(is_sent(&mut a, new), "{max_hold:?}");
    }
}

#[test]
fn a_new_message_waits_until_the_restored_ones_are_accepted_and_no_longer() {
    let (mut a, ids) = restarted(journaled, 2, false);
    let new = a.send(B, 9);
    a.accept(ids[0], 1);
    assert!(!is_sent(&mut a, new), "one is not accepted");
    a.accept(ids[1], 2);
    assert!(is_sent(&mut a, new));
}

/// The server drops one restored message, and answers all others. The link is cut every two minutes.
#[test]
fn a_restored_message_that_never_gets_through_holds_back_new_ones_for_two_connections_at_most() {
    for max_attempts in [Some(10), None] {
        let (rig, ids) = restarted(|| journaled().max_attempts(max_attempts), 1, false);
        let lost = ids[0];
        let mut a = Served::new(rig);
        let new = a.rig.send(B, 1);
        for _ in 0..1_000 {
            a.run(120 * SECOND, |sent| if sent.id == lost { Reply::Nothing } else { delivers(ROUND_TRIP, sent) });
            a.cut();
            a.run(2 * SECOND, |_| Reply::Nothing);
            a.connect();
        }
        assert!(a.first(new).is_some_and(|at| at <= 250 * SECOND), "{:?}, {max_attempts:?}", a.first(new));
    }
}

/// The connection stays, and other frames are heard on it.
#[test]
fn a_restored_message_without_an_answer_holds_back_new_ones_for_three_timeouts() {
    let (rig, ids) = restarted(|| journaled().max_attempts(None), 1, false);
    let lost = ids[0];
    let heard = Driver { hears_every: Some(500 * MS), ..Driver::default() };
    let mut a = Served::with(rig, heard);
    let new = a.rig.send(B, 1);
    a.run(DAY, |sent| if sent.id == lost { Reply::Nothing } else { delivers(ROUND_TRIP, sent) });
    assert_eq!(a.first(new), Some(7 * SECOND), "one, two and four seconds");
}

#[test]
fn a_restored_message_that_is_put_off_holds_back_no_new_stream() {
    let (mut a, ids) = restarted(journaled, 1, false);
    let new = a.send(B, 1);
    a.drain();
    a.retry_after(ids[0], 60 * SECOND);
    assert!(is_sent(&mut a, new), "the pause is that of the older stream");
}

#[test]
fn a_resent_message_of_the_oldest_stream_does_not_wait_for_newer_ones() {
    let [old, newer] = [id(1, 0), id(2, 0)];
    let rig = Rig::new(journaled(), 1);
    let queued = |id, payload| Record::Queued { id, to: B, payload, at: rig.now };
    let failed = Record::Failed { id: old, reason: FailReason::Unknown { rejection: None } };
    let journal = [queued(old, 0), failed, queued(newer, 1)];
    let mut a = restart(&rig, journaled().order(in_order_for_ever()), &journal, 2);
    connect(&mut a);
    a.accept(newer, 1);
    a.drain();
    a.client.resend(old, a.now).unwrap();
    assert!(is_sent(&mut a, old), "it waits for a newer one: {:?}", a.client.status(old));
}

/// Nine thousand were written offline. First transmissions need no token, in whatever process.
#[test]
fn restored_messages_that_may_never_have_left_are_sent_at_the_pace_of_the_answers() {
    let (rig, ids) = restarted(journaled, 9_000, false);
    let mut a = Served::new(rig);
    let new = a.rig.send(B, 1);
    a.run(16 * SECOND, |sent| delivers(ROUND_TRIP, sent));
    let left = ids.iter().filter(|id| a.first(**id).is_some()).count();
    assert_eq!((left, a.rig.client.status(new)), (9_000, None), "32 in 50 ms: 14 s");
}

/// The clock was set back between two messages. The stream goes by seq, not by time.
#[test]
fn a_stream_keeps_its_order_across_a_step_of_the_clock_and_a_restart() {
    let mut old = Rig::new(journaled(), 1);
    old.pass(HOUR);
    let mut ids = old.send_all(B, 0..5);
    old.now = sixfold::Time::from_origin(HOUR);
    ids.extend(old.send_all(B, 5..10));
    let raw = old.records();
    let snapshot: Vec<_> = old.client.records().collect();
    old.pass(3 * HOUR);
    for journal in [raw, snapshot] {
        let mut a = restart(&old, journaled(), &journal, 2);
        assert!(a.client.outbox().map(|entry| entry.id).eq(ids.iter().copied()), "listed in order");
        connect(&mut a);
        let seqs = a.frames().into_iter().map(|frame| match frame {
            Outgoing::MsgR { id, .. } => id.seq().unwrap(),
            Outgoing::AckR { .. } => panic!("no message was received"),
        });
        assert!(seqs.eq(0..10), "sent in order");
    }
}

/// Of three accepted messages the middle one failed. Its gap is known after the restart too.
#[test]
fn a_floor_that_passes_a_message_failed_in_an_earlier_process_is_announced() {
    let mut old = Rig::new(journaled(), 1);
    let ids = old.send_all(B, 0..3);
    ids.iter().for_each(|id| old.accept(*id, 1));
    old.reject(ids[1], 1);
    let raw = old.records();
    let snapshot: Vec<_> = old.client.records().collect();
    for journal in [raw, snapshot] {
        let mut a = restart(&old, journaled(), &journal, 2);
        connect(&mut a);
        a.drain();
        [0, 2].iter().for_each(|seq: &usize| a.accept(ids[*seq], 1));
        a.pass(50 * MS);
        a.ack_n(ids[0], 1);
        let frames = a.frames();
        let is_announcement =
            |frame: &Outgoing<Test>| matches!(frame, Outgoing::MsgR { id, floor: 2, .. } if *id == ids[2]);
        assert!(frames.iter().any(is_announcement), "{frames:?}");
        assert!(matches!(a.client.status(ids[1]), Some(Status::Failed(_))));
    }
}
