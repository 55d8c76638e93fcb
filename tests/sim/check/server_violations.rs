//! The rules that a server can break.

use super::log::*;
use kit::{A, B, Test, id, rejection};
use sixfold::sim::check::{Check, Direction, Rule, View};
use sixfold::{Incoming, Verdict};

const BOTH: [View; 2] = [View::Server, View::Clients];

/// Returns the exchange without line `line`, counted from 1.
fn without(line: usize) -> Vec<Line> {
    let mut log = exchange(id(1, 0), 9);
    log.remove(line - 1);
    log
}

/// Returns the exchange, followed by a repeated msg:R and these answers.
fn repeated(answers: impl IntoIterator<Item = Line>) -> Vec<Line> {
    let mut log = exchange(id(1, 0), 9);
    log.push(msg_r(id(1, 0)));
    log.extend(answers);
    log
}

#[test]
fn a_missing_msg_a_is_a_violation() {
    breaks(View::Server, Rule::Unanswered, 3, without(4));
    assert_eq!(verdict(Check::new(View::Clients), without(4)), [], "it may have been lost on the way");
    let mut gone = without(4);
    gone.push((A, Direction::Disconnected));
    assert_eq!(verdict(Check::new(View::Server), gone), [], "nothing is owed to a disconnected client");
}

#[test]
fn an_ignored_duplicate_is_a_violation() {
    breaks(View::Server, Rule::DuplicateIgnored, 9, repeated([]));
    assert_eq!(verdict(Check::new(View::Server), repeated([msg_a(id(1, 0), 9), ack_n(id(1, 0), 9)])), []);
}

#[test]
fn a_duplicate_answered_with_another_server_id_or_a_rejection_is_a_violation() {
    for view in BOTH {
        breaks(view, Rule::OtherAnswer, 10, repeated([msg_a(id(1, 0), 10), ack_n(id(1, 0), 9)]));
    }
    for verdict in [Verdict::Rejected(rejection(1)), Verdict::RetryAfter(kit::SECOND)] {
        let refused = down(A, Incoming::MsgA { id: id(1, 0), verdict });
        breaks(View::Server, Rule::OtherAnswer, 10, repeated([refused]));
    }
}

#[test]
fn a_missing_ack_n_for_a_confirmed_message_is_a_violation() {
    breaks(View::Server, Rule::NotSettled, 10, repeated([msg_a(id(1, 0), 9)]));
    breaks(View::Server, Rule::NotSettled, 6, without(8));
}

#[test]
fn an_answer_to_a_question_that_is_not_that_to_a_duplicate_is_a_violation() {
    let first = id(1, 0);
    let asked = |answers: Vec<Line>| [exchange(first, 9), vec![question(first, 0)], answers].concat();
    assert_eq!(verdict(Check::new(View::Server), asked(vec![])), [], "not every server knows questions");
    assert_eq!(verdict(Check::new(View::Server), asked(vec![msg_a(first, 9), ack_n(first, 9)])), []);
    breaks(View::Server, Rule::NotSettled, 10, asked(vec![msg_a(first, 9)]));
    for view in BOTH {
        breaks(view, Rule::OtherAnswer, 10, asked(vec![msg_a(first, 10), ack_n(first, 9)]));
    }
    for verdict in [Verdict::Rejected(rejection(1)), Verdict::RetryAfter(kit::SECOND)] {
        let refused = down(A, Incoming::MsgA { id: first, verdict });
        breaks(View::Server, Rule::OtherAnswer, 10, asked(vec![refused]));
    }
}

#[test]
fn a_push_with_the_floor_of_a_question_is_clean() {
    let second = id(1, 1);
    let push = |floor| down(B, Incoming::MsgN { id: second, from: A, server_id: 10, floor, payload: 7 });
    let log = [
        exchange(id(1, 0), 9),
        vec![msg_r(second), msg_a(second, 10), push(0), question(second, 1), msg_a(second, 10), push(1)],
    ];
    for view in BOTH {
        assert_eq!(verdict(Check::new(view), log.concat()), []);
    }
}

