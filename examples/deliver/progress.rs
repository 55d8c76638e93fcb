//! Progress on standard error: a bar on a terminal, one line every few seconds anywhere else.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::count::Count;
use crate::options::Options;
use crate::say::say;

/// What is shown, and where.
pub(crate) enum Progress {
    Bar(ProgressBar),
    Lines {
        next: Duration,
    },
    /// The text itself is on the same terminal and shows how far it is.
    Text,
}

impl Progress {
    pub(crate) fn new(options: &Options, messages: u64) -> Self {
        let text_is_seen = options.output.is_none() && io::stdout().is_terminal();
        let bar = ProgressBar::new(messages);
        match (bar.is_hidden(), text_is_seen) {
            (true, _) => Self::Lines { next: INTERVAL },
            (false, true) => Self::Text,
            (false, false) => {
                let style = ProgressStyle::with_template("{msg} {wide_bar}");
                Self::Bar(bar.with_style(style.expect("the template is constant and valid")))
            }
        }
    }

    /// Shows the count if it is time to.
    pub(crate) fn update(&mut self, count: Count, elapsed: Duration) {
        match self {
            Self::Bar(bar) => {
                bar.set_message(line(count, elapsed));
                bar.set_position(count.delivered);
            }
            Self::Lines { next } => {
                if is_due(next, elapsed) {
                    say(line(count, elapsed));
                }
            }
            Self::Text => {}
        }
    }

    /// Leaves nothing on the terminal.
    pub(crate) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// Whether the time for the next line has come; then the one after it is an interval away.
fn is_due(next: &mut Duration, elapsed: Duration) -> bool {
    let due = elapsed >= *next;
    if due {
        *next = elapsed + INTERVAL;
    }
    due
}

fn line(count: Count, elapsed: Duration) -> String {
    format!("{count}, after {} s", elapsed.as_secs())
}

/// Between two lines.
const INTERVAL: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_after_each_interval_and_never_sooner() {
        let second = Duration::from_secs(1);
        let mut next = INTERVAL;
        let due: Vec<u32> = (0..17).filter(|elapsed| is_due(&mut next, second * *elapsed)).collect();
        assert_eq!(due, [5, 10, 15]);
        assert!(is_due(&mut next, second * 27), "late");
        assert!(!is_due(&mut next, second * 31) && is_due(&mut next, second * 32));
    }

    #[test]
    fn seconds_are_whole() {
        let count = Count { messages: 3, sent: 2, delivered: 1 };
        let line = line(count, Duration::from_millis(2_700));
        assert_eq!(line, "1 of 3 messages delivered, 1 on the way, 1 not sent yet, after 2 s");
    }
}
