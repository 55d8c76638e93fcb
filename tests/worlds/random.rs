//! Random worlds from seeds: whatever the network and the server do, every message is handed over once and in order, and no
//! sender is told anything false.

use kit::*;
use sixfold::sim::{Chaos, LinkConfig, Report, World};
use sixfold::{Config, MsgId, Order, Status, Time};

fn bad_link() -> LinkConfig {
    LinkConfig::default().latency(20 * MS).jitter(15 * MS).loss(0.3).duplicate(0.1).reorder(0.1, 60 * MS)
}

fn faults() -> Chaos {
    Chaos::default().disconnects(20 * SECOND).partitions(45 * SECOND, 5 * SECOND).relay_crashes(40 * SECOND, 0.5)
}

fn patient() -> Config {
    Config::default().order(in_order_for_ever()).max_attempts(None)
}

/// Clients send messages to each other in a faulty network; then the network heals.
fn run(seed: u64, clients: u64, messages: u64, config: &Config) -> World<Test> {
    let mut world = World::<Test>::new(seed).links(bad_link(), bad_link());
    for peer in 0..clients {
        world.add_client(peer, config.clone()).unwrap();
    }
    world.chaos(faults());
    for n in 0..messages {
        let from = n % clients;
        let to = (from + 1 + (n / clients) % (clients - 1)) % clients;
        world.send(&from, &to, n).unwrap();
        world.run_for(100 * MS);
    }
    world.run_for(60 * SECOND);
    world.chaos(Chaos::default());
    assert!(world.run_until_settled(2 * HOUR), "world seed {seed} did not settle: {:?}", world.report());
    world
}

#[test]
fn every_message_is_handed_over_once_and_in_order_and_its_sender_learns_of_it() {
    for seed in 0..300 {
        let report = run(seed, 3, 200, &patient()).report();
        let Report { sent, handed_over, twice, missing, out_of_order, late, delivered, failed, .. } = report;
        assert_eq!((sent, handed_over, twice, missing), (200, 200, 0, 0), "world seed {seed}");
        assert_eq!((out_of_order, late, delivered, failed), (0, 0, 200, 0), "world seed {seed}");
        assert_eq!((report.untrue, report.forged), (0, 0), "world seed {seed}");
    }
}

#[test]
fn with_a_short_hold_late_messages_are_flagged_and_failures_are_reported() {
    let config = Config::default().order(Order::InOrder { max_hold: Some(5 * SECOND) });
    let mut late_messages = 0;
    for seed in 0..300 {
        let world = run(seed, 3, 200, &config);
        let report = world.report();
        let Report { sent, twice, out_of_order, delivered, failed, .. } = report;
        assert_eq!(
            (sent, twice, out_of_order),
            (200, 0, 0),
            "world seed {seed}: only late messages may be out of order"
        );
        assert_eq!(delivered + failed, 200, "world seed {seed}: each message has an outcome: {report:?}");
        assert!(report.missing <= failed, "world seed {seed}: what is missing was reported as failed");
        assert_eq!((report.untrue, report.forged), (0, 0), "world seed {seed}");
        let counted: u64 = (0..3).map(|peer| world.client(&peer).stats().received_late).sum();
        assert_eq!(counted, report.late, "world seed {seed}");
        late_messages += report.late;
    }
    assert!(late_messages > 0, "no message was late");
}

/// 50 clients, 10,000 messages, 30 % loss on each hop.
fn big_world(seed: u64) -> World<Test> {
    let lossy = LinkConfig::default().latency(20 * MS).jitter(10 * MS).loss(0.3);
    let mut world = World::<Test>::new(seed).links(lossy.clone(), lossy);
    for peer in 0..50 {
        world.add_client(peer, patient()).unwrap();
    }
    for n in 0..10_000 {
        let from = n % 50;
        world.send(&from, &((from + 1 + n / 50 % 49) % 50), n).unwrap();
        if n % 100 == 99 {
            world.run_for(100 * MS);
        }
    }
    assert!(world.run_until_settled(DAY), "world seed {seed} did not settle: {:?}", world.report());
    world
}

#[test]
fn a_world_of_50_clients_and_10_000_messages_is_exact_and_reproducible() {
    let world = big_world(7);
    let Report { sent, handed_over, twice, missing, out_of_order, delivered, .. } = world.report();
    assert_eq!((sent, handed_over, twice), (10_000, 10_000, 0));
    assert_eq!((missing, out_of_order, delivered), (0, 0, 10_000));
    let again = big_world(7);
    assert_eq!((world.digest(), world.now()), (again.digest(), again.now()), "the same seed gives the same trace");
    assert_ne!(world.digest(), big_world(8).digest());
}

/// A sends 100 messages through a partition.
fn dead_network() -> (World<Test>, Vec<MsgId>) {
    let mut world = World::<Test>::new(3);
    for peer in [A, B] {
        world.add_client(peer, Config::default()).unwrap();
    }
    world.run_until(Time::ZERO + SECOND);
    world.partition(&A);
    let ids = (0..100).map(|n| world.send(&A, &B, n).unwrap()).collect();
    (world, ids)
}

#[test]
fn in_a_dead_network_no_message_fails_before_it_expires_and_then_each_does_with_its_payload() {
    let (mut world, ids) = dead_network();
    world.run_for(3 * DAY - NANOSECOND);
    assert_eq!((world.report().delivered, world.report().failed), (0, 0));
    world.run_for(NANOSECOND);
    assert_eq!((world.report().delivered, world.report().failed), (0, 100));
    let failed: Vec<_> = world.client(&A).outbox().map(|entry| (entry.id, *entry.payload, entry.status)).collect();
    for ((n, id), entry) in (0..).zip(ids).zip(failed) {
        assert_eq!(entry, (id, n, Status::Failed(unknown(None))));
    }
    // Each message once a minute, and a few times before its delay is that long.
    let retransmissions = world.client(&A).stats().retransmissions;
    assert!(retransmissions <= 100 * (3 * 24 * 60 + 7), "{retransmissions}");
}

#[test]
fn in_a_dead_network_that_heals_every_message_is_delivered_within_minutes() {
    for minutes in [2, 60, 60 * 24] {
        let (mut world, _) = dead_network();
        world.run_for(minutes * 60 * SECOND);
        world.heal(&A);
        world.run_for(2 * 60 * SECOND);
        assert_eq!((world.report().delivered, world.report().failed), (100, 0), "after {minutes} minutes");
    }
}
