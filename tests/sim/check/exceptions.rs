//! What a correct deployment may do without a violation: kill and restart, lose state and log it, log one client only.

use super::log::*;
use kit::{A, B, Test, id};
use sixfold::sim::check::{Check, Direction, Entry, Rule, View};
use sixfold::{Incoming, Outgoing, Time};

/// Returns the violations of a log with these times in milliseconds.
fn broken(check: Check<Test>, entries: &[(u64, Line)]) -> Vec<(Rule, u64)> {
    let entry = |(millis, (endpoint, direction)): &(u64, Line)| Entry {
        time: Time::from_nanos(millis * 1_000_000),
        endpoint: *endpoint,
        direction: direction.clone(),
    };
    let report = check.run(entries.iter().map(entry));
    println!("{report}");
    report.violations.iter().map(|violation| (violation.rule, violation.line)).collect()
}

#[test]
fn the_log_of_one_client_is_checked_without_the_other() {
    for only in [A, B] {
        let own = |lines: Vec<Line>| lines.into_iter().filter(|(endpoint, _)| *endpoint == only).collect::<Vec<_>>();
        assert_eq!(
            verdict(Check::new(View::Clients), own(exchange(id(1, 0), 9))),
            [],
            "nothing is known of the other client"
        );
    }
    let early = vec![(A, Direction::Connected), msg_r(id(1, 0)), msg_a(id(1, 0), 9), ack_n(id(1, 0), 9)];
    breaks(View::Server, Rule::NeverConfirmed, 4, early);
}

#[test]
fn a_new_process_may_receive_the_ack_a_of_its_predecessor() {
    let mut log = exchange(id(1, 0), 9);
    let answer = log.remove(6);
    log.extend([(B, Direction::Started), (B, Direction::Connected), answer]);
    assert_eq!(verdict(Check::new(View::Clients), log), []);
}

#[test]
fn the_first_ack_r_of_a_new_process_is_no_retransmission() {
    let log = |repeats: usize| {
        let mut log = [exchange(id(1, 0), 9), vec![ack_r(id(1, 0)), (B, Direction::Started), ack_r(id(1, 0))]].concat();
        log.extend((0..repeats).map(|_| ack_r(id(1, 0))));
        log
    };
    let once_a_second = || Check::new(View::Clients).budget(1, 1);
    assert_eq!(verdict(once_a_second(), log(1)), []);
    assert_eq!(verdict(once_a_second(), log(2)), [(Rule::Storm, 13)]);
}

#[test]
fn the_first_msg_r_of_a_message_in_a_new_process_is_no_retransmission() {
    let check = || Check::new(View::Clients).budget(1, 10);
    let sent = |range: std::ops::Range<u64>| range.map(|seq| msg_r(id(1, seq)));
    let cut = [(A, Direction::Disconnected), (A, Direction::Connected)];
    let restart = [(A, Direction::Disconnected), (A, Direction::Started), (A, Direction::Connected)];
    let log = |between: &[Line], again: u64, repeats: usize| {
        let lines = sent(0..20).chain(between.iter().cloned()).chain(sent(0..again));
        lines.chain((0..repeats).map(|_| msg_r(id(1, 0)))).collect::<Vec<_>>()
    };
    assert_eq!(verdict(check(), log(&restart, 20, 10)), []);
    assert_eq!(verdict(check(), log(&restart, 20, 11)), [(Rule::Storm, 54)]);
    assert_eq!(verdict(check(), log(&cut, 10, 0)), []);
    assert_eq!(verdict(check(), log(&cut, 11, 0)), [(Rule::Storm, 33)], "a connection is no process");
    let of_another = [(B, Direction::Started), (A, Direction::Disconnected), (A, Direction::Connected)];
    assert_eq!(verdict(check(), log(&of_another, 11, 0)), [(Rule::Storm, 34)]);
    // What was sent before the restart and after it is repeated after the next one as after the first.
    let twice: Vec<Line> = restart.iter().cloned().chain(sent(0..20)).chain(restart.clone()).collect();
    assert_eq!(verdict(check(), log(&twice, 20, 10)), []);
}

#[test]
fn a_question_needs_a_token_in_a_new_process_too_and_so_does_a_whole_copy_after_it() {
    let log = |questions: usize, copies: usize| {
        let mut log = [exchange(id(1, 0), 9), vec![(A, Direction::Started)]].concat();
        log.extend((0..questions).map(|_| question(id(1, 0), 0)));
        log.extend((0..copies).map(|_| msg_r(id(1, 0))));
        log
    };
    let check = || Check::new(View::Clients).budget(1, 2);
    assert_eq!(verdict(check(), log(2, 0)), []);
    assert_eq!(verdict(check(), log(3, 0)), [(Rule::Storm, 12)]);
    assert_eq!(verdict(check(), log(1, 1)), []);
    assert_eq!(verdict(check(), log(1, 2)), [(Rule::Storm, 12)]);
    assert_eq!(verdict(check(), log(0, 3)), [], "its journal may have lost the answer");
}

