//! Order across restarts of the sender: each process begins a stream, and each stream waits for the earlier ones.

use kit::*;
use sixfold::sim::{Bookkeeping, Crash, Fate, LinkConfig, What, World};
use sixfold::{Config, MsgId, Outgoing, Status};

/// Counts the transmissions of a message.
fn transmissions(world: &World<Test>, message: MsgId) -> usize {
    let transmitted = world.trace().iter().filter(|entry| match &entry.what {
        What::Up(Fate::Sent | Fate::Doubled | Fate::Lost, Outgoing::MsgR { id, .. }) => *id == message,
        _ => false,
    });
    transmitted.count()
}

fn payloads(world: &World<Test>) -> Vec<u64> {
    world.hand_overs().iter().map(|hand_over| hand_over.delivery.payload).collect()
}

fn world(seed: u64, up: LinkConfig, down: LinkConfig) -> World<Test> {
    let mut world = World::<Test>::new(seed).links(up, down).record_trace(true);
    for peer in [A, B] {
        let config = Config::default().order(in_order_for_ever());
        world.add_durable_client(peer, config, Bookkeeping::Transactional).unwrap();
    }
    world
}

/// Three processes of A send one message each to B, which is away.
fn three_processes(world: &mut World<Test>) -> Vec<MsgId> {
    world.disconnect(&B);
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(world.send(&A, &B, n).unwrap());
        world.run_for(5 * SECOND);
        world.kill(&A);
        world.run_for(5 * SECOND);
        assert!(world.is_alive(&A));
    }
    ids
}

#[test]
fn messages_of_each_process_wait_until_those_of_earlier_processes_are_accepted() {
    let link = LinkConfig::default().latency(20 * MS);
    let mut world = world(1, link.clone(), link.clone());
    world.set_up_link(&A, link.clone().loss(1.0));
    let ids = three_processes(&mut world);
    assert!(transmissions(&world, ids[0]) > 1);
    assert_eq!(transmissions(&world, ids[1]), 0, "the first is not accepted");
    assert_eq!(transmissions(&world, ids[2]), 0, "the first is not accepted");

    world.set_up_link(&A, link);
    world.run_for(60 * SECOND);
    let statuses: Vec<_> = ids.iter().map(|id| world.client(&A).status(*id).unwrap()).collect();
    assert_eq!(statuses, [Status::Accepted, Status::Accepted, Status::Accepted], "B is still away");
    world.connect(&B);
    assert!(world.run_until_settled(HOUR));
    assert_eq!(payloads(&world), [0, 1, 2]);
    let report = world.crash_report();
    assert_eq!((report.disordered, report.overtaken), (0, 0));
}

#[test]
fn messages_of_each_process_do_not_wait_until_those_of_earlier_processes_are_delivered() {
    let link = LinkConfig::default().latency(20 * MS);
    let mut world = world(1, link.clone(), link);
    let ids = three_processes(&mut world);
    let server_ids: Vec<_> = ids.iter().map(|id| world.relay().server_id(&A, *id).unwrap()).collect();
    assert!(server_ids.is_sorted(), "the server has accepted all, in the order of sending");
    world.connect(&B);
    assert!(world.run_until_settled(HOUR));
    assert_eq!(payloads(&world), [0, 1, 2], "and pushes them so");
}

/// Frames are delayed, doubled, reordered, and lost with their connection or behind a partition; the server forgets once.
/// None is lost by itself: a message that goes unanswered three times although something is heard is waited for no more.
#[test]
fn messages_of_all_processes_are_first_accepted_in_the_order_of_sending() {
    let mut kills = 0;
    for seed in 0..200 {
        let link = LinkConfig::default().latency(20 * MS).jitter(200 * MS).duplicate(0.3).reorder(0.3, 300 * MS);
        let mut world = world(seed, link.clone(), link);
        for n in 0..30 {
            if world.is_alive(&A) {
                world.send(&A, &B, n).unwrap();
            }
            match (seed + 7 * n) % 13 {
                0 | 1 => world.kill(&A),
                2 => world.kill(&B),
                3 => world.partition(&A),
                4 | 5 => world.heal(&A),
                _ => {}
            }
            world.run_for(80 * MS * (1 + (seed % 5) as u32));
        }
        world.heal(&A);
        world.crash_relay(Crash::LosesAll);
        assert!(world.run_until_settled(HOUR), "world seed {seed}: {:?}", world.crash_report());
        let report = world.crash_report();
        assert_eq!((report.overtaken, report.disordered), (0, 0), "world seed {seed}: {report:?}");
        kills += report.kills;
    }
    assert!(kills > 800, "{kills}");
}
