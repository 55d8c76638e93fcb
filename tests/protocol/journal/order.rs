//! The restart barrier: new messages wait until the restored ones to the same peer are delivered.

use super::{connect, journaled, records, restart};
use kit::*;
use sixfold::{FailReason, MsgId, Order, Outgoing, Record, Status};

/// Returns a restarted, connected client with two restored messages to B, one accepted, and a new one to B.
fn restarted(order: Order) -> (Rig, [MsgId; 3]) {
    let config = || journaled().order(order).max_attempts(None);
    let mut a = Rig::new(config(), 1);
    let [first, second] = [0, 1].map(|n| a.send(B, n));
    a.accept(first, 1);
    let journal = records(&mut a);
    let mut a = restart(&a, config(), &journal, 2);
    connect(&mut a);
    let new = a.send(B, 2);
    assert!(!sent(&mut a, new));
    assert_eq!(a.client.status(new), Some(Status::Queued));
    (a, [first, second, new])
}

fn sent(rig: &mut Rig, id: MsgId) -> bool {
    rig.frames().iter().any(|frame| matches!(frame, Outgoing::MsgR { id: i, .. } if *i == id))
}

#[test]
fn a_new_message_waits_until_the_restored_ones_are_delivered() {
    let (mut a, [first, second, new]) = restarted(in_order_for_ever());
    a.run(DAY);
    assert_eq!(a.client.status(new), Some(Status::Queued));
    a.accept(second, 2);
    a.ack_n(second, 2);
    assert!(!sent(&mut a, new));
    a.ack_n(first, 1);
    assert!(sent(&mut a, new));
}

#[test]
fn a_failed_or_discarded_restored_message_blocks_no_other() {
    let (mut a, [first, second, new]) = restarted(in_order_for_ever());
    a.reject(second, 1);
    a.client.discard(first, a.now).unwrap();
    assert!(sent(&mut a, new));
}

#[test]
fn after_max_hold_a_new_message_waits_only_until_the_restored_ones_are_accepted() {
    let (mut a, [_, second, new]) = restarted(Order::InOrder { max_hold: Some(60 * SECOND) });
    a.run(60 * SECOND - NANOSECOND);
    a.accept(second, 2);
    assert!(!sent(&mut a, new));
    assert_eq!(a.client.poll_timeout(), Some(a.now + NANOSECOND));
    a.wake();
    assert!(sent(&mut a, new));

    let (mut a, [_, second, new]) = restarted(Order::InOrder { max_hold: Some(60 * SECOND) });
    a.run(120 * SECOND);
    assert_eq!(a.client.status(new), Some(Status::Queued), "one is not accepted yet");
    a.accept(second, 2);
    assert!(sent(&mut a, new));
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
    a.accept(second, 9);
    assert!(
        a.run(DAY)
            .iter()
            .all(|(_, output)| !matches!(output, sixfold::Output::Transmit(Outgoing::MsgR { id, .. }) if *id != first))
    );
    a.ack_n(first, 1);
    assert_eq!(a.frames(), [msg_r(second, B, 0, 1)]);
    assert_eq!(a.client.status(third), Some(Status::Queued));
    a.ack_n(second, 9);
    assert_eq!(a.frames(), [msg_r(third, B, 0, 2)]);
}

#[test]
fn other_peers_and_unordered_clients_do_not_wait() {
    let (mut a, _) = restarted(in_order_for_ever());
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
fn the_barrier_survives_a_reconnect_and_is_lifted_while_disconnected() {
    let (mut a, [first, second, new]) = restarted(in_order_for_ever());
    a.client.handle_disconnected(a.now);
    connect(&mut a);
    assert!(!sent(&mut a, new));
    a.client.handle_disconnected(a.now);
    a.client.discard(first, a.now).unwrap();
    a.client.discard(second, a.now).unwrap();
    a.drain();
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
    a.ack_n(old, 1);
    assert!(sent(&mut a, newer));
}

/// Returns a restarted, connected client with restored messages to B, each accepted or not, and a new one to B.
fn restarted_with(accepted: &[bool]) -> (Rig, Vec<MsgId>, MsgId) {
    let config = || journaled().order(Order::InOrder { max_hold: Some(60 * SECOND) }).max_attempts(None);
    let mut a = Rig::new(config(), 1);
    let old = a.send_all(B, 0..accepted.len() as u64);
    for (id, _) in old.iter().zip(accepted).filter(|(_, accepted)| **accepted) {
        a.accept(*id, 1);
    }
    let journal = records(&mut a);
    let mut a = restart(&a, config(), &journal, 2);
    connect(&mut a);
    let new = a.send(B, 9);
    a.drain();
    (a, old, new)
}

#[test]
fn when_max_hold_ends_only_the_new_message_is_sent_and_no_restored_one_is_expedited() {
    let (mut a, _, new) = restarted_with(&[true]);
    a.run(60 * SECOND - NANOSECOND);
    assert_eq!(a.wake(), NANOSECOND);
    assert_eq!(a.frames(), [msg_r(new, B, 0, 9)]);
}

#[test]
fn after_max_hold_an_unaccepted_restored_message_still_blocks_the_new_one() {
    let (mut a, old, new) = restarted_with(&[false]);
    a.run(120 * SECOND);
    assert_eq!(a.client.status(new), Some(Status::Queued));
    a.client.discard(old[0], a.now).unwrap();
    assert!(sent(&mut a, new));
}

#[test]
fn after_max_hold_only_the_remaining_restored_messages_block() {
    let (mut a, old, new) = restarted_with(&[true, false]);
    a.run(120 * SECOND);
    a.ack_n(old[0], 1);
    assert_eq!(a.client.status(new), Some(Status::Queued), "the remaining one is not accepted");

    let (mut a, old, new) = restarted_with(&[true, false]);
    a.run(120 * SECOND);
    a.client.discard(old[1], a.now).unwrap();
    assert!(sent(&mut a, new), "the remaining one is accepted");
}

#[test]
fn max_hold_counts_from_the_first_connect_not_the_last() {
    let (mut a, _, new) = restarted_with(&[true]);
    a.run(40 * SECOND);
    a.client.handle_disconnected(a.now);
    connect(&mut a);
    a.run(20 * SECOND);
    assert_eq!(a.client.status(new), Some(Status::OnWire));
}

#[test]
fn without_a_waiting_message_the_barrier_sets_no_deadline() {
    let (mut a, old, new) = restarted_with(&[true]);
    a.ack_n(old[0], 1);
    a.ack_n(new, 2);
    a.drain();
    assert_eq!((a.client.is_settled(), a.client.poll_timeout()), (true, None));
}

#[test]
fn while_a_barrier_stands_other_peers_are_probed_as_usual() {
    let (mut a, _, _) = restarted_with(&[false]);
    let elsewhere = a.send(99, 3);
    a.accept(elsewhere, 1);
    a.run(on_grid(2 * SECOND));
    assert_eq!(a.client.stats().timeouts, 2, "of the restored message, and of the accepted one");
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
fn an_older_stream_with_only_failed_messages_blocks_nothing() {
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
