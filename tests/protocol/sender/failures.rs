//! Failures: each reason is given only when it is a fact, and a late ack:N still delivers.

use core::time::Duration;

use kit::*;
use sixfold::{Event, FailReason, MsgId, Outgoing, Output, Status};

fn failed(id: MsgId, reason: FailReason) -> Output<Test> {
    Output::Event(Event::Failed { id, reason })
}

pub(super) fn failures(outputs: impl IntoIterator<Item = Output<Test>>) -> Vec<FailReason> {
    let reason = |output| match output {
        Output::Event(Event::Failed { reason, .. }) => Some(reason),
        _ => None,
    };
    outputs.into_iter().filter_map(reason).collect()
}

#[test]
fn a_message_rejected_after_one_transmission_fails_as_rejected() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 7);
    a.drain();
    a.reject(id, 403);
    let reason = FailReason::Rejected(rejection(403));
    assert_eq!(a.drain(), [failed(id, reason.clone())]);
    assert_eq!(a.client.status(id), Some(Status::Failed(reason)));
    assert_eq!(a.client.discard(id, a.now), Ok(7), "the payload was kept");
}

#[test]
fn a_message_rejected_after_a_retransmission_fails_as_unknown() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 7);
    a.run(2 * SECOND);
    a.reject(id, 403);
    assert_eq!(failures(a.drain()), [unknown(Some(rejection(403)))]);
}

#[test]
fn a_message_rejected_after_accepted_fails_as_unknown() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 7);
    a.accept(id, 1);
    a.reject(id, 500);
    assert_eq!(failures(a.drain()), [unknown(Some(rejection(500)))]);
}

#[test]
fn a_message_never_transmitted_fails_as_expired_at_its_nanosecond() {
    let mut a = Rig::new(steady().expiry(HOUR), 1);
    a.client.handle_disconnected(a.now);
    let id = a.send(B, 7);
    assert_eq!(a.client.poll_timeout(), Some(a.now + HOUR));
    a.run(HOUR - NANOSECOND);
    assert_eq!(a.client.status(id), Some(Status::Queued));
    a.wake();
    assert_eq!(a.drain(), [failed(id, FailReason::Expired)]);
    assert_eq!(a.client.poll_timeout(), None);
    a.ack_n(id, 1);
    assert_eq!((a.drain(), a.client.stats().ignored_ack_n_unsent), (vec![], 1), "it was never transmitted");
}

#[test]
fn no_message_is_transmitted_after_its_expiry_whatever_input_comes_first() {
    let mut a = Rig::new(steady().window(1), 1);
    let [on_wire, queued] = [7, 8].map(|n| a.send(B, n));
    a.drain();
    a.pass(15 * DAY);
    a.ack_n(on_wire, 1);
    let expired = Event::Failed { id: queued, reason: FailReason::Expired };
    assert_eq!(a.events(), [Event::Delivered { id: on_wire, server_id: 1 }, expired]);

    let mut a = Rig::new(steady(), 1);
    let left = a.send(B, 7);
    a.drain();
    a.client.handle_disconnected(a.now);
    let never_transmitted = a.send(B, 8);
    a.pass(15 * DAY);
    a.client.handle_connected(a.now);
    assert_eq!(a.drain(), [failed(left, unknown(None)), failed(never_transmitted, FailReason::Expired)]);
}

#[test]
fn a_transmitted_message_that_expires_fails_as_unknown() {
    let mut a = Rig::new(steady().expiry(HOUR).max_attempts(None), 1);
    let on_wire = a.send(B, 7);
    let accepted = a.send(B, 8);
    a.accept(accepted, 1);
    let outputs = a.run(HOUR).into_iter().map(|(_, output)| output);
    assert_eq!(failures(outputs), [unknown(None), unknown(None)]);
    for id in [on_wire, accepted] {
        assert_eq!(a.client.status(id), Some(Status::Failed(unknown(None))));
    }
}

