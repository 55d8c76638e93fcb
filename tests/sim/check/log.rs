//! A log written by hand: one exchange that keeps every rule, for tests to modify.

use kit::*;
use sixfold::sim::check::{Check, Direction, Entry, Rule, View};
use sixfold::{Incoming, MsgId, Outgoing, Time, Verdict};

pub(crate) type Line = (u64, Direction<Test>);

pub(crate) fn up(by: u64, frame: Outgoing<Test>) -> Line {
    (by, Direction::Up(frame))
}

pub(crate) fn down(to: u64, frame: Incoming<Test>) -> Line {
    (to, Direction::Down(frame))
}

pub(crate) fn msg_r(id: MsgId) -> Line {
    up(A, Outgoing::MsgR { id, to: B, floor: 0, payload: Some(7) })
}

/// Returns msg:R without its payload.
pub(crate) fn question(id: MsgId, floor: u64) -> Line {
    up(A, kit::question(id, B, floor))
}

pub(crate) fn msg_a(id: MsgId, server_id: u64) -> Line {
    down(A, Incoming::MsgA { id, verdict: Verdict::Accepted(server_id) })
}

pub(crate) fn msg_n(id: MsgId, server_id: u64) -> Line {
    down(B, Incoming::MsgN { id, from: A, server_id, floor: 0, payload: 7 })
}

pub(crate) fn ack_r(id: MsgId) -> Line {
    up(B, Outgoing::AckR { id, from: A })
}

pub(crate) fn ack_a(id: MsgId) -> Line {
    down(B, Incoming::AckA { id, from: A })
}

pub(crate) fn ack_n(id: MsgId, server_id: u64) -> Line {
    down(A, Incoming::AckN { id, server_id })
}

/// Returns lines 1 to 8: both clients connect, and one message is delivered.
pub(crate) fn exchange(id: MsgId, server_id: u64) -> Vec<Line> {
    let connected = [(A, Direction::Connected), (B, Direction::Connected)];
    let frames = [msg_r(id), msg_a(id, server_id), msg_n(id, server_id), ack_r(id), ack_a(id), ack_n(id, server_id)];
    connected.into_iter().chain(frames).collect()
}

/// Returns the violations. The lines are a millisecond apart, and a minute passes after the last one.
pub(crate) fn verdict(check: Check<Test>, lines: Vec<Line>) -> Vec<(Rule, u64)> {
    let end = u32::try_from(lines.len()).unwrap() * MS + 60 * SECOND;
    let entry =
        |(n, (endpoint, direction)): (u32, Line)| Entry { time: Time::from_origin(n * MS), endpoint, direction };
    let mut log: Vec<_> = (0..).zip(lines).map(entry).collect();
    // A line of another endpoint, much later: every deadline of the server has passed.
    log.push(Entry { time: Time::from_origin(end), endpoint: 77, direction: Direction::Started });
    let report = check.run(log);
    println!("{report}");
    report.violations.iter().map(|violation| (violation.rule, violation.line)).collect()
}

/// Asserts that the log breaks this rule in this line, and no other.
pub(crate) fn breaks(view: View, rule: Rule, line: u64, lines: Vec<Line>) {
    assert_eq!(verdict(Check::new(view), lines), [(rule, line)]);
}
