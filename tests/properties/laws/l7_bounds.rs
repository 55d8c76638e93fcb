//! L7 at the bounds on streams and ranges: a restart remembers no less than its process did.

use sixfold::{Client, Incoming, Output, Record};

use kit::{A, Rig, SECOND, Test, id, seed, steady};

/// Returns a new process from these records, with the same config.
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

/// At the bound the longest silent stream is forgotten: here stream 2, when stream 3 begins.
#[test]
fn a_restart_forgets_the_same_stream_as_the_original_process() {
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
        assert_eq!(rig.received(), [], "handed over before");
    }
}

#[test]
fn out_of_order_confirms_at_the_range_bound_survive_a_restart() {
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
fn a_snapshot_at_the_range_bound_keeps_every_confirmed_message() {
    let config = || steady().journal(true).max_ranges(2);
    let mut rig = Rig::new(config(), 1);
    (0..5).for_each(|seq| rig.msg_n(A, id(1, seq), 0));
    [0, 2, 4].into_iter().for_each(|seq| rig.confirm(A, id(1, seq)));
    let snapshot = rig.client.records().collect();
    let mut again = restarted(&rig, config(), snapshot);
    (0..5).for_each(|seq| again.msg_n(A, id(1, seq), 0));
    assert_eq!(again.received().into_iter().map(|(seq, _)| seq).collect::<Vec<_>>(), [1, 3]);
}
