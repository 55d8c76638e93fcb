//! What became of each message and of each copy of it.
//!
//! The rule: a repetition is *needless* when the answer that its sender waits for comes without it. Before msg:A that is
//! the msg:A that answers an earlier copy, after msg:A the ack:N that follows from an earlier copy. "Comes" means that no
//! frame of the way is lost: the answer may have arrived, be on its way, or still be to come. So every frame has a *cause*:
//! the copy of msg:R without which it would not have been sent.

use std::collections::BTreeMap;

use sixfold::{MsgId, Time};

use crate::tally::Tally;

/// All messages of the sender, in the order in which they were sent.
#[derive(Debug, Default)]
pub(crate) struct Log {
    messages: Vec<Message>,
    places: BTreeMap<MsgId, usize>,
}

/// One message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) sent: Time,
    /// When msg:A came, or what says more than it.
    pub(crate) accepted: Option<Time>,
    pub(crate) delivered: Option<Time>,
    /// Every transmission of msg:R, the first one included.
    pub(crate) copies: Vec<Transmission>,
    causes: Causes,
}

/// One transmission of msg:R.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transmission {
    pub(crate) at: Time,
    pub(crate) is_question: bool,
    /// Whether msg:A had come.
    pub(crate) is_accepted: bool,
}

/// The number of a copy of msg:R: 0 is the first transmission.
pub(crate) type Copy = usize;

/// The earliest copy that caused each frame of the way to arrive, as far as one did.
#[derive(Clone, Copy, Debug, Default)]
struct Causes {
    msg_r: Option<Copy>,
    msg_a: Option<Copy>,
    msg_n: Option<Copy>,
    ack_n: Option<Copy>,
}

/// The frames of which the cause is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    MsgR,
    MsgA,
    MsgN,
    AckN,
}

impl Log {
    pub(crate) fn on_sent(&mut self, id: MsgId, now: Time) {
        self.places.insert(id, self.messages.len());
        let causes = Causes::default();
        let (accepted, delivered, copies) = (None, None, Vec::new());
        self.messages.push(Message { sent: now, accepted, delivered, copies, causes });
    }

    /// The number of the copy that leaves now.
    pub(crate) fn on_transmit(&mut self, id: MsgId, is_question: bool, now: Time) -> Copy {
        let message = self.message(id);
        message.copies.push(Transmission { at: now, is_question, is_accepted: message.accepted.is_some() });
        message.copies.len() - 1
    }

    /// A frame arrives, now or later.
    pub(crate) fn on_arrives(&mut self, id: MsgId, kind: Kind, cause: Copy) {
        let causes = &mut self.message(id).causes;
        let place = match kind {
            Kind::MsgR => &mut causes.msg_r,
            Kind::MsgA => &mut causes.msg_a,
            Kind::MsgN => &mut causes.msg_n,
            Kind::AckN => &mut causes.ack_n,
        };
        *place = Some(place.map_or(cause, |earlier| earlier.min(cause)));
    }

    /// The cause of a frame that the server sends by itself, or because of a frame of the recipient.
    pub(crate) fn cause(&self, id: MsgId) -> Copy {
        let causes = &self.messages[self.places[&id]].causes;
        causes.msg_n.or(causes.msg_r).unwrap_or(0)
    }

    pub(crate) fn on_accepted(&mut self, id: MsgId, now: Time) {
        self.message(id).accepted.get_or_insert(now);
    }

    pub(crate) fn on_delivered(&mut self, id: MsgId, now: Time) {
        let message = self.message(id);
        message.accepted.get_or_insert(now);
        message.delivered.get_or_insert(now);
    }

    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Counts what became of the messages from number `first` on.
    pub(crate) fn tally(&self, first: usize) -> Tally {
        let mut tally = Tally::default();
        self.messages.iter().skip(first).for_each(|message| tally.count(message));
        tally.goodput(self.messages.get(first..).unwrap_or_default());
        tally
    }

    fn message(&mut self, id: MsgId) -> &mut Message {
        &mut self.messages[self.places[&id]]
    }
}

impl Message {
    /// Whether a copy asked for what came without it.
    pub(crate) fn is_needless(&self, copy: Copy) -> bool {
        let is_earlier = |cause: Option<Copy>| cause.is_some_and(|cause| cause < copy);
        let Causes { msg_a, ack_n, .. } = self.causes;
        is_earlier(if self.copies[copy].is_accepted { ack_n } else { msg_a })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use sixfold::StreamId;

    fn id() -> MsgId {
        MsgId::new(StreamId::from_u64(1), 0).unwrap()
    }

    fn at(millis: u64) -> Time {
        Time::from_nanos(millis * 1_000_000)
    }

    /// A message that was transmitted at these times.
    fn log(times: &[u64]) -> Log {
        let mut log = Log::default();
        log.on_sent(id(), at(0));
        for time in times {
            log.on_transmit(id(), false, at(*time));
        }
        log
    }

    fn needless(log: &Log) -> Vec<bool> {
        let message = &log.messages()[0];
        (0..message.copies.len()).map(|copy| message.is_needless(copy)).collect()
    }

    #[test]
    fn a_repetition_of_what_was_lost_is_needed() {
        let mut log = log(&[0, 1_000]);
        log.on_arrives(id(), Kind::MsgR, 1);
        log.on_arrives(id(), Kind::MsgA, 1);
        assert_eq!(needless(&log), [false, false]);
    }

    #[test]
    fn a_repetition_is_needed_when_the_answer_was_lost() {
        let mut log = log(&[0, 1_000]);
        log.on_arrives(id(), Kind::MsgR, 0);
        log.on_arrives(id(), Kind::MsgR, 1);
        log.on_arrives(id(), Kind::MsgA, 1);
        assert_eq!(needless(&log), [false, false]);
    }

    #[test]
    fn a_repetition_is_needless_when_an_earlier_copy_is_answered_and_the_first_copy_never_is() {
        let mut log = log(&[0, 1_000, 2_000]);
        for copy in [2, 1] {
            log.on_arrives(id(), Kind::MsgA, copy);
        }
        assert_eq!(needless(&log), [false, false, true]);
    }

    #[test]
    fn before_msg_a_only_msg_a_counts() {
        let mut log = log(&[0, 1_000]);
        log.on_arrives(id(), Kind::AckN, 0);
        assert_eq!(needless(&log), [false, false]);
    }

    #[test]
    fn after_msg_a_only_ack_n_counts() {
        let mut log = log(&[0]);
        log.on_arrives(id(), Kind::MsgA, 0);
        log.on_accepted(id(), at(100));
        log.on_transmit(id(), false, at(2_100));
        log.on_transmit(id(), false, at(6_100));
        log.on_arrives(id(), Kind::AckN, 1);
        assert_eq!(needless(&log), [false, false, true]);
    }

    #[test]
    fn what_the_server_sends_by_itself_is_caused_by_the_first_copy_that_it_got() {
        let mut log = log(&[0, 1_000, 2_000]);
        log.on_arrives(id(), Kind::MsgR, 2);
        log.on_arrives(id(), Kind::MsgR, 1);
        assert_eq!(log.cause(id()), 1);
        log.on_arrives(id(), Kind::MsgN, 2);
        assert_eq!(log.cause(id()), 2, "the recipient answers the push that reached it");
    }
}
