//! L7 written first: with `journal`, a `Persist` comes out before every `Event` and `Transmit` that relies on it. A batch ends
//! when `poll_output` returns `None`: commit, in one transaction, its records and the effects of its events, and only then
//! transmit. Whoever does so loses nothing that a committed `send` took and handles nothing twice, wherever the process dies.
//! `Received` comes out before the `AckR` that follows its confirmation, always.
//!
//! `restore` takes any prefix of the emitted records, and a snapshot followed by any prefix of the later ones: both are
//! tried on each run, and compared with the plain meaning of the records.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sixfold::{Client, Event, FailReason, MsgId, Outgoing, Output, Record, Status};

use kit::configs::Knobs;
use kit::ops::{Call, scenario};
use kit::run::{Moment, Reply, Verdict, cases};
use kit::{DAY, Test, seed};

/// The state that the records of a journal describe.
#[derive(Clone, Debug, Default, PartialEq)]
struct Meaning {
    outbox: BTreeMap<MsgId, (u64, Status)>,
    server_ids: BTreeMap<MsgId, u64>,
    confirmed: BTreeSet<(u64, MsgId)>,
}

impl Meaning {
    fn of(records: &[Record<Test>]) -> Self {
        let mut meaning = Self::default();
        records.iter().for_each(|record| meaning.read(record));
        meaning
    }

    fn read(&mut self, record: &Record<Test>) {
        match record {
            Record::Queued { id, to, .. } => drop(self.outbox.insert(*id, (*to, Status::OnWire))),
            Record::Accepted { id, server_id } => {
                self.server_ids.insert(*id, *server_id);
                self.accept(*id);
            }
            Record::Failed { id, reason } => self.set(*id, Status::Failed(reason.clone())),
            Record::Resent { id, .. } => {
                self.set(*id, Status::OnWire);
                self.accept(*id);
            }
            Record::Delivered { id, .. } | Record::Discarded { id } => drop(self.outbox.remove(id)),
            Record::Confirmed { from, id, .. } => drop(self.confirmed.insert((*from, *id))),
            _ => {}
        }
    }

    /// An acceptance counts for a message on the wire.
    fn accept(&mut self, id: MsgId) {
        if let Some((_, status @ Status::OnWire)) = self.outbox.get_mut(&id) {
            if self.server_ids.contains_key(&id) {
                *status = Status::Accepted;
            }
        }
    }

    fn set(&mut self, id: MsgId, to: Status) {
        if let Some((_, status)) = self.outbox.get_mut(&id) {
            *status = to;
        }
    }
}

/// The records of a run, and the outputs that relied on them.
#[derive(Clone, Debug, Default)]
struct Written {
    meaning: Meaning,
    records: Vec<Record<Test>>,
    received: BTreeSet<(u64, MsgId)>,
}

impl Written {
    fn on_moment(&mut self, moment: &Moment) -> Verdict {
        match (&moment.call, moment.reply) {
            (Call::Restart, _) => self.received.clear(),
            (_, Reply::Sent(_)) | (Call::Resend(_) | Call::Discard(_), Reply::Done) => {
                if !matches!(moment.outputs.first(), Some(Output::Persist(_))) {
                    return Err("a call that changes the state does not begin with its record".into());
                }
            }
            _ => {}
        }
        moment.outputs.iter().try_for_each(|output| self.follows(output))
    }

    fn follows(&mut self, output: &Output<Test>) -> Verdict {
        let written = match output {
            Output::Persist(record) => {
                self.meaning.read(record);
                self.records.push(record.clone());
                true
            }
            Output::Transmit(Outgoing::MsgR { id, .. }) | Output::Event(Event::Retrying { id, .. }) => {
                self.meaning.outbox.get(id).is_some_and(|(_, status)| !matches!(status, Status::Failed(_)))
            }
            Output::Transmit(Outgoing::AckR { id, from }) => self.meaning.confirmed.contains(&(*from, *id)),
            Output::Event(event) => self.event_follows(event),
        };
        if written { Ok(()) } else { Err(format!("comes before its record: {output:?}")) }
    }

    fn event_follows(&mut self, event: &Event<Test>) -> bool {
        let last = |wanted: &dyn Fn(&Record<Test>) -> bool| self.records.iter().rev().any(wanted);
        match event {
            Event::Accepted { id, server_id } | Event::ServerIdConflict { id, second: server_id, .. } => {
                last(&|record| {
                    matches!(record, Record::Accepted { id: i, server_id: s } | Record::Delivered { id: i, server_id: s }
                    if (i, s) == (id, server_id))
                })
            }
            Event::Delivered { id, server_id } => {
                last(&|record| *record == Record::Delivered { id: *id, server_id: *server_id })
                    && !self.meaning.outbox.contains_key(id)
            }
            Event::Failed { id, reason } => {
                self.meaning.outbox.get(id).is_some_and(|(_, status)| *status == Status::Failed(reason.clone()))
            }
            Event::Received(delivery) => {
                self.received.insert((delivery.from, delivery.id));
                true
            }
            _ => true,
        }
    }
}

