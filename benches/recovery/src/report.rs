//! The page of tables: `benches/RECOVERY.md`.

use std::fmt::Display;

use crate::cell::{self, Case, Cell, WINDOW, Workload};
use crate::figures::Edition;
use crate::settings::Preset;
use crate::table::{self, Table};

/// The editions that the page compares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Editions<'a> {
    pub(crate) first: &'a Edition,
    pub(crate) latest: &'a Edition,
}

/// A column: its title, the name of the figure, and what a figure is multiplied by.
type Column = (&'static str, &'static str, f64);

const TRAFFIC: [Column; 8] = [
    ("frames", "frames", 1.0),
    ("msg:R", "msg:R", 1.0),
    ("repeated before msg:A", "repeated before", 1.0),
    ("needless", "needless before", 1.0),
    ("repeated after msg:A", "repeated after", 1.0),
    ("needless", "needless after", 1.0),
    ("undelivered, %", "undelivered", 1.0),
    ("goodput", "goodput", 1.0),
];
const WAITING: [Column; 8] = [
    ("msg:A p50", "accept p50", 1.0),
    ("p99", "accept p99", 1.0),
    ("p99.9", "accept p99.9", 1.0),
    ("max", "accept max", 1.0),
    ("delivered p50", "deliver p50", 1.0),
    ("p99", "deliver p99", 1.0),
    ("p99.9", "deliver p99.9", 1.0),
    ("max", "deliver max", 1.0),
];
const STUCK: [Column; 6] = [
    ("repeated after, s: least", "repeated least", 1.0),
    ("p50", "repeated p50", 1.0),
    ("max", "repeated max", 1.0),
    ("msg:A after, s: p50", "accept p50", 1.0),
    ("max", "accept max", 1.0),
    ("needless per message", "needless", 1.0),
];
const IDLE: [Column; 5] = [
    ("wake-ups an hour", "wake-ups", 1.0),
    ("whole an hour", "whole", 1.0),
    ("questions an hour", "questions", 1.0),
    ("after a reconnect: whole", "reconnect whole", 1.0),
    ("questions", "reconnect questions", 1.0),
];
const SHARDS: [Column; 4] = [
    ("first 1,000, before msg:A, %", "first before", 1.0),
    ("after msg:A, %", "first after", 1.0),
    ("later, before msg:A, %", "later before", 1.0),
    ("after msg:A, %", "later after", 1.0),
];
const SLOW: [Column; 2] = [("by the first ten", "first", 1.0), ("by the fifty after them", "later", 1.0)];
const FORGOTTEN: [Column; 4] = [
    ("seconds p50", "seconds p50", 1.0),
    ("max", "seconds max", 1.0),
    ("whole", "whole", 1.0),
    ("questions", "questions", 1.0),
];
const HOURS: f64 = 1.0 / 3600.0;

/// Everything that was measured, as a page of Markdown.
pub(crate) fn page(editions: Editions<'_>) -> String {
    let Editions { first, latest } = editions;
    let titles = format!("- *first*: {}\n- *latest*: {}", first.title, latest.title);
    let cells = |workload, columns: &[Column]| editions.table(&cell::of(workload), columns).to_string();
    let sections = [
        include_str!("report/head.md").replace("{editions}", &titles),
        editions.summary().to_string(),
        include_str!("report/definitions.md").to_owned(),
        include_str!("report/again.md").to_owned(),
        include_str!("report/steady.md").to_owned(),
        cells(Workload::Steady, &TRAFFIC),
        cells(Workload::Steady, &WAITING),
        include_str!("report/burst.md").to_owned(),
        cells(Workload::Burst, &TRAFFIC),
        cells(Workload::Burst, &WAITING),
        include_str!("report/many.md").to_owned(),
        cells(Workload::Many, &TRAFFIC),
        cells(Workload::Many, &WAITING),
        include_str!("report/stuck.md").to_owned(),
        cells(Workload::Stuck, &STUCK),
        include_str!("report/idle.md").to_owned(),
        cells(Workload::Idle, &IDLE),
        include_str!("report/shards.md").to_owned(),
        cells(Workload::Shards, &SHARDS),
        include_str!("report/slow.md").to_owned(),
        cells(Workload::Slow, &SLOW),
        include_str!("report/forgotten.md").to_owned(),
        cells(Workload::Forgotten, &FORGOTTEN),
    ];
    let sections: Vec<&str> = sections.iter().map(|section| section.trim()).collect();
    format!("{}\n", sections.join("\n\n"))
}