#[test]
fn an_accepted_message_not_pushed_at_once_or_on_reconnect_is_a_violation() {
    let mut log = exchange(id(1, 0), 9);
    log.truncate(4);
    breaks(View::Server, Rule::NotPushed, 4, log.clone());
    log.extend([(B, Direction::Disconnected), (B, Direction::Connected)]);
    breaks(View::Server, Rule::NotPushed, 6, log.clone());
    log.push(msg_n(id(1, 0), 9));
    assert_eq!(verdict(Check::new(View::Server), log), []);
}

#[test]
fn one_server_id_for_two_messages_is_a_violation() {
    for view in BOTH {
        let mut log = exchange(id(1, 0), 9);
        log.extend(exchange(id(2, 0), 10));
        let second = log.len() - 4;
        log[second - 1] = msg_a(id(2, 0), 9);
        log.truncate(second);
        let pushed = Check::new(view).patience(600 * kit::SECOND);
        assert_eq!(verdict(pushed, log), [(Rule::ServerIdReused, second as u64)]);
    }
}

#[test]
fn a_missing_ack_a_is_a_violation() {
    breaks(View::Server, Rule::AckUnanswered, 6, without(7));
}

#[test]
fn an_answer_without_a_request_is_a_violation() {
    for view in BOTH {
        let mut log = exchange(id(1, 0), 9);
        log.push(msg_a(id(5, 0), 10));
        breaks(view, Rule::Unasked, 9, log);
        let mut log = exchange(id(1, 0), 9);
        log.push(ack_a(id(5, 0)));
        breaks(view, Rule::Unasked, 9, log);
    }
}

#[test]
fn an_ack_n_before_the_ack_r_of_the_recipient_is_a_violation() {
    for view in BOTH {
        let mut log = exchange(id(1, 0), 9);
        let early = log.pop().unwrap();
        log.insert(5, early.clone());
        log.push(early);
        breaks(view, Rule::NeverConfirmed, 6, log);
        let mut log = exchange(id(1, 0), 9);
        log.push(ack_n(id(5, 0), 10));
        breaks(view, Rule::NeverConfirmed, 9, log);
    }
}

#[test]
fn an_ack_r_of_another_peer_does_not_count_as_one_of_the_recipient() {
    let mut log = exchange(id(1, 0), 9);
    log[5] = up(66, sixfold::Outgoing::AckR { id: id(1, 0), from: A });
    log[6] = down(66, Incoming::AckA { id: id(1, 0), from: A });
    let broken = verdict(Check::<Test>::new(View::Server), log);
    assert_eq!(broken, [(Rule::AckBeforeMessage, 6), (Rule::NeverConfirmed, 8)]);
}

#[test]
fn a_msg_n_with_a_forged_sender_is_a_violation() {
    for view in BOTH {
        let mut log = exchange(id(1, 0), 9);
        log.push(down(B, Incoming::MsgN { id: id(1, 0), from: 50, server_id: 9, floor: 0, payload: 7 }));
        breaks(view, Rule::ForgedSender, 9, log);
        let mut log = exchange(id(1, 0), 9);
        log.push(msg_n(id(5, 0), 10));
        breaks(view, Rule::ForgedSender, 9, log);
    }
}

#[test]
fn a_msg_n_to_another_recipient_is_a_violation() {
    for view in BOTH {
        let mut log = exchange(id(1, 0), 9);
        log.push(down(66, Incoming::MsgN { id: id(1, 0), from: A, server_id: 9, floor: 0, payload: 7 }));
        breaks(view, Rule::WrongRecipient, 9, log.clone());
        assert_eq!(verdict(Check::new(view).fan_out(true), log), [], "B may be a group");
    }
}

#[test]
fn a_changed_payload_or_floor_is_a_violation() {
    for view in BOTH {
        for (floor, payload) in [(0, 8), (1, 7)] {
            let mut log = exchange(id(1, 0), 9);
            log[4] = down(B, Incoming::MsgN { id: id(1, 0), from: A, server_id: 9, floor, payload });
            breaks(view, Rule::Altered, 5, log);
        }
    }
}