#[test]
fn the_budget_of_a_client_uses_the_clock_of_that_client() {
    let once_a_second = || Check::new(View::Clients).budget(1, 1);
    let other = |millis| (millis, up(B, Outgoing::MsgR { id: id(2, millis), to: A, floor: millis, payload: Some(7) }));
    let own = |millis| (millis, msg_r(id(1, 0)));
    // B's clock may be ahead of A's.
    let log = [own(0), own(1_000), other(2_900), own(2_000), own(3_000)];
    assert_eq!(broken(once_a_second(), &log), []);
    assert_eq!(broken(once_a_second(), &[own(0), own(1_000), other(2_900), own(1_999)]), [(Rule::Storm, 4)]);
}

/// Returns a log of a server that crashes, restarts after a minute, and first logs that all clients have disconnected.
fn after_a_crash(before: Vec<Line>, after: Vec<Line>) -> Vec<(u64, Line)> {
    let gone = [(A, Direction::Disconnected), (B, Direction::Disconnected)];
    let back = [(A, Direction::Connected), (B, Direction::Connected)];
    let rest = gone.into_iter().chain(back).chain(after).map(|line| (60_000, line));
    let end = (120_000, up(77, Outgoing::AckR { id: id(1, 0), from: A }));
    before.into_iter().map(|line| (0, line)).chain(rest).chain([end]).collect()
}

#[test]
fn frames_pending_when_the_server_crashed_are_no_violation() {
    // The last line is an ack:R of a stranger, a violation of its own: it shows that the server is running.
    let stranger = |log: &[(u64, Line)]| (Rule::AckBeforeMessage, log.len() as u64);
    let settled = exchange(id(1, 0), 9);

    let unanswered = after_a_crash(settled[..3].to_vec(), settled[2..].to_vec());
    assert_eq!(broken(Check::new(View::Server), &unanswered), [stranger(&unanswered)]);

    // It is unknown whether the server had stored the ack:R before it crashed: neither ack:N nor msg:N is owed.
    let again = vec![msg_r(id(1, 0)), msg_a(id(1, 0), 9)];
    let acked = after_a_crash(settled[..6].to_vec(), again.clone());
    assert_eq!(broken(Check::new(View::Server), &acked), [stranger(&acked)]);

    // The ack:A shows that it had.
    let noted = after_a_crash(settled[..7].to_vec(), again);
    assert_eq!(broken(Check::new(View::Server), &noted), [(Rule::NotSettled, 13), stranger(&noted)]);
}

#[test]
fn a_server_that_logs_its_state_loss_may_change_the_server_id_and_nothing_else() {
    let first = id(1, 0);
    let with = |lines: Vec<Line>| {
        let mut log = exchange(first, 9);
        log.push((A, Direction::Forgotten));
        log.extend(lines);
        log
    };
    let pushed = |server_id| down(B, Incoming::MsgN { id: first, from: A, server_id, floor: 0, payload: 7 });
    let anew = |server_id| {
        let answers = [pushed(server_id), ack_r(first), ack_a(first), ack_n(first, server_id)];
        [msg_r(first), msg_a(first, server_id)].into_iter().chain(answers).collect::<Vec<_>>()
    };
    for view in [View::Server, View::Clients] {
        assert_eq!(verdict(Check::new(view), with(anew(10))), []);
        assert_eq!(verdict(Check::new(view), with(vec![ack_r(first), ack_a(first)])), [], "it knows no such message");
        assert_eq!(verdict(Check::new(view), with(vec![ack_n(first, 9), pushed(9)])), [], "they were on their way");

        breaks(view, Rule::OtherAnswer, 16, with([anew(10), vec![ack_n(first, 11)]].concat()));
        let second = [msg_r(id(1, 1)), msg_a(id(1, 1), 9)];
        let reused =
            with(second.into()).into_iter().chain([(A, Direction::Disconnected), (B, Direction::Disconnected)]);
        breaks(view, Rule::ServerIdReused, 11, reused.collect());
    }
    breaks(View::Server, Rule::NotPushed, 11, with(vec![msg_r(first), msg_a(first, 10)]));
    breaks(View::Server, Rule::DuplicateIgnored, 10, with(vec![msg_r(first)]));
}

#[test]
fn a_server_pushes_again_when_it_sees_fit_and_at_least_once_on_each_connection() {
    let first = id(1, 0);
    let (push, duplicate) = (msg_n(first, 9), [msg_r(first), msg_a(first, 9)]);
    let pushed = exchange(first, 9)[..5].to_vec();
    let with = |lines: &[Line]| [&pushed[..], lines].concat();
    for view in [View::Server, View::Clients] {
        assert_eq!(verdict(Check::new(view), with(&[push.clone(), push.clone()])), [], "its timer was due");
        // One push RTO has not passed yet, and it may be long.
        assert_eq!(verdict(Check::new(view), with(&duplicate)), [], "of the same connection");
    }
    let gone = with(&[(B, Direction::Disconnected)]);
    let back = [&gone[..], &[(B, Direction::Connected)], &duplicate].concat();
    breaks(View::Server, Rule::NotPushed, 7, back.clone());
    assert_eq!(verdict(Check::new(View::Server), [&back[..], &[push]].concat()), []);
    let unpushed = [&pushed[..4], &duplicate].concat();
    breaks(View::Server, Rule::NotPushed, 4, unpushed);
}