impl Editions<'_> {
    fn table(&self, cells: &[Cell], columns: &[Column]) -> Table {
        let keys = cells.first().map(|cell| keys(cell).0).unwrap_or_default();
        let titles = columns.iter().map(|(title, ..)| *title);
        let mut table = Table::new(keys.iter().copied().chain(titles));
        for cell in cells {
            let figures = columns.iter().map(|(_, figure, factor)| self.figure(cell, figure, *factor));
            table.row(keys_of(cell).into_iter().chain(figures));
        }
        table
    }

    /// Few figures that say most.
    fn summary(&self) -> Table {
        let cell = |workload, preset, case| Cell { workload, preset, window: WINDOW, case };
        let default = |workload, case| cell(workload, Preset::Default, case);
        let forgets = |reconnects| default(Workload::Forgotten, Case::Forgets { loss: 10, reconnects });
        let (steady, stuck) = (default(Workload::Steady, Case::Loss(10)), default(Workload::Stuck, Case::Only));
        let (away, one_away) = (default(Workload::Idle, Case::Peers(20)), default(Workload::Idle, Case::Peers(1)));
        let datagram = cell(Workload::Steady, Preset::Datagram, Case::Loss(10));
        let shards = cell(Workload::Shards, Preset::Datagram, Case::Only);
        let slow = default(Workload::Slow, Case::RoundTrip(1_600));
        let rows = [
            ("steady, 10 % loss: msg:A p99, round trips", steady, "accept p99", 1.0),
            ("steady, 10 % loss: msg:A p99.9, round trips", steady, "accept p99.9", 1.0),
            ("steady, datagram, 10 % loss: msg:A p99, round trips", datagram, "accept p99", 1.0),
            ("steady, 10 % loss: delivered p99, round trips", steady, "deliver p99", 1.0),
            ("steady, 10 % loss: frames per message", steady, "frames", 1.0),
            ("burst, 1 % loss: goodput", default(Workload::Burst, Case::Loss(1)), "goodput", 1.0),
            ("burst, 10 % loss: goodput", default(Workload::Burst, Case::Loss(10)), "goodput", 1.0),
            ("stuck: a sibling that was lost once is repeated after, s: p50", stuck, "repeated p50", 1.0),
            ("stuck: the same, max", stuck, "repeated max", 1.0),
            ("shards, datagram: needless after the first thousand, %", shards, "later before", 1.0),
            ("slow, round trip 100 → 1,600 ms: needless after ten messages", slow, "later", 1.0),
            ("idle, 20 recipients away: wake-ups an hour", away, "wake-ups", 1.0),
            ("idle, 20 recipients away: whole messages an hour", away, "whole", 1.0),
            ("idle, 1 recipient away: wake-ups an hour", one_away, "wake-ups", 1.0),
            ("reconnect, 20 recipients away: whole messages", away, "reconnect whole", 1.0),
            ("reconnect, 20 recipients away: questions", away, "reconnect questions", 1.0),
            ("forgotten, 10 % loss, the connection stays: hours, max", forgets(false), "seconds max", HOURS),
            ("forgotten, 10 % loss, A reconnects: hours, max", forgets(true), "seconds max", HOURS),
        ];
        let mut table = Table::new(["default settings, window 32, if not said otherwise", "first", "latest"]);
        for (title, cell, figure, factor) in rows {
            let told = [self.first, self.latest].map(|edition| table::number(get(edition, &cell, figure, factor)));
            table.row([title.to_owned()].into_iter().chain(told));
        }
        table
    }

    fn figure(&self, cell: &Cell, figure: &str, factor: f64) -> String {
        let [first, latest] =
            [self.first, self.latest].map(|edition| table::number(get(edition, cell, figure, factor)));
        if first == latest { first } else { format!("{first} → {latest}") }
    }
}

fn get(edition: &Edition, cell: &Cell, figure: &str, factor: f64) -> Option<f64> {
    edition.get(&cell.to_string(), figure).map(|value| value * factor)
}

/// The titles of the columns that tell a cell from the others of its workload, and what stands there.
fn keys(cell: &Cell) -> (Vec<&'static str>, Vec<String>) {
    let Cell { preset, window, case, .. } = cell;
    let words = |titles: &[&'static str], values: &[&dyn Display]| {
        (titles.to_vec(), values.iter().map(|value| value.to_string()).collect())
    };
    match case {
        Case::Loss(loss) => words(&["settings", "window", "loss, %"], &[preset, window, loss]),
        Case::Peers(peers) => words(&["settings", "recipients"], &[preset, peers]),
        Case::RoundTrip(millis) => {
            words(&["settings", "round trip, ms"], &[preset, &table::number(Some(*millis as f64))])
        }
        Case::Forgets { loss, reconnects } => {
            let connection = if *reconnects { "ends" } else { "stays" };
            words(&["settings", "the connection", "loss, %"], &[preset, &connection, loss])
        }
        Case::Only => words(&["settings", "window"], &[preset, window]),
    }
}

fn keys_of(cell: &Cell) -> Vec<String> {
    keys(cell).1
}

#[cfg(test)]
mod tests;
