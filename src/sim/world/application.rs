//! The actions of the applications: the client is drained after each, and each belongs to that batch.

use super::World;
use super::trace::Action;
use crate::error::{ResendError, SendError, UnknownDelivery, UnknownMessage};
use crate::frame::Types;
use crate::id::MsgId;

impl<T: Types<ServerId = u64>> World<T> {
    /// Sends a message as the application of `from`.
    ///
    /// # Errors
    ///
    /// The client's outbox is full.
    #[track_caller]
    pub fn send(&mut self, from: &T::Peer, to: &T::Peer, payload: T::Payload) -> Result<MsgId, SendError<T>> {
        self.must_live(from);
        let now = self.now;
        let host = self.host_mut(from);
        let id = host.client.send(to.clone(), payload, now)?;
        if let Some(durable) = &mut host.durable {
            durable.pending().sent.push(id);
        }
        self.account.on_send(from, id, to);
        self.ledger.on_send(from, id, to, now);
        self.trace.action(now, Some(from), Action::Send { id, to: to.clone() });
        self.settle(from);
        Ok(id)
    }

    /// Confirms a message as the application of `at`.
    ///
    /// # Errors
    ///
    /// The client does not know the message.
    #[track_caller]
    pub fn confirm(&mut self, at: &T::Peer, from: &T::Peer, id: MsgId) -> Result<(), UnknownDelivery> {
        self.must_live(at);
        let now = self.now;
        let host = self.host_mut(at);
        host.client.confirm(from, id, now)?;
        match &mut host.durable {
            Some(durable) => durable.pending().confirmed.push((from.clone(), id)),
            None => self.ledger.on_confirm(from, id, now),
        }
        self.trace.action(now, Some(at), Action::Confirm { from: from.clone(), id });
        self.settle(at);
        Ok(())
    }

    /// Releases a message as the application of `at`.
    ///
    /// # Errors
    ///
    /// The client does not know the message, or it is already confirmed.
    #[track_caller]
    pub fn release(&mut self, at: &T::Peer, from: &T::Peer, id: MsgId) -> Result<(), UnknownDelivery> {
        self.must_live(at);
        let now = self.now;
        let host = self.host_mut(at);
        host.client.release(from, id, now)?;
        let life = host.life;
        self.ledger.on_release(at, life, from, id);
        self.trace.action(now, Some(at), Action::Release { from: from.clone(), id });
        self.settle(at);
        Ok(())
    }

    /// Sends a failed message of `at` again.
    ///
    /// # Errors
    ///
    /// The client refuses to resend it.
    #[track_caller]
    pub fn resend(&mut self, at: &T::Peer, id: MsgId) -> Result<(), ResendError> {
        self.must_live(at);
        let now = self.now;
        let host = self.host_mut(at);
        host.client.resend(id, now)?;
        if let Some(durable) = &mut host.durable {
            durable.witness().on_resend(id);
        }
        self.settle(at);
        Ok(())
    }

    /// Discards a message of `at`.
    ///
    /// # Errors
    ///
    /// The client does not know the message.
    #[track_caller]
    pub fn discard(&mut self, at: &T::Peer, id: MsgId) -> Result<T::Payload, UnknownMessage> {
        self.must_live(at);
        let now = self.now;
        let host = self.host_mut(at);
        let payload = host.client.discard(id, now)?;
        if let Some(durable) = &mut host.durable {
            durable.pending().discarded.push(id);
        }
        self.settle(at);
        Ok(payload)
    }
}
