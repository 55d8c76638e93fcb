//! L10 alive: if the network heals and B lives, everything `send` took is delivered, in stream order for gaps repaired within
//! `max_hold`, or visibly failed. Nothing waits for ever behind a failed message, an offline peer, an oversized frame or a
//! hostile one.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use sixfold::{Client, Delivery, Event, Incoming, MsgId, Order, Outgoing, Output, Status, Verdict as Answer};

use kit::ops::{Scenario, scenario};
use kit::run::cases;
use kit::{A, B, DAY, HOUR, MS, Rig, SECOND, Test, msg_r, question, steady};

/// Returns the answers of a running server to a frame.
fn answers(frame: &Outgoing<Test>) -> Vec<Incoming<Test>> {
    match frame {
        Outgoing::MsgR { id, .. } => {
            vec![Incoming::MsgA { id: *id, verdict: Answer::Accepted(7) }, Incoming::AckN { id: *id, server_id: 7 }]
        }
        Outgoing::AckR { id, from } => vec![Incoming::AckA { id: *id, from: *from }],
    }
}

/// Plays a scenario; returns its last client on a new connection.
fn reconnected_after(scenario: &Scenario) -> Result<Rig, TestCaseError> {
    let mut end: Option<Rig> = None;
    scenario.play(|process, moment| {
        end = Some(Rig { client: process.client.clone(), now: moment.now });
        Ok(())
    })?;
    let mut rig = end.unwrap();
    rig.client.handle_connected(rig.now);
    Ok(rig)
}

proptest! {
    #![proptest_config(cases(300))]

    /// Whatever happened before: when the server answers, each message is delivered or has failed in the end.
    #[test]
    fn after_any_run_a_server_that_answers_delivers_or_fails_every_message(mut scenario in scenario(100)) {
        scenario.steps.retain(|step| !matches!(step.clock, kit::ops::Clock::Jumps(_)));
        let mut rig = reconnected_after(&scenario)?;
        let waiting: BTreeSet<MsgId> = rig.client.outbox().map(|entry| entry.id).collect();
        let mut delivered = BTreeSet::new();
        for round in 0.. {
            prop_assert!(round < 10_000, "does not settle: {:?}", rig.client.stats());
            let outputs = rig.drain();
            for output in &outputs {
                match output {
                    Output::Transmit(frame) => answers(frame).into_iter().for_each(|frame| rig.frame(frame)),
                    Output::Event(Event::Delivered { id, .. }) => prop_assert!(delivered.insert(*id)),
                    Output::Event(_) | Output::Persist(_) => {}
                }
            }
            let stats = rig.client.stats();
            if stats.unsettled == 0 && stats.acks_pending == 0 && outputs.is_empty() {
                break;
            }
            if outputs.is_empty() {
                let next = rig.client.poll_timeout();
                prop_assert!(next.is_some(), "no deadline: {:?}", rig.client.stats());
                rig.now = next.unwrap_or(rig.now);
                rig.client.handle_timeout(rig.now);
            }
        }
        prop_assert!(rig.client.is_settled());
        for id in waiting {
            let status = rig.client.status(id);
            prop_assert!(delivered.contains(&id) == status.is_none(), "{} is {:?}", id, status);
            prop_assert!(status.is_none_or(|status| matches!(status, Status::Failed(_))));
        }
    }

    /// With the default times, whatever happened before: when the server answers, nothing waits for its expiry.
    #[test]
    fn after_any_run_a_server_that_answers_delivers_every_message_within_hours(mut scenario in scenario(100)) {
        scenario.steps.retain(|step| !matches!(step.clock, kit::ops::Clock::Jumps(_)));
        let knobs = &mut scenario.knobs;
        (knobs.rto, knobs.probe) = ([200 * MS, SECOND, 60 * SECOND], [2 * SECOND, 600 * SECOND]);
        (knobs.expiry, knobs.lifetime) = (3 * DAY, 7 * DAY);
        let mut rig = reconnected_after(&scenario)?;
        let healed_at = rig.now;
        for round in 0.. {
            prop_assert!(round < 10_000, "does not settle: {:?}", rig.client.stats());
            let outputs = rig.drain();
            for output in &outputs {
                if let Output::Transmit(frame) = output {
                    answers(frame).into_iter().for_each(|frame| rig.frame(frame));
                }
            }
            if outputs.is_empty() {
                let next = rig.client.poll_timeout().filter(|next| *next <= healed_at + 2 * HOUR);
                let Some(next) = next else { break };
                rig.now = next;
                rig.client.handle_timeout(next);
            }
        }
        let late = rig.client.outbox().find(|entry| !matches!(entry.status, Status::Failed(_)));
        prop_assert!(late.is_none(), "{:?} waits, {:?}", late, rig.client.stats());
    }

    /// A sends to B over a correct server; frames are lost as `lost` says, then none. Every delay is shorter than
    /// `max_hold`, so the order is kept.
    #[test]
    fn when_the_network_heals_each_message_is_handed_over_once_and_in_order(
        lost in vec(0..3_u8, 0..300),
        sends in vec(0..400_u64, 1..40),
        window in 1..8_usize,
    ) {
        let hold = Order::InOrder { max_hold: Some(DAY) };
        let config = || steady().order(hold).window(window).max_attempts(None).jitter(0.5);
        let mut pair = Pair::new(config().probe_max(4 * SECOND), lost);
        let count = sends.len() as u64;
        for (n, pause) in (0..).zip(sends) {
            pair.a.send(B, n);
            pair.run(MS * u32::try_from(pause).unwrap());
        }
        pair.run(DAY);
        let expected: Vec<u64> = (0..count).collect();
        prop_assert_eq!(&pair.received, &expected);
        prop_assert!(pair.a.client.is_settled() && pair.b.client.is_settled());
    }
}

