//! Any records in any order: a restore never panics and says nothing, its snapshot restores to the same, and the client lives.
#![no_main]

use std::ops::Range;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sixfold::{Client, FailReason, MsgId, Record, Rejection, Time};
use sixfold_fuzz::{AnyId, Fuzz, Knobs, START, drain, pause, seed, settles};

#[derive(Debug, Arbitrary)]
enum Line {
    Queued { id: AnyId, to: u8, at: When },
    Accepted { id: AnyId, server_id: u8 },
    Delivered { id: AnyId },
    Failed { id: AnyId, reason: u8 },
    Resent { id: AnyId, at: When },
    Discarded { id: AnyId },
    Confirmed { from: u8, id: AnyId, at: When },
    Seen { from: u8, stream: AnyId, ranges: Vec<Range<u64>>, heard: When },
}

#[derive(Clone, Copy, Debug, Arbitrary)]
enum When {
    Ago(u8),
    Ahead(u8),
    Any(u64),
}

impl When {
    fn time(self) -> Time {
        match self {
            Self::Ago(byte) => Time::from_origin(START.since_origin() - pause(byte)),
            Self::Ahead(byte) => START + pause(byte),
            Self::Any(nanos) => Time::from_nanos(nanos),
        }
    }
}

impl Line {
    fn record(self) -> Record<Fuzz> {
        let refused = || Rejection { code: 1, reason: "no".into() };
        match self {
            Self::Queued { id, to, at } => Record::Queued { id: id.0, to: to % 3, payload: 0, at: at.time() },
            Self::Accepted { id, server_id } => Record::Accepted { id: id.0, server_id: server_id % 2 },
            Self::Delivered { id } => Record::Delivered { id: id.0, server_id: 1 },
            Self::Failed { id, reason } => {
                let reason = match reason % 4 {
                    0 => FailReason::Expired,
                    1 => FailReason::Rejected(refused()),
                    2 => FailReason::Unknown { rejection: Some(refused()) },
                    _ => FailReason::Unknown { rejection: None },
                };
                Record::Failed { id: id.0, reason }
            }
            Self::Resent { id, at } => Record::Resent { id: id.0, at: at.time() },
            Self::Discarded { id } => Record::Discarded { id: id.0 },
            Self::Confirmed { from, id, at } => Record::Confirmed { from: from % 3, id: id.0, at: at.time() },
            Self::Seen { from, stream, ranges, heard } => {
                Record::Seen { from: from % 3, stream: stream.0, ranges, heard: heard.time() }
            }
        }
    }
}

fuzz_target!(|run: (Knobs, Vec<Line>)| {
    let (knobs, lines) = run;
    let records: Vec<Record<Fuzz>> = lines.into_iter().map(Line::record).collect();
    let open = |records: &[Record<Fuzz>], byte| {
        Client::restore(knobs.config(), seed(byte), records.iter().cloned(), START).expect("a sound config")
    };
    let mut client = open(&records, 1);
    assert_eq!(drain(&mut client), [], "a restore says nothing");
    assert_eq!(client.unconfirmed().count(), 0);
    let snapshot: Vec<Record<Fuzz>> = client.records().collect();
    let again = open(&snapshot, 2);
    assert_eq!(kept(&again), kept(&client), "the snapshot restores to the same");
    let twice: Vec<Record<Fuzz>> = snapshot.iter().chain(&snapshot).cloned().collect();
    assert_eq!(kept(&open(&twice, 3)), kept(&client), "records applied twice do no harm");
    let old: Vec<MsgId> = client.outbox().map(|entry| entry.id).collect();
    client.handle_timeout(START);
    if let Ok(id) = client.send(1, 1, START) {
        assert!(old.iter().all(|old| old.stream() != id.stream()), "a stream never outlives its process");
    }
    settles(&mut client, START);
});

/// What the snapshot says, without the times, which do not run backwards.
fn kept(client: &Client<Fuzz>) -> Vec<String> {
    let mut kept: Vec<String> =
        client.outbox().map(|entry| format!("{} {} {:?}", entry.id, entry.to, entry.status)).collect();
    kept.extend(client.records().filter_map(|record| match record {
        Record::Seen { from, stream, ranges, .. } => Some(format!("{from} {stream} {ranges:?}")),
        _ => None,
    }));
    kept
}
