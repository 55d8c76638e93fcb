//! Servers that say what is not so: a client can only repeat what it is told, and says no more.

use crate::server::Fault;
use crate::stage::Stage;
use kit::*;
use sixfold::Event;
use sixfold::sim::check::Rule;

#[test]
fn one_that_says_ack_n_for_what_nobody_confirmed_is_believed_and_found_by_the_kit() {
    let mut stage = Stage::new(Fault::Lies);
    let id = stage.a.send(B, 7);
    stage.run(HOUR);
    assert_eq!(stage.told, [Event::Accepted { id, server_id: 5 }, Event::Delivered { id, server_id: 5 }]);
    assert_eq!(stage.handed, []);
    assert!(stage.broken().contains(&Rule::NeverConfirmed));
}

#[test]
fn one_that_says_ack_n_for_what_never_left_is_not_believed() {
    let mut stage = Stage::new(Fault::Lies);
    stage.a.client.handle_disconnected(stage.a.now);
    let id = stage.a.send(B, 7);
    stage.a.ack_n(id, 5);
    assert_eq!((stage.a.drain(), stage.a.client.status(id)), (vec![], Some(sixfold::Status::Queued)));
}

#[test]
fn one_that_gives_all_messages_one_server_id_confuses_nobody_since_it_is_never_compared_between_messages() {
    let mut stage = Stage::new(Fault::OneServerId);
    stage.a.send_all(B, 0..10);
    stage.run(HOUR);
    assert_eq!((stage.ends(), stage.conflicts()), ((10, 0), 0));
    assert_eq!(stage.handed, (0..10).collect::<Vec<_>>());
    assert_eq!(stage.broken(), [Rule::ServerIdReused]);
}

#[test]
fn one_that_acks_for_a_recipient_that_has_not_confirmed_cannot_make_the_recipient_forget_it() {
    let mut stage = Stage::new(Fault::IgnoresAckR(0));
    stage.b_confirms = false;
    let id = stage.a.send(B, 7);
    stage.run(SECOND);
    stage.b.frame(sixfold::Incoming::AckA { id, from: A });
    assert_eq!(stage.b.client.unconfirmed().collect::<Vec<_>>(), [(&A, id)]);
    assert_eq!(stage.b.client.stats().ignored_ack_a, 1);
}