#[test]
fn without_answers_messages_follow_the_backoff_and_fail_as_unknown_with_their_payloads() {
    let mut a = Rig::new(steady(), 1);
    let ids: Vec<_> = (0..40).map(|n| a.send(B, n)).collect();
    let outputs = a.run_heard(HOUR);
    let expected = [0, 1, 3, 7, 15, 31, 63, 123, 183, 243].map(|at| at * SECOND);
    assert_eq!(sent(&outputs, ids[0]), expected, "ten transmissions, then no more");
    let failed = outputs.iter().position(|(_, o)| *o == failed(ids[0], unknown(None))).unwrap();
    assert_eq!(outputs[failed].0, 303 * SECOND);
    assert!(ids.iter().all(|id| sent(&outputs, *id).len() >= 10));
    assert_eq!(failures(outputs.into_iter().map(|(_, o)| o)), vec![unknown(None); 40]);
    assert_all_failed(&a, &ids);
}

#[test]
fn on_a_silent_link_messages_are_repeated_until_they_expire_and_keep_their_payloads() {
    let mut a = Rig::new(steady().expiry(HOUR), 1);
    let ids: Vec<_> = (0..40).map(|n| a.send(B, n)).collect();
    let outputs = a.run(HOUR);
    let backoff = [0, 1, 3, 7, 15, 31].into_iter().chain((0..59).map(|n| 63 + 60 * n)).map(|at| at * SECOND);
    assert!(sent(&outputs, ids[0]).into_iter().eq(backoff));
    let failed: Vec<_> = outputs.iter().filter(|(_, o)| matches!(o, Output::Event(Event::Failed { .. }))).collect();
    assert!(failed.iter().all(|(at, _)| *at == HOUR), "no number of attempts fails what nobody could answer");
    assert_eq!(failures(outputs.into_iter().map(|(_, o)| o)), vec![unknown(None); 40]);
    assert_all_failed(&a, &ids);
}

/// Returns when a message was transmitted.
fn sent(outputs: &[(Duration, Output<Test>)], id: MsgId) -> Vec<Duration> {
    let is_sent = |output: &Output<Test>| matches!(output, Output::Transmit(Outgoing::MsgR { id: i, .. }) if *i == id);
    outputs.iter().filter(|(_, output)| is_sent(output)).map(|(at, _)| *at).collect()
}

/// Asserts that these messages to B have failed as unknown, with their payloads from 0, and that nothing else is left.
fn assert_all_failed(a: &Rig, ids: &[MsgId]) {
    let failed: Vec<_> = a.client.outbox().map(|e| (e.id, *e.payload, e.status)).collect();
    assert_eq!(failed.len(), ids.len());
    for ((n, id), entry) in (0..).zip(ids).zip(failed) {
        assert_eq!(entry, (*id, n, Status::Failed(unknown(None))));
    }
    assert!(a.client.is_settled(), "failed messages do not count");
    assert_eq!(a.client.poll_timeout(), None);
}

#[test]
fn when_the_network_heals_before_the_last_attempt_every_message_is_delivered() {
    let mut a = Rig::new(steady(), 1);
    let ids: Vec<_> = (0..40).map(|n| a.send(B, n)).collect();
    a.run_heard(303 * SECOND - NANOSECOND);
    a.drain();
    let mut delivered = 0;
    for round in [&ids[..32], &ids[32..]] {
        for id in round {
            a.accept(*id, 1);
            a.ack_n(*id, 1);
        }
        let events = a.events();
        assert!(!events.iter().any(|event| matches!(event, Event::Failed { .. })), "{events:?}");
        delivered += events.iter().filter(|event| matches!(event, Event::Delivered { .. })).count();
    }
    assert_eq!((delivered, a.client.outbox().count()), (40, 0));
}

#[test]
fn a_late_ack_n_delivers_a_failed_message_that_was_transmitted() {
    for late in 0..4 {
        let mut a = Rig::new(steady().expiry(HOUR).max_attempts(Some(3)), 1);
        let id = a.send(B, 7);
        match late {
            0 => a.reject(id, 1),
            1 => drop(a.run_heard(10 * 60 * SECOND)),
            2 => {
                a.accept(id, 5);
                a.reject(id, 1);
            }
            _ => {
                a.accept(id, 5);
                a.run(HOUR);
            }
        }
        assert!(matches!(a.client.status(id), Some(Status::Failed(_))), "case {late}");
        a.drain();
        a.ack_n(id, 5);
        assert_eq!(a.drain(), [Output::Event(Event::Delivered { id, server_id: 5 })], "case {late}");
        a.ack_n(id, 5);
        assert_eq!((a.drain(), a.client.stats().ignored_ack_n_unknown), (vec![], 1), "once");
        assert_eq!(a.client.status(id), None);
    }
}

