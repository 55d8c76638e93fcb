//! L9 bounded: memory stays within [`Config::memory_bound`], whatever arrives and from however many peers, as long as the
//! caller drains and confirms.
//!
//! Generated runs, attacks on each bound, and a long journal. `flood.rs` does the same with a million arbitrary frames.

use proptest::test_runner::{TestCaseError, TestRunner};
use sixfold::{Client, Config, Delivery, Event, Incoming, MsgId, Order, Output, Record, Time};

use kit::ops::{Call, Scenario, scenario};
use kit::run::{Process, cases};
use kit::{A, DAY, HOUR, MS, SECOND, Test, id, seed, steady};

use crate::{growth, peak};

#[test]
fn generated_runs_stay_within_the_bound() {
    TestRunner::new(cases(150)).run(&scenario(200), |scenario| any_run(&scenario)).unwrap();
}

#[test]
fn attacks_stay_within_the_bound() {
    let configs = [
        ("default", steady()),
        ("small", small()),
        ("small, as arrived", small().order(Order::AsArrived)),
        ("small, journaled", small().journal(true)),
        ("one of each", small().outbox_capacity(1).inbox_capacity(1).ack_capacity(1).max_streams(1).max_ranges(1)),
    ];
    let attacks: [(&str, Attack); 6] = [
        ("one message left over per peer", one_left_over_per_peer),
        ("seqs far apart", seqs_far_apart),
        ("a new peer each time", a_new_peer_each_time),
        ("releases that split ranges", releases_that_split_ranges),
        ("mass failure and reconnects", mass_failure_and_reconnects),
        ("exhausted streams", exhausted_streams),
    ];
    for (config_name, config) in configs {
        for (attack_name, attack) in attacks {
            let (peak, bound) = attacked(config.clone(), attack);
            assert!(peak <= bound, "{config_name}, {attack_name}: {peak} bytes of {bound}");
        }
    }
}

/// A journal written for years and never compacted: each message in a stream of its own, all delivered.
#[test]
fn a_restore_from_a_long_journal_stays_within_the_bound() {
    let config = small().journal(true);
    let (bound, now) = (config.memory_bound::<Test>(), Time::from_origin(HOUR));
    let records = (0..50_000_u64).flat_map(|n| {
        let id = id(n.wrapping_mul(0x9e37_79b9_7f4a_7c15), 0);
        let queued = Record::Queued { id, to: n % 1_000, payload: 1, at: Time::ZERO };
        [queued, Record::Delivered { id, server_id: 1 }]
    });
    let peak = peak(|| {
        let client: Client<Test> = Client::restore(config, seed(2), records, now).unwrap();
        assert!(client.is_settled());
    });
    assert!(peak <= bound, "{peak} bytes of {bound}");
}

fn small() -> Config {
    let config = steady().outbox_capacity(200).inbox_capacity(100).ack_capacity(100);
    config.max_streams(300).max_streams_per_peer(20).max_ranges(500).retransmit_rate(1_000_000)
}

/// Plays a generated run again and measures it without the bookkeeping of the first.
fn any_run(scenario: &Scenario) -> Result<(), TestCaseError> {
    let moments = scenario.play(|_, _| Ok(()))?;
    let bound = scenario.knobs.config().memory_bound::<Test>();
    let peak = peak(|| {
        let mut process = Process::start(scenario);
        for moment in &moments {
            if matches!(moment.call, Call::Restart) {
                break;
            }
            process.call(&moment.call, moment.now);
            while process.client.poll_output().is_some() {}
        }
    });
    if peak <= bound { Ok(()) } else { Err(TestCaseError::fail(format!("{peak} bytes of {bound}"))) }
}

type Attack = fn(&mut Victim);

/// A client that drains and confirms.
struct Victim {
    client: Client<Test>,
    now: Time,
    capacity: u64,
}

/// Attacks a client and returns the most heap that it took, and the bound.
fn attacked(config: Config, attack: Attack) -> (usize, usize) {
    let bound = config.memory_bound::<Test>();
    let now = Time::from_origin(HOUR);
    let mut client = None;
    let at_first = growth(|| {
        let new = client.insert(Client::new(config, seed(1), now).unwrap());
        new.handle_connected(now);
    });
    let client = client.unwrap();
    let capacity = capacity(&client, now);
    let on_top = peak(|| attack(&mut Victim { client, now, capacity }));
    (at_first as usize + on_top, bound)
}

