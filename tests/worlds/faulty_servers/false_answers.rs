//! Servers with false answers: a client believes what it cannot check, and ignores what it can.

use super::server::Fault;
use super::stage::Stage;
use kit::*;
use sixfold::Event;
use sixfold::sim::check::Rule;

#[test]
fn an_ack_n_that_nobody_confirmed_is_believed_and_is_a_violation() {
    let mut stage = Stage::new(Fault::Lies);
    let id = stage.a.send(B, 7);
    stage.run(HOUR);
    assert_eq!(stage.events, [Event::Accepted { id, server_id: 5 }, Event::Delivered { id, server_id: 5 }]);
    assert_eq!(stage.handed_over, []);
    assert!(stage.broken().contains(&Rule::NeverConfirmed));
}

#[test]
fn an_ack_n_for_a_message_never_transmitted_is_ignored() {
    let mut stage = Stage::new(Fault::Lies);
    stage.a.client.handle_disconnected(stage.a.now);
    let id = stage.a.send(B, 7);
    stage.a.ack_n(id, 5);
    assert_eq!((stage.a.drain(), stage.a.client.status(id)), (vec![], Some(sixfold::Status::Queued)));
}

#[test]
fn one_server_id_for_all_messages_has_no_effect_on_the_clients() {
    let mut stage = Stage::new(Fault::OneServerId);
    stage.a.send_all(B, 0..10);
    stage.run(HOUR);
    assert_eq!((stage.outcomes(), stage.conflicts()), ((10, 0), 0));
    assert_eq!(stage.handed_over, (0..10).collect::<Vec<_>>());
    assert_eq!(stage.broken(), [Rule::ServerIdReused]);
}

#[test]
fn an_ack_a_before_the_application_confirms_does_not_drop_the_message() {
    let mut stage = Stage::new(Fault::IgnoresAckR(0));
    stage.b_confirms = false;
    let id = stage.a.send(B, 7);
    stage.run(SECOND);
    stage.b.frame(sixfold::Incoming::AckA { id, from: A });
    assert_eq!(stage.b.client.unconfirmed().collect::<Vec<_>>(), [(&A, id)]);
    assert_eq!(stage.b.client.stats().ignored_ack_a, 1);
}