#[test]
fn a_late_msg_a_leaves_a_failed_message_failed_and_resend_remembers_it() {
    let mut a = Rig::new(steady().max_attempts(Some(1)), 1);
    let id = a.send(B, 7);
    a.run_heard(2 * SECOND);
    a.accept(id, 5);
    assert_eq!(a.drain(), []);
    assert_eq!(a.client.status(id), Some(Status::Failed(unknown(None))));
    a.accept(id, 6);
    assert_eq!(a.drain(), [Output::Event(Event::ServerIdConflict { id, first: 5, second: 6 })]);
    a.client.resend(id, a.now).unwrap();
    assert_eq!(a.client.status(id), Some(Status::Accepted), "a status never moves back");
    assert_eq!(a.frames(), [question(id, B, 0)]);
}

#[test]
fn each_change_of_the_server_id_is_reported_once() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 7);
    a.accept(id, 1);
    a.drain();
    a.accept(id, 1);
    assert_eq!(a.drain(), []);
    a.accept(id, 2);
    let conflict = Event::ServerIdConflict { id, first: 1, second: 2 };
    assert_eq!(a.drain(), [Output::Event(conflict)], "this one the server knows");
    a.accept(id, 2);
    assert_eq!(a.drain(), []);
    a.ack_n(id, 3);
    let conflict = Event::ServerIdConflict { id, first: 2, second: 3 };
    assert_eq!(a.events(), [conflict, Event::Delivered { id, server_id: 3 }]);
}

#[test]
fn ack_n_implies_msg_a() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 7);
    a.ack_n(id, 1);
    assert_eq!(a.events(), [Event::Delivered { id, server_id: 1 }]);
    a.accept(id, 1);
    assert_eq!((a.drain(), a.client.stats().ignored_msg_a_unknown), (vec![], 1));
}

#[test]
fn discard_removes_a_message_in_every_state_and_later_acks_are_ignored() {
    let mut a = Rig::new(steady().window(2), 1);
    let ids: Vec<_> = (0..3).map(|n| a.send(B, n)).collect();
    a.accept(ids[1], 1);
    a.client.handle_disconnected(a.now);
    a.drain();
    for (n, id) in (0..).zip(&ids) {
        assert_eq!(a.client.discard(*id, a.now), Ok(n));
        assert!(a.client.discard(*id, a.now).is_err());
        a.ack_n(*id, 1);
        a.accept(*id, 1);
    }
    assert_eq!(a.drain(), []);
    assert!(a.client.is_settled());
    assert_eq!(a.client.poll_timeout(), None);
}

#[test]
fn any_input_at_the_nanosecond_of_expiry_fails_the_message_first() {
    let mut a = Rig::new(steady().expiry(HOUR).probe_initial(DAY).probe_max(DAY), 1);
    let id = a.send(B, 7);
    a.accept(id, 1);
    a.drain();
    a.pass(HOUR);
    a.msg_n(A, kit::id(7, 0), 0);
    assert_eq!(a.client.status(id), Some(Status::Failed(unknown(None))));
}

#[test]
fn a_message_sent_at_the_nanosecond_of_an_expiry_carries_the_floor_above_the_expired_one() {
    let mut a = Rig::new(steady().expiry(HOUR).probe_initial(DAY).probe_max(DAY), 1);
    let id = a.send(B, 7);
    a.accept(id, 1);
    a.drain();
    a.pass(HOUR);
    let next = a.send(B, 8);
    let failed = Output::Event(Event::Failed { id, reason: unknown(None) });
    assert_eq!(a.drain(), [failed, Output::Transmit(msg_r(next, B, 1, 8))]);
}
