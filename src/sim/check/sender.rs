//! What clients send: ids, streams, floors, acks, retransmissions.

use alloc::format;
use alloc::string::String;
use core::mem;

use super::bucket::Bucket;
use super::debts::Owed;
use super::message::{Message, Standing};
use super::rule::Rule;
use super::{Check, Key, View};
use crate::frame::{Outgoing, Types};
use crate::id::MsgId;

/// What the log has shown of one stream.
#[derive(Clone, Debug)]
pub(super) struct Stream<T: Types> {
    to: T::Peer,
    line: u64,
    /// Every lower seq was transmitted, or need not be.
    next: u64,
}

impl<T: Types> Check<T>
where
    T::ServerId: Ord,
{
    pub(super) fn on_up(&mut self, by: &T::Peer, frame: Outgoing<T>) {
        match frame {
            Outgoing::MsgR { id, to, floor, payload } => {
                let key = (by.clone(), id);
                if payload.is_some() || self.messages.contains_key(&key) {
                    self.check_numbering(by, id, &to, floor);
                }
                match payload {
                    Some(payload) => self.on_msg_r(key, to, floor, payload),
                    None => self.on_question(&key, &to, floor),
                }
            }
            Outgoing::AckR { id, from } => self.on_ack_r(by, &(from, id)),
        }
    }

    fn on_msg_r(&mut self, key: Key<T>, to: T::Peer, floor: u64, payload: T::Payload) {
        let (by, id) = &key;
        let process = self.process_of(by);
        let answer = (by.clone(), Owed::MsgA, by.clone(), *id);
        let rule = match self.messages.get_mut(&key) {
            Some(known) => {
                known.floors.insert(floor);
                known.lift(Standing::Heard);
                let is_repeated = mem::replace(&mut known.process, process) == process;
                if known.to != to || known.payload != payload {
                    let what = if known.to == to { "another payload" } else { "another recipient" };
                    let seen = format!("msg:R {id} of {by:?} with {what}");
                    let expected = format!("what line {} has under this id", known.line);
                    self.accuse(Rule::IdReused, seen, expected);
                }
                if is_repeated {
                    self.on_retransmission(by, "msg:R", *id);
                }
                Rule::DuplicateIgnored
            }
            None => {
                let message = Message::new(self.line, to, payload, floor, self.now, process);
                self.messages.insert(key, message);
                Rule::Unanswered
            }
        };
        self.owe(answer, rule);
    }

    /// No answer is due: a server may have forgotten the message, or not know such frames.
    fn on_question(&mut self, key: &Key<T>, to: &T::Peer, floor: u64) {
        let (by, id) = key;
        let process = self.process_of(by);
        let Some(known) = self.messages.get_mut(key).filter(|known| known.accepted) else {
            let seen = format!("msg:R {id} of {by:?} without payload");
            return self.accuse(Rule::QuestionBeforeAnswer, seen, String::from("a msg:A that accepts it before"));
        };
        known.floors.insert(floor);
        known.asked = true;
        known.process = process;
        if known.to != *to {
            let (seen, line) = (format!("msg:R {id} of {by:?} with another recipient"), known.line);
            self.accuse(Rule::IdReused, seen, format!("what line {line} has under this id"));
        }
        self.on_retransmission(by, "msg:R", *id);
    }

    fn check_numbering(&mut self, by: &T::Peer, id: MsgId, to: &T::Peer, floor: u64) {
        let (Some(name), Some(seq)) = (id.stream(), id.seq()) else { return };
        if floor > seq {
            let seen = format!("msg:R {id} of {by:?} with floor {floor}");
            self.accuse(Rule::FloorAboveSeq, seen, format!("a floor of at most its seq {seq}"));
        }
        let line = self.line;
        let fresh = || Stream { to: to.clone(), line, next: 0 };
        let stream = self.streams.entry((by.clone(), name)).or_insert_with(fresh);
        let shared = (stream.to != *to).then(|| (stream.line, stream.to.clone()));
        let missing = stream.next.max(floor.min(seq));
        stream.next = stream.next.max(seq + 1);
        if let Some((line, first)) = shared {
            let seen = format!("stream {name} of {by:?} to {to:?}");
            self.accuse(Rule::StreamShared, seen, format!("{first:?}, as in line {line}"));
        }
        if self.view == View::Clients && self.gaps && missing < seq {
            let seen = format!("msg:R {id} of {by:?} as the first with seq {seq}, floor {floor}");
            self.accuse(Rule::SeqGap, seen, format!("seq {missing} before it"));
        }
    }

    fn on_ack_r(&mut self, by: &T::Peer, key: &Key<T>) {
        let (from, id) = key;
        if !self.pushed.contains(&(by.clone(), key.clone())) {
            let seen = format!("ack:R {id} of {from:?} by {by:?}");
            self.accuse(Rule::AckBeforeMessage, seen, format!("a msg:N of it to {by:?} before"));
        }
        let process = self.process_of(by);
        if self.acked.insert((by.clone(), key.clone()), process) == Some(process) {
            self.on_retransmission(by, "ack:R", *id);
        }
        self.owe((by.clone(), Owed::AckA, from.clone(), *id), Rule::AckUnanswered);
        let fan_out = self.fan_out;
        let Some(message) = self.messages.get_mut(key).filter(|message| fan_out || message.to == *by) else { return };
        message.confirmed = true;
        message.lift(Standing::Acked);
        self.waiting.remove(&message.to, key);
        let is_news = message.standing == Standing::Acked;
        // Frames do not show which members of a group must still confirm.
        if is_news && !fan_out && self.is_connected(from) {
            self.owe((from.clone(), Owed::AckN, from.clone(), *id), Rule::NotSettled);
        }
    }

    /// A fresh process has a full token bucket. Its first msg:R with payload and its first ack:R of a message are no
    /// retransmissions.
    pub(super) fn on_started(&mut self, endpoint: &T::Peer) {
        self.buckets.remove(endpoint);
        *self.restarts.entry(endpoint.clone()).or_default() += 1;
    }

    fn process_of(&self, endpoint: &T::Peer) -> u64 {
        self.restarts.get(endpoint).copied().unwrap_or(0)
    }

    fn on_retransmission(&mut self, by: &T::Peer, what: &str, id: MsgId) {
        if self.view != View::Clients {
            return;
        }
        let (rate, burst, now) = (self.rate, self.burst, self.time);
        let bucket = self.buckets.entry(by.clone()).or_insert_with(|| Bucket::full(burst, now));
        if !bucket.take(rate, burst, now) {
            // One violation per storm.
            *bucket = Bucket::full(burst, now);
            let seen = format!("{what} {id} of {by:?} as one retransmission too many");
            self.accuse(Rule::Storm, seen, format!("at most {burst} at once and {rate} a second"));
        }
    }
}
