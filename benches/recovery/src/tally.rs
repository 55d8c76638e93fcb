//! What is counted over the messages of a cell, all seeds pooled, and the figures that follow.

use sixfold::Time;

use crate::figures::Figures;
use crate::log::Message;
use crate::percentile::{Sorted, Values};
use crate::settings::ROUND_TRIP;

/// Counts of one world, or of several.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    messages: u64,
    undelivered: u64,
    msg_r: u64,
    pub(crate) before: Repeated,
    pub(crate) after: Repeated,
    /// All frames of all clients and the server, lost ones included.
    pub(crate) frames: u64,
    /// Round trips from `send` to msg:A, and to ack:N; infinite when it did not come.
    accept: Values,
    deliver: Values,
    /// Deliveries, and the time that they took.
    goodput: (u64, f64),
}

/// Repetitions of msg:R, before msg:A came or after.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Repeated {
    pub(crate) all: u64,
    pub(crate) needless: u64,
}

/// Goodput is measured until this share of all messages is delivered, in percent: the slowest are told of by the maximum.
const MOST: usize = 90;

impl Tally {
    pub(crate) fn count(&mut self, message: &Message) {
        self.messages += 1;
        self.undelivered += u64::from(message.delivered.is_none());
        self.msg_r += message.copies.len() as u64;
        for (copy, transmission) in message.copies.iter().enumerate().skip(1) {
            let repeated = if transmission.is_accepted { &mut self.after } else { &mut self.before };
            repeated.all += 1;
            repeated.needless += u64::from(message.is_needless(copy));
        }
        self.accept.add(round_trips(message.sent, message.accepted));
        self.deliver.add(round_trips(message.sent, message.delivered));
    }

    /// Measures how fast messages of one world were delivered.
    pub(crate) fn goodput(&mut self, messages: &[Message]) {
        let Some(first) = messages.iter().map(|message| message.sent).min() else { return };
        let mut ends = Values::default();
        messages.iter().for_each(|message| ends.add(seconds(first, message.delivered)));
        let count = (messages.len() * MOST).div_ceil(100);
        let seconds = ends.sorted().at(MOST * 10).unwrap_or(f64::INFINITY);
        self.goodput = (count as u64, seconds);
    }

    /// Adds the counts of another world.
    pub(crate) fn pool(&mut self, other: Self) {
        self.messages += other.messages;
        self.undelivered += other.undelivered;
        self.msg_r += other.msg_r;
        for (mine, others) in [(&mut self.before, other.before), (&mut self.after, other.after)] {
            mine.all += others.all;
            mine.needless += others.needless;
        }
        self.frames += other.frames;
        self.accept.extend(other.accept);
        self.deliver.extend(other.deliver);
        self.goodput = (self.goodput.0 + other.goodput.0, self.goodput.1 + other.goodput.1);
    }

    /// The figures of a stream of messages.
    pub(crate) fn figures(self) -> Figures {
        let per_message = |count: u64| count as f64 / self.messages as f64;
        let mut figures = Figures::default();
        figures.set("frames", per_message(self.frames));
        figures.set("msg:R", per_message(self.msg_r));
        figures.set("repeated before", per_message(self.before.all));
        figures.set("needless before", per_message(self.before.needless));
        figures.set("repeated after", per_message(self.after.all));
        figures.set("needless after", per_message(self.after.needless));
        figures.set("undelivered", 100.0 * per_message(self.undelivered));
        figures.set("goodput", self.goodput.0 as f64 / self.goodput.1);
        percentiles(&mut figures, "accept", &self.accept.sorted());
        percentiles(&mut figures, "deliver", &self.deliver.sorted());
        figures
    }
}

fn percentiles(figures: &mut Figures, what: &str, values: &Sorted) {
    for (name, thousandths) in [("p50", 500), ("p99", 990), ("p99.9", 999), ("max", 1_000)] {
        figures.set(format!("{what} {name}"), values.at(thousandths).unwrap_or(f64::INFINITY));
    }
}

/// From a time to one that may never come.
pub(crate) fn seconds(from: Time, to: Option<Time>) -> f64 {
    to.map_or(f64::INFINITY, |to| to.saturating_duration_since(from).as_secs_f64())
}

fn round_trips(from: Time, to: Option<Time>) -> f64 {
    seconds(from, to) / ROUND_TRIP.as_secs_f64()
}
