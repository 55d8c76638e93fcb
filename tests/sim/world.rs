//! Worlds of clients: one message takes six frames, and chaos loses, repeats and reorders no message.

use core::time::Duration;

use sixfold::sim::{Chaos, Crash, Fate, Handling, LinkConfig, What, World};
use sixfold::{Config, Incoming, Order, Outgoing, Time, Types};

#[derive(Clone, Debug, PartialEq)]
struct Chat;

impl Types for Chat {
    type Peer = &'static str;
    type Payload = u32;
    type ServerId = u64;
}

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn pair(seed: u64) -> World<Chat> {
    let mut world = World::new(seed).record_trace(true);
    world.add_client("alice", Config::default()).unwrap();
    world.add_client("bob", Config::default()).unwrap();
    world
}

/// Returns the frames of a trace that arrived: time, connection, kind of frame.
fn arrivals(world: &World<Chat>) -> Vec<(Duration, &'static str, &'static str)> {
    let arrived = world.trace().iter().filter_map(|entry| {
        let name = match &entry.what {
            What::Up(Fate::Arrived, Outgoing::MsgR { .. }) => "msg:R",
            What::Up(Fate::Arrived, Outgoing::AckR { .. }) => "ack:R",
            What::Down(Fate::Arrived, Incoming::MsgA { .. }) => "msg:A",
            What::Down(Fate::Arrived, Incoming::MsgN { .. }) => "msg:N",
            What::Down(Fate::Arrived, Incoming::AckA { .. }) => "ack:A",
            What::Down(Fate::Arrived, Incoming::AckN { .. }) => "ack:N",
            What::Up(..) | What::Down(..) | What::Event(_) | What::Action(_) | _ => return None,
        };
        Some((entry.at.since_origin(), entry.client?, name))
    });
    arrived.collect()
}

fn lines(world: &World<Chat>) -> String {
    world.trace().iter().map(|entry| format!("{entry}\n")).collect()
}

#[test]
fn one_message_takes_six_frames() {
    let mut world = pair(1);
    let id = world.send(&"alice", &"bob", 7).unwrap();
    assert!(world.run_until_settled(SECOND), "{}", lines(&world));
    world.run_until(Time::ZERO + SECOND);
    let six = [
        (20 * MS, "alice", "msg:R"),
        (40 * MS, "alice", "msg:A"),
        (40 * MS, "bob", "msg:N"),
        (60 * MS, "bob", "ack:R"),
        (80 * MS, "alice", "ack:N"),
        (80 * MS, "bob", "ack:A"),
    ];
    assert_eq!(arrivals(&world), six, "{}", lines(&world));
    let message = world.message(&"alice", id).unwrap();
    assert_eq!((message.hand_overs, message.delivered_at), (1, Some(Time::ZERO + 80 * MS)));
    let report = world.report();
    assert_eq!((report.sent, report.handed_over, report.delivered, report.twice, report.missing), (1, 1, 1, 0, 0));
}

#[test]
fn a_partition_drops_frames_silently_and_heals() {
    let mut world = pair(2);
    world.partition(&"bob");
    world.send(&"alice", &"bob", 1).unwrap();
    world.run_for(3 * SECOND);
    assert_eq!(world.report().missing, 1);
    assert!(world.is_connected(&"bob") && world.relay().is_connected(&"bob"));
    world.heal(&"bob");
    assert!(world.run_until_settled(60 * SECOND), "{}", lines(&world));
    assert_eq!(world.report().delivered, 1);
}

#[test]
fn a_recipient_replaced_before_it_confirms_gets_the_message_again() {
    let mut world = pair(3);
    world.set_handling(&"bob", Handling::Never);
    world.send(&"alice", &"bob", 1).unwrap();
    world.run_for(SECOND);
    world.replace_client(&"bob");
    world.set_handling(&"bob", Handling::Confirm);
    assert!(world.run_until_settled(60 * SECOND), "{}", lines(&world));
    let report = world.report();
    assert_eq!(
        (report.delivered, report.twice, world.hand_overs().len()),
        (1, 0, 2),
        "two processes, handed over once to each"
    );
}

#[test]
fn a_released_message_is_handed_over_again_and_a_late_confirm_counts() {
    for handling in [Handling::Release(3), Handling::After(30 * SECOND)] {
        let mut world = pair(4);
        world.set_handling(&"bob", handling);
        world.send(&"alice", &"bob", 1).unwrap();
        assert!(world.run_until_settled(600 * SECOND), "{handling:?}\n{}", lines(&world));
        let report = world.report();
        assert_eq!((report.delivered, report.twice, report.untrue), (1, 0, 0), "{handling:?}");
    }
}

#[test]
fn a_relay_that_loses_its_state_loses_no_message() {
    let mut world = pair(5);
    world.disconnect(&"bob");
    world.send(&"alice", &"bob", 1).unwrap();
    world.run_for(SECOND);
    world.crash_relay(Crash::LosesAll);
    world.run_for(SECOND);
    world.connect(&"bob");
    assert!(world.run_until_settled(60 * SECOND), "{}", lines(&world));
    assert_eq!(world.report().delivered, 1);
}

/// Three clients send 200 messages over bad links, with disconnects, partitions and crashes; then the network heals.
fn faulty_world(seed: u64) -> World<Chat> {
    const PEERS: [&str; 3] = ["alice", "bob", "carol"];
    let link = LinkConfig::default().latency(30 * MS).jitter(10 * MS).loss(0.3).duplicate(0.1).reorder(0.1, 50 * MS);
    let config = Config::default().max_attempts(None).order(Order::InOrder { max_hold: None });
    let mut world = World::new(seed).links(link.clone(), link);
    for peer in PEERS {
        world.add_client(peer, config.clone()).unwrap();
    }
    world.chaos(
        Chaos::default().disconnects(15 * SECOND).partitions(40 * SECOND, 5 * SECOND).relay_crashes(30 * SECOND, 0.5),
    );
    for n in 0..200 {
        let from = n as usize % 3;
        let to = (from + 1 + n as usize / 3 % 2) % 3;
        world.send(&PEERS[from], &PEERS[to], n).unwrap();
        world.run_for(300 * MS);
    }
    world.chaos(Chaos::default());
    assert!(world.run_until_settled(24 * 3600 * SECOND), "world seed {seed}: {:?}", world.report());
    world
}

#[test]
fn fifty_faulty_worlds_lose_nothing_repeat_nothing_and_keep_the_order() {
    for seed in 0..50 {
        let report = faulty_world(seed).report();
        assert_eq!(
            (report.sent, report.handed_over, report.delivered),
            (200, 200, 200),
            "world seed {seed}: {report:?}"
        );
        let wrong = [report.twice, report.missing, report.out_of_order, report.late, report.failed, report.untrue];
        assert_eq!(wrong, [0; 6], "world seed {seed}: {report:?}");
        assert_eq!(report.forged, 0, "world seed {seed}: {report:?}");
    }
}

#[test]
fn a_seed_determines_the_whole_run() {
    assert_eq!(faulty_world(7).digest(), faulty_world(7).digest());
    assert_ne!(faulty_world(7).digest(), faulty_world(8).digest());
}
