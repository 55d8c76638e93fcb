//! Old and torn journals: what an earlier process may have done after its last record is not denied. `Expired` and
//! `Rejected` are never said of a message that may have left.

use super::{connect, journaled, restart};
use kit::*;
use sixfold::{Event, FailReason, MsgId, Output, Record, Status};

/// A message expired before it left. Then it was resent, and left; the record of that is lost. Returns the process that
/// restores the rest.
fn expired_then_lost_resent() -> (Rig, MsgId) {
    let config = || journaled().expiry(HOUR);
    let mut old = Rig::new(config(), 1);
    old.client.handle_disconnected(old.now);
    let id = old.send(B, 0);
    let mut journal = old.records();
    old.pass(HOUR);
    old.client.handle_timeout(old.now);
    journal.extend(old.records());
    assert_eq!(old.client.status(id), Some(Status::Failed(FailReason::Expired)));

    old.client.resend(id, old.now).unwrap();
    old.client.handle_connected(old.now);
    let lost = old.drain();
    assert!(lost.contains(&Output::Transmit(msg_r(id, B, 0, 0))), "it left: {lost:?}");
    old.pass(SECOND);
    (restart(&old, config(), &journal, 2), id)
}

#[test]
fn a_late_ack_n_delivers_what_an_old_journal_calls_expired() {
    let (mut a, id) = expired_then_lost_resent();
    connect(&mut a);
    a.drain();
    a.ack_n(id, 7);
    assert_eq!(a.events(), [Event::Delivered { id, server_id: 7 }]);
    assert_eq!(a.client.stats().ignored_ack_n_unsent, 0);
}

#[test]
fn what_an_old_journal_calls_expired_is_not_rejected_as_a_fact() {
    let (mut a, id) = expired_then_lost_resent();
    connect(&mut a);
    a.client.resend(id, a.now).unwrap();
    a.drain();
    a.reject(id, 5);
    let reason = unknown(Some(rejection(5)));
    assert_eq!(a.events(), [Event::Failed { id, reason }], "an earlier copy may have been accepted");
}

#[test]
fn what_an_old_journal_calls_expired_does_not_expire_again_as_if_it_had_never_left() {
    let (mut a, id) = expired_then_lost_resent();
    a.client.resend(id, a.now).unwrap();
    a.drain();
    a.pass(HOUR);
    a.client.handle_timeout(a.now);
    assert_eq!(a.events(), [Event::Failed { id, reason: unknown(None) }]);
}

#[test]
fn a_late_acceptance_of_what_an_old_journal_calls_expired_is_kept() {
    let (mut a, id) = expired_then_lost_resent();
    connect(&mut a);
    a.accept(id, 7);
    a.drain();
    a.client.resend(id, a.now).unwrap();
    assert_eq!(a.client.status(id), Some(Status::Accepted));
}

/// The message was rejected after one transmission, and resent; both records of that are lost.
#[test]
fn what_a_journal_calls_rejected_may_have_been_resent() {
    let mut old = Rig::new(journaled(), 1);
    let id = old.send(B, 0);
    old.reject(id, 1);
    let journal = old.records();
    assert!(matches!(journal.last(), Some(Record::Failed { .. })));
    old.client.resend(id, old.now).unwrap();
    assert_eq!(old.frames(), [msg_r(id, B, 0, 0)]);

    let mut a = restart(&old, journaled(), &journal, 2);
    connect(&mut a);
    a.client.resend(id, a.now).unwrap();
    a.drain();
    a.reject(id, 2);
    assert_eq!(a.events(), [Event::Failed { id, reason: unknown(Some(rejection(2))) }]);
}

/// Every prefix of a journal, as a power cut leaves it.
#[test]
fn no_prefix_of_a_journal_denies_that_a_message_left() {
    let config = || journaled().expiry(HOUR);
    let mut old = Rig::new(config(), 1);
    old.client.handle_disconnected(old.now);
    let id = old.send(B, 0);
    old.pass(HOUR);
    old.client.handle_timeout(old.now);
    old.client.resend(id, old.now).unwrap();
    old.pass(HOUR);
    old.client.handle_timeout(old.now);
    old.client.resend(id, old.now).unwrap();
    let journal = old.records();
    old.client.handle_connected(old.now);
    assert_eq!(old.frames(), [msg_r(id, B, 0, 0)], "it leaves after the last record");
    assert_eq!(journal.len(), 5, "{journal:?}");
    for n in 1..=journal.len() {
        let mut a = restart(&old, config(), &journal[..n], 2);
        connect(&mut a);
        a.drain();
        a.ack_n(id, 9);
        assert_eq!(a.events(), [Event::Delivered { id, server_id: 9 }], "after {n} records");
    }
}
