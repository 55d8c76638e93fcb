//! Restored streams with accepted messages beyond those that wait for their first transmission.

use super::records;
use kit::*;
use sixfold::{Client, Config, Record, Time};

/// Sends three messages of which the server accepts the last, and restarts.
fn last_of_three_accepted(config: &Config) -> (Rig, [sixfold::MsgId; 3]) {
    let mut a = Rig::new(steady().journal(true), 1);
    let ids = [0, 1, 2].map(|n| a.send(B, n));
    a.accept(ids[2], 5);
    let journal = records(&mut a);
    a.client = Client::restore(config.clone(), seed(2), journal, a.now).unwrap();
    a.client.handle_connected(a.now);
    (a, ids)
}

#[test]
fn a_question_about_a_later_message_does_not_skip_those_that_wait_for_a_place() {
    let (mut a, ids) = last_of_three_accepted(&steady().window(1));
    assert_eq!(a.frames(), [msg_r(ids[0], B, 0, 0), question(ids[2], B, 0)]);
    a.accept(ids[0], 3);
    assert_eq!(a.frames(), [msg_r(ids[1], B, 0, 1)]);
}

#[test]
fn an_accepted_message_announces_the_floor_of_a_stream_that_waits_for_an_older_one() {
    let queued = |id, payload| Record::Queued { id, to: B, payload, at: Time::from_origin(HOUR) };
    let journal = [
        queued(id(1, 0), 0),
        queued(id(2, 0), 1),
        queued(id(2, 1), 2),
        Record::Accepted { id: id(2, 1), server_id: 5 },
    ];
    let mut a = Rig::new(steady(), 1);
    a.client = Client::restore(steady(), seed(2), journal, a.now).unwrap();
    a.client.handle_connected(a.now);
    assert_eq!(a.frames(), [msg_r(id(1, 0), B, 0, 0), question(id(2, 1), B, 0)]);
    a.accept(id(2, 1), 5);
    a.client.discard(id(2, 0), a.now).unwrap();
    assert_eq!(a.frames(), [question(id(2, 1), B, 1)], "the receiver may hold it and wait for the other");
}
