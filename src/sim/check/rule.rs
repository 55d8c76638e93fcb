//! The rules, and the report of violations.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A rule of the protocol whose violation a log of frames can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rule {
    /// One id of one sender is one message: one recipient, one payload.
    IdReused,
    /// One stream goes to one recipient.
    StreamShared,
    /// A stream counts from 0 without gaps; only seqs below the floor may be skipped.
    SeqGap,
    /// The floor of a msg:R is not above its seq.
    FloorAboveSeq,
    /// A question, msg:R without its payload, is only about a message that was accepted.
    QuestionBeforeAnswer,
    /// ack:R follows a msg:N of the message.
    AckBeforeMessage,
    /// At most `burst + rate · Δt` retransmissions in any Δt. A question is one; the first msg:R with payload and the
    /// first ack:R of a message in a process are none.
    Storm,
    /// Every first msg:R is answered with msg:A.
    Unanswered,
    /// Every repeated msg:R is answered too; a question need not be, since a server may not know such frames.
    DuplicateIgnored,
    /// A repeated msg:R gets the first answer: accepted, with the server id that msg:N and ack:N contain too.
    OtherAnswer,
    /// An accepted message is pushed to its recipient when it is connected, and when it connects.
    NotPushed,
    /// The sender gets ack:N after the confirmation: at once, and again when it repeats msg:R, or asks
    /// and is answered.
    NotSettled,
    /// One server id is one message.
    ServerIdReused,
    /// Every ack:R is answered with ack:A.
    AckUnanswered,
    /// msg:A answers a msg:R, ack:A an ack:R.
    Unasked,
    /// ack:N follows the ack:R of the recipient.
    NeverConfirmed,
    /// `from` in msg:N is the authenticated sender.
    ForgedSender,
    /// msg:N goes only to the recipient.
    WrongRecipient,
    /// Payload and floor are forwarded unchanged.
    Altered,
}

impl Rule {
    /// Returns the section of the protocol that contains the rule.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::IdReused | Self::StreamShared | Self::SeqGap | Self::FloorAboveSeq => "2, ids",
            Self::QuestionBeforeAnswer => "1, msg:R",
            Self::AckBeforeMessage => "1, ack:R",
            Self::Storm => "4, no storms",
            Self::Unanswered | Self::Unasked => "1, answers",
            Self::DuplicateIgnored | Self::OtherAnswer | Self::NotSettled => "1, server rule 1",
            Self::ServerIdReused => "1, server rule 2",
            Self::NotPushed => "1, server rule 3",
            Self::AckUnanswered => "1, server rule 4",
            Self::NeverConfirmed => "1, ack:N",
            Self::ForgedSender | Self::WrongRecipient => "1, server rule 5",
            Self::Altered => "1, server rule 6",
        }
    }
}

/// A violation of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The line of the log, from 1: of the frame that breaks the rule, or of the frame that was not answered.
    pub line: u64,
    /// What was seen.
    pub seen: String,
    /// What was expected instead.
    pub expected: String,
}

/// Writes one line.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, line, seen, expected } = self;
        write!(f, "line {line}: {rule:?} (section {}): seen {seen}; expected {expected}", rule.section())
    }
}

/// The result of a [`Check`](super::Check).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The number of lines read.
    pub lines: u64,
    /// The violations, by line.
    pub violations: Vec<Violation>,
}

impl Report {
    /// Returns whether there is no violation.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }
}

/// Writes one line for each violation, and a summary.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for violation in &self.violations {
            writeln!(f, "{violation}")?;
        }
        write!(f, "{} lines, {} violations", self.lines, self.violations.len())
    }
}