/// Restores a client and checks that it has the state the records describe, no output, and no unconfirmed message.
fn restored(knobs: &Knobs, records: &[Record<Test>], at: &Moment) -> Result<Client<Test>, String> {
    let mut client = Client::restore(knobs.config(), seed(200), records.iter().cloned(), at.now).unwrap();
    let outbox: BTreeMap<_, _> = client.outbox().map(|entry| (entry.id, (*entry.to, entry.status))).collect();
    let meaning = Meaning::of(records).outbox;
    if outbox != meaning {
        return Err(format!("restored {outbox:?}, the journal means {meaning:?}"));
    }
    if client.poll_output().is_some() || client.unconfirmed().count() > 0 {
        return Err("a restored client has output or an unconfirmed message".into());
    }
    Ok(client)
}

/// Checks that a restored client begins new streams: no id is used twice, not even after an old backup.
fn begins_new_streams(mut client: Client<Test>, records: &[Record<Test>], at: &Moment) -> Verdict {
    for to in 0..3 {
        let Ok(id) = client.send(to, 0, at.now) else { continue };
        let is_of_its_stream = |record: &Record<Test>| matches!(record, Record::Queued { id: queued, .. } if queued.stream() == id.stream());
        if records.iter().any(is_of_its_stream) {
            return Err(format!("{id} continues a stream of an earlier process"));
        }
    }
    Ok(())
}

/// Returns the state of a client without times.
fn state(client: &Client<Test>) -> (Vec<String>, BTreeSet<String>) {
    let (mut outbox, mut seen) = (Vec::new(), BTreeSet::new());
    for record in client.records() {
        match record {
            Record::Seen { from, stream, ranges, .. } => drop(seen.insert(format!("{from} {stream} {ranges:?}"))),
            Record::Queued { id, to, payload, .. } => outbox.push(format!("queued {id} {to} {payload}")),
            Record::Resent { .. } => {}
            record => outbox.push(format!("{record:?}")),
        }
    }
    (outbox, seen)
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_record_precedes_every_output_that_relies_on_it(mut scenario in scenario(150)) {
        scenario.knobs.journal = true;
        let mut written = Written::default();
        scenario.play(|_, moment| written.on_moment(moment))?;
    }

    #[test]
    fn without_a_journal_no_record_is_emitted(mut scenario in scenario(40)) {
        scenario.knobs.journal = false;
        scenario.play(|_, moment| {
            let writes = moment.outputs.iter().any(|output| matches!(output, Output::Persist(_)));
            if writes { Err("a record without a journal".into()) } else { Ok(()) }
        })?;
    }

    #[test]
    fn any_prefix_of_the_journal_restores_the_state_it_describes(mut scenario in scenario(60)) {
        scenario.knobs.journal = true;
        let knobs = scenario.knobs.clone();
        let mut tried = 0;
        scenario.play(|process, moment| {
            for end in tried..process.journal.len() {
                let mut client = restored(&knobs, &process.journal[..=end], moment)?;
                begins_new_streams(client.clone(), &process.journal, moment)?;
                client.handle_connected(moment.now);
                client.handle_timeout(moment.now + DAY);
            }
            tried = process.journal.len();
            let client = restored(&knobs, &process.journal, moment)?;
            let (was, is) = (statuses(&process.client), statuses(&client));
            if was == is { Ok(()) } else { Err(format!("held {was:?}, restored {is:?}")) }
        })?;
    }

    #[test]
    fn a_snapshot_with_any_prefix_of_later_records_restores_the_same_client(
        mut scenario in scenario(60),
        cut in 0..60_usize,
        overlap in 0..10_usize,
    ) {
        scenario.knobs.journal = true;
        let knobs = scenario.knobs.clone();
        let mut snapshot: Option<(usize, Vec<Record<Test>>)> = None;
        let mut step = 0;
        scenario.play(|process, moment| {
            step += 1;
            if step == cut {
                snapshot = Some((process.journal.len(), process.client.records().collect()));
            }
            let Some((len, records)) = &snapshot else { return Ok(()) };
            let after = &process.journal[len.saturating_sub(overlap)..];
            let mut short = records.clone();
            short.extend_from_slice(after);
            let open = |records: &[Record<Test>]| {
                Client::restore(knobs.config(), seed(200), records.iter().cloned(), moment.now).unwrap()
            };
            let (short, long) = (state(&open(&short)), state(&open(&process.journal)));
            if knobs.has_small_memory() && short.0 == long.0 {
                return Ok(());
            }
            if short == long { Ok(()) } else { Err(format!("the snapshot gives {short:?}, the journal {long:?}")) }
        })?;
    }
}

/// Returns the statuses in the outbox, as far as a restart can know them.
fn statuses(client: &Client<Test>) -> BTreeMap<MsgId, Status> {
    let known = |status| match status {
        Status::Queued => Status::OnWire,
        Status::OnWire | Status::Accepted => status,
        Status::Failed(reason) => Status::Failed(match reason {
            FailReason::Rejected(_) | FailReason::Expired | FailReason::Unknown { .. } => reason,
            _ => FailReason::Expired,
        }),
    };
    client.outbox().map(|entry| (entry.id, known(entry.status))).collect()
}
