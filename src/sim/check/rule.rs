//! The rules, and the report of which were broken where.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A rule of the protocol that a log of frames can show to be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rule {
    /// One id of one sender names one message: one recipient, one payload.
    IdReused,
    /// One stream goes to one recipient.
    StreamShared,
    /// A stream counts from 0 without gaps; only seqs below the floor may be skipped.
    SeqGap,
    /// A msg:R may still be transmitted, so its floor is not above its seq.
    FloorAboveSeq,
    /// ack:R is for what was pushed and handled.
    AckBeforeMessage,
    /// At most `burst + rate · Δt` retransmissions in any Δt.
    Storm,
    /// Every msg:R is answered with msg:A.
    Unanswered,
    /// A repeated msg:R is answered too, never ignored.
    DuplicateIgnored,
    /// A repeated msg:R is answered as the first was: accepted, with the same server id, which msg:N and ack:N repeat.
    OtherAnswer,
    /// An accepted message is pushed to its recipient when it is connected, and when it connects.
    NotPushed,
    /// The sender hears of the confirmation: at once, and again when it repeats msg:R.
    NotSettled,
    /// One server id names one message.
    ServerIdReused,
    /// Every ack:R is answered with ack:A.
    AckUnanswered,
    /// msg:A answers a msg:R, ack:A an ack:R.
    Unasked,
    /// ack:N follows the ack:R of the recipient.
    NeverConfirmed,
    /// `from` in msg:N is the authenticated sender.
    ForgedSender,
    /// msg:N goes to the recipient.
    WrongRecipient,
    /// Payload and floor are carried through as the sender gave them.
    Altered,
}

impl Rule {
    /// Which part of the protocol it belongs to.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::IdReused | Self::StreamShared | Self::SeqGap | Self::FloorAboveSeq => "2, ids",
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

/// What was seen against a rule, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule that was broken.
    pub rule: Rule,
    /// The line of the log, from 1: of the frame that breaks the rule, or of the one that was not answered.
    pub line: u64,
    /// What was seen.
    pub seen: String,
    /// What was expected instead.
    pub expected: String,
}

/// One line.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, line, seen, expected } = self;
        write!(f, "line {line}: {rule:?} (section {}): seen {seen}; expected {expected}", rule.section())
    }
}

/// What a [`Check`](super::Check) has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many lines were read.
    pub lines: u64,
    /// Every rule broken, by line.
    pub violations: Vec<Violation>,
}

impl Report {
    /// Whether no rule was broken.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }
}

/// One line for each violation, and one that sums up.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for violation in &self.violations {
            writeln!(f, "{violation}")?;
        }
        write!(f, "{} lines, {} violations", self.lines, self.violations.len())
    }
}
