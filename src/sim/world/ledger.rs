//! The account of every message: what was sent, what was handed over to whom, and which events were emitted.
//!
//! The ledger sees both ends, unlike a client, so clients can be checked against it.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::event::{Delivery, Event};
use crate::frame::Types;
use crate::id::{MsgId, StreamId};
use crate::time::Time;

/// What is known of one message.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MessageLog<T: Types> {
    /// Its sender.
    pub from: T::Peer,
    /// Its id.
    pub id: MsgId,
    /// Its recipient.
    pub to: T::Peer,
    /// The time of `send`.
    pub sent_at: Time,
    /// The events of both ends about it: time, client, event. Each hand-over is a `Received`.
    pub events: Vec<(Time, T::Peer, Event<T>)>,
    /// How many times it was handed over.
    pub hand_overs: u32,
    /// When the recipient's application first confirmed it.
    pub confirmed_at: Option<Time>,
    /// When its sender emitted `Delivered`.
    pub delivered_at: Option<Time>,
    /// Whether its sender's last `Delivered` or `Failed` was `Failed`.
    pub failed: bool,
}

/// One message handed over to an application.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HandOver<T: Types> {
    /// When.
    pub at: Time,
    /// To whom.
    pub to: T::Peer,
    /// How many times that client had been [replaced](super::World::replace_client) by then.
    pub life: u32,
    /// The message.
    pub delivery: Delivery<T>,
}

/// The account of a run: counts of correct and of wrong behaviour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Messages taken by `send`.
    pub sent: u64,
    /// Messages handed over at least once.
    pub handed_over: u64,
    /// Hand-overs of a message that the same process had already been handed and had not released.
    pub twice: u64,
    /// Messages never handed over, failed ones included.
    pub missing: u64,
    /// First hand-overs, not marked late, after a higher seq of the same stream had been handed to the same process.
    pub out_of_order: u64,
    /// Hand-overs marked late.
    pub late: u64,
    /// Messages for which the sender emitted `Delivered`.
    pub delivered: u64,
    /// Messages that failed and were not delivered later.
    pub failed: u64,
    /// Messages reported as delivered before their recipient's application had confirmed them: wrong.
    pub untrue: u64,
    /// Hand-overs of messages that were never sent, or were sent to another recipient: wrong.
    pub forged: u64,
}

/// One life of one client, and a sender.
type Pair<P> = (P, u32, P);

/// The account during a run.
#[derive(Clone, Debug)]
pub(super) struct Ledger<T: Types> {
    messages: BTreeMap<(T::Peer, MsgId), MessageLog<T>>,
    hand_overs: Vec<HandOver<T>>,
    /// What each process was handed: `true` while it has not released it.
    with: BTreeMap<(Pair<T::Peer>, MsgId), bool>,
    /// The highest seq of each stream that each process was handed.
    highest: BTreeMap<(Pair<T::Peer>, StreamId), u64>,
    report: Report,
}

impl<T: Types> Ledger<T> {
    pub(super) fn new() -> Self {
        Self {
            messages: BTreeMap::new(),
            hand_overs: Vec::new(),
            with: BTreeMap::new(),
            highest: BTreeMap::new(),
            report: Report::default(),
        }
    }

