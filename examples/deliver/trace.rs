//! The first message's frames as a sequence diagram: one row for each transmission, in the order of departure.
//!
//! Each node notes what it sent and what it took; here the two are matched. Equal datagrams cannot be told apart, so an
//! arrival belongs to the oldest transmission of its kind that has not arrived yet, and to the latest when all have.

use std::fmt;

use sixfold::Time;

use crate::port::Place;
use crate::report::millis;
use crate::wire::Kind;

/// One thing that a node saw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) at: Time,
    pub(crate) from: Place,
    pub(crate) to: Place,
    pub(crate) kind: Kind,
    pub(crate) what: What,
}

/// Which end of the way the step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// It went into the link, which lost it or did not.
    Sent { lost: bool },
    /// It came out of the socket.
    Arrived,
}

/// The rows; `Display` draws them.
#[derive(Debug)]
pub(crate) struct Diagram {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    step: Step,
    lost: bool,
    again: bool,
    arrivals: Vec<Time>,
}

impl Diagram {
    /// Lays the notes of all nodes side by side.
    pub(crate) fn new(mut steps: Vec<Step>) -> Self {
        steps.sort_by_key(|step| step.at);
        let mut rows: Vec<Row> = Vec::new();
        for step in steps {
            let same = |row: &&mut Row| row.step.kind == step.kind;
            match step.what {
                What::Sent { lost } => {
                    let again = rows.iter().any(|row| row.step.kind == step.kind);
                    rows.push(Row { step, lost, again, arrivals: Vec::new() });
                }
                What::Arrived => {
                    let open =
                        rows.iter().position(|row| row.step.kind == step.kind && !row.lost && row.arrivals.is_empty());
                    let row = match open {
                        Some(index) => rows.get_mut(index),
                        None => rows.iter_mut().filter(same).rfind(|row| !row.lost),
                    };
                    if let Some(row) = row {
                        row.arrivals.push(step.at);
                    }
                }
            }
        }
        Self { rows }
    }
}

impl fmt::Display for Diagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gap = " ".repeat(LANE);
        writeln!(f, "{:>TIME$}   {:<w$} {:<w$} {}", "time", Place::A, Place::Server, Place::B, w = LANE)?;
        for row in &self.rows {
            let Step { at, from, to, kind, .. } = row.step;
            let lanes = match (from, to) {
                (Place::A, _) => format!("├{}│{gap}│", rightward(kind, row.lost, '▶')),
                (_, Place::A) => format!("│{}┤{gap}│", leftward(kind, row.lost)),
                (_, Place::B) => format!("│{gap}├{}│", rightward(kind, row.lost, '▶')),
                (Place::B, _) => format!("│{gap}│{}┤", leftward(kind, row.lost)),
                (Place::Server, Place::Server) => continue,
            };
            writeln!(f, "{:>TIME$}   {lanes}  {}", millis(at.since_origin()), row.note())?;
        }
        Ok(())
    }
}

impl Row {
    fn note(&self) -> String {
        let mut words = Vec::new();
        if self.again {
            words.push("sent again".to_string());
        }
        match (self.lost, self.arrivals.split_first()) {
            (true, _) => words.push("lost".to_string()),
            (false, None) => words.push("did not arrive".to_string()),
            (false, Some((first, rest))) => {
                words.push(format!("arrives at {}", millis(first.since_origin())));
                words.extend(rest.iter().map(|at| format!("doubled: {}", millis(at.since_origin()))));
            }
        }
        words.join(", ")
    }
}

fn rightward(kind: Kind, lost: bool, head: char) -> String {
    if lost {
        format!("───── {kind} ──✗     ")
    } else {
        format!("───── {kind} ───────{head}")
    }
}

fn leftward(kind: Kind, lost: bool) -> String {
    if lost {
        format!("     ✗── {kind} ─────")
    } else {
        format!("◀─────── {kind} ─────")
    }
}

/// Columns between two lines of life.
const LANE: usize = 20;
/// Columns for the time.
const TIME: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn step(at: u64, (from, to): (Place, Place), kind: Kind, what: What) -> Step {
        Step { at: Time::from_nanos(at * 1_000_000), from, to, kind, what }
    }

    const UP: (Place, Place) = (Place::A, Place::Server);
    const BACK: (Place, Place) = (Place::Server, Place::A);
    const DOWN: (Place, Place) = (Place::Server, Place::B);
    const REPLY: (Place, Place) = (Place::B, Place::Server);
    const SENT: What = What::Sent { lost: false };
    const LOST: What = What::Sent { lost: true };

    #[test]
    fn losses_repeats_and_doubles_are_drawn() {
        let steps = vec![
            step(0, UP, Kind::MsgR, LOST),
            step(50, UP, Kind::MsgR, SENT),
            step(52, UP, Kind::MsgR, What::Arrived),
            step(52, BACK, Kind::MsgA, LOST),
            step(52, DOWN, Kind::MsgN, SENT),
            step(54, DOWN, Kind::MsgN, What::Arrived),
            step(55, DOWN, Kind::MsgN, What::Arrived),
            step(56, REPLY, Kind::AckR, LOST),
            step(57, REPLY, Kind::AckR, SENT),
        ];
        let drawn = Diagram::new(steps).to_string();
        let expected = "
      time   A                    server               B
    0.0 ms   ├───── msg:R ──✗     │                    │  lost
   50.0 ms   ├───── msg:R ───────▶│                    │  sent again, arrives at 52.0 ms
   52.0 ms   │     ✗── msg:A ─────┤                    │  lost
   52.0 ms   │                    ├───── msg:N ───────▶│  arrives at 54.0 ms, doubled: 55.0 ms
   56.0 ms   │                    │     ✗── ack:R ─────┤  lost
   57.0 ms   │                    │◀─────── ack:R ─────┤  sent again, did not arrive
";
        assert_eq!(format!("\n{drawn}"), expected, "\n{drawn}");
    }

    #[test]
    fn nothing_sent_leaves_only_the_head() {
        assert_eq!(Diagram::new(Vec::new()).to_string().lines().count(), 1);
    }
}