/// Returns how many messages the outbox takes.
fn capacity(client: &Client<Test>, now: Time) -> u64 {
    let mut client = client.clone();
    (0..).find(|n| client.send(0, *n, now).is_err()).unwrap()
}

impl Victim {
    fn frame(&mut self, frame: Incoming<Test>) {
        self.client.handle_frame(frame, self.now);
        self.drain();
    }

    fn msg_n(&mut self, from: u64, id: MsgId) {
        self.frame(Incoming::MsgN { id, from, server_id: 1, floor: 0, payload: 1 });
    }

    fn drain(&mut self) {
        while let Some(output) = self.client.poll_output() {
            if let Output::Event(Event::Received(Delivery { from, id, .. })) = output {
                self.client.confirm(&from, id, self.now).unwrap();
            }
        }
    }

    fn pass(&mut self, duration: std::time::Duration) {
        self.now = self.now + duration;
        self.client.handle_timeout(self.now);
        self.drain();
    }

    fn send(&mut self, to: u64) -> Option<MsgId> {
        let id = self.client.send(to, 0, self.now).ok();
        self.drain();
        id
    }
}

/// Each stream once had many messages on the wire, and one of them is left.
fn one_left_over_per_peer(victim: &mut Victim) {
    for peer in 0..300.min(victim.capacity) {
        let first = victim.send(peer);
        let mut last = None;
        for _ in 0..victim.capacity.min(400) {
            let Some(next) = victim.send(peer) else { break };
            if let Some(id) = last.replace(next) {
                victim.frame(Incoming::AckN { id, server_id: 1 });
            }
        }
        let _ = (first, victim.client.stats().unsettled);
    }
}

fn seqs_far_apart(victim: &mut Victim) {
    for n in 0..4_000 {
        let seq = if n % 2 == 0 { n * 3 } else { (1 << 47) - n * 5 };
        victim.msg_n(n % 40, id(n % 7, seq));
        if n % 100 == 0 {
            victim.pass(20 * SECOND);
        }
    }
}

fn a_new_peer_each_time(victim: &mut Victim) {
    for n in 0..4_000 {
        victim.msg_n(n, id(n, 0));
        victim.msg_n(n, id(n, 2));
        victim.frame(Incoming::AckA { id: id(n, 0), from: n });
        if n % 500 == 0 {
            victim.pass(15 * DAY);
        }
    }
}

fn releases_that_split_ranges(victim: &mut Victim) {
    for n in 0..4_000 {
        let name = id(7, n);
        let msg_n = Incoming::MsgN { id: name, from: A, server_id: 1, floor: n, payload: 1 };
        victim.client.handle_frame(msg_n, victim.now);
        let owed: Vec<MsgId> = victim.client.unconfirmed().map(|(_, id)| id).collect();
        for (n, id) in owed.into_iter().enumerate() {
            if n % 2 == 0 {
                let _ = victim.client.confirm(&A, id, victim.now);
            } else {
                let _ = victim.client.release(&A, id, victim.now);
            }
        }
        while victim.client.poll_output().is_some() {}
    }
}

fn mass_failure_and_reconnects(victim: &mut Victim) {
    for round in 0..6 {
        while victim.send(round % 3).is_some() {}
        victim.client.handle_disconnected(victim.now);
        victim.client.handle_connected(victim.now);
        victim.drain();
        victim.pass(4 * DAY);
        let failed: Vec<MsgId> = victim.client.outbox().map(|entry| entry.id).collect();
        for (n, id) in failed.into_iter().enumerate() {
            let kept = n % 2 == 0 && victim.client.resend(id, victim.now).is_ok();
            if !kept {
                let _ = victim.client.discard(id, victim.now);
            }
            victim.drain();
        }
        victim.pass(MS);
    }
}

/// Each exhausted stream is kept by one message.
fn exhausted_streams(victim: &mut Victim) {
    for n in 0..20_000 {
        let Some(id) = victim.send(1) else { continue };
        if n % 600 != 0 {
            victim.client.discard(id, victim.now).unwrap();
            victim.drain();
        }
    }
}