    pub(super) fn message(&self, from: &T::Peer, id: MsgId) -> Option<&MessageLog<T>> {
        self.messages.get(&(from.clone(), id))
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &MessageLog<T>> {
        self.messages.values()
    }

    pub(super) fn hand_overs(&self) -> &[HandOver<T>] {
        &self.hand_overs
    }

    pub(super) fn report(&self) -> Report {
        let mut report = Report { missing: self.report.sent - self.report.handed_over, ..self.report };
        for message in self.messages.values() {
            report.delivered += u64::from(message.delivered_at.is_some());
            report.failed += u64::from(message.failed);
        }
        report
    }

    pub(super) fn on_send(&mut self, from: &T::Peer, id: MsgId, to: &T::Peer, now: Time) {
        self.report.sent += 1;
        let log = MessageLog {
            from: from.clone(),
            id,
            to: to.clone(),
            sent_at: now,
            events: Vec::new(),
            hand_overs: 0,
            confirmed_at: None,
            delivered_at: None,
            failed: false,
        };
        self.messages.insert((from.clone(), id), log);
    }

    pub(super) fn on_confirm(&mut self, from: &T::Peer, id: MsgId, now: Time) {
        if let Some(message) = self.messages.get_mut(&(from.clone(), id)) {
            message.confirmed_at.get_or_insert(now);
        }
    }

    pub(super) fn on_release(&mut self, by: &T::Peer, life: u32, from: &T::Peer, id: MsgId) {
        self.with.insert(((by.clone(), life, from.clone()), id), false);
    }

    /// Records an event of the client `at` in its `life`.
    pub(super) fn on_event(&mut self, at: &T::Peer, life: u32, event: &Event<T>, now: Time) {
        let (from, id) = match event {
            Event::Received(delivery) => {
                self.on_received(at, life, delivery, now);
                (&delivery.from, delivery.id)
            }
            Event::AckSettled { from, id } | Event::HorizonExceeded { from, id } => (from, *id),
            Event::Accepted { id, .. }
            | Event::Delivered { id, .. }
            | Event::Retrying { id, .. }
            | Event::Failed { id, .. }
            | Event::ServerIdConflict { id, .. } => (at, *id),
            Event::SuspectConnection { .. } => return,
        };
        let Some(message) = self.messages.get_mut(&(from.clone(), id)) else { return };
        message.events.push((now, at.clone(), event.clone()));
        match event {
            Event::Delivered { .. } => {
                message.delivered_at.get_or_insert(now);
                message.failed = false;
                self.report.untrue += u64::from(message.confirmed_at.is_none());
            }
            Event::Failed { .. } => message.failed = true,
            Event::Accepted { .. }
            | Event::Retrying { .. }
            | Event::Received(_)
            | Event::AckSettled { .. }
            | Event::ServerIdConflict { .. }
            | Event::HorizonExceeded { .. }
            | Event::SuspectConnection { .. } => {}
        }
    }

    fn on_received(&mut self, at: &T::Peer, life: u32, delivery: &Delivery<T>, now: Time) {
        self.report.late += u64::from(delivery.late);
        self.hand_overs.push(HandOver { at: now, to: at.clone(), life, delivery: delivery.clone() });
        let sent = self.messages.get_mut(&(delivery.from.clone(), delivery.id));
        match sent.filter(|message| message.to == *at) {
            Some(message) => {
                message.hand_overs += 1;
                self.report.handed_over += u64::from(message.hand_overs == 1);
            }
            None => self.report.forged += 1,
        }
        let pair = (at.clone(), life, delivery.from.clone());
        let before = self.with.insert((pair.clone(), delivery.id), true);
        self.report.twice += u64::from(before == Some(true));
        if let Some((stream, seq)) = delivery.id.stream().zip(delivery.id.seq()) {
            let highest = self.highest.entry((pair, stream)).or_insert(seq);
            self.report.out_of_order += u64::from(before.is_none() && !delivery.late && seq < *highest);
            *highest = seq.max(*highest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Chat;

    impl Types for Chat {
        type Peer = u8;
        type Payload = ();
        type ServerId = u64;
    }

    const A: u8 = 1;
    const B: u8 = 2;
    const NOW: Time = Time::ZERO;

    fn id(seq: u64) -> MsgId {
        MsgId::new(StreamId::from_u64(5), seq).unwrap()
    }

    /// A ledger in which A has sent B the messages 0 to 9.
    fn ledger() -> Ledger<Chat> {
        let mut ledger = Ledger::new();
        for seq in 0..10 {
            ledger.on_send(&A, id(seq), &B, NOW);
        }
        ledger
    }

    fn receive(ledger: &mut Ledger<Chat>, at: u8, life: u32, seq: u64, late: bool) {
        let delivery = Delivery { from: A, id: id(seq), server_id: 0, payload: (), late };
        ledger.on_event(&at, life, &Event::Received(delivery), NOW);
    }

    #[test]
    fn a_message_is_twice_with_one_life_that_did_not_release_it() {
        let mut ledger = ledger();
        receive(&mut ledger, B, 0, 0, false);
        ledger.on_release(&B, 0, &A, id(0));
        receive(&mut ledger, B, 0, 0, false);
        receive(&mut ledger, B, 1, 0, false);
        assert_eq!((ledger.report().twice, ledger.report().handed_over), (0, 1));
        receive(&mut ledger, B, 1, 0, false);
        assert_eq!(ledger.report().twice, 1);
    }

    #[test]
    fn a_lower_seq_is_out_of_order_unless_it_is_late_or_was_released() {
        let mut ledger = ledger();
        receive(&mut ledger, B, 0, 0, false);
        receive(&mut ledger, B, 0, 5, false);
        receive(&mut ledger, B, 0, 4, true);
        ledger.on_release(&B, 0, &A, id(0));
        receive(&mut ledger, B, 0, 0, false);
        receive(&mut ledger, B, 1, 1, false);
        assert_eq!((ledger.report().out_of_order, ledger.report().late), (0, 1));
        receive(&mut ledger, B, 0, 3, false);
        assert_eq!((ledger.report().out_of_order, ledger.report().late), (1, 1));
    }

    #[test]
    fn delivered_is_untrue_before_the_application_has_confirmed() {
        let mut ledger = ledger();
        let delivered = |seq| Event::Delivered { id: id(seq), server_id: 0 };
        receive(&mut ledger, B, 0, 0, false);
        ledger.on_confirm(&A, id(0), NOW);
        ledger.on_event(&A, 0, &delivered(0), NOW);
        assert_eq!((ledger.report().delivered, ledger.report().untrue), (1, 0));
        ledger.on_event(&A, 0, &delivered(1), NOW);
        assert_eq!((ledger.report().delivered, ledger.report().untrue), (2, 1));
    }

    #[test]
    fn a_late_delivered_lifts_a_failed_message_and_what_never_came_is_missing() {
        let mut ledger = ledger();
        let reason = crate::FailReason::Expired;
        ledger.on_event(&A, 0, &Event::Failed { id: id(0), reason }, NOW);
        assert_eq!((ledger.report().failed, ledger.report().missing), (1, 10));
        receive(&mut ledger, B, 0, 0, false);
        ledger.on_confirm(&A, id(0), NOW);
        ledger.on_event(&A, 0, &Event::Delivered { id: id(0), server_id: 0 }, NOW);
        assert_eq!((ledger.report().failed, ledger.report().missing), (0, 9));
    }

    #[test]
    fn what_nobody_sent_or_sent_to_somebody_else_is_forged() {
        let mut ledger = ledger();
        receive(&mut ledger, B, 0, 99, false);
        receive(&mut ledger, A, 0, 0, false);
        assert_eq!((ledger.report().forged, ledger.report().handed_over), (2, 0));
    }
}
