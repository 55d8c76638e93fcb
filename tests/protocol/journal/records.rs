//! Snapshots: `records()` is the shortest journal that restores the same client, and journals of any shape are accepted.

use super::{journaled, restart};
use kit::*;
use proptest::prelude::*;
use sixfold::{Client, Incoming, MsgId, Output, Record, Time, Verdict};

/// Returns the state that a journal restores.
fn state(client: &Client<Test>) -> Vec<String> {
    let messages = client.outbox().map(|entry| format!("{entry:?}"));
    let seen = client.records().filter(|record| matches!(record, Record::Seen { .. })).map(|seen| format!("{seen:?}"));
    messages.chain(seen).collect()
}

#[derive(Clone, Debug)]
enum Step {
    Send(u64),
    Answer(usize, u8),
    Resend(usize),
    Discard(usize),
    Receive(u64, u64, bool),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u64..3).prop_map(Step::Send),
        4 => (any::<usize>(), 0u8..4).prop_map(|(n, answer)| Step::Answer(n, answer)),
        1 => any::<usize>().prop_map(Step::Resend),
        1 => any::<usize>().prop_map(Step::Discard),
        4 => (0u64..3, 0u64..12, any::<bool>()).prop_map(|(stream, seq, confirm)| Step::Receive(stream, seq, confirm)),
        2 => (0u64..40_000).prop_map(Step::Pass),
    ]
}

/// Runs the steps and returns the client and its journal.
fn run(steps: &[Step]) -> (Rig, Vec<Record<Test>>) {
    let mut rig = Rig::new(journaled().order(sixfold::Order::AsArrived).max_attempts(Some(2)).expiry(HOUR), 1);
    let (mut journal, mut ids) = (Vec::new(), Vec::<MsgId>::new());
    for (n, step) in (0..).zip(steps) {
        let known = |index: &usize| (!ids.is_empty()).then(|| ids[index % ids.len()]);
        match step {
            Step::Send(to) => ids.push(rig.send(*to, n)),
            Step::Answer(index, answer) => match (known(index), answer) {
                (None, _) => {}
                (Some(id), 0 | 1) => rig.accept(id, n),
                (Some(id), 2) => rig.reject(id, 1),
                (Some(id), _) => rig.ack_n(id, 7),
            },
            Step::Resend(index) => drop(known(index).map(|id| rig.client.resend(id, rig.now))),
            Step::Discard(index) => drop(known(index).map(|id| rig.client.discard(id, rig.now))),
            Step::Receive(stream, seq, confirm) => {
                rig.msg_n(stream % 2, id(*stream, *seq), 0);
                if *confirm {
                    rig.confirm(stream % 2, id(*stream, *seq));
                }
            }
            Step::Pass(millis) => {
                rig.pass(MS * u32::try_from(*millis).unwrap());
                rig.client.handle_timeout(rig.now);
            }
        }
        journal.extend(super::records(&mut rig));
    }
    (rig, journal)
}

/// After a restart every message counts as transmitted.
fn as_restored(state: Vec<String>) -> Vec<String> {
    state.into_iter().map(|line| line.replace("status: Queued", "status: OnWire")).collect()
}

proptest! {
    #[test]
    fn the_journal_and_the_snapshot_restore_the_same_client(steps in proptest::collection::vec(step(), 1..80)) {
        let (rig, journal) = run(&steps);
        let config = || journaled().order(sixfold::Order::AsArrived).expiry(HOUR);
        let snapshot: Vec<_> = rig.client.records().collect();
        let wanted = as_restored(state(&rig.client));
        let from_journal = restart(&rig, config(), &journal, 2);
        let from_snapshot = restart(&rig, config(), &snapshot, 3);
        prop_assert_eq!(sorted(state(&from_snapshot.client)), sorted(wanted));
        prop_assert_eq!(without_heard(state(&from_journal.client)), without_heard(state(&from_snapshot.client)));
        prop_assert!(snapshot.len() <= 3 * rig.client.outbox().count() + rig.client.stats().incoming_streams);

        let twice: Vec<_> = journal.iter().chain(&journal).cloned().collect();
        let overlapping: Vec<_> = snapshot.iter().chain(&journal[journal.len() / 2..]).cloned().collect();
        for applied_again in [twice, overlapping] {
            let again = restart(&rig, config(), &applied_again, 4);
            prop_assert_eq!(without_heard(state(&again.client)), without_heard(state(&from_journal.client)));
        }
        let snapshot_again: Vec<_> = from_snapshot.client.records().collect();
        prop_assert_eq!(snapshot_again.len(), snapshot.len(), "a snapshot of a snapshot is no longer");
    }

    #[test]
    fn any_records_in_any_order_are_applied_or_ignored_without_a_panic(
        raw in proptest::collection::vec((0u8..8, 0u64..4, 0u64..6, any::<u64>(), any::<u64>()), 0..60),
    ) {
        let record = |(kind, stream, seq, x, y): (u8, u64, u64, u64, u64)| {
            let id = if stream == 3 { MsgId::from_uuid(uuid::Uuid::from_u64_pair(x, y)) } else { id(stream, seq) };
            let at = Time::from_nanos(x);
            match kind {
                0 => Record::Queued { id, to: y % 3, payload: y, at },
                1 => Record::Accepted { id, server_id: y },
                2 => Record::Delivered { id, server_id: y },
                3 => Record::Failed { id, reason: unknown(None) },
                4 => Record::Resent { id, at },
                5 => Record::Discarded { id },
                6 => Record::Confirmed { from: y % 3, id, at },
                #[expect(clippy::reversed_empty_ranges, reason = "invalid ranges are intended")]
                _ => Record::Seen { from: y % 3, stream: id, ranges: vec![x..y, 5..2, seq..seq + 2, 0..u64::MAX], heard: at },
            }
        };
        let records: Vec<_> = raw.into_iter().map(record).collect();
        let now = Time::from_origin(HOUR);
        let mut client: Client<Test> = Client::restore(journaled().max_ranges(5).inbox_capacity(10), seed(1), records, now).unwrap();
        prop_assert_eq!(client.poll_output(), None);
        prop_assert!(client.stats().ranges <= 5 + 10);
        client.handle_connected(now);
        let waiting: Vec<_> = client.outbox().map(|entry| entry.id).collect();
        for id in waiting {
            client.handle_frame(Incoming::MsgA { id, verdict: Verdict::Accepted(1) }, now);
            client.handle_frame(Incoming::AckN { id, server_id: 1 }, now);
        }
        while let Some(output) = client.poll_output() {
            prop_assert!(!matches!(output, Output::Event(sixfold::Event::Received(_))));
        }
        client.handle_timeout(now);
        prop_assert!(client.is_settled() || client.stats().unsettled == 0);
    }
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

/// Removes the time of the last message, which a journal has only for confirmed ones.
fn without_heard(lines: Vec<String>) -> Vec<String> {
    sorted(lines.into_iter().map(|line| line.split(", heard").next().unwrap().to_owned()).collect())
}
