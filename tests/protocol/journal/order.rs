//! The order of the streams of one peer after restarts: a newer stream waits until no message of an older one holds it
//! back. A message holds back until it is accepted, failed, suspect, put off, or has given its place back. Delivery is
//! not waited for: the server pushes in the order of acceptance.

use super::{connect, journaled, records, restart};
use kit::*;
use sixfold::{FailReason, MsgId, Order, Outgoing, Output, Record, Status};

/// Both give the same order of sending: `max_hold` is the receiver's.
fn orders() -> [Order; 2] {
    [in_order_for_ever(), Order::InOrder { max_hold: Some(60 * SECOND) }]
}

/// Returns a restarted, connected client with restored messages to B, each accepted or not, and a new one to B.
fn restarted_with(accepted: &[bool], order: Order) -> (Rig, Vec<MsgId>, MsgId) {
    let config = || journaled().order(order).max_attempts(None);
    let mut a = Rig::new(config(), 1);
    let old = a.send_all(B, 0..accepted.len() as u64);
    for (id, _) in old.iter().zip(accepted).filter(|(_, accepted)| **accepted) {
        a.accept(*id, 1);
    }
    let journal = records(&mut a);
    let mut a = restart(&a, config(), &journal, 2);
    connect(&mut a);
    let new = a.send(B, 9);
    assert!(!sent(&mut a, new));
    assert_eq!(a.client.status(new), Some(Status::Queued));
    (a, old, new)
}

/// Returns a restarted, connected client with two restored messages to B, the first accepted, and a new one to B.
fn restarted() -> (Rig, [MsgId; 3]) {
    let (a, old, new) = restarted_with(&[true, false], in_order_for_ever());
    (a, [old[0], old[1], new])
}

fn sent(rig: &mut Rig, id: MsgId) -> bool {
    rig.frames().iter().any(|frame| matches!(frame, Outgoing::MsgR { id: i, .. } if *i == id))
}

#[test]
fn a_new_message_waits_until_each_restored_one_is_accepted_however_long_that_takes() {
    for order in orders() {
        let (mut a, old, new) = restarted_with(&[true, false, false], order);
        a.run(DAY);
        assert_eq!(a.client.status(new), Some(Status::Queued));
        a.accept(old[2], 2);
        assert!(!sent(&mut a, new), "one is not accepted yet");
        a.accept(old[1], 1);
        assert_eq!(a.frames(), [msg_r(new, B, 0, 9)], "the new one goes at once, and no restored one with it");
    }
}

#[test]
fn a_new_message_does_not_wait_for_the_delivery_of_accepted_ones() {
    let mut a = Rig::new(journaled(), 1);
    let old = a.send(B, 0);
    a.accept(old, 1);
    let journal = records(&mut a);
    let mut a = restart(&a, journaled(), &journal, 2);
    connect(&mut a);
    let new = a.send(B, 1);
    assert!(sent(&mut a, new));
    assert_eq!(a.client.status(old), Some(Status::Accepted));
}

#[test]
fn a_failed_or_discarded_restored_message_holds_nothing_back() {
    let (mut a, [_, second, new]) = restarted();
    a.reject(second, 1);
    assert!(sent(&mut a, new));
    let (mut a, [_, second, new]) = restarted();
    a.client.discard(second, a.now).unwrap();
    assert!(sent(&mut a, new));
    let (mut a, [_, second, new]) = restarted();
    a.ack_n(second, 2);
    assert!(sent(&mut a, new));
}

#[test]
fn a_restored_message_that_the_server_puts_off_holds_nothing_back() {
    let (mut a, [_, second, new]) = restarted();
    a.retry_after(second, 100 * SECOND);
    assert_eq!(a.frames(), [msg_r(new, B, 0, 9)], "its own stream does not pause");
}

#[test]
fn a_restored_message_that_has_cut_two_connections_holds_nothing_back() {
    let (mut a, [_, second, new]) = restarted();
    for cuts in 1..3 {
        a.client.handle_disconnected(a.now);
        a.pass(SECOND);
        connect(&mut a);
        assert_eq!(sent(&mut a, new), cuts == 2);
    }
    assert_eq!(a.client.status(second), Some(Status::OnWire));
}

#[test]
fn a_restored_message_that_is_not_answered_three_times_holds_nothing_back_if_something_was_heard() {
    let (mut a, [_, _, new]) = restarted();
    a.run(100 * SECOND);
    assert_eq!(a.client.status(new), Some(Status::Queued), "a silent link is no reason");

    let (mut a, _, new) = restarted_with(&[false], in_order_for_ever());
    a.run_heard(7 * SECOND - NANOSECOND);
    assert_eq!(a.client.status(new), Some(Status::Queued), "two timeouts are not enough");
    a.run_heard(NANOSECOND);
    assert_eq!(a.client.status(new), Some(Status::OnWire));
}

#[test]
fn after_two_restarts_the_second_process_waits_for_the_first_and_the_third_for_both() {
    let config = || journaled().order(in_order_for_ever()).max_attempts(None);
    let mut a = Rig::new(config(), 1);
    let first = a.send(B, 0);
    let mut journal = records(&mut a);
    let mut a = restart(&a, config(), &journal, 2);
    connect(&mut a);
    let second = a.send(B, 1);
    journal.extend(records(&mut a));
    let mut a = restart(&a, config(), &journal, 3);
    connect(&mut a);
    let third = a.send(B, 2);
    assert_eq!(a.frames(), [msg_r(first, B, 0, 0)]);
    let of_others =
        |output: &Output<Test>| matches!(output, Output::Transmit(Outgoing::MsgR { id, .. }) if *id != first);
    assert!(!a.run(DAY).iter().any(|(_, output)| of_others(output)));

    let mut out_of_order = a.clone();
    out_of_order.accept(second, 9);
    assert!(!sent(&mut out_of_order, third), "the third waits for the first too");
    out_of_order.accept(first, 1);
    assert!(sent(&mut out_of_order, third));

    a.accept(first, 1);
    assert_eq!(a.frames(), [msg_r(second, B, 0, 1)]);
    assert_eq!(a.client.status(third), Some(Status::Queued));
    a.accept(second, 9);
    assert_eq!(a.frames(), [msg_r(third, B, 0, 2)]);
}

