//! The golden file: every output of one fixed run is the same on every platform and in every version, until an intended
//! change.
//!
//! `BLESS=1 cargo test --test properties golden` writes `golden.txt` anew. Read the difference before you commit it: users
//! will notice it.

use std::fmt::Write as _;
use std::time::Duration;

use sixfold::{Delivery, Event, Incoming, MsgId, Outgoing, Output};

use kit::{A, B, MS, Rig, SECOND, Test, id};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/properties/laws/golden.txt");

#[test]
fn the_fixed_run_equals_the_golden_file() {
    let text = fixed_run();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(PATH, &text).unwrap();
    }
    let golden = std::fs::read_to_string(PATH).unwrap().replace("\r\n", "\n");
    for (n, (is, was)) in (1..).zip(text.lines().zip(golden.lines())) {
        assert_eq!(is, was, "golden.txt:{n}");
    }
    assert_eq!(text.lines().count(), golden.lines().count());
}

/// A client, the ids that it sent, and the text so far.
struct Golden {
    rig: Rig,
    sent: Vec<MsgId>,
    text: String,
}

/// Plays sends, answers, losses, duplicates, gaps, rejections, pauses, steps back of the clock and reconnects. Jitter is
/// on, so that the generator's numbers are fixed too.
fn fixed_run() -> String {
    let config = sixfold::Config::default().journal(true).window(4).max_attempts(Some(3)).probe_max(5 * SECOND);
    let mut golden = Golden { rig: Rig::new(config, 42), sent: Vec::new(), text: String::new() };
    for n in 0..6 {
        let id = golden.rig.send(B + n % 2, n);
        golden.sent.push(id);
        golden.write();
    }
    // A round trip is measured: with one of 0 every overdue message would be repeated at once.
    golden.rig.pass(20 * MS);
    for round in 0..30_u64 {
        golden.answer(round);
        golden.receive(round);
        golden.write();
        match round % 10 {
            3 => golden.rig.pass(700 * MS),
            5 => {
                golden.rig.now = sixfold::Time::from_origin(golden.rig.now.since_origin() - 3 * SECOND);
                golden.rig.client.handle_timeout(golden.rig.now);
            }
            7 => {
                golden.rig.client.handle_disconnected(golden.rig.now);
                golden.write();
                golden.rig.pass(SECOND);
                golden.rig.client.handle_connected(golden.rig.now);
            }
            _ => {}
        }
        golden.write();
        if golden.rig.client.poll_timeout().is_some_and(|next| next > golden.rig.now) {
            golden.rig.wake();
            golden.write();
        }
        let id = golden.rig.send(B, 100 + round);
        golden.sent.push(id);
        golden.write();
    }
    let _ = writeln!(golden.text, "{:#?}", golden.rig.client.stats());
    golden.text
}

impl Golden {
    /// The server answers some of the messages.
    fn answer(&mut self, round: u64) {
        let pick = |n: u64| self.sent[usize::try_from(n).unwrap() % self.sent.len()];
        let (a, b) = (pick(round * 7), pick(round * 5 + 3));
        match round % 5 {
            0 | 1 => self.rig.accept(a, round),
            2 => self.rig.ack_n(b, round),
            3 => self.rig.reject(b, 3),
            _ => self.rig.retry_after(a, Duration::from_millis(40 * round)),
        }
    }

    /// Messages of a peer arrive, some out of order, some twice; every third is confirmed late.
    fn receive(&mut self, round: u64) {
        let seq = [0, 2, 1, 1, 5, 4][usize::try_from(round % 6).unwrap()] + round / 6 * 3;
        self.rig.msg_n(A, id(7, seq), if round == 20 { 9 } else { 0 });
        let owed: Vec<(u64, MsgId)> = self.rig.client.unconfirmed().map(|(from, id)| (*from, id)).collect();
        for (from, id) in owed.into_iter().take(usize::from(round % 3 != 2) * 9) {
            self.rig.confirm(from, id);
            if round % 4 != 0 {
                self.rig.frame(Incoming::AckA { id, from });
            }
        }
    }

    fn write(&mut self) {
        let at = self.rig.now.as_nanos();
        for output in self.rig.drain() {
            let kind = match &output {
                Output::Persist(_) => "writes",
                Output::Event(Event::Received(Delivery { .. })) => "hands over",
                Output::Event(_) => "tells",
                Output::Transmit(Outgoing::<Test>::MsgR { .. } | Outgoing::AckR { .. }) => "transmits",
            };
            let _ = writeln!(self.text, "{at} {kind} {output:?}");
        }
        let _ = writeln!(self.text, "{at} waits until {:?}", self.rig.client.poll_timeout().map(|t| t.as_nanos()));
    }
}
