//! A: sends every line as a message and is done when each is delivered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sixfold::{Event, MsgId, Stats, Time};

use crate::control::Control;
use crate::failure::Failure;
use crate::input::Input;
use crate::node::Node;
use crate::port::Tally;
use crate::wire::Peer;

/// What A can tell at the end.
#[derive(Debug)]
pub(crate) struct Sent {
    /// What the client said was delivered.
    pub(crate) delivered: Vec<MsgId>,
    /// From `send` to `Delivered`, for each message delivered.
    pub(crate) delays: Vec<Duration>,
    pub(crate) stats: Stats,
    pub(crate) tally: Tally,
}

/// Runs A until everything is delivered or it is told to stop.
pub(crate) fn run(mut node: Node, input: &Input, control: &Control) -> Result<Sent, Failure> {
    let mut lines = input.lines();
    // The line that the full outbox gave back.
    let mut waiting: Option<Arc<[u8]>> = None;
    let mut journey = Journey::default();
    let mut delivered = Vec::new();
    while !control.is_stopped() {
        let now = node.tick();
        while let Some(line) = waiting.take().or_else(|| lines.next().map(Arc::from)) {
            match node.client.send(Peer::B, line, now) {
                Ok(id) => {
                    journey.begins(id, now);
                    control.count_sent();
                }
                Err(full) => {
                    waiting = Some(full.into_payload());
                    break;
                }
            }
        }
        if waiting.is_none() && node.client.is_settled() {
            control.sender_is_done();
            break;
        }
        for event in node.turn()? {
            if let Event::Delivered { id, .. } = event {
                journey.ends(id, node.clock().now());
                delivered.push(id);
                control.count_delivered();
            }
        }
    }
    Ok(Sent { delivered, delays: journey.delays, stats: node.client.stats(), tally: node.close() })
}

/// How long messages take.
#[derive(Debug, Default)]
struct Journey {
    began: BTreeMap<MsgId, Time>,
    delays: Vec<Duration>,
}

impl Journey {
    fn begins(&mut self, id: MsgId, now: Time) {
        self.began.insert(id, now);
    }

    fn ends(&mut self, id: MsgId, now: Time) {
        if let Some(began) = self.began.remove(&id) {
            self.delays.push(now.saturating_duration_since(began));
        }
    }
}
