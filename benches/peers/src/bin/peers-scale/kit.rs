//! Scenarios of the conformance kit: lines of a log that has shown many messages before.

use sixfold::sim::check::{Check, Direction, Entry, View};
use sixfold::{Incoming, MsgId, Outgoing, Verdict};
use sixfold_peers::callgrind::Lengths;

use super::{START, Scenario, Small, id_of};

pub(super) const SCENARIOS: [Scenario; 1] =
    [Scenario { parts: |_| LINES, ..Scenario::new("checked log, a line", lines, Lengths { short: 100, long: 900 }) }];

/// How many lines a unit has: six of a message, three of each endpoint.
const LINES: u64 = 12;

const ALICE: u64 = 1;
const BOB: u64 = 2;
/// She is never there.
const CAROL: u64 = 3;

/// A check and the lines it was given.
struct Log(Check<Small>);

impl Log {
    /// A log of so many messages of Alice: half of them wait for Carol, half were acked by Bob, and the answers are owed.
    fn of(n: u64) -> Self {
        let mut log = Self(Check::new(View::Server));
        for seq in 0..n / 2 {
            log.acceptance(id_of(CAROL, seq), CAROL);
            log.acceptance(id_of(BOB, seq), BOB);
            log.delivery(id_of(BOB, seq));
        }
        log
    }

    fn line(&mut self, endpoint: u64, direction: Direction<Small>) {
        self.0.feed(Entry { time: START, endpoint, direction });
    }

    fn acceptance(&mut self, id: MsgId, to: u64) {
        let verdict = Verdict::Accepted(server_id(id));
        self.line(ALICE, Direction::Up(Outgoing::MsgR { id, to, floor: 0, payload: Some(0) }));
        self.line(ALICE, Direction::Down(Incoming::MsgA { id, verdict }));
    }

    fn delivery(&mut self, id: MsgId) {
        let server_id = server_id(id);
        self.line(BOB, Direction::Down(Incoming::MsgN { id, from: ALICE, server_id, floor: 0, payload: 0 }));
        self.line(BOB, Direction::Up(Outgoing::AckR { id, from: ALICE }));
    }

    fn settlement(&mut self, id: MsgId) {
        self.line(BOB, Direction::Down(Incoming::AckA { id, from: ALICE }));
        self.line(ALICE, Direction::Down(Incoming::AckN { id, server_id: server_id(id) }));
    }

    fn end(self) {
        assert!(self.0.finish().violations.is_empty(), "nothing is wrong with it");
    }
}

/// Each message comes after a new process of its sender, one of its recipient, and their connections. The first of these
/// forgive all that is owed.
fn lines(n: u64, units: u64) {
    let mut log = Log::of(n);
    for seq in n..n + units {
        for endpoint in [ALICE, BOB] {
            log.line(endpoint, Direction::Disconnected);
            log.line(endpoint, Direction::Started);
            log.line(endpoint, Direction::Connected);
        }
        let id = id_of(BOB, seq);
        log.acceptance(id, BOB);
        log.delivery(id);
        log.settlement(id);
    }
    log.end();
}

/// The server's id of a message: another one for each.
fn server_id(id: MsgId) -> u64 {
    let (stream, seq) = (id.stream().expect("an id of this crate"), id.seq().expect("an id of this crate"));
    stream.as_u64().wrapping_add(seq)
}