#[test]
fn other_peers_and_unordered_clients_do_not_wait() {
    let (mut a, _) = restarted();
    let elsewhere = a.send(99, 3);
    assert!(sent(&mut a, elsewhere));

    let config = || journaled().order(Order::AsArrived);
    let mut a = Rig::new(config(), 1);
    a.send(B, 0);
    let journal = records(&mut a);
    let mut a = restart(&a, config(), &journal, 2);
    connect(&mut a);
    let new = a.send(B, 1);
    assert!(sent(&mut a, new));
}

#[test]
fn the_order_outlives_a_reconnect_and_what_is_discarded_meanwhile_holds_nothing_back() {
    let (mut a, [_, second, new]) = restarted();
    a.client.handle_disconnected(a.now);
    let mut unchanged = a.clone();
    connect(&mut unchanged);
    assert!(!sent(&mut unchanged, new));
    a.client.discard(second, a.now).unwrap();
    assert_eq!(a.frames(), []);
    connect(&mut a);
    assert!(sent(&mut a, new));
}

#[test]
fn a_resent_restored_message_waits_for_older_ones_too() {
    let [old, newer] = [id(1, 0), id(2, 0)];
    let mut a = Rig::new(journaled(), 1);
    let queued = |id, payload| Record::Queued { id, to: B, payload, at: a.now };
    let failed = Record::Failed { id: newer, reason: FailReason::Rejected(rejection(1)) };
    let journal = [queued(old, 0), queued(newer, 1), failed];
    a = restart(&a, journaled().order(in_order_for_ever()), &journal, 2);
    connect(&mut a);
    assert!(sent(&mut a, old));
    a.client.resend(newer, a.now).unwrap();
    assert!(!sent(&mut a, newer));
    a.accept(old, 1);
    assert!(sent(&mut a, newer));
}

#[test]
fn what_waits_for_an_older_stream_sets_no_deadline() {
    let (mut a, old, new) = restarted_with(&[false], in_order_for_ever());
    let deadline = a.client.poll_timeout();
    let mut alone = a.clone();
    alone.client.discard(new, alone.now).unwrap();
    assert_eq!((alone.frames(), alone.client.poll_timeout()), (vec![], deadline));
    a.ack_n(old[0], 1);
    a.ack_n(new, 2);
    a.drain();
    assert_eq!((a.client.is_settled(), a.client.poll_timeout()), (true, None));
}

#[test]
fn while_a_message_waits_for_an_older_stream_other_peers_are_asked_about_as_usual() {
    let (mut a, _, _) = restarted_with(&[false], in_order_for_ever());
    let elsewhere = a.send(99, 3);
    a.accept(elsewhere, 1);
    let asks = (2 * SECOND, Output::Transmit(question(elsewhere, 99, 0)));
    assert!(a.run(2 * SECOND).contains(&asks));
}

/// Process 1 leaves a failed message, process 2 a live one; process 3 restores both.
fn failed_then_live() -> (Rig, [MsgId; 2]) {
    let config = || journaled().order(in_order_for_ever()).max_attempts(None);
    let mut a = Rig::new(config(), 1);
    let failed = a.send(B, 0);
    a.reject(failed, 1);
    let mut journal = records(&mut a);
    let mut a = restart(&a, config(), &journal, 2);
    connect(&mut a);
    let live = a.send(B, 1);
    journal.extend(records(&mut a));
    (restart(&a, config(), &journal, 3), [failed, live])
}

#[test]
fn an_older_stream_with_only_failed_messages_holds_nothing_back() {
    let (mut a, [_, live]) = failed_then_live();
    connect(&mut a);
    assert!(sent(&mut a, live), "no older message is live");
}

#[test]
fn a_discarded_failed_message_does_not_let_a_new_message_overtake_a_restored_one() {
    let (mut a, [failed, live]) = failed_then_live();
    a.client.discard(failed, a.now).unwrap();
    connect(&mut a);
    let new = a.send(B, 2);
    let frames = a.frames();
    let is_sent =
        |id: MsgId| frames.iter().any(|frame| matches!(frame, Outgoing::MsgR { id: sent, .. } if *sent == id));
    assert_eq!((is_sent(live), is_sent(new)), (true, false), "the restored one, and not the new one");
}

#[test]
fn restored_streams_that_were_delivered_in_order_leave_nothing_behind() {
    let mut a = Rig::new(journaled(), 1);
    let first = a.send(B, 0);
    let mut journal = records(&mut a);
    let mut a = restart(&a, journaled(), &journal, 2);
    connect(&mut a);
    let second = a.send(B, 1);
    a.ack_n(first, 1);
    a.ack_n(second, 2);
    journal.extend(records(&mut a));
    let mut a = restart(&a, journaled(), &journal, 3);
    connect(&mut a);
    assert_eq!((a.drain(), a.client.stats().outgoing_streams), (vec![], 0));
    let third = a.send(B, 2);
    assert_eq!(a.frames(), [msg_r(third, B, 0, 2)]);
}
