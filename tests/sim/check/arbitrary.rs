//! Any log is checked: no order of frames and times makes the check panic.

use kit::*;
use proptest::prelude::*;
use sixfold::sim::check::{Check, Direction, Entry, View};
use sixfold::{Incoming, Outgoing, Time, Verdict};

type Raw = (u8, u64, u64, u64, u64, u64);

fn entry((kind, peer, other, stream, seq, x): Raw) -> Entry<Test> {
    let id = if stream == 3 { sixfold::MsgId::from_uuid(uuid::Uuid::from_u128(x.into())) } else { id(stream, seq) };
    let (payload, server_id, floor) = (x % 2, x % 3, x % 5);
    let question_or_whole = (x % 7 > 2).then_some(payload);
    let verdict = |x| match x % 3 {
        0 => Verdict::Accepted(server_id),
        1 => Verdict::Rejected(rejection(1)),
        _ => Verdict::RetryAfter(SECOND),
    };
    let direction = match kind {
        0 => Direction::Up(Outgoing::MsgR { id, to: other, floor, payload: question_or_whole }),
        1 => Direction::Up(Outgoing::AckR { id, from: other }),
        2 => Direction::Down(Incoming::MsgA { id, verdict: verdict(x) }),
        3 => Direction::Down(Incoming::MsgN { id, from: other, server_id, floor, payload }),
        4 => Direction::Down(Incoming::AckA { id, from: other }),
        5 => Direction::Down(Incoming::AckN { id, server_id }),
        6 => Direction::Connected,
        7 => Direction::Disconnected,
        8 => Direction::Started,
        _ => Direction::Forgotten,
    };
    Entry { time: Time::from_nanos(x), endpoint: peer, direction }
}

proptest! {
    #[test]
    fn any_log_is_checked_without_a_panic_and_each_violation_names_one_of_its_lines(
        raw in proptest::collection::vec((0u8..10, 0u64..3, 0u64..3, 0u64..4, 0u64..4, any::<u64>()), 0..80),
    ) {
        for view in [View::Server, View::Clients] {
            let lines = raw.len() as u64;
            let report = Check::new(view).run(raw.iter().copied().map(entry));
            prop_assert_eq!(report.lines, lines);
            prop_assert!(report.violations.is_sorted_by_key(|violation| violation.line));
            prop_assert!(report.violations.iter().all(|violation| (1..=lines).contains(&violation.line)));
            prop_assert_eq!(report.to_string().lines().count(), report.violations.len() + 1);
        }
    }
}
