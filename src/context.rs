//! State that both halves share: time, output, tokens, counters.

use alloc::collections::VecDeque;

use crate::clock::Clock;
use crate::config::Config;
use crate::event::Event;
use crate::frame::{Outgoing, Types};
use crate::journal::Record;
use crate::output::Output;
use crate::recovery::{Jitter, Liveness, Rto, TokenBucket};
use crate::rng::{JITTER, Rng, Seed};
use crate::stats::Stats;
use crate::time::Time;

#[derive(Clone, Debug)]
pub(crate) struct Context<T: Types> {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    /// Now, on the client's own clock.
    pub(crate) now: Time,
    pub(crate) connected: bool,
    /// The number of the connection, and when it came up.
    pub(crate) connection: u32,
    pub(crate) connected_at: Time,
    pub(crate) rto: Rto,
    pub(crate) jitter: Jitter,
    pub(crate) tokens: TokenBucket,
    pub(crate) liveness: Liveness,
    /// The counters; [`Client::stats`](crate::Client::stats) adds the gauges.
    pub(crate) stats: Stats,
    output: VecDeque<Output<T>>,
}

impl<T: Types> Context<T> {
    pub(crate) fn new(config: Config, seed: &Seed, now: Time) -> Self {
        let clock = Clock::new(now);
        Self {
            now: clock.now(),
            connected: false,
            connection: 0,
            connected_at: clock.now(),
            rto: Rto::new(&config),
            jitter: Jitter::new(config.jitter, Rng::new(seed, JITTER)),
            tokens: TokenBucket::new(config.retransmit_rate, config.retransmit_burst),
            liveness: Liveness::new(config.suspect_after, now),
            stats: Stats::default(),
            output: VecDeque::new(),
            clock,
            config,
        }
    }

    /// Writes a record of the caller's `now`, if there is a journal to write it to.
    #[inline]
    pub(crate) fn persist(&mut self, record: impl FnOnce(Time) -> Record<T>) {
        if self.config.journal {
            let record = record(self.clock.caller_now());
            self.output.push_back(Output::Persist(record));
        }
    }

    pub(crate) fn event(&mut self, event: Event<T>) {
        self.output.push_back(Output::Event(event));
    }

    /// Takes the caller's `now`.
    #[inline]
    pub(crate) fn advance(&mut self, caller_now: Time) {
        if self.clock.advance(caller_now) {
            self.stats.clock_steps_back += 1;
        }
        self.now = self.clock.now();
    }

    /// A connection is new.
    pub(crate) fn on_connected(&mut self) {
        self.connected = true;
        self.connection = self.connection.wrapping_add(1);
        self.connected_at = self.now;
    }

    pub(crate) fn transmit(&mut self, frame: Outgoing<T>) {
        debug_assert!(self.connected, "nothing is transmitted while disconnected");
        match frame {
            Outgoing::MsgR { .. } => self.stats.msg_r += 1,
            Outgoing::AckR { .. } => self.stats.ack_r += 1,
        }
        self.output.push_back(Output::Transmit(frame));
    }

    /// A frame sent at `sent_at` was not answered in time.
    pub(crate) fn on_timeout(&mut self, sent_at: Time) {
        self.stats.timeouts += 1;
        if let Some(silent) = self.liveness.on_timeout(sent_at, self.rto.current(), self.now) {
            self.event(Event::SuspectConnection { silent });
        }
    }

    pub(crate) fn poll_output(&mut self) -> Option<Output<T>> {
        self.output.pop_front()
    }

    pub(crate) fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// Drops the frames that were not polled.
    pub(crate) fn drop_transmits(&mut self) {
        self.output.retain(|output| match output {
            Output::Persist(_) | Output::Event(_) => true,
            Output::Transmit(_) => false,
        });
    }
}
