//! Signatures only.
#![expect(unused_variables, clippy::todo, missing_docs, reason = "signatures only")]
use crate::*;
#[derive(Clone, Debug)]
pub struct Client<T: Types>(core::marker::PhantomData<T>);
impl<T: Types> Client<T> {
    pub fn new(config: Config, seed: Seed, now: Time) -> Result<Self, ConfigError> { todo!() }
    pub fn send(&mut self, to: T::Peer, payload: T::Payload, now: Time) -> Result<MsgId, SendError<T>> { todo!() }
    pub fn confirm(&mut self, from: &T::Peer, id: MsgId, now: Time) -> Result<(), UnknownDelivery> { todo!() }
    pub fn release(&mut self, from: &T::Peer, id: MsgId, now: Time) -> Result<(), UnknownDelivery> { todo!() }
    pub fn resend(&mut self, id: MsgId, now: Time) -> Result<(), ResendError> { todo!() }
    pub fn discard(&mut self, id: MsgId, now: Time) -> Result<T::Payload, UnknownMessage> { todo!() }
    pub fn handle_connected(&mut self, now: Time) { todo!() }
    pub fn handle_disconnected(&mut self, now: Time) { todo!() }
    pub fn handle_frame(&mut self, frame: Incoming<T>, now: Time) { todo!() }
    pub fn handle_timeout(&mut self, now: Time) { todo!() }
    #[must_use] pub fn poll_output(&mut self) -> Option<Output<T>> { todo!() }
    #[must_use] pub fn poll_timeout(&self) -> Option<Time> { todo!() }
    pub fn status(&self, id: MsgId) -> Option<Status> { todo!() }
    pub fn outbox(&self) -> impl Iterator<Item = OutboxEntry<'_, T>> { core::iter::empty() }
    pub fn unconfirmed(&self) -> impl Iterator<Item = (&T::Peer, MsgId)> { core::iter::empty() }
    pub fn is_settled(&self) -> bool { todo!() }
    pub fn stats(&self) -> Stats { todo!() }
}
