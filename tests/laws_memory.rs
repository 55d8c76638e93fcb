//! L9 bounded: memory is bounded by the config, whatever arrives, from however many peers, as long as the caller drains and
//! confirms.
//!
//! Held to [`Config::memory_bound`] by an allocator that counts; it counts everything in the process, so this test binary is
//! one test. `flood.rs` does the same with a million arbitrary frames.
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, unreachable_pub, reason = "tests")]
#![allow(dead_code, reason = "the runs show more than this law looks at")]

use peak_alloc::PeakAlloc;
use proptest::test_runner::{TestCaseError, TestRunner};
use sixfold::{Client, Config, Delivery, Event, Incoming, MsgId, Order, Output, Record, Time};

use kit::ops::{Call, Scenario, scenario};
use kit::run::{Process, cases};
use kit::{A, DAY, HOUR, MS, SECOND, Test, id, seed, steady};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

#[test]
fn l9_memory_stays_under_the_stated_bound() {
    TestRunner::new(cases(150)).run(&scenario(200), |scenario| any_run(&scenario)).unwrap();
    let small = || {
        let config = steady().outbox_capacity(200).inbox_capacity(100).ack_capacity(100);
        config.max_streams(300).max_streams_per_peer(20).max_ranges(500).retransmit_rate(1_000_000)
    };
    let configs = [
        ("default", steady()),
        ("small", small()),
        ("small, as arrived", small().order(Order::AsArrived)),
        ("small, journaled", small().journal(true)),
        ("one of each", small().outbox_capacity(1).inbox_capacity(1).ack_capacity(1).max_streams(1).max_ranges(1)),
    ];
    let attacks: [(&str, Attack); 6] = [
        ("one message left over per peer", one_left_over_per_peer),
        ("far apart seqs", far_apart_seqs),
        ("a new peer each time", a_new_peer_each_time),
        ("releases that split ranges", releases_that_split_ranges),
        ("mass failure and reconnects", mass_failure_and_reconnects),
        ("streams worn out", streams_worn_out),
    ];
    for (config_name, config) in configs {
        for (attack_name, attack) in attacks {
            let (peak, bound) = attacked(config.clone(), attack);
            assert!(peak <= bound, "{config_name}, {attack_name}: {peak} bytes of {bound}");
        }
    }
    let (peak, bound) = restored_from_a_long_journal(small().journal(true));
    assert!(peak <= bound, "restored from a long journal: {peak} bytes of {bound}");
}

/// What a journal takes that was written for years and never made short: each message to a stream of its own, all delivered.
fn restored_from_a_long_journal(config: Config) -> (usize, usize) {
    let (bound, now) = (config.memory_bound::<Test>(), Time::from_origin(HOUR));
    let records = (0..50_000_u64).flat_map(|n| {
        let id = id(n.wrapping_mul(0x9e37_79b9_7f4a_7c15), 0);
        let queued = Record::Queued { id, to: n % 1_000, payload: 1, at: Time::ZERO };
        [queued, Record::Delivered { id, server_id: 1 }]
    });
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    let client: Client<Test> = Client::restore(config, seed(2), records, now).unwrap();
    assert!(client.is_settled());
    (HEAP.peak_usage() - before, bound)
}

/// A generated run, played again with nothing else on the heap that grows.
fn any_run(scenario: &Scenario) -> Result<(), TestCaseError> {
    let moments = scenario.play(|_, _| Ok(()))?;
    let mut process = Process::start(scenario);
    drop(process);
    let bound = scenario.knobs.config().memory_bound::<Test>();
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    process = Process::start(scenario);
    for moment in &moments {
        if matches!(moment.call, Call::Restart) {
            break;
        }
        process.call(&moment.call, moment.now);
        while process.client.poll_output().is_some() {}
    }
    let peak = HEAP.peak_usage() - before;
    if peak <= bound { Ok(()) } else { Err(TestCaseError::fail(format!("{peak} bytes of {bound}"))) }
}

type Attack = fn(&mut Victim);

/// A client that drains and confirms.
struct Victim {
    client: Client<Test>,
    now: Time,
    capacity: u64,
}

fn attacked(config: Config, attack: Attack) -> (usize, usize) {
    let bound = config.memory_bound::<Test>();
    let now = Time::from_origin(HOUR);
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    let mut client = Client::new(config, seed(1), now).unwrap();
    client.handle_connected(now);
    let capacity = capacity(&client, now);
    HEAP.reset_peak_usage();
    attack(&mut Victim { client, now, capacity });
    (HEAP.peak_usage() - before, bound)
}

/// How many messages the outbox takes.
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

/// Each stream's ring was once long, and one message stays in it.
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

fn far_apart_seqs(victim: &mut Victim) {
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

/// Streams that were replaced hang on by one message each.
fn streams_worn_out(victim: &mut Victim) {
    for n in 0..20_000 {
        let Some(id) = victim.send(1) else { continue };
        if n % 600 != 0 {
            victim.client.discard(id, victim.now).unwrap();
            victim.drain();
        }
    }
}
