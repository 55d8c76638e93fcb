//! L5 once: a message is handed over at most once while its stream is remembered, until the application releases it; without
//! a journal, a crash forgets. Never dropped as a false duplicate: what cannot be handed over is not acked, and is reported.
//!
//! A ledger records by sender and id what the application received and did; every moment of a run is checked against it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sixfold::{Delivery, Event, Incoming, MsgId, Order, Outgoing, Output};

use kit::configs::Knobs;
use kit::ops::{Call, scenario};
use kit::run::{Moment, Reply, Verdict, cases};
use kit::{A, Rig, SECOND, id, steady};

type Name = (u64, MsgId);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    WithApp,
    Confirmed,
}

/// What the application knows of the messages that it received.
#[derive(Clone, Debug, Default)]
struct Ledger {
    standings: BTreeMap<Name, Standing>,
    /// Messages that may be held.
    held: BTreeSet<Name>,
    /// Messages that were confirmed at any time: only these may be acked.
    handled: BTreeSet<Name>,
}

impl Ledger {
    fn on_moment(&mut self, knobs: &Knobs, moment: &Moment) -> Verdict {
        if moment.after.streams_forgotten > moment.before.streams_forgotten {
            // A stream with messages that the application holds is never forgotten.
            self.standings.retain(|_, standing| *standing == Standing::WithApp);
        }
        match (&moment.call, moment.reply) {
            (Call::Restart, _) => self.restart(knobs),
            (Call::Confirm { from, id }, Reply::Done) => {
                if !self.handled.contains(&(*from, *id)) && !self.standings.contains_key(&(*from, *id)) {
                    return Err("confirmed what was never handed over".into());
                }
                self.standings.insert((*from, *id), Standing::Confirmed);
                self.handled.insert((*from, *id));
            }
            (Call::Confirm { from, id }, Reply::Refused) => {
                if self.standings.contains_key(&(*from, *id)) {
                    return Err("could not confirm what was handed over".into());
                }
            }
            (Call::Release { from, id }, reply) => {
                let was = self.standings.get(&(*from, *id)).copied();
                if (was == Some(Standing::WithApp)) != (reply == Reply::Done) {
                    return Err(format!("release of a message that standings {was:?}: {reply:?}"));
                }
                if reply == Reply::Done {
                    self.standings.remove(&(*from, *id));
                }
            }
            (Call::Frame(Incoming::MsgN { from, id, .. }), _) => self.on_msg_n((*from, *id), moment)?,
            _ => {}
        }
        moment.outputs.iter().try_for_each(|output| self.on_output(output))
    }

    /// A msg:N is ignored as a duplicate only if it is one.
    fn on_msg_n(&mut self, name: Name, moment: &Moment) -> Verdict {
        let (before, after) = (&moment.before, &moment.after);
        let standing = self.standings.get(&name).copied();
        if after.ignored_msg_n_pending > before.ignored_msg_n_pending
            && standing != Some(Standing::WithApp)
            && !self.held.contains(&name)
        {
            return Err("absorbed a message that was neither handed over nor held".into());
        }
        if after.repeated_msg_n_confirmed > before.repeated_msg_n_confirmed && !self.handled.contains(&name) {
            return Err("took a message for a confirmed one".into());
        }
        if after.ignored_msg_n_pending == before.ignored_msg_n_pending && standing == Some(Standing::WithApp) {
            return Err("a duplicate of a message with the application was not absorbed".into());
        }
        if after.held > 0 {
            self.held.insert(name);
        }
        Ok(())
    }

    fn on_output(&mut self, output: &Output<kit::Test>) -> Verdict {
        match output {
            Output::Event(Event::Received(Delivery { from, id, .. })) => {
                self.held.remove(&(*from, *id));
                if let Some(standing) = self.standings.insert((*from, *id), Standing::WithApp) {
                    return Err(format!("handed over again: {from} {id} was {standing:?}"));
                }
            }
            Output::Transmit(Outgoing::AckR { id, from }) => {
                if !self.handled.contains(&(*from, *id)) {
                    return Err(format!("acked and not handled: {from} {id}"));
                }
            }
            Output::Event(Event::AckSettled { from, id }) => {
                if !self.handled.contains(&(*from, *id)) {
                    return Err(format!("the ack of an unhandled message is settled: {from} {id}"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Confirmed messages are in the journal, if there is one.
    fn restart(&mut self, knobs: &Knobs) {
        self.held.clear();
        self.standings
            .retain(|_, standing| *standing == Standing::Confirmed && knobs.journal && !knobs.has_small_memory());
        if !knobs.journal {
            self.handled.clear();
        }
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_message_is_handed_over_once_and_acked_only_when_confirmed(scenario in scenario(150)) {
        let mut ledger = Ledger::default();
        scenario.play(|process, moment| {
            ledger.on_moment(&scenario.knobs, moment)?;
            let owed: BTreeSet<Name> = process.client.unconfirmed().map(|(from, id)| (*from, id)).collect();
            let with_app = ledger.standings.iter().filter(|(_, standing)| **standing == Standing::WithApp).map(|(name, _)| *name);
            if owed == with_app.collect() { Ok(()) } else { Err(format!("the application owes {owed:?}")) }
        })?;
    }

    /// Deduplication is by a set of ids, not by age or count.
    #[test]
    fn deduplication_is_exact_over_thousands_of_ids(
        seqs in proptest::collection::vec(0..4_000_u64, 1..1_500),
        in_order: bool,
    ) {
        let order = if in_order { Order::InOrder { max_hold: Some(SECOND) } } else { Order::AsArrived };
        let mut rig = Rig::new(steady().order(order).inbox_capacity(10_000), 1);
        let mut handed_over = BTreeSet::new();
        // First a long run without gaps, so that many seqs are known when the duplicates arrive.
        for seq in (0..2_000).chain(seqs.iter().copied()) {
            let floor = if in_order { seq } else { 0 };
            rig.msg_n(A, id(7, seq), floor);
            for (seq, _) in rig.received() {
                prop_assert!(handed_over.insert(seq), "{} twice", seq);
                rig.confirm(A, id(7, seq));
                rig.frame(Incoming::AckA { id: id(7, seq), from: A });
            }
            prop_assert!(handed_over.contains(&seq), "{} was dropped as a false duplicate", seq);
        }
    }
}

#[test]
fn ids_are_compared_per_sender_and_server_ids_never() {
    let mut rig = Rig::new(steady(), 1);
    let msg_n = |from, id| Incoming::MsgN { id, from, server_id: 5, floor: 0, payload: 1 };
    for (from, id) in [(1, id(7, 0)), (2, id(7, 0)), (1, id(7, 1)), (1, id(8, 0))] {
        rig.frame(msg_n(from, id));
        assert_eq!(rig.received().len(), 1, "{from} {id}");
    }
    rig.frame(Incoming::MsgN { id: id(7, 0), from: 1, server_id: 6, floor: 0, payload: 1 });
    assert_eq!(rig.received(), [], "the same id under another server id");
}

#[test]
fn a_floor_affects_order_and_never_deduplication() {
    let mut rig = Rig::new(steady(), 1);
    rig.msg_n(A, id(7, 90), 90);
    assert_eq!(rig.received(), [(90, false)]);
    for seq in [3, 89, 0] {
        rig.msg_n(A, id(7, seq), 90);
        assert_eq!(rig.received(), [(seq, true)], "late, and handed over");
    }
}
