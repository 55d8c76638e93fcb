//! The server loses its state at every point of an exchange and rejects the retransmission: the message may have arrived, so
//! it never fails as rejected.

use std::collections::VecDeque;
use std::time::Duration;

use kit::*;
use sixfold::sim::{Crash, Relay};
use sixfold::{Event, FailReason, Incoming, Outgoing, Output};

/// A frame in flight.
enum Hop {
    Up(u64, Outgoing<Test>),
    Down(u64, Incoming<Test>),
}

/// A, B and the relay; one frame arrives at a time.
struct StepWorld {
    rigs: [(u64, Rig); 2],
    relay: Relay<Test>,
    wire: VecDeque<Hop>,
    events: Vec<(u64, Event<Test>)>,
}

impl StepWorld {
    fn new() -> Self {
        let rigs = [(A, Rig::new(steady(), 1)), (B, Rig::new(steady(), 2))];
        let now = rigs[0].1.now;
        let mut relay = Relay::new(7 * DAY, now);
        relay.handle_connected(A, now);
        relay.handle_connected(B, now);
        Self { rigs, relay, wire: VecDeque::new(), events: Vec::new() }
    }

    fn collect(&mut self) {
        for (peer, rig) in &mut self.rigs {
            loop {
                let outputs = rig.drain();
                if outputs.is_empty() {
                    break;
                }
                for output in outputs {
                    match output {
                        Output::Persist(_) => {}
                        Output::Transmit(frame) => self.wire.push_back(Hop::Up(*peer, frame)),
                        Output::Event(event) => {
                            if let Event::Received(delivery) = &event {
                                rig.confirm(delivery.from, delivery.id);
                            }
                            self.events.push((*peer, event));
                        }
                    }
                }
            }
        }
        while let Some((peer, frame)) = self.relay.poll_output() {
            self.wire.push_back(Hop::Down(peer, frame));
        }
    }

    /// Delivers one frame; returns false when none is in flight.
    fn hop(&mut self) -> bool {
        self.collect();
        let now = self.rigs[0].1.now;
        match self.wire.pop_front() {
            None => return false,
            Some(Hop::Up(peer, frame)) => self.relay.handle_frame(peer, frame, now),
            Some(Hop::Down(peer, frame)) => {
                let (_, rig) = self.rigs.iter_mut().find(|(name, _)| *name == peer).unwrap();
                rig.frame(frame);
            }
        }
        self.collect();
        true
    }

    /// Moves both clocks and fires what is due.
    fn pass(&mut self, duration: Duration) {
        for (_, rig) in &mut self.rigs {
            rig.pass(duration);
            rig.client.handle_timeout(rig.now);
        }
    }

    fn crash_and_reject(&mut self) {
        self.wire.clear();
        let now = self.rigs[0].1.now;
        self.relay.crash(Crash::LosesAll, now);
        self.relay.refuse(B, Some(rejection(403)));
        for (peer, rig) in &mut self.rigs {
            rig.client.handle_disconnected(now);
            self.relay.handle_connected(*peer, now);
            rig.client.handle_connected(now);
        }
    }
}

#[test]
fn a_rejection_after_the_server_lost_its_state_at_any_point_fails_as_unknown() {
    let mut hops = 0;
    loop {
        let mut world = StepWorld::new();
        let id = world.rigs[0].1.send(B, 7);
        let done = (0..hops).any(|_| !world.hop());
        world.collect();
        world.crash_and_reject();
        while world.hop() {}
        // A question about what the server has forgotten is not answered: the whole message follows.
        world.pass(world.rigs[0].1.client.stats().rto);
        while world.hop() {}
        let handed_over =
            world.events.iter().filter(|(peer, event)| *peer == B && matches!(event, Event::Received(_))).count();
        assert!(handed_over <= 1, "handed over twice after {hops} hops");
        let outcomes: Vec<_> = world
            .events
            .iter()
            .filter(|(_, event)| matches!(event, Event::Failed { .. } | Event::Delivered { .. }))
            .map(|(_, event)| event.clone())
            .collect();
        match &outcomes[..] {
            [Event::Delivered { .. }] => assert_eq!(handed_over, 1, "after {hops} hops"),
            [Event::Failed { reason, .. }] => {
                assert_eq!(*reason, unknown(Some(rejection(403))), "after {hops} hops it may have arrived");
                assert!(!matches!(reason, FailReason::Rejected(_)));
                assert_eq!(world.rigs[0].1.client.discard(id, world.rigs[0].1.now), Ok(7), "the payload was kept");
            }
            other => panic!("after {hops} hops: {other:?}"),
        }
        if done {
            assert_eq!(hops, 7, "six frames, and then none");
            return;
        }
        hops += 1;
    }
}
