//! L7 at the bounds of what is remembered: a restart remembers what its process did, no less.

use sixfold::{Client, Incoming, Output, Record};

use kit::{A, Rig, SECOND, Test, id, seed, steady};

/// Another process, from records, with the same config.
fn restarted(rig: &Rig, config: sixfold::Config, records: Vec<Record<Test>>) -> Rig {
    Rig { client: Client::restore(config, seed(2), records, rig.now).unwrap(), now: rig.now }
}

fn journal(rig: &mut Rig) -> Vec<Record<Test>> {
    let record = |output| match output {
        Output::Persist(record) => Some(record),
        Output::Event(_) | Output::Transmit(_) => None,
    };
    rig.drain().into_iter().filter_map(record).collect()
}

/// What is forgotten for want of room is the longest silent stream: here stream 2, when stream 3 comes.
#[test]
fn a_restart_forgets_the_stream_that_was_forgotten() {
    let config = || steady().journal(true).max_streams_per_peer(2);
    let mut rig = Rig::new(config(), 1);
    let mut records = Vec::new();
    for name in [id(1, 0), id(2, 0), id(1, 1), id(3, 0)] {
        rig.pass(SECOND);
        rig.msg_n(A, name, 0);
        rig.confirm(A, name);
        rig.frame(Incoming::AckA { id: name, from: A });
        records.extend(journal(&mut rig));
    }
    let mut again = restarted(&rig, config(), records);
    for rig in [&mut rig, &mut again] {
        rig.msg_n(A, id(1, 0), 0);
        assert_eq!(rig.received(), [], "shown before");
    }
}

#[test]
fn confirming_out_of_order_at_the_bound_is_remembered_across_a_restart() {
    let config = || steady().journal(true).max_ranges(1);
    let mut rig = Rig::new(config(), 1);
    (0..3).for_each(|seq| rig.msg_n(A, id(1, seq), 0));
    [2, 0, 1].into_iter().for_each(|seq| rig.confirm(A, id(1, seq)));
    let records = journal(&mut rig);
    let mut again = restarted(&rig, config(), records);
    (0..3).for_each(|seq| again.msg_n(A, id(1, seq), 0));
    assert_eq!(again.received(), [], "all were confirmed");
}

#[test]
fn a_snapshot_keeps_every_confirmed_message_at_the_bound() {
    let config = || steady().journal(true).max_ranges(2);
    let mut rig = Rig::new(config(), 1);
    (0..5).for_each(|seq| rig.msg_n(A, id(1, seq), 0));
    [0, 2, 4].into_iter().for_each(|seq| rig.confirm(A, id(1, seq)));
    let snapshot = rig.client.records().collect();
    let mut again = restarted(&rig, config(), snapshot);
    (0..5).for_each(|seq| again.msg_n(A, id(1, seq), 0));
    assert_eq!(again.received().into_iter().map(|(seq, _)| seq).collect::<Vec<_>>(), [1, 3]);
}