/// Two clients on one clock, with a correct server between them, and a network that loses frames for a while.
struct Pair {
    a: Rig,
    b: Rig,
    lost: std::vec::IntoIter<u8>,
    /// The messages that B has confirmed.
    confirmed: BTreeSet<MsgId>,
    /// What the server has stored: server id and payload.
    stored: BTreeMap<MsgId, (u64, u64)>,
    received: Vec<u64>,
}

impl Pair {
    fn new(config: sixfold::Config, lost: Vec<u8>) -> Self {
        let (a, b) = (Rig::new(config.clone(), 1), Rig::new(config, 2));
        let (confirmed, stored) = (BTreeSet::new(), BTreeMap::new());
        Self { a, b, lost: lost.into_iter(), confirmed, stored, received: Vec::new() }
    }

    fn passes(&mut self) -> bool {
        self.lost.next().is_none_or(|lost| lost == 0)
    }

    /// Carries frames until there are none.
    fn carry(&mut self) {
        loop {
            let (from_a, from_b) = (self.a.drain(), self.b.drain());
            if from_a.is_empty() && from_b.is_empty() {
                return;
            }
            for output in from_a {
                if let Output::Transmit(Outgoing::MsgR { id, floor, payload, .. }) = output {
                    self.store(id, floor, payload);
                }
            }
            for output in from_b {
                match output {
                    Output::Event(Event::Received(Delivery { id, payload, .. })) => {
                        self.received.push(payload);
                        self.b.confirm(A, id);
                    }
                    Output::Transmit(Outgoing::AckR { id, from }) if self.passes() => {
                        self.confirmed.insert(id);
                        if self.passes() {
                            self.b.frame(Incoming::AckA { id, from });
                        }
                        if self.passes() {
                            self.a.ack_n(id, self.stored[&id].0);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn store(&mut self, id: MsgId, floor: u64, payload: Option<u64>) {
        if !self.passes() {
            return;
        }
        let next = self.stored.len() as u64;
        if let Some(payload) = payload {
            self.stored.entry(id).or_insert((next, payload));
        }
        // A question for an unknown message is not answered.
        let Some(&(server_id, payload)) = self.stored.get(&id) else { return };
        if self.passes() {
            self.a.accept(id, server_id);
        }
        if self.confirmed.contains(&id) {
            if self.passes() {
                self.a.ack_n(id, server_id);
            }
        } else if self.passes() {
            self.b.frame(Incoming::MsgN { id, from: A, server_id, floor, payload });
        }
    }

    fn run(&mut self, duration: std::time::Duration) {
        let end = self.a.now + duration;
        self.carry();
        loop {
            let next = [&self.a, &self.b].into_iter().filter_map(|rig| rig.client.poll_timeout()).min();
            let Some(now) = next.filter(|next| *next <= end) else { break };
            for rig in [&mut self.a, &mut self.b] {
                rig.now = now;
                rig.client.handle_timeout(now);
            }
            self.carry();
        }
        (self.a.now, self.b.now) = (end, end);
    }
}

#[test]
fn no_message_waits_behind_a_lost_frame_an_offline_peer_a_rejection_or_a_hostile_peer() {
    let mut rig = Rig::new(steady().window(1), 1);
    let oversized = rig.send(B, 0);
    let offline = rig.send(77, 1);
    let refused = rig.send(B, 2);
    let good = rig.send(B, 3);
    for n in 0..100 {
        rig.frame(Incoming::MsgN { id: kit::id(n, n), from: n, server_id: n, floor: u64::MAX, payload: n });
    }
    let mut delivered = false;
    for _ in 0..200 {
        let outputs = rig.drain();
        if outputs.is_empty() {
            rig.wake();
        }
        for output in outputs {
            let Output::Transmit(Outgoing::MsgR { id, .. }) = output else { continue };
            match id {
                id if id == oversized => {}
                id if id == refused => rig.reject(id, 1),
                id if id == offline => rig.accept(id, 5),
                id => {
                    rig.accept(id, 6);
                    rig.ack_n(id, 6);
                    delivered |= id == good;
                }
            }
        }
        if delivered {
            break;
        }
    }
    assert!(delivered);
    // Nothing is heard and the window is shut: each of the three others goes beyond it in turn, one each rto_max.
    assert!(rig.now.since_origin() <= HOUR + 3 * 60 * SECOND, "within three minutes: {:?}", rig.now);
}

/// A question about a later message must not hide one that waits for its place.
#[test]
fn after_a_restart_what_waits_for_a_place_goes_although_a_later_one_was_asked_about() {
    let config = || steady().journal(true);
    let mut rig = Rig::new(config(), 1);
    let [other, waiting, accepted] = [rig.send(A, 0), rig.send(B, 1), rig.send(B, 2)];
    rig.accept(accepted, 5);
    let records: Vec<_> = rig.client.records().collect();
    let client = Client::restore(config().window(1), kit::seed(2), records, rig.now).unwrap();
    let mut rig = Rig { client, now: rig.now };
    rig.client.handle_connected(rig.now);
    assert_eq!(rig.frames(), [msg_r(other, A, 0, 0), question(accepted, B, 0)]);
    rig.accept(other, 6);
    assert_eq!(rig.frames(), [msg_r(waiting, B, 0, 1)]);
}
