//! What the loop drives: the part of a client's interface that the workloads use.

use std::fmt::Debug;
use std::sync::Arc;

use sixfold::{Client, Incoming, MsgId, Output, SendError, Time, UnknownDelivery};

use super::Chat;

/// Inputs are calls that carry the time, outputs are polled: see [`Client`].
pub(crate) trait Machine: Debug {
    fn send(&mut self, to: u64, payload: Arc<[u8]>, now: Time) -> Result<MsgId, SendError<Chat>>;
    fn confirm(&mut self, from: &u64, id: MsgId, now: Time) -> Result<(), UnknownDelivery>;
    fn handle_connected(&mut self, now: Time);
    fn handle_disconnected(&mut self, now: Time);
    fn handle_frame(&mut self, frame: Incoming<Chat>, now: Time);
    fn handle_timeout(&mut self, now: Time);
    fn poll_output(&mut self) -> Option<Output<Chat>>;
    fn poll_timeout(&self) -> Option<Time>;
}

impl Machine for Client<Chat> {
    #[inline]
    fn send(&mut self, to: u64, payload: Arc<[u8]>, now: Time) -> Result<MsgId, SendError<Chat>> {
        Self::send(self, to, payload, now)
    }

    #[inline]
    fn confirm(&mut self, from: &u64, id: MsgId, now: Time) -> Result<(), UnknownDelivery> {
        Self::confirm(self, from, id, now)
    }

    #[inline]
    fn handle_connected(&mut self, now: Time) {
        Self::handle_connected(self, now);
    }

    #[inline]
    fn handle_disconnected(&mut self, now: Time) {
        Self::handle_disconnected(self, now);
    }

    #[inline]
    fn handle_frame(&mut self, frame: Incoming<Chat>, now: Time) {
        Self::handle_frame(self, frame, now);
    }

    #[inline]
    fn handle_timeout(&mut self, now: Time) {
        Self::handle_timeout(self, now);
    }

    #[inline]
    fn poll_output(&mut self) -> Option<Output<Chat>> {
        Self::poll_output(self)
    }

    #[inline]
    fn poll_timeout(&self) -> Option<Time> {
        Self::poll_timeout(self)
    }
}
