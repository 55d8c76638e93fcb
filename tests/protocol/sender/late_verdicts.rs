//! A verdict that comes after a message has failed is kept: what was accepted is known to be, and a rejection becomes
//! the reason.

use core::time::Duration;

use kit::served::*;
use kit::*;
use sixfold::{Client, Config, Event, Incoming, Output, Record, Status};

/// Returns a client with one message to B that has failed for want of an answer.
fn failed(config: Config) -> (Rig, sixfold::MsgId) {
    let mut a = Rig::new(config.max_attempts(Some(1)), 1);
    let id = a.send(B, 7);
    a.pass(500 * MS);
    a.frame(Incoming::AckA { id: kit::id(9, 9), from: 9 });
    a.run(2 * SECOND);
    assert_eq!(a.client.status(id), Some(Status::Failed(unknown(None))));
    a.drain();
    (a, id)
}

#[test]
fn a_rejection_after_failing_becomes_the_reason_and_is_no_second_failure() {
    let (mut a, id) = failed(steady());
    a.reject(id, 7);
    assert_eq!(a.drain(), [], "the application was told that it failed");
    let reason = Status::Failed(unknown(Some(rejection(7))));
    assert_eq!(a.client.status(id), Some(reason.clone()));
    a.reject(id, 8);
    assert_eq!(a.client.status(id), Some(reason), "the first one counts");
    a.ack_n(id, 1);
    assert_eq!(a.events(), [Event::Delivered { id, server_id: 1 }], "delivered all the same");
}

#[test]
fn a_rejection_after_failing_survives_a_restart() {
    let config = || steady().journal(true);
    let mut a = Rig::new(config().max_attempts(Some(1)), 1);
    let id = a.send(B, 7);
    let mut journal = a.records();
    a.pass(500 * MS);
    a.frame(Incoming::AckA { id: kit::id(9, 9), from: 9 });
    journal.extend(a.run(2 * SECOND).into_iter().filter_map(|(_, output)| match output {
        Output::Persist(record) => Some(record),
        _ => None,
    }));
    a.reject(id, 7);
    let reason = unknown(Some(rejection(7)));
    let again = a.records();
    assert_eq!(again, [Record::Failed { id, reason: reason.clone() }]);
    journal.extend(again);
    let restored: Client<Test> = Client::restore(config(), seed(2), journal, a.now).unwrap();
    assert_eq!(restored.status(id), Some(Status::Failed(reason)));
}

#[test]
fn an_acceptance_after_failing_is_where_resend_goes_on() {
    let (mut a, id) = failed(steady());
    a.accept(id, 5);
    assert_eq!(a.drain(), []);
    a.client.resend(id, a.now).unwrap();
    assert_eq!(a.client.status(id), Some(Status::Accepted));
    assert_eq!(a.frames(), [question(id, B, 0)], "it is asked how it stands");
}

/// How often an application resends that does so a second after each failure whose outcome is unknown.
fn resends(mut server: impl FnMut(&Sent) -> Reply) -> (usize, Option<Status>) {
    let timeout = 100 * MS;
    let config = Config::default().rto_min(timeout).rto_initial(timeout).rto_max(timeout).max_attempts(Some(3));
    let heard = Driver { hears_every: Some(20 * MS), ..Driver::default() };
    let mut a = Served::with(Rig::new(config, 1), heard);
    let id = a.rig.send(B, 7);
    let mut resends = 0;
    for _ in 0..600 {
        a.run(SECOND, &mut server);
        if a.rig.client.status(id) == Some(Status::Failed(unknown(None))) {
            a.rig.client.resend(id, a.rig.now).unwrap();
            resends += 1;
        }
    }
    (resends, a.rig.client.status(id))
}

/// Each msg:A comes after 600 ms, and each message fails after 300.
#[test]
fn with_an_rto_below_the_round_trip_an_application_that_resends_comes_to_an_end() {
    let slow = Duration::from_millis(600);
    let (count, status) = resends(|sent| rejects(slow, sent));
    assert!(count <= 1, "{count} resends of a rejected message, {status:?}");
    assert_eq!(status, Some(Status::Failed(unknown(Some(rejection(7))))));
    let (count, status) = resends(|sent| accepts(slow, sent));
    assert!(count <= 1, "{count} resends of an accepted message, {status:?}");
    assert_eq!(status, Some(Status::Accepted));
    let (count, status) = resends(|sent| delivers(slow, sent));
    assert!(count <= 1, "{count} resends of a delivered message, {status:?}");
    assert_eq!(status, None);
}
