//! Fan-out: a message to two recipients is delivered when both have confirmed it, not before.

use std::collections::{BTreeMap, BTreeSet};

use kit::*;
use sixfold::{Event, Incoming, MsgId, Outgoing, Verdict};

const GROUP: u64 = 50;
const C: u64 = 3;

/// A server that pushes each message to all members of a group and sends ack:N when the last has confirmed.
#[derive(Default)]
struct FanOut {
    /// By sender and id: the payload, and the members that have not confirmed.
    messages: BTreeMap<(u64, MsgId), (u64, BTreeSet<u64>)>,
}

impl FanOut {
    fn handle(&mut self, by: u64, frame: &Outgoing<Test>) -> Vec<(u64, Incoming<Test>)> {
        match *frame {
            Outgoing::MsgR { id, to, floor, payload } => {
                assert_eq!(to, GROUP);
                let owing = BTreeSet::from([B, C]);
                if let Some(payload) = payload {
                    self.messages.entry((by, id)).or_insert((payload, owing));
                }
                // A question for an unknown message is not answered.
                let Some((payload, owing)) = self.messages.get(&(by, id)) else { return Vec::new() };
                let mut answers = vec![(by, Incoming::MsgA { id, verdict: Verdict::Accepted(9) })];
                if owing.is_empty() {
                    answers.push((by, Incoming::AckN { id, server_id: 9 }));
                }
                let copy = Incoming::MsgN { id, from: by, server_id: 9, floor, payload: *payload };
                answers.extend(owing.iter().map(|member| (*member, copy.clone())));
                answers
            }
            Outgoing::AckR { id, from } => {
                let mut answers = vec![(by, Incoming::AckA { id, from })];
                let (_, owing) = self.messages.get_mut(&(from, id)).unwrap();
                if owing.remove(&by) && owing.is_empty() {
                    answers.push((from, Incoming::AckN { id, server_id: 9 }));
                }
                answers
            }
        }
    }
}

/// Carries frames until there are none; members confirm at once. Frames to `away` are lost.
fn flow(server: &mut FanOut, rigs: &mut BTreeMap<u64, Rig>, away: Option<u64>) -> Vec<(u64, Event<Test>)> {
    let mut events = Vec::new();
    loop {
        let mut frames = Vec::new();
        for (peer, rig) in rigs.iter_mut() {
            for output in rig.drain() {
                match output {
                    sixfold::Output::Transmit(frame) => frames.push((*peer, frame)),
                    sixfold::Output::Event(event) => {
                        if let Event::Received(delivery) = &event {
                            rig.confirm(delivery.from, delivery.id);
                        }
                        events.push((*peer, event));
                    }
                    sixfold::Output::Persist(_) => {}
                }
            }
        }
        if frames.is_empty() && rigs.values().all(|rig| rig.client.poll_timeout() != Some(rig.now)) {
            return events;
        }
        for (peer, frame) in frames {
            for (to, answer) in server.handle(peer, &frame) {
                if Some(to) != away {
                    rigs.get_mut(&to).unwrap().frame(answer);
                }
            }
        }
    }
}

#[test]
fn a_message_to_two_recipients_is_delivered_only_when_both_have_confirmed() {
    let mut server = FanOut::default();
    let mut rigs: BTreeMap<_, _> = [(A, 1), (B, 2), (C, 3)].map(|(peer, n)| (peer, Rig::new(steady(), n))).into();
    let id = rigs.get_mut(&A).unwrap().send(GROUP, 7);

    let events = flow(&mut server, &mut rigs, Some(C));
    let delivered = |events: &[(u64, Event<Test>)]| {
        events.iter().filter(|(_, event)| matches!(event, Event::Delivered { .. })).count()
    };
    let handed_over = |events: &[(u64, Event<Test>)], peer| {
        events.iter().filter(|(at, event)| *at == peer && matches!(event, Event::Received(_))).count()
    };
    assert_eq!((handed_over(&events, B), handed_over(&events, C), delivered(&events)), (1, 0, 0), "{events:?}");
    assert_eq!(rigs[&A].client.status(id), Some(sixfold::Status::Accepted));

    // C is back when A probes: only C gets the message again, and only then is it delivered.
    let probe = rigs[&A].client.poll_timeout().unwrap();
    for rig in rigs.values_mut() {
        rig.now = probe;
        rig.client.handle_timeout(probe);
    }
    let events = flow(&mut server, &mut rigs, None);
    assert_eq!((handed_over(&events, B), handed_over(&events, C), delivered(&events)), (0, 1, 1), "{events:?}");
    assert!(rigs.values().all(|rig| rig.client.is_settled()));
}
