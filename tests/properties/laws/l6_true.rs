//! L6 true: `Queued < OnWire < Accepted < Delivered`. ack:N implies msg:A. Within a process nothing moves a message back; a
//! late ack delivers even a failed one. One terminal event per `send` or `resend` (none after `discard`), then at most one
//! upgrade to `Delivered`. "Left" means that a `Transmit` was queued; a restored message counts as having left. `Rejected` and
//! `Expired` are said only when they are facts; every other end is `Unknown`. `Rejected` for an accepted message fails it as
//! `Unknown`; for one that has failed as `Unknown` it is kept in the reason.
//!
//! Each message has a history. Every event must be valid in it, and `status` must be its end.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sixfold::{Client, Event, FailReason, Incoming, MsgId, Outgoing, Output, Stage, Status, Verdict as Answer};

use kit::Test;
use kit::ops::{Call, scenario};
use kit::run::{Moment, Reply, Verdict, cases};

/// The history of one message.
#[derive(Clone, Debug, Default)]
struct History {
    transmissions: u32,
    /// An earlier process may have transmitted it.
    restored: bool,
    accepted: bool,
    /// The end of the last `send` or `resend`.
    failed: Option<FailReason>,
    delivered: bool,
    discarded: bool,
    /// The rank of the last `status`.
    rank: u8,
}

impl History {
    const fn has_left(&self) -> bool {
        self.transmissions > 0 || self.restored
    }

    const fn is_over(&self) -> bool {
        self.delivered || self.discarded
    }

    fn check_active(&self, what: &str) -> Verdict {
        let active = !self.is_over() && self.failed.is_none();
        if active { Ok(()) } else { Err(format!("{what} of a message that is not on its way: {self:?}")) }
    }

    fn on_event(&mut self, event: &Event<Test>, call: &Call) -> Verdict {
        match event {
            Event::Accepted { .. } => {
                self.check_active("acceptance")?;
                let first = self.has_left() && !std::mem::replace(&mut self.accepted, true);
                if first { Ok(()) } else { Err(format!("accepted before it left, or twice: {self:?}")) }
            }
            Event::Retrying { stage, attempt, .. } => {
                self.check_active("repetition")?;
                let stage_fits = (*stage == Stage::Deliver) >= self.accepted;
                let fits = self.has_left() && stage_fits && *attempt > 0;
                if fits { Ok(()) } else { Err(format!("repeated out of turn: {self:?}")) }
            }
            Event::Delivered { .. } => {
                let fits = self.has_left() && !self.is_over();
                self.delivered = true;
                self.failed = None;
                if fits { Ok(()) } else { Err(format!("delivered, but {self:?}")) }
            }
            Event::Failed { id, reason } => {
                self.check_active("failure")?;
                self.failed = Some(reason.clone());
                self.is_a_fact(*id, reason, call)
            }
            _ => Ok(()),
        }
    }

    fn is_a_fact(&self, failed: MsgId, reason: &FailReason, call: &Call) -> Verdict {
        let refusal = match call {
            Call::Frame(Incoming::MsgA { id, verdict: Answer::Rejected(rejection) }) if *id == failed => {
                Some(rejection)
            }
            _ => None,
        };
        let fact = match reason {
            FailReason::Rejected(rejection) => {
                self.transmissions == 1 && !self.restored && !self.accepted && refusal == Some(rejection)
            }
            FailReason::Expired => !self.has_left(),
            FailReason::Unknown { rejection: None } => self.has_left(),
            FailReason::Unknown { rejection } => self.has_left() && rejection.as_ref() == refusal,
            _ => false,
        };
        if fact { Ok(()) } else { Err(format!("{reason:?} is no fact: {self:?}")) }
    }

    fn on_status(&mut self, status: Option<Status>) -> Verdict {
        let rank = match &status {
            Some(Status::Queued) => 1,
            Some(Status::OnWire) => 2,
            Some(Status::Accepted) => 3,
            Some(Status::Failed(_)) => self.rank,
            None => 4,
        };
        let fits = match status {
            Some(Status::Queued) => !self.has_left(),
            Some(Status::OnWire) => self.has_left() && !self.accepted,
            Some(Status::Accepted) => self.has_left(),
            Some(Status::Failed(reason)) => self.failed == Some(reason),
            None => self.is_over(),
        };
        let rises = rank >= self.rank;
        self.rank = rank;
        if fits && rises { Ok(()) } else { Err(format!("the status does not fit: {self:?}")) }
    }
}

#[derive(Clone, Debug, Default)]
struct Histories(BTreeMap<MsgId, History>);

impl Histories {
    fn on_moment(&mut self, client: &Client<Test>, moment: &Moment, journal: bool) -> Verdict {
        match (&moment.call, moment.reply) {
            (_, Reply::Sent(id)) => {
                if self.0.insert(id, History::default()).is_some() {
                    return Err(format!("{id} was given twice"));
                }
            }
            (Call::Resend(id), Reply::Done) => {
                let history = self.0.get_mut(id).ok_or("sent again what was never sent")?;
                history.failed.take().ok_or("sent again what had not failed")?;
            }
            (Call::Discard(id), Reply::Done) => {
                let history = self.0.get_mut(id).ok_or("discarded what was never sent")?;
                history.discarded = true;
                history.failed = None;
            }
            (Call::Frame(Incoming::MsgA { id, verdict: Answer::Rejected(rejection) }), _) => {
                let failed = self.0.get_mut(id).and_then(|history| history.failed.as_mut());
                if let Some(FailReason::Unknown { rejection: known @ None }) = failed {
                    *known = Some(rejection.clone());
                }
            }
            (Call::Restart, _) if journal => self.0.values_mut().for_each(|history| {
                // Also what had not left: the journal may be older than the last transmission.
                history.restored = true;
                history.rank = 0;
            }),
            (Call::Restart, _) => self.0.clear(),
            _ => {}
        }
        for output in &moment.outputs {
            self.on_output(output, &moment.call, moment.connected)?;
        }
        for (id, history) in &mut self.0 {
            history.on_status(client.status(*id)).map_err(|why| format!("{id}: {why}"))?;
        }
        Ok(())
    }

    fn on_output(&mut self, output: &Output<Test>, call: &Call, connected: bool) -> Verdict {
        match output {
            Output::Transmit(Outgoing::MsgR { id, floor, .. }) => {
                let history = self.0.get_mut(id).ok_or("transmitted what was never sent")?;
                history.check_active("transmission")?;
                history.transmissions += 1;
                if !connected || *floor > id.seq().unwrap() {
                    return Err(format!("{id} went out disconnected, or under its own floor {floor}"));
                }
            }
            Output::Event(event) => {
                let id = match event {
                    Event::Accepted { id, .. }
                    | Event::Delivered { id, .. }
                    | Event::Retrying { id, .. }
                    | Event::Failed { id, .. }
                    | Event::ServerIdConflict { id, .. } => id,
                    _ => return Ok(()),
                };
                let history = self.0.get_mut(id).ok_or("an event of a message that was never sent")?;
                history.on_event(event, call).map_err(|why| format!("{id}: {why}"))?;
            }
            Output::Persist(_) | Output::Transmit(Outgoing::AckR { .. }) => {}
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn every_event_is_valid_in_the_history_of_its_message(scenario in scenario(150)) {
        let mut histories = Histories::default();
        scenario.play(|process, moment| histories.on_moment(&process.client, moment, scenario.knobs.journal))?;
    }
}
