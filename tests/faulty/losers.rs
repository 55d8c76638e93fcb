//! Servers that forget, repeat and delay.

use crate::server::Fault;
use crate::stage::Stage;
use kit::*;
use sixfold::sim::check::Rule;
use sixfold::{Event, FailReason, Status};

#[test]
fn a_server_without_a_fault_breaks_no_rule() {
    let mut stage = Stage::new(Fault::IgnoresAckR(0));
    stage.lost = vec!["msg:A", "msg:N", "ack:A"];
    stage.a.send_all(B, 0..5);
    stage.run(HOUR);
    assert_eq!((stage.ends(), stage.handed.len(), stage.broken()), ((5, 0), 5, vec![]));
}

#[test]
fn one_that_swallows_duplicates_makes_a_lost_push_end_as_unknown_never_as_delivered_or_refused() {
    let mut stage = Stage::new(Fault::SwallowsDuplicates);
    stage.lost = vec!["msg:N"];
    let id = stage.a.send(B, 7);
    stage.run(2 * DAY);
    assert_eq!((stage.a.client.status(id), stage.ends()), (Some(Status::Accepted), (0, 0)), "it goes on asking");
    stage.run(2 * DAY);
    assert_eq!(stage.told.last(), Some(&Event::Failed { id, reason: FailReason::Unknown { rejection: None } }));
    assert_eq!(stage.handed, []);
    assert_eq!(stage.a.client.discard(id, stage.a.now), Ok(7), "the payload was kept");
    assert!(stage.broken().contains(&Rule::DuplicateIgnored));
}

#[test]
fn one_that_swallows_duplicates_holds_up_nobody_else() {
    let mut stage = Stage::new(Fault::SwallowsDuplicates);
    stage.lost = vec!["msg:N"];
    stage.a.send(B, 0);
    stage.run(SECOND);
    stage.a.send_all(B, 1..4);
    stage.run(61 * SECOND);
    assert_eq!(stage.handed, [1, 2, 3], "after max_hold the gap is given up");
}

#[test]
fn one_that_stores_twice_is_reported_and_nothing_is_shown_twice() {
    let mut stage = Stage::new(Fault::StoresTwice);
    stage.lost = vec!["ack:N"];
    stage.a.send(B, 7);
    stage.run(HOUR);
    assert_eq!((stage.handed.len(), stage.conflicts() > 0), (1, true));
    assert!(stage.broken().contains(&Rule::OtherAnswer));
}

#[test]
fn one_that_acks_before_it_stored_and_forgets_loses_nothing() {
    let mut stage = Stage::new(Fault::AcksBeforeStoring(3));
    stage.a.send_all(B, 0..3);
    stage.run(HOUR);
    assert_eq!((stage.handed.len(), stage.ends()), (3, (3, 0)), "msg:R goes on until ack:N");
    assert!(stage.broken().contains(&Rule::NotPushed));
}

#[test]
fn one_that_loses_ack_r_after_it_answered_is_brought_round_by_the_senders_probe() {
    let mut stage = Stage::new(Fault::LosesAckR);
    stage.a.send(B, 7);
    stage.run(HOUR);
    assert_eq!((stage.handed.len(), stage.ends()), (1, (1, 0)), "a duplicate is acked and not shown");
    assert!(stage.broken().contains(&Rule::NotSettled));
}

#[test]
fn one_that_does_not_answer_ack_r_gets_it_again_until_it_does() {
    let mut stage = Stage::new(Fault::IgnoresAckR(6));
    stage.a.send(B, 7);
    stage.run(HOUR);
    assert_eq!((stage.handed.len(), stage.ends()), (1, (1, 0)));
    assert!(stage.b.client.is_settled());
    assert_eq!(stage.broken(), [Rule::NotSettled, Rule::AckUnanswered], "nor does the sender hear of it");
}

#[test]
fn one_that_answers_late_costs_few_transmissions_and_no_truth() {
    let mut stage = Stage::new(Fault::AnswersLate(15));
    stage.a.send_all(B, 0..20);
    stage.run(HOUR);
    assert_eq!((stage.ends(), stage.handed), ((20, 0), (0..20).collect()));
    let stats = stage.a.client.stats();
    assert!(stats.msg_r <= 20 * 7, "{stats:?}");
    assert!(stage.a.client.is_settled() && stage.b.client.is_settled());
}
