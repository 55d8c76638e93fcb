//! L11 fair: of n peers with something that may go (not paused, suspect or behind an older stream), each gets a turn in any
//! n. First transmissions take turns for places, and repetitions for tokens.
//!
//! Cost: no input does work that grows with what the client holds. Here it is seen in the outputs; instructions are counted
//! in `benches/peers`.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use sixfold::{Event, Incoming, MsgId, Outgoing, Output, Verdict};

use kit::ops::{Call, scenario};
use kit::run::{Reply, cases};
use kit::{B, HOUR, MS, Rig, SECOND, Test, rejection, steady};

/// An input to a client.
type Input = Box<dyn Fn(&mut Rig)>;

/// For each peer that waits: the turns of others since its last one, and the most peers that waited meanwhile.
#[derive(Clone, Debug, Default)]
struct Turns(BTreeMap<u64, (usize, usize)>);

impl Turns {
    /// A peer has its turn while these wait, itself among them.
    fn on_turn(&mut self, peer: u64, waiting: &BTreeSet<u64>) -> Result<(), TestCaseError> {
        prop_assert!(waiting.contains(&peer), "{} has nothing to transmit", peer);
        self.0.retain(|other, _| waiting.contains(other));
        for other in waiting {
            let (turns, most) = self.0.entry(*other).or_default();
            (*turns, *most) = (*turns + 1, waiting.len().max(*most));
        }
        self.0.insert(peer, (0, 0));
        let starved = self.0.iter().find(|(_, (turns, most))| turns >= most && *turns > 0);
        prop_assert!(starved.is_none(), "a peer had no turn in n of n peers: {:?}", starved);
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
enum Say {
    Accept,
    Deliver,
    Reject,
    RetryAfter,
}

fn answer(say: Say, id: MsgId) -> Incoming<Test> {
    let verdict = match say {
        Say::Accept => Verdict::Accepted(7),
        Say::Deliver => return Incoming::AckN { id, server_id: 7 },
        Say::Reject => Verdict::Rejected(rejection(1)),
        Say::RetryAfter => Verdict::RetryAfter(HOUR),
    };
    Incoming::MsgA { id, verdict }
}

fn say() -> impl Strategy<Value = Say> {
    let common = prop_oneof![8 => Just(Say::Accept), 4 => Just(Say::Deliver), 1 => Just(Say::Reject)];
    prop_oneof![12 => common, 1 => Just(Say::RetryAfter)]
}

/// Sends what each peer is to get, one message each in turn.
fn send_all(rig: &mut Rig, backlogs: &[u64]) {
    for n in 0..backlogs.iter().copied().max().unwrap_or(0) {
        for (peer, _) in (0..).zip(backlogs).filter(|(_, backlog)| n < **backlog) {
            rig.send(peer, n);
        }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    /// Places become free as the server answers, one by one.
    #[test]
    fn each_peer_with_something_new_gets_one_of_n_places(
        backlogs in vec(1..12_u64, 1..12), window in 1..5_usize, says in vec((say(), any::<prop::sample::Index>()), 200),
    ) {
        let mut rig = Rig::new(steady().window(window), 1);
        rig.client.handle_disconnected(rig.now);
        send_all(&mut rig, &backlogs);
        let mut left: BTreeMap<u64, u64> = (0..).zip(backlogs).collect();
        let (mut turns, mut flying, mut paused) = (Turns::default(), Vec::new(), None);
        let mut seen = BTreeSet::new();
        rig.client.handle_connected(rig.now);
        for (say, index) in says {
            for output in rig.drain() {
                let Output::Transmit(Outgoing::MsgR { id, to, .. }) = output else { continue };
                if !seen.insert(id) {
                    continue;
                }
                turns.on_turn(to, &left.keys().copied().filter(|peer| Some(*peer) != paused).collect())?;
                flying.push((to, id));
                *left.get_mut(&to).unwrap() -= 1;
                left.retain(|_, left| *left > 0);
            }
            if flying.is_empty() {
                break;
            }
            let (to, id) = flying.swap_remove(index.index(flying.len()));
            // When a second stream is put off, all are.
            let say = if matches!(say, Say::RetryAfter) && paused.is_some() { Say::Accept } else { say };
            if matches!(say, Say::RetryAfter) {
                paused = Some(to);
            }
            rig.frame(answer(say, id));
        }
    }

    /// Nothing is answered, and there are few tokens. The connection ends once.
    #[test]
    fn each_peer_with_something_to_repeat_gets_one_of_n_tokens(
        backlogs in vec(1..6_u64, 1..10), rate in 1..20_u32, burst in 1..4_u32, wakes in 1..200_usize, more in 1..200_usize,
    ) {
        let config = steady().window(100).max_attempts(None).retransmit_rate(rate).retransmit_burst(burst);
        let mut rig = Rig::new(config.rto_initial(300 * MS), 1);
        send_all(&mut rig, &backlogs);
        // What waits after a timeout, and after the cut.
        let mut lists: [BTreeMap<MsgId, u64>; 2] = [BTreeMap::new(), BTreeMap::new()];
        let mut turns = [Turns::default(), Turns::default()];
        let mut peers: BTreeMap<MsgId, u64> = BTreeMap::new();
        for wake in 0..wakes + more {
            for output in rig.drain() {
                match output {
                    Output::Event(Event::Retrying { id, .. }) => drop(lists[0].insert(id, peers[&id])),
                    Output::Transmit(Outgoing::MsgR { id, to, .. }) => {
                        peers.insert(id, to);
                        for (list, turns) in lists.iter_mut().zip(&mut turns) {
                            if list.contains_key(&id) {
                                turns.on_turn(to, &list.values().copied().collect())?;
                                list.remove(&id);
                            }
                        }
                    }
                    Output::Transmit(Outgoing::AckR { .. }) | Output::Event(_) | Output::Persist(_) => {}
                }
            }
            if wake == wakes {
                rig.client.handle_connected(rig.now);
                lists = [BTreeMap::new(), peers.clone()];
                turns = [Turns::default(), Turns::default()];
            } else {
                rig.wake();
            }
        }
    }

    /// Each output is paid for: events and frames by what the caller, the server and the tokens have given before.
    #[test]
    fn outputs_are_as_many_as_what_causes_them(scenario in scenario(150)) {
        let [mut calls, mut frames, mut transmitted, mut repeated, mut answered, mut failed] = [0_u64; 6];
        scenario.play(|_, moment| {
            calls += u64::from(moment.reply != Reply::Nothing);
            frames += u64::from(matches!(moment.call, Call::Frame(_)));
            for output in &moment.outputs {
                match output {
                    Output::Transmit(_) => transmitted += 1,
                    Output::Event(Event::Retrying { .. }) => repeated += 1,
                    Output::Event(Event::Accepted { .. } | Event::Delivered { .. } | Event::ServerIdConflict { .. }) => {
                        answered += 1;
                    }
                    Output::Event(Event::Failed { .. }) => failed += 1,
                    Output::Event(_) | Output::Persist(_) => {}
                }
            }
            let paid = repeated <= transmitted && answered <= 2 * frames && failed <= calls;
            if paid { Ok(()) } else { Err("more outputs than what causes them".into()) }
        })?;
    }
}

/// A client that holds this many of everything: accepted, failed, on the wire, queued, with the application, held for order.
fn holding(messages: u64) -> (Rig, Vec<MsgId>) {
    let mut rig = Rig::new(steady().window(50).outbox_capacity(100_000), 1);
    let accepted: Vec<MsgId> = (0..messages).map(|n| rig.send(n % 10, n)).collect();
    accepted.iter().for_each(|id| rig.accept(*id, 1));
    for n in 0..messages {
        let failed = rig.send(20 + n, n);
        rig.reject(failed, 1);
        rig.msg_n(n % 7, kit::id(n % 7, n), 0);
        rig.msg_n(100 + n % 7, kit::id(100 + n % 7, 1 + n), 0);
    }
    let waiting: Vec<MsgId> = (0..messages).map(|n| rig.send(10 + n % 10, n)).collect();
    rig.drain();
    (rig, [accepted, waiting].concat())
}

/// The number of outputs of each kind of input.
fn outputs_of_each_input(messages: u64) -> Vec<usize> {
    let (rig, ids) = holding(messages);
    let (first, last) = (ids[0], ids[ids.len() - 1]);
    let half = ids.len() / 2;
    let [middle, on_wire] = [ids[half - 1], ids[half]];
    let mut inputs: Vec<Input> = vec![
        Box::new(|rig| assert_ne!(rig.send(B, 0), kit::id(0, 0))),
        Box::new(move |rig| rig.accept(on_wire, 1)),
        Box::new(move |rig| rig.accept(first, 1)),
        Box::new(move |rig| rig.accept(first, 2)),
        Box::new(move |rig| rig.reject(on_wire, 1)),
        Box::new(move |rig| rig.retry_after(on_wire, SECOND)),
        Box::new(move |rig| rig.ack_n(first, 1)),
        Box::new(move |rig| rig.ack_n(middle, 1)),
        Box::new(move |rig| assert!(rig.client.discard(on_wire, rig.now).is_ok())),
        Box::new(move |rig| assert!(rig.client.discard(last, rig.now).is_ok())),
        Box::new(|rig| rig.msg_n(0, kit::id(0, 0), 0)),
        Box::new(|rig| rig.confirm(0, kit::id(0, 0))),
        Box::new(|rig| rig.client.handle_disconnected(rig.now)),
        Box::new(|rig| rig.client.handle_connected(rig.now)),
    ];
    for wait in [SECOND, 2 * SECOND, 5 * SECOND, HOUR] {
        inputs.push(Box::new(move |rig| {
            rig.pass(wait);
            rig.client.handle_timeout(rig.now);
        }));
    }
    let outputs = inputs.iter().map(|input| {
        let mut rig = rig.clone();
        input(&mut rig);
        // What was held for order was paid for when it came.
        let paid = |output: &Output<Test>| !matches!(output, Output::Event(Event::Received(_)));
        rig.drain().iter().filter(|output| paid(output)).count()
    });
    outputs.collect()
}

#[test]
fn no_input_has_more_outputs_because_the_client_holds_more() {
    assert_eq!(outputs_of_each_input(1_500), outputs_of_each_input(3_000));
}
