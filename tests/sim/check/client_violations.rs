//! The rules that a client can break.

use super::log::*;
use kit::{A, B, MS, SECOND, Test, id, rejection};
use sixfold::sim::check::{Check, Direction, Rule, View};
use sixfold::{Outgoing, Verdict};

const BOTH: [View; 2] = [View::Server, View::Clients];

#[test]
fn one_id_for_two_payloads_or_two_recipients_is_a_violation() {
    for view in BOTH {
        let mut log = exchange(id(1, 0), 9);
        log.extend([up(A, Outgoing::MsgR { id: id(1, 0), to: B, floor: 0, payload: Some(8) }), msg_a(id(1, 0), 9)]);
        log.push(ack_n(id(1, 0), 9));
        breaks(view, Rule::IdReused, 9, log);

        let foreign = sixfold::MsgId::from_uuid(uuid::Uuid::from_u128(7));
        let mut log = exchange(foreign, 9);
        log.extend([up(A, Outgoing::MsgR { id: foreign, to: 66, floor: 0, payload: Some(7) }), msg_a(foreign, 9)]);
        log.push(ack_n(foreign, 9));
        breaks(view, Rule::IdReused, 9, log);
    }
}

#[test]
fn one_stream_for_two_recipients_is_a_violation() {
    for view in BOTH {
        let mut log = exchange(id(1, 0), 9);
        log.extend([up(A, Outgoing::MsgR { id: id(1, 1), to: 66, floor: 1, payload: Some(7) }), msg_a(id(1, 1), 10)]);
        breaks(view, Rule::StreamShared, 9, log);
    }
}

#[test]
fn a_floor_above_the_seq_of_its_message_is_a_violation() {
    for view in BOTH {
        let mut log = exchange(id(1, 0), 9);
        let message = Outgoing::MsgR { id: id(1, 1), to: B, floor: 2, payload: Some(7) };
        let pushed = sixfold::Incoming::MsgN { id: id(1, 1), from: A, server_id: 10, floor: 2, payload: 7 };
        log.extend([up(A, message), msg_a(id(1, 1), 10), down(B, pushed)]);
        breaks(view, Rule::FloorAboveSeq, 9, log);
    }
}

#[test]
fn a_skipped_seq_is_a_violation_in_the_clients_view() {
    let log = |floor| {
        let mut log = exchange(id(1, 0), 9);
        let message = Outgoing::MsgR { id: id(1, 2), to: B, floor, payload: Some(7) };
        let pushed = sixfold::Incoming::MsgN { id: id(1, 2), from: A, server_id: 10, floor, payload: 7 };
        log.extend([up(A, message), msg_a(id(1, 2), 10), down(B, pushed)]);
        log
    };
    breaks(View::Clients, Rule::SeqGap, 9, log(1));
    breaks(View::Clients, Rule::SeqGap, 1, vec![msg_r(id(1, 3))]);
    assert_eq!(verdict(Check::new(View::Clients), log(2)), [], "the floor has passed seq 1: it was abandoned");
    assert_eq!(verdict(Check::new(View::Clients).gaps(false), log(1)), []);
    assert_eq!(verdict(Check::new(View::Server), log(1)), [], "seq 1 may have been lost on the way");
}

#[test]
fn a_question_about_a_message_that_was_not_accepted_is_a_violation() {
    let (first, second) = (id(1, 0), id(1, 1));
    for view in BOTH {
        breaks(view, Rule::QuestionBeforeAnswer, 1, vec![question(first, 0)]);
        let rejected = down(A, sixfold::Incoming::MsgA { id: first, verdict: Verdict::Rejected(rejection(1)) });
        let put_off = down(A, sixfold::Incoming::MsgA { id: first, verdict: Verdict::RetryAfter(SECOND) });
        for answer in [rejected, put_off] {
            breaks(view, Rule::QuestionBeforeAnswer, 3, vec![msg_r(first), answer, question(first, 0)]);
        }
        let of_another = up(66, kit::question(first, B, 0));
        breaks(view, Rule::QuestionBeforeAnswer, 9, [exchange(first, 9), vec![of_another]].concat());

        let mut log = exchange(first, 9);
        log.truncate(4);
        log.insert(4, msg_n(first, 9));
        let accepted = |rest: Vec<Line>| verdict(Check::new(view), [log.clone(), rest].concat());
        assert_eq!(accepted(vec![question(first, 0)]), []);
        assert_eq!(accepted(vec![(A, Direction::Started), question(first, 0)]), [], "by an earlier process");
        assert_eq!(accepted(vec![(A, Direction::Forgotten), question(first, 0)]), [], "it cannot know");
        assert_eq!(accepted(vec![question(second, 0), msg_r(second), msg_a(second, 10)])[0].1, 6);

        let foreign = sixfold::MsgId::from_uuid(uuid::Uuid::from_u128(7));
        let elsewhere = up(A, kit::question(foreign, 66, 0));
        breaks(view, Rule::IdReused, 9, [exchange(foreign, 9), vec![elsewhere]].concat());
    }
}

#[test]
fn a_question_before_msg_a_has_come_is_a_violation_in_the_clients_view() {
    breaks(View::Clients, Rule::QuestionBeforeAnswer, 2, vec![msg_r(id(1, 0)), question(id(1, 0), 0)]);
    let confirmed = [exchange(id(1, 0), 9), vec![question(id(1, 0), 0)]].concat();
    let without_msg_a = confirmed.into_iter().filter(|line| *line != msg_a(id(1, 0), 9)).collect();
    assert_eq!(verdict(Check::new(View::Clients), without_msg_a), [], "ack:N says more");
}

#[test]
fn an_ack_r_before_its_msg_n_is_a_violation() {
    for view in BOTH {
        let mut log = exchange(id(1, 0), 9);
        log.swap(4, 5);
        breaks(view, Rule::AckBeforeMessage, 5, log);
    }
}

#[test]
fn one_retransmission_above_the_budget_is_a_violation_in_the_clients_view() {
    let log = |messages: usize, repeats: usize| {
        let mut log: Vec<Line> = Vec::new();
        (0..messages as u64).for_each(|seq| log.push(msg_r(id(1, seq))));
        (0..repeats).for_each(|_| log.push(msg_r(id(1, 0))));
        log
    };
    // One token per second: none is refilled within these milliseconds.
    let check = || Check::<Test>::new(View::Clients).budget(1, 10);
    assert_eq!(verdict(check(), log(100, 10)), [], "first transmissions are free");
    assert_eq!(verdict(check(), log(100, 11)), [(Rule::Storm, 111)]);
    assert_eq!(verdict(check(), log(1, 21)), [(Rule::Storm, 12)], "one violation per storm");
    assert_eq!(verdict(Check::new(View::Server).patience(600 * SECOND), log(1, 11 + MS.as_millis() as usize)), []);

    let mut restarted = log(1, 10);
    restarted.push((A, Direction::Started));
    restarted.extend(log(0, 10));
    assert_eq!(verdict(check(), restarted), [], "a new process has a full budget");

    let mut acks = exchange(id(1, 0), 9);
    acks.extend((0..11).map(|_| ack_r(id(1, 0))));
    assert_eq!(verdict(check(), acks), [(Rule::Storm, 19)], "acks count too");

    let mut questions = exchange(id(1, 0), 9);
    questions.extend((0..11).map(|_| question(id(1, 0), 0)));
    assert_eq!(verdict(check(), questions), [(Rule::Storm, 19)], "questions count too, from the first one on");
}
