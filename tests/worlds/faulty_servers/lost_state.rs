//! Servers that lose state, repeat and delay: each message is handed over once or fails visibly.

use super::server::Fault;
use super::stage::Stage;
use kit::*;
use sixfold::sim::check::Rule;
use sixfold::{Event, FailReason, Status};

#[test]
fn a_server_without_a_fault_breaks_no_rule() {
    let mut stage = Stage::new(Fault::IgnoresAckR(0));
    stage.lost = vec!["msg:A", "msg:N", "ack:A"];
    stage.a.send_all(B, 0..5);
    stage.run(HOUR);
    assert_eq!((stage.outcomes(), stage.handed_over.len(), stage.broken()), ((5, 0), 5, vec![]));
}

#[test]
fn a_server_that_ignores_duplicates_turns_a_lost_msg_n_into_failed_unknown() {
    let mut stage = Stage::new(Fault::IgnoresDuplicates);
    stage.lost = vec!["msg:N"];
    let id = stage.a.send(B, 7);
    stage.run(2 * DAY);
    assert_eq!((stage.a.client.status(id), stage.outcomes()), (Some(Status::Accepted), (0, 0)), "it is still probed");
    stage.run(2 * DAY);
    assert_eq!(stage.events.last(), Some(&Event::Failed { id, reason: FailReason::Unknown { rejection: None } }));
    assert_eq!(stage.handed_over, []);
    assert_eq!(stage.a.client.discard(id, stage.a.now), Ok(7), "the payload was kept");
    assert!(stage.broken().contains(&Rule::DuplicateIgnored));
}

#[test]
fn a_server_that_ignores_duplicates_blocks_no_other_message() {
    let mut stage = Stage::new(Fault::IgnoresDuplicates);
    stage.lost = vec!["msg:N"];
    stage.a.send(B, 0);
    stage.run(SECOND);
    stage.a.send_all(B, 1..4);
    stage.run(61 * SECOND);
    assert_eq!(stage.handed_over, [1, 2, 3], "after max_hold the gap is abandoned");
}

/// The message is sent whole twice: msg:A of the first copy is lost, and ack:N with it.
#[test]
fn a_server_that_stores_twice_is_reported_and_nothing_is_handed_over_twice() {
    let mut stage = Stage::new(Fault::StoresTwice);
    stage.lost = vec!["msg:A", "ack:N"];
    stage.a.send(B, 7);
    stage.run(HOUR);
    assert_eq!((stage.handed_over.len(), stage.outcomes(), stage.conflicts()), (1, (1, 0), 1));
    assert!(stage.broken().contains(&Rule::OtherAnswer));
}

#[test]
fn a_server_that_stores_twice_stores_no_question() {
    let mut stage = Stage::new(Fault::StoresTwice);
    stage.lost = vec!["ack:N"];
    stage.a.send(B, 7);
    stage.run(HOUR);
    assert_eq!((stage.handed_over.len(), stage.outcomes(), stage.conflicts()), (1, (1, 0), 0));
    assert_eq!(stage.broken(), []);
}

#[test]
fn a_server_that_acks_before_it_stores_loses_no_message() {
    let mut stage = Stage::new(Fault::AcksBeforeStoring(3));
    stage.a.send_all(B, 0..3);
    stage.run(HOUR);
    assert_eq!((stage.handed_over.len(), stage.outcomes()), (3, (3, 0)), "msg:R goes on until ack:N");
    assert!(stage.broken().contains(&Rule::NotPushed));
}

#[test]
fn an_ack_r_lost_after_its_ack_a_is_repaired_by_the_next_push() {
    let mut stage = Stage::new(Fault::LosesAckR);
    stage.a.send(B, 7);
    stage.run(HOUR);
    assert_eq!((stage.handed_over.len(), stage.outcomes()), (1, (1, 0)), "a duplicate is acked and not handed over");
    assert_eq!(stage.broken(), [], "the sender gets ack:N a second late");
}

#[test]
fn ack_r_is_repeated_until_the_server_answers_it() {
    let mut stage = Stage::new(Fault::IgnoresAckR(6));
    stage.a.send(B, 7);
    stage.run(HOUR);
    assert_eq!((stage.handed_over.len(), stage.outcomes()), (1, (1, 0)));
    assert!(stage.b.client.is_settled());
    assert_eq!(stage.broken(), [Rule::NotSettled, Rule::AckUnanswered], "and the sender gets no ack:N");
}

/// Each timeout after which an answer came late doubles that of all, until one is long enough to be a sample.
#[test]
fn a_server_that_answers_late_causes_few_transmissions_and_no_false_event() {
    let mut stage = Stage::new(Fault::AnswersLate(15));
    // Copies at 0, 1, 3, 7 and 15 s; then the timeout is 2 s: at 0, 2, 6 and 14 s; and so on.
    for (batch, copies) in (0..).zip([5, 4, 3, 2, 1, 1]) {
        let (whole, questions) = (stage.whole_copies(), stage.questions());
        stage.a.send_all(B, batch * 20..batch * 20 + 20);
        stage.run(HOUR);
        assert_eq!(stage.whole_copies() - whole, 20 * copies, "no question goes unanswered in batch {batch}");
        assert!(stage.questions() - questions <= 20 * 3, "ack:N is late too: batch {batch} asks after 2, 6 and 14 s");
        assert!(stage.a.client.is_settled() && stage.b.client.is_settled());
    }
    assert_eq!((stage.outcomes(), stage.handed_over), ((120, 0), (0..120).collect()));
    assert_eq!(stage.a.client.stats().srtt, Some(15 * SECOND));
}
