//! Order across restarts of the sender: each process begins a stream, and each stream waits for the earlier ones.

use kit::*;
use sixfold::sim::{Bookkeeping, Fate, What, World};
use sixfold::{Config, MsgId, Outgoing};

/// Counts the transmissions of a message.
fn transmissions(world: &World<Test>, message: MsgId) -> usize {
    let transmitted = world.trace().iter().filter(|entry| match &entry.what {
        What::Up(Fate::Sent | Fate::Doubled | Fate::Lost, Outgoing::MsgR { id, .. }) => *id == message,
        _ => false,
    });
    transmitted.count()
}

#[test]
fn messages_of_each_process_wait_for_those_of_earlier_processes() {
    let mut world = World::<Test>::new(1).record_trace(true);
    for peer in [A, B] {
        let config = Config::default().order(in_order_for_ever());
        world.add_durable_client(peer, config, Bookkeeping::Transactional).unwrap();
    }
    world.disconnect(&B);
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(world.send(&A, &B, n).unwrap());
        world.run_for(5 * SECOND);
        world.kill(&A);
        world.run_for(5 * SECOND);
        assert!(world.is_alive(&A));
    }
    assert!(transmissions(&world, ids[0]) > 1);
    assert_eq!(transmissions(&world, ids[1]), 0, "the first is not delivered");
    assert_eq!(transmissions(&world, ids[2]), 0, "the first is not delivered");

    world.connect(&B);
    assert!(world.run_until_settled(HOUR));
    let payloads: Vec<_> = world.hand_overs().iter().map(|hand_over| hand_over.delivery.payload).collect();
    assert_eq!(payloads, [0, 1, 2]);
    assert_eq!(world.crash_report().disordered, 0);
}
