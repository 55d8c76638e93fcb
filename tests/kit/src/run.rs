//! Plays a scenario on one client, which is drained after each call, and passes every moment of it to a law.
//!
//! The message of a failure has the transcript: every call and every output up to the failure.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use sixfold::{Client, MsgId, Output, Record, Stats, Time};

use crate::configs::Knobs;
use crate::ops::{Call, Clock, History, Scenario, Step};
use crate::{Test, seed};

/// One call and its effects.
#[derive(Clone, Debug)]
pub struct Moment {
    pub now: Time,
    /// The time that has passed for the client; steps back count as zero.
    pub elapsed: u128,
    /// Whether the clock has been near [`Time::MAX`], where deadlines saturate.
    pub near_end_of_time: bool,
    pub call: Call,
    pub reply: Reply,
    /// The outputs that were pending when the call returned.
    pub outputs: Vec<Output<Test>>,
    pub timeout_before_drain: Option<Time>,
    pub before: Stats,
    pub after: Stats,
    /// Whether there is a connection now.
    pub connected: bool,
}

/// What a call returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    Nothing,
    Sent(MsgId),
    Done,
    Refused,
}

/// Nearly two centuries, a third of what a `Time` can hold.
const END: Time = Time::from_nanos(u64::MAX / 3);

/// The judgement of a law on a moment; the error says how the law is broken.
pub type Verdict = Result<(), String>;

/// A client with its journal, which can be restarted.
#[derive(Clone, Debug)]
pub struct Process {
    pub knobs: Knobs,
    pub client: Client<Test>,
    pub journal: Vec<Record<Test>>,
    next_seed: u8,
}

impl Process {
    pub fn start(scenario: &Scenario) -> Self {
        Self::new(&scenario.knobs, scenario.seed, scenario.start)
    }

    pub fn new(knobs: &Knobs, seed_byte: u8, now: Time) -> Self {
        let client = Client::new(knobs.config(), seed(seed_byte), now).unwrap();
        Self { knobs: knobs.clone(), client, journal: Vec::new(), next_seed: seed_byte.wrapping_add(1) }
    }

    pub fn call(&mut self, call: &Call, now: Time) -> Reply {
        let done = |ok: bool| if ok { Reply::Done } else { Reply::Refused };
        let client = &mut self.client;
        match call {
            Call::Timeout => client.handle_timeout(now),
            Call::Connected => client.handle_connected(now),
            Call::Disconnected => client.handle_disconnected(now),
            Call::Frame(frame) => client.handle_frame(frame.clone(), now),
            Call::Restart => self.restart(now),
            Call::Send { to, payload } => return client.send(*to, *payload, now).map_or(Reply::Refused, Reply::Sent),
            Call::Confirm { from, id } => return done(client.confirm(from, *id, now).is_ok()),
            Call::Release { from, id } => return done(client.release(from, *id, now).is_ok()),
            Call::Resend(id) => return done(client.resend(*id, now).is_ok()),
            Call::Discard(id) => return done(client.discard(*id, now).is_ok()),
        }
        Reply::Nothing
    }

    fn restart(&mut self, now: Time) {
        let journal = self.journal.iter().cloned();
        self.client = Client::restore(self.knobs.config(), seed(self.next_seed), journal, now).unwrap();
        self.next_seed = self.next_seed.wrapping_add(1);
    }

    /// Polls one output; a record goes into the journal.
    pub fn poll(&mut self) -> Option<Output<Test>> {
        let output = self.client.poll_output()?;
        if let Output::Persist(record) = &output {
            self.journal.push(record.clone());
        }
        Some(output)
    }

    pub fn drain(&mut self) -> Vec<Output<Test>> {
        std::iter::from_fn(|| self.poll()).collect()
    }
}

/// A process, its clock, and the history of its ids.
#[derive(Clone, Debug)]
pub struct Player {
    pub process: Process,
    /// Every moment so far, for the transcript of a failure.
    pub moments: Vec<Moment>,
    history: History,
    now: Time,
    elapsed: u128,
    connected: bool,
    near_end_of_time: bool,
}

impl Player {
    pub fn new(knobs: &Knobs, seed: u8, start: Time) -> Self {
        Self {
            process: Process::new(knobs, seed, start),
            moments: Vec::new(),
            history: History::default(),
            now: start,
            elapsed: 0,
            connected: false,
            near_end_of_time: false,
        }
    }

    /// Plays one step; `law` sees the client after it.
    pub fn step(&mut self, step: &Step, law: impl FnOnce(&Process, &Moment) -> Verdict) -> Result<(), TestCaseError> {
        let process = &mut self.process;
        let before = self.now;
        let now = moved(step.clock, before, &process.client);
        self.now = now;
        self.elapsed += u128::from(now.as_nanos().saturating_sub(before.as_nanos()));
        self.near_end_of_time |= now >= END || self.elapsed >= u128::from(END.as_nanos());
        let call = step.act.call(&self.history, &process.client);
        let stats_before = process.client.stats();
        let reply = process.call(&call, now);
        match (&call, reply) {
            (_, Reply::Sent(id)) => self.history.sent.push(id),
            (Call::Frame(sixfold::Incoming::MsgN { from, id, floor, .. }), _) => {
                self.history.received.push((*from, *id, *floor))
            }
            (Call::Connected, _) => self.connected = true,
            (Call::Disconnected | Call::Restart, _) => self.connected = false,
            (_, _) => {}
        }
        let timeout_before_drain = process.client.poll_timeout();
        let moment = Moment {
            now,
            elapsed: self.elapsed,
            near_end_of_time: self.near_end_of_time,
            call,
            reply,
            outputs: process.drain(),
            timeout_before_drain,
            before: stats_before,
            after: process.client.stats(),
            connected: self.connected,
        };
        self.moments.push(moment);
        let verdict = law(&self.process, &self.moments[self.moments.len() - 1]);
        verdict.map_err(|why| TestCaseError::fail(format!("{why}\n{}", transcript(&self.moments))))
    }
}

impl Scenario {
    /// Plays the scenario; `law` sees the client after each call.
    pub fn play(&self, mut law: impl FnMut(&Process, &Moment) -> Verdict) -> Result<Vec<Moment>, TestCaseError> {
        let mut player = Player::new(&self.knobs, self.seed, self.start);
        self.steps.iter().try_for_each(|step| player.step(step, &mut law))?;
        Ok(player.moments)
    }
}

fn moved(clock: Clock, now: Time, client: &Client<Test>) -> Time {
    match clock {
        Clock::Stands => now,
        Clock::Passes(duration) => now + duration,
        Clock::Back(duration) => Time::from_origin(now.since_origin().saturating_sub(duration)),
        Clock::Jumps(to) => to,
        Clock::Deadline { early } => {
            let due = client.poll_timeout().unwrap_or(now);
            Time::from_nanos(due.as_nanos().saturating_sub(early)).max(now)
        }
    }
}

/// Returns the run so far as text.
pub fn transcript(moments: &[Moment]) -> String {
    let mut text = String::new();
    for Moment { now, call, reply, outputs, .. } in moments {
        let _ = writeln!(text, "{now:?} {call:?} = {reply:?}");
        for output in outputs {
            let _ = writeln!(text, "    {output:?}");
        }
    }
    text
}

/// Returns a proptest config with this number of cases, unless `PROPTEST_CASES` is set. The seeds of failures are kept in
/// files beside the source, in git.
pub fn cases(cases: u32) -> ProptestConfig {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: if asked { default.cases } else { cases },
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        max_shrink_iters: 20_000,
        ..default
    }
}
