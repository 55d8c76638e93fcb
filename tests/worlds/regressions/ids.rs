//! Ids: no two messages share one, whatever happens to seeds, clocks and journals.

use super::{count, records};
use kit::trio::Trio;
use kit::*;
use sixfold::{Client, Outgoing};

#[test]
fn one_seed_in_two_processes_at_two_times_gives_two_streams() {
    let mut trio = Trio::new(&[]);
    trio.send(7);
    let first = trio.a.client.clone();
    // A second process of the same user, from a broken random source, a millisecond later.
    let now = trio.a.now + MS;
    (trio.a.now, trio.b.now) = (now, now);
    trio.a.client = Client::new(steady(), seed(1), now).unwrap();
    trio.a.client.handle_connected(now);
    trio.send(8);
    assert_eq!((first.stats().delivered, trio.a.client.stats().delivered), (1, 1));
    let trace = trio.run_until_settled();
    assert_eq!((count(&trace, "B received 7"), count(&trace, "B received 8")), (1, 1), "{trace:#?}");
}

#[test]
fn a_restored_old_backup_reuses_no_id_and_hands_nothing_over_twice() {
    let mut trio = Trio::with(steady().journal(true), steady(), &[]);
    trio.a.send(B, 0);
    let outputs = trio.a.drain();
    let backup: Vec<_> = outputs
        .into_iter()
        .filter_map(|output| match output {
            sixfold::Output::Persist(record) => Some(record),
            _ => None,
        })
        .collect();
    trio.send(1);
    let now = trio.a.now;
    trio.a.client = Client::restore(steady().journal(true), seed(1), backup, now).unwrap();
    trio.a.client.handle_connected(now);
    trio.send(2);
    let trace = trio.run_until_settled();
    for payload in 0..3 {
        assert_eq!(count(&trace, &format!("B received {payload}")), 1, "{trace:#?}");
    }
    assert_eq!(count(&trace, "A delivered"), 2, "the backup knows nothing of message 1");
}

#[test]
fn after_1_025_discarded_seqs_the_next_message_is_handed_over_at_once() {
    let mut trio = Trio::new(&[]);
    let mut streams = std::collections::BTreeSet::new();
    trio.a.client.handle_disconnected(trio.a.now);
    for n in 0..1_025 {
        let id = trio.a.send(B, n);
        streams.insert(id.stream());
        trio.a.client.discard(id, trio.a.now).unwrap();
    }
    assert_eq!(streams.len(), 3, "512, 512 and one");
    trio.a.client.handle_connected(trio.a.now);
    trio.send(7);
    assert_eq!(trio.b.client.stats().received, 1, "it does not wait for discarded seqs");
    assert_eq!((trio.b.client.stats().ranges, trio.a.client.stats().outgoing_streams), (1, 1));
    assert_eq!(count(&trio.run_until_settled(), "A delivered"), 1);
}

#[test]
fn a_restored_message_keeps_its_id() {
    let mut a = Rig::new(steady().journal(true), 1);
    let id = a.send(B, 7);
    let journal = records(&mut a);
    let mut restored = Client::<Test>::restore(steady(), seed(2), journal, a.now).unwrap();
    restored.handle_connected(a.now);
    a.client = restored;
    assert!(matches!(&a.frames()[..], [Outgoing::MsgR { id: again, .. }] if *again == id));
}
