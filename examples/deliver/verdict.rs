//! The last word on a run, and its exit status.
//!
//! What has not arrived when a run is stopped was on the way, not lost. What A was told is delivered and B never had, or
//! what B had twice, late or altered, is wrong, however the run ended.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use crate::control::Control;
use crate::count::Count;
use crate::options::Options;
use crate::report::Report;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything arrived.
    Complete(Count),
    /// The user ended it.
    Interrupted(Count),
    /// It took longer than `--timeout` allows.
    GaveUp(Count, Duration),
    /// What B wrote is not what A sent.
    Wrong,
}

impl Verdict {
    /// Judges a run that has ended.
    pub(crate) fn of(report: &Report, options: &Options, control: &Control) -> Self {
        match options.timeout {
            _ if !report.is_right() => Self::Wrong,
            _ if control.is_interrupted() => Self::Interrupted(report.count),
            _ if report.is_complete() => Self::Complete(report.count),
            Some(timeout) if control.is_stopped() => Self::GaveUp(report.count, timeout),
            Some(_) | None => Self::Wrong,
        }
    }

    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Self::Complete(_) => ExitCode::SUCCESS,
            Self::Interrupted(_) => ExitCode::from(INTERRUPTED),
            Self::GaveUp(..) | Self::Wrong => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete(Count { messages: 0, .. }) => write!(f, "the input is empty: there was nothing to send"),
            Self::Complete(Count { messages: 1, .. }) => write!(f, "the message arrived, once and byte for byte"),
            Self::Complete(Count { messages, .. }) => {
                write!(f, "all {messages} messages arrived, once, in order and byte for byte")
            }
            Self::Interrupted(count) => write!(f, "interrupted: {count}"),
            Self::GaveUp(count, timeout) => {
                write!(f, "gave up after {}: {count}", humantime::format_duration(*timeout))
            }
            Self::Wrong => write!(f, "what B wrote is not what A sent"),
        }
    }
}

/// What a shell says of a program that SIGINT has ended: 128 + 2.
pub(crate) const INTERRUPTED: u8 = 130;

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::BTreeSet;

    use clap::Parser;
    use sixfold::{MsgId, Stats, StreamId};

    use crate::port::Tally;
    use crate::receiver::Received;
    use crate::sender::Sent;
    use crate::server::Served;

    /// Two lines, of which B has these, and A knows of those.
    fn report(received: &[u64], delivered: &[u64]) -> Report {
        let id = |seq: &u64| MsgId::new(StreamId::from_u64(1), *seq).expect("a small seq");
        let delivered: Vec<MsgId> = delivered.iter().map(id).collect();
        let ids: BTreeSet<MsgId> = received.iter().map(id).collect();
        let (stats, tally) = (Stats::default(), Tally::default());
        Report {
            count: Count { messages: 2, sent: 2, delivered: delivered.len() as u64 },
            sent: Sent { delivered, delays: Vec::new(), stats, tally: tally.clone() },
            received: Received {
                complete: ids.len() == 2,
                right: true,
                ids,
                twice: 0,
                out_of_order: 0,
                stats,
                tally: tally.clone(),
            },
            served: Served { crashes: 0, tally },
            took: Duration::ZERO,
            seed: 0,
        }
    }

    /// The verdicts on a run that ended by itself, that ran out of time, and that was interrupted.
    fn verdicts(report: &Report) -> [Verdict; 3] {
        let options = Options::parse_from(["deliver", "--timeout", "1s"]);
        let [by_itself, stopped, interrupted] = [(); 3].map(|()| Control::new());
        stopped.stop();
        interrupted.interrupt();
        [by_itself, stopped, interrupted].map(|control| Verdict::of(report, &options, &control))
    }

    #[test]
    fn what_has_not_arrived_is_wrong_only_if_nobody_stopped_the_run() {
        for (report, delivered) in [(report(&[0], &[0]), 1), (report(&[0], &[]), 0)] {
            let count = Count { messages: 2, sent: 2, delivered };
            let gave_up = Verdict::GaveUp(count, Duration::from_secs(1));
            assert_eq!(verdicts(&report), [Verdict::Wrong, gave_up, Verdict::Interrupted(count)]);
        }
    }

    #[test]
    fn what_has_all_arrived_is_complete_even_at_the_last_moment() {
        let count = Count { messages: 2, sent: 2, delivered: 2 };
        let [complete, interrupted] = [Verdict::Complete(count), Verdict::Interrupted(count)];
        assert_eq!(verdicts(&report(&[0, 1], &[0, 1])), [complete, complete, interrupted]);
    }

    #[test]
    fn no_interrupt_excuses_what_is_wrong() {
        let (mut twice, mut late, mut altered) = (report(&[0], &[]), report(&[0], &[]), report(&[0], &[]));
        twice.received.twice = 1;
        late.received.out_of_order = 1;
        altered.received.right = false;
        for report in [report(&[0], &[0, 1]), twice, late, altered] {
            assert_eq!(verdicts(&report), [Verdict::Wrong; 3]);
        }
    }
}
