//! L5 once: a message is handed over at most once while its stream is remembered, until the application releases it; without
//! a journal, a crash forgets. Never dropped as a false duplicate: what cannot be handed over is not acked, and is reported.
//!
//! A book keeps what the application was given and did, by sender and id, and every moment of a run is held to it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sixfold::{Delivery, Event, Incoming, MsgId, Order, Outgoing, Output};

use kit::configs::Knobs;
use kit::ops::{Call, scenario};
use kit::run::{Moment, Reply, Verdict, cases};
use kit::{A, Rig, SECOND, id, steady};

type Name = (u64, MsgId);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    WithApp,
    Confirmed,
}

/// What the application knows of the messages that it was given.
#[derive(Clone, Debug, Default)]
struct Book {
    stands: BTreeMap<Name, Stand>,
    /// What came and was neither handed over nor refused.
    held: BTreeSet<Name>,
    /// What was confirmed at any time, so that an ack:R is true.
    handled: BTreeSet<Name>,
}

impl Book {
    fn see(&mut self, knobs: &Knobs, moment: &Moment) -> Verdict {
        if moment.after.streams_forgotten > moment.before.streams_forgotten {
            // A stream with messages that the application holds is never forgotten.
            self.stands.retain(|_, stand| *stand == Stand::WithApp);
        }
        match (&moment.call, moment.reply) {
            (Call::Restart, _) => self.restart(knobs),
            (Call::Confirm { from, id }, Reply::Done) => {
                if !self.handled.contains(&(*from, *id)) && !self.stands.contains_key(&(*from, *id)) {
                    return Err("confirmed what was never handed over".into());
                }
                self.stands.insert((*from, *id), Stand::Confirmed);
                self.handled.insert((*from, *id));
            }
            (Call::Confirm { from, id }, Reply::Refused) => {
                if self.stands.contains_key(&(*from, *id)) {
                    return Err("could not confirm what was handed over".into());
                }
            }
            (Call::Release { from, id }, reply) => {
                let was = self.stands.get(&(*from, *id)).copied();
                if (was == Some(Stand::WithApp)) != (reply == Reply::Done) {
                    return Err(format!("release of a message that stands {was:?}: {reply:?}"));
                }
                if reply == Reply::Done {
                    self.stands.remove(&(*from, *id));
                }
            }
            (Call::Frame(Incoming::MsgN { from, id, .. }), _) => self.see_msg_n((*from, *id), moment)?,
            _ => {}
        }
        moment.outputs.iter().try_for_each(|output| self.see_output(output))
    }

    /// A msg:N is absorbed as a duplicate only if it is one.
    fn see_msg_n(&mut self, name: Name, moment: &Moment) -> Verdict {
        let (before, after) = (&moment.before, &moment.after);
        let stand = self.stands.get(&name).copied();
        if after.ignored_msg_n_pending > before.ignored_msg_n_pending
            && stand != Some(Stand::WithApp)
            && !self.held.contains(&name)
        {
            return Err("absorbed a message that was neither handed over nor held".into());
        }
        if after.repeated_msg_n_confirmed > before.repeated_msg_n_confirmed && !self.handled.contains(&name) {
            return Err("took a message for a confirmed one".into());
        }
        if after.ignored_msg_n_pending == before.ignored_msg_n_pending && stand == Some(Stand::WithApp) {
            return Err("a duplicate of a message with the application was not absorbed".into());
        }
        if after.held > 0 {
            self.held.insert(name);
        }
        Ok(())
    }

    fn see_output(&mut self, output: &Output<kit::Test>) -> Verdict {
        match output {
            Output::Event(Event::Received(Delivery { from, id, .. })) => {
                self.held.remove(&(*from, *id));
                if let Some(stand) = self.stands.insert((*from, *id), Stand::WithApp) {
                    return Err(format!("handed over again: {from} {id} was {stand:?}"));
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

    /// What was confirmed is in the journal, if there is one.
    fn restart(&mut self, knobs: &Knobs) {
        self.held.clear();
        self.stands.retain(|_, stand| *stand == Stand::Confirmed && knobs.journal && !knobs.has_small_memory());
        if !knobs.journal {
            self.handled.clear();
        }
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_message_is_handed_over_once_and_acked_once_handled(scenario in scenario(150)) {
        let mut book = Book::default();
        scenario.play(|process, moment| {
            book.see(&scenario.knobs, moment)?;
            let owed: BTreeSet<Name> = process.client.unconfirmed().map(|(from, id)| (*from, id)).collect();
            let with_app = book.stands.iter().filter(|(_, stand)| **stand == Stand::WithApp).map(|(name, _)| *name);
            if owed == with_app.collect() { Ok(()) } else { Err(format!("the application owes {owed:?}")) }
        })?;
    }

    /// Not by age, not by count: a set of ids says what is new.
    #[test]
    fn deduplication_is_exact_over_thousands_of_ids(
        seqs in proptest::collection::vec(0..4_000_u64, 1..1_500),
        in_order: bool,
    ) {
        let order = if in_order { Order::InOrder { max_hold: Some(SECOND) } } else { Order::AsArrived };
        let mut rig = Rig::new(steady().order(order).inbox_capacity(10_000), 1);
        let mut handed_over = BTreeSet::new();
        // First a long run without gaps, so that much has been seen when the duplicates come.
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
fn an_id_seen_from_one_peer_and_a_server_id_seen_before_say_nothing() {
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
fn a_floor_is_a_hint_for_order_and_never_for_deduplication() {
    let mut rig = Rig::new(steady(), 1);
    rig.msg_n(A, id(7, 90), 90);
    assert_eq!(rig.received(), [(90, false)]);
    for seq in [3, 89, 0] {
        rig.msg_n(A, id(7, seq), 90);
        assert_eq!(rig.received(), [(seq, true)], "late, and handed over");
    }
}
