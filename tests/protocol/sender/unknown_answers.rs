//! Answers that match no message: they are counted and have no other effect.

use kit::*;
use sixfold::{Incoming, MsgId, Status, Verdict};

#[test]
fn answers_for_unknown_ids_are_counted_and_ignored() {
    let mut a = Rig::new(steady(), 1);
    let own = a.send(B, 1);
    a.drain();
    let timeout = a.client.poll_timeout();
    let not_sent_yet = MsgId::new(own.stream().unwrap(), 1).unwrap();
    let foreign = MsgId::from_uuid(uuid::Uuid::from_u128(7));
    for id in [id(5, 5), not_sent_yet, foreign] {
        a.accept(id, 1);
        a.reject(id, 1);
        a.retry_after(id, DAY);
        a.ack_n(id, 1);
        a.frame(Incoming::AckA { id, from: B });
    }
    assert_eq!(a.drain(), []);
    let stats = a.client.stats();
    assert_eq!((stats.ignored_msg_a_unknown, stats.ignored_ack_n_unknown, stats.ignored_ack_a), (9, 3, 3));
    assert_eq!((a.client.status(own), a.client.poll_timeout()), (Some(Status::OnWire), timeout));
}

#[test]
fn answers_for_a_message_never_transmitted_are_counted_and_ignored() {
    let mut a = Rig::new(steady().window(1), 1);
    a.send(B, 1);
    let queued = a.send(B, 2);
    a.drain();
    a.accept(queued, 1);
    a.reject(queued, 1);
    a.retry_after(queued, DAY);
    a.ack_n(queued, 1);
    assert_eq!((a.drain(), a.client.status(queued)), (vec![], Some(Status::Queued)));
    let stats = a.client.stats();
    assert_eq!((stats.ignored_msg_a_repeated, stats.ignored_ack_n_unsent), (3, 1));
}

#[test]
fn an_ack_n_for_the_id_of_another_stream_does_not_deliver_the_message() {
    let mut a = Rig::new(steady(), 1);
    let own = a.send(B, 1);
    let anothers = MsgId::new(sixfold::StreamId::from_u64(9), own.seq().unwrap()).unwrap();
    a.ack_n(anothers, 1);
    a.frame(Incoming::MsgA { id: anothers, verdict: Verdict::Accepted(1) });
    assert_eq!(a.client.status(own), Some(Status::OnWire));
}

#[test]
fn debug_output_of_a_seed_hides_its_bytes() {
    assert_eq!(format!("{:?}", seed(7)), "Seed(..)", "whoever knows the seed can predict the ids");
}
