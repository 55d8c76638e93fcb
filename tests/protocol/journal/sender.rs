//! The sender and the journal: each message keeps its id, status and age across a restart.

use super::{connect, journaled, records, restart};
use kit::*;
use sixfold::{Event, FailReason, Output, Record, ResendError, Status, Time};

#[test]
fn each_record_precedes_the_outputs_that_rely_on_it() {
    let mut a = Rig::new(journaled().max_attempts(Some(1)), 1);
    let at = a.now;
    let id = a.send(B, 7);
    let queued = Record::Queued { id, to: B, payload: 7, at };
    assert_eq!(a.drain(), [Output::Persist(queued), Output::Transmit(msg_r(id, B, 0, 7))]);

    a.accept(id, 5);
    let accepted = |server_id| Output::Persist(Record::Accepted { id, server_id });
    assert_eq!(a.drain(), [accepted(5), Output::Event(Event::Accepted { id, server_id: 5 })]);
    a.accept(id, 6);
    let conflict = Event::ServerIdConflict { id, first: 5, second: 6 };
    assert_eq!(a.drain(), [accepted(6), Output::Event(conflict)]);
    a.ack_n(id, 6);
    let delivered = Output::Persist(Record::Delivered { id, server_id: 6 });
    assert_eq!(a.drain(), [delivered, Output::Event(Event::Delivered { id, server_id: 6 })]);

    let id = a.send(B, 8);
    a.drain();
    a.wake_heard();
    let failed = Output::Persist(Record::Failed { id, reason: unknown(None) });
    assert_eq!(a.drain(), [failed, Output::Event(Event::Failed { id, reason: unknown(None) })]);
    a.client.resend(id, a.now).unwrap();
    let resent = Output::Persist(Record::Resent { id, at: a.now });
    assert_eq!(a.drain(), [resent, Output::Transmit(msg_r(id, B, 1, 8))]);
    a.client.discard(id, a.now).unwrap();
    assert_eq!(a.drain(), [Output::Persist(Record::Discarded { id })]);
}

#[test]
fn without_a_journal_no_record_comes_out() {
    let mut a = Rig::new(steady().max_attempts(Some(2)), 1);
    for n in 0..10 {
        let id = a.send(B, n);
        a.accept(id, n);
        a.ack_n(id, n);
        a.msg_n(B, id, 0);
        a.confirm(B, id);
    }
    a.send(B, 1);
    a.run(HOUR);
    assert_eq!(records(&mut a), []);
}

#[test]
fn any_prefix_of_the_journal_restores_the_status_at_its_end() {
    let mut a = Rig::new(journaled().expiry(HOUR), 1);
    let id = a.send(B, 7);
    a.accept(id, 5);
    a.run(HOUR - SECOND);
    a.client.handle_timeout(a.now + SECOND);
    let mut journal = vec![Record::Queued { id, to: B, payload: 7, at: Time::from_origin(HOUR) }];
    journal.push(Record::Accepted { id, server_id: 5 });
    journal.extend(records(&mut a));
    a.now = a.now + SECOND;
    a.client.resend(id, a.now).unwrap();
    journal.extend(records(&mut a));
    a.ack_n(id, 5);
    journal.extend(records(&mut a));
    let at = a.now;
    let failed = Record::Failed { id, reason: unknown(None) };
    assert_eq!(journal[2..], [failed, Record::Resent { id, at }, Record::Delivered { id, server_id: 5 }]);

    let status = |n: usize| restart(&a, journaled().expiry(HOUR), &journal[..n], 2).client.status(id);
    assert_eq!(status(0), None);
    assert_eq!(status(1), Some(Status::OnWire), "it may have left");
    assert_eq!(status(2), Some(Status::Accepted));
    assert_eq!(status(3), Some(Status::Failed(unknown(None))));
    assert_eq!(status(4), Some(Status::Accepted));
    assert_eq!(status(5), None, "delivered");
}

#[test]
fn restored_messages_keep_their_ids_and_new_ones_get_a_fresh_stream() {
    let mut a = Rig::new(journaled(), 1);
    let old = a.send_all(B, 0..3);
    let journal = records(&mut a);
    // The same seed at the same time is safe: the generator has absorbed the restored ids.
    let mut a = restart(&a, journaled(), &journal, 1);
    connect(&mut a);
    assert_eq!(a.frames(), [msg_r(old[0], B, 0, 0), msg_r(old[1], B, 0, 1), msg_r(old[2], B, 0, 2)]);
    let new = a.send(B, 3);
    assert_ne!(new.stream(), old[0].stream());
    assert_eq!(new.seq(), Some(0));
    assert_eq!(a.client.outbox().map(|entry| entry.id).collect::<Vec<_>>(), [old[0], old[1], old[2], new]);
}

