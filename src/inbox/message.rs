//! One message that was handed over, and the only place where its state changes.
//!
//! Each method that changes the state is named after its cause.
//!
//! | state | entered by | left by |
//! |---|---|---|
//! | `WithApp` | handing over | `confirm`, `release` |
//! | `AckPending` | `confirm`; a duplicate of a confirmed message | ack:A; forgotten beyond `ack_capacity` |

use crate::collections::Key;

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) stream: Key,
    pub(super) seq: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The application has not confirmed it.
    WithApp,
    /// Confirmed; the server has not answered ack:R.
    AckPending {
        /// Whether an ack:R went out before.
        sent: bool,
        unanswered: u16,
    },
}

impl Message {
    /// A message that is being handed over.
    pub(super) const fn handed_over(stream: Key, seq: u64) -> Self {
        Self { stream, seq, state: State::WithApp }
    }

    /// A message that was confirmed and whose ack:R went out before.
    pub(super) const fn acked_before(stream: Key, seq: u64) -> Self {
        let state = State::AckPending { sent: true, unanswered: 0 };
        Self { stream, seq, state }
    }

    /// The application confirmed it; `sent` is whether its ack:R leaves at once.
    pub(super) const fn on_confirmed(&mut self, sent: bool) {
        self.state = State::AckPending { sent, unanswered: 0 };
    }

    /// Handles the transmission of an ack:R; returns how many went unanswered.
    pub(super) fn on_transmit(&mut self) -> u32 {
        match &mut self.state {
            State::AckPending { sent, unanswered } => {
                *sent = true;
                u32::from(*unanswered)
            }
            State::WithApp => 0,
        }
    }

    /// ack:A did not come in time.
    pub(super) const fn on_timeout(&mut self) {
        if let State::AckPending { unanswered, .. } = &mut self.state {
            *unanswered = unanswered.saturating_add(1);
        }
    }

    /// The connection is new: attempts start anew.
    pub(super) const fn on_connected(&mut self) {
        if let State::AckPending { unanswered, .. } = &mut self.state {
            *unanswered = 0;
        }
    }

    pub(super) const fn is_with_app(&self) -> bool {
        matches!(self.state, State::WithApp)
    }

    /// Whether an ack:A may have been sent for it.
    pub(super) const fn is_ack_sent(&self) -> bool {
        matches!(self.state, State::AckPending { sent: true, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::collections::Slot;

    #[test]
    fn a_message_takes_16_bytes() {
        assert!(size_of::<Slot<Message>>() <= 16);
    }

    #[test]
    fn an_ack_knows_whether_it_was_sent_and_how_often_in_vain() {
        let mut message = Message::handed_over(0, 7);
        assert!(message.is_with_app() && !message.is_ack_sent());
        message.on_confirmed(false);
        assert!(!message.is_with_app() && !message.is_ack_sent());
        assert_eq!(message.on_transmit(), 0);
        assert!(message.is_ack_sent());
        message.on_timeout();
        message.on_timeout();
        assert_eq!(message.on_transmit(), 2);
        message.on_connected();
        assert_eq!((message.on_transmit(), message.is_ack_sent()), (0, true));
        assert!(Message::acked_before(0, 7).is_ack_sent());
    }
}
