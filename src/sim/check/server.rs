//! What the server sends, and what it must send.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use uuid::Uuid;

use super::debts::{Debt, Owed};
use super::message::Standing;
use super::rule::{Rule, Violation};
use super::{Check, Key, View};
use crate::frame::{Incoming, Types, Verdict};
use crate::id::MsgId;

impl<T: Types> Check<T>
where
    T::ServerId: Ord,
{
    pub(super) fn on_down(&mut self, to: &T::Peer, frame: Incoming<T>) {
        match frame {
            Incoming::MsgA { id, verdict } => self.on_msg_a(&(to.clone(), id), verdict),
            Incoming::MsgN { id, from, server_id, floor, payload } => {
                self.on_msg_n(to, &(from, id), &server_id, floor, &payload);
            }
            Incoming::AckA { id, from } => self.on_ack_a(to, &(from, id)),
            Incoming::AckN { id, server_id } => self.on_ack_n(&(to.clone(), id), &server_id),
        }
    }

    /// An endpoint connected: what waits for it must be pushed.
    pub(super) fn on_connected(&mut self, endpoint: &T::Peer) {
        self.debts.forgive(endpoint);
        let Self { messages, now, lifetime, .. } = self;
        let waiting = self.waiting.of(endpoint, |key| messages[key].is_young(*now, *lifetime));
        self.endpoints.insert(endpoint.clone(), true);
        self.connections.insert(endpoint.clone(), self.line);
        for (from, id) in waiting {
            self.owe((endpoint.clone(), Owed::MsgN, from, id), Rule::NotPushed);
        }
    }

    /// The server lost its memory: nothing is due until new frames come.
    pub(super) fn on_forgotten(&mut self, endpoint: &T::Peer) {
        self.debts.forgive(endpoint);
        let first = (endpoint.clone(), MsgId::from_uuid(Uuid::nil()));
        for (key, message) in self.messages.range_mut(first..).take_while(|((sender, _), _)| sender == endpoint) {
            self.waiting.remove(&message.to, key);
            message.forget();
        }
    }

    fn on_msg_a(&mut self, key: &Key<T>, verdict: Verdict<T>) {
        let (sender, id) = key;
        let was_owed = self.debts.pay(&(sender.clone(), Owed::MsgA, sender.clone(), *id));
        let Some(message) = self.messages.get_mut(key) else {
            let seen = format!("msg:A {id} to {sender:?}");
            return self.accuse(Rule::Unasked, seen, String::from("its msg:R before"));
        };
        let was_asked = mem::take(&mut message.asked);
        let refusal = match verdict {
            Verdict::Accepted(server_id) => {
                message.accepted = true;
                message.lift(Standing::Accepted);
                let (standing, recipient) = (message.standing, message.to.clone());
                let is_pushed = message.pushed > self.connections.get(&recipient).copied().unwrap_or(0);
                if standing == Standing::Accepted {
                    self.waiting.insert(recipient.clone(), key.clone());
                }
                self.check_server_id("msg:A", key, &server_id);
                if (was_owed || was_asked) && standing == Standing::Noted {
                    self.owe((sender.clone(), Owed::AckN, sender.clone(), *id), Rule::NotSettled);
                } else if was_owed && !is_pushed && standing == Standing::Accepted && self.is_young(key) {
                    self.owe((recipient, Owed::MsgN, sender.clone(), *id), Rule::NotPushed);
                }
                return;
            }
            Verdict::Rejected(_) => "refused",
            Verdict::RetryAfter(_) => "put off",
        };
        // At the clients, one answer may have overtaken another.
        if message.standing >= Standing::Accepted && self.view == View::Server {
            let seen = format!("msg:A {id} to {sender:?}: {refusal}");
            self.accuse(Rule::OtherAnswer, seen, String::from("accepted, as before"));
        }
    }

    fn on_msg_n(&mut self, to: &T::Peer, key: &Key<T>, server_id: &T::ServerId, floor: u64, payload: &T::Payload) {
        let (from, id) = key;
        self.debts.pay(&(to.clone(), Owed::MsgN, from.clone(), *id));
        self.pushed.insert((to.clone(), key.clone()));
        let Some(message) = self.messages.get_mut(key) else {
            // Of a client that is not in the log nothing is known, unless another has sent the id.
            let has_sent = |sender: &&T::Peer| self.messages.contains_key(&((*sender).clone(), *id));
            let sender = self.endpoints.keys().find(has_sent).cloned();
            if sender.is_some() || self.hears_of(from) {
                let seen = format!("msg:N {id} to {to:?} from {from:?}");
                let expected =
                    sender.map_or(format!("its msg:R by {from:?} before"), |sender| format!("from {sender:?}"));
                self.accuse(Rule::ForgedSender, seen, expected);
            }
            return;
        };
        if message.to == *to {
            message.pushed = self.line;
        }
        let is_recipient = self.fan_out || message.to == *to;
        let altered = match (message.payload == *payload, message.floors.contains(&floor)) {
            (true, true) => None,
            (false, _) => Some((String::from("another payload"), format!("the payload of line {}", message.line))),
            (true, false) => Some((format!("floor {floor}"), format!("one of the floors {:?}", message.floors))),
        };
        if !is_recipient {
            let expected = format!("{:?}, as in line {}", message.to, message.line);
            self.accuse(Rule::WrongRecipient, format!("msg:N {id} from {from:?} to {to:?}"), expected);
        }
        if let Some((what, expected)) = altered {
            self.accuse(Rule::Altered, format!("msg:N {id} from {from:?} with {what}"), expected);
        }
        self.check_server_id("msg:N", key, server_id);
    }

    fn on_ack_a(&mut self, to: &T::Peer, key: &Key<T>) {
        let (from, id) = key;
        self.debts.pay(&(to.clone(), Owed::AckA, from.clone(), *id));
        if !self.acked.contains_key(&(to.clone(), key.clone())) {
            let seen = format!("ack:A {id} of {from:?} to {to:?}");
            return self.accuse(Rule::Unasked, seen, String::from("its ack:R before"));
        }
        self.note(key);
    }

    fn on_ack_n(&mut self, key: &Key<T>, server_id: &T::ServerId) {
        let (sender, id) = key;
        self.debts.pay(&(sender.clone(), Owed::AckN, sender.clone(), *id));
        if let Some(message) = self.messages.get_mut(key) {
            message.accepted = true;
        }
        let recipient = match self.messages.get(key) {
            Some(message) if message.confirmed || !self.hears_of(&message.to) => {
                self.note(key);
                return self.check_server_id("ack:N", key, server_id);
            }
            Some(message) => format!("an ack:R of {:?} before", message.to),
            None => String::from("its msg:R before"),
        };
        self.accuse(Rule::NeverConfirmed, format!("ack:N {id} to {sender:?}"), recipient);
    }

    /// Returns whether the frames of `endpoint` are in the log; a server's log has those of all.
    fn hears_of(&self, endpoint: &T::Peer) -> bool {
        self.view == View::Server || self.endpoints.contains_key(endpoint)
    }

    /// The server has answered a confirmation.
    fn note(&mut self, key: &Key<T>) {
        if let Some(message) = self.messages.get_mut(key).filter(|message| message.standing == Standing::Acked) {
            message.lift(Standing::Noted);
        }
    }

    fn check_server_id(&mut self, what: &str, key: &Key<T>, server_id: &T::ServerId) {
        let (sender, id) = key;
        if let Some(message) = self.messages.get_mut(key) {
            let known = &mut message.server_ids;
            if known.len() < message.lives {
                known.insert(server_id.clone());
            } else if !known.contains(server_id) {
                let known: Vec<String> = known.iter().map(|known| format!("{known:?}")).collect();
                let seen = format!("{what} {id} of {sender:?} with server id {server_id:?}");
                self.accuse(Rule::OtherAnswer, seen, format!("{}, as before", known.join(" or ")));
            }
        }
        let owner = self.server_ids.entry(server_id.clone()).or_insert_with(|| key.clone());
        if owner != key {
            let seen = format!("{what} {id} of {sender:?} with server id {server_id:?}");
            let expected = format!("another than that of {} of {:?}", owner.1, owner.0);
            self.accuse(Rule::ServerIdReused, seen, expected);
        }
    }

    /// Adds a frame that is due to a connected endpoint because of the current line.
    pub(super) fn owe(&mut self, debt: Debt<T>, rule: Rule) {
        if self.view == View::Server && self.is_connected(&debt.0) {
            self.debts.owe(debt, rule, self.line, self.now, self.patience);
        }
    }

    /// Reports the frames that were not sent in time, at the lines of their causes.
    pub(super) fn collect_debts(&mut self) {
        while let Some(((to, owed, from, id), cause)) = self.debts.pop_overdue(self.now) {
            let frame = match owed {
                Owed::MsgA => "msg:A",
                Owed::MsgN => "msg:N",
                Owed::AckA => "ack:A",
                Owed::AckN => "ack:N",
            };
            let seen = format!("no {frame} {id} of {from:?} to {to:?} within {:?}", self.patience);
            let expected = format!("{frame} while {to:?} is connected");
            self.violations.push(Violation { rule: cause.rule, line: cause.line, seen, expected });
        }
    }

    fn is_young(&self, key: &Key<T>) -> bool {
        self.messages.get(key).is_some_and(|message| message.is_young(self.now, self.lifetime))
    }
}
