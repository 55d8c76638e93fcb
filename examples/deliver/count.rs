//! How far a run is, in whole messages: each is delivered, on the way, or not sent yet.

use std::fmt;

/// Counts of messages; each one includes those after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// Lines of the input.
    pub(crate) messages: u64,
    /// What A's client has taken.
    pub(crate) sent: u64,
    /// What A knows to be delivered.
    pub(crate) delivered: u64,
}

impl Count {
    /// Sent, and A does not know yet whether B has it.
    pub(crate) const fn on_the_way(self) -> u64 {
        self.sent - self.delivered
    }

    pub(crate) const fn not_sent_yet(self) -> u64 {
        self.messages - self.sent
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} messages delivered, {} on the way", self.delivered, self.messages, self.on_the_way())?;
        if self.not_sent_yet() > 0 {
            write!(f, ", {} not sent yet", self.not_sent_yet())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_whole_and_has_its_label() {
        let count = Count { messages: 10, sent: 7, delivered: 3 };
        assert_eq!(count.to_string(), "3 of 10 messages delivered, 4 on the way, 3 not sent yet");
        let count = Count { messages: 10, sent: 10, delivered: 3 };
        assert_eq!(count.to_string(), "3 of 10 messages delivered, 7 on the way");
    }
}