#[test]
fn a_journal_from_an_old_backup_reuses_no_id() {
    let mut a = Rig::new(journaled(), 1);
    let first = a.send(B, 0);
    let backup = records(&mut a);
    let after_backup = a.send(B, 1);
    let mut restored = restart(&a, journaled(), &backup, 2);
    let after_restore = restored.send(B, 2);
    assert_eq!(after_backup.stream(), first.stream());
    assert_ne!(after_restore.stream(), first.stream());
}

#[test]
fn a_restored_message_that_expires_fails_as_unknown_not_as_expired() {
    let config = || journaled().expiry(HOUR);
    let mut a = Rig::new(config(), 1);
    let id = a.send(B, 7);
    let journal = records(&mut a);
    a.pass(2 * HOUR);
    let mut a = restart(&a, config(), &journal, 2);
    assert_eq!(a.client.poll_timeout(), Some(a.now), "due at once");
    connect(&mut a);
    let failed = Event::Failed { id, reason: unknown(None) };
    assert_eq!(a.drain()[1..], [Output::Event(failed)], "and no frame is sent");
    assert_eq!(a.client.discard(id, a.now), Ok(7));
}

#[test]
fn a_failed_message_keeps_its_reason_and_its_age_across_a_restart() {
    let mut a = Rig::new(journaled().expiry(HOUR), 1);
    let rejected = a.send(B, 1);
    a.reject(rejected, 9);
    a.client.handle_disconnected(a.now);
    let never_transmitted = a.send(B, 2);
    let mut journal = records(&mut a);
    a.pass(HOUR);
    a.client.handle_timeout(a.now);
    journal.extend(records(&mut a));
    a.pass(7 * DAY - 2 * HOUR);
    let mut a = restart(&a, journaled().expiry(HOUR), &journal, 2);
    assert_eq!(a.client.status(rejected), Some(Status::Failed(FailReason::Rejected(rejection(9)))));
    assert_eq!(a.client.status(never_transmitted), Some(Status::Failed(FailReason::Expired)));
    connect(&mut a);
    assert_eq!(a.drain(), []);
    a.client.handle_disconnected(a.now);
    a.client.resend(never_transmitted, a.now).unwrap();
    assert_eq!(a.client.status(never_transmitted), Some(Status::OnWire), "a restored message counts as having left");
    a.pass(HOUR);
    let age = 7 * DAY;
    assert_eq!(a.client.resend(rejected, a.now), Err(ResendError::TooOld { id: rejected, age }));
}

#[test]
fn a_restored_time_later_than_now_is_taken_as_now() {
    let mut a = Rig::new(journaled(), 1);
    let id = a.send(B, 7);
    let journal = records(&mut a);
    a.now = Time::from_origin(SECOND);
    let a = restart(&a, journaled(), &journal, 2);
    let entry = a.client.outbox().next().unwrap();
    assert_eq!((entry.id, entry.queued_at), (id, a.now));
    assert_eq!(a.client.poll_timeout(), Some(a.now + 3 * DAY), "it expires counted from now");
}

#[test]
fn a_late_ack_n_delivers_a_message_of_an_earlier_process() {
    let mut a = Rig::new(journaled(), 1);
    let id = a.send(B, 7);
    let journal = records(&mut a);
    let mut a = restart(&a, journaled(), &journal, 2);
    a.ack_n(id, 3);
    assert_eq!(a.events(), [Event::Delivered { id, server_id: 3 }]);
    assert!(a.client.is_settled());
    assert_eq!(a.client.stats().outgoing_streams, 1, "idle until a new stream replaces it");
    a.send(B, 8);
    assert_eq!(a.client.stats().outgoing_streams, 1);
}

#[test]
fn a_restored_stream_without_messages_is_forgotten() {
    let mut a = Rig::new(journaled(), 1);
    let [dropped, delivered] = [0, 1].map(|n| a.send(B, n));
    a.reject(dropped, 1);
    a.reject(delivered, 1);
    a.client.discard(dropped, a.now).unwrap();
    a.ack_n(delivered, 1);
    let journal = records(&mut a);
    let mut a = restart(&a, journaled(), &journal, 2);
    assert_eq!((a.client.stats().outgoing_streams, a.client.outbox().count()), (0, 0));
    a.send(B, 2);
    assert_eq!(a.client.stats().outgoing_streams, 1);
}

#[test]
fn a_snapshot_has_a_resent_record_only_for_resent_messages() {
    let mut a = Rig::new(journaled(), 1);
    let [fresh, again] = [0, 1].map(|n| a.send(B, n));
    a.reject(again, 1);
    let sent_at = a.now;
    a.pass(DAY);
    a.client.resend(again, a.now).unwrap();
    a.drain();
    let queued = |id, payload| Record::Queued { id, to: B, payload, at: sent_at };
    let snapshot: Vec<_> = a.client.records().collect();
    assert_eq!(snapshot, [queued(fresh, 0), queued(again, 1), Record::Resent { id: again, at: a.now }]);
}
