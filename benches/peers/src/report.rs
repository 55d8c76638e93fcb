//! The page of tables: `benches/PEERS.md`.

use crate::cell::{Half, Name, Workload};
use crate::cells::{A_DAY, AT_ONCE, CONVERSATIONS, COPIES, IN_FLIGHT, SENDERS, SOME};
use crate::peers::{self, Peer};
use crate::results::{Metric, Results};
use crate::table::{Table, number};

const RX: Half = Half::Rx;
const TX: Half = Half::Tx;

/// How many instructions a message may come to cost, with 64 in flight and the interface included: each half.
const BUDGET_TX: f64 = 700.0;
const BUDGET_RX: f64 = 450.0;

/// Everything that was measured, as a page of Markdown.
pub(crate) fn page(results: &Results, facts: &str) -> String {
    let sections = [
        include_str!("report/head.md").replace("{facts}", facts),
        promises().to_string(),
        include_str!("report/in-flight.md").to_owned(),
        in_flight(results, Metric::Ir),
        shares(results),
        include_str!("report/structures.md").to_owned(),
        include_str!("report/nanoseconds.md").to_owned(),
        in_flight(results, Metric::Ns),
        include_str!("report/heap.md").to_owned(),
        heap(results).to_string(),
        include_str!("report/events.md").to_owned(),
        events(results, "instructions", Metric::Ir).to_string(),
        events(results, "nanoseconds", Metric::Ns).to_string(),
        include_str!("report/waiting.md").to_owned(),
        waiting(results).to_string(),
        include_str!("report/memory.md").to_owned(),
        held(results).to_string(),
        include_str!("report/remembered.md").to_owned(),
        remembered(results).to_string(),
        include_str!("report/conversations.md").to_owned(),
        conversations(results).to_string(),
        include_str!("report/journal.md").to_owned(),
        journal(results).to_string(),
        include_str!("report/build.md").to_owned(),
        build(results).to_string(),
    ];
    let sections: Vec<&str> = sections.iter().map(|section| section.trim()).collect();
    format!("{}\n", sections.join("\n\n"))
}

/// Instructions per message of both halves together.
pub(crate) fn both(results: &Results, peer: &Peer, size: u64, metric: Metric) -> Option<f64> {
    let half = |half| results.get(name(peer, Workload::Steady, half, size), metric);
    Some(half(TX)? + half(RX)?)
}

fn name(peer: &Peer, workload: Workload, half: Half, size: u64) -> Name {
    Name { peer: peer.word, workload, half, size }
}

fn promises() -> Table {
    let head = ["", "“delivered” means", "timers", "duplicates", "order", "kept over a crash"];
    let mut table = Table::of_text(&head);
    for Peer { title, reach, timers, duplicates, order, durability, .. } in peers::ALL {
        table.row([title, reach, timers, duplicates, order, durability].map(str::to_owned).to_vec());
    }
    table
}

fn in_flight(results: &Results, metric: Metric) -> String {
    let sizes = IN_FLIGHT.map(|size| number(Some(size as f64)));
    let table = |title: &str, figures: &dyn Fn(&Peer, u64) -> Option<f64>, with_inputs: Option<Half>| {
        let mut head: Vec<&str> = vec![title];
        head.extend(sizes.iter().map(String::as_str));
        head.extend(with_inputs.map(|_| "inputs alone"));
        let mut table = Table::new(&head);
        for peer in &peers::ALL {
            let mut row = IN_FLIGHT.map(|size| figures(peer, size)).to_vec();
            row.extend(with_inputs.map(|half| results.get(name(peer, Workload::Inputs, half, 1), metric)));
            table.figures(peer.title, &row);
        }
        table.to_string()
    };
    let half = |half| move |peer: &Peer, size| results.get(name(peer, Workload::Steady, half, size), metric);
    let tables = [
        table("both halves", &|peer, size| both(results, peer, size, metric), None),
        table("sender", &half(TX), Some(TX)),
        table("receiver", &half(RX), Some(RX)),
    ];
    tables.join("\n")
}

/// What of a message's instructions is the state machine, and what is merely its interface.
fn shares(results: &Results) -> String {
    let ir = |peer, workload, half, size| results.get(Name { peer, workload, half, size }, Metric::Ir);
    let mut table =
        Table::new(&["", "caller's inputs alone", "interface alone", "sixfold", "difference: the state machine"]);
    let mut text = include_str!("report/shares.md").to_owned();
    for (half, title, budget) in [(TX, "sender", BUDGET_TX), (RX, "receiver", BUDGET_RX)] {
        let interface = ir("interface", Workload::Steady, half, SOME);
        let all = ir("sixfold", Workload::Steady, half, SOME);
        let machine = interface.zip(all).map(|(interface, all)| all - interface);
        table.figures(title, &[ir("interface", Workload::Inputs, half, 1), interface, all, machine]);
        let left = interface.map(|interface| (budget - interface).max(0.0));
        for (word, figure) in [("budget", Some(budget)), ("left", left), ("machine", machine)] {
            text = text.replace(&format!("{{{title}'s {word}}}"), &number(figure));
        }
    }
    text.replace("{table}", table.to_string().trim())
}

fn heap(results: &Results) -> Table {
    let mut table = Table::new(&["", "sender: calls", "bytes", "receiver: calls", "bytes"]);
    for peer in &peers::ALL {
        let figure = |half, metric| results.get(name(peer, Workload::Steady, half, SOME), metric);
        let row = [TX, RX].map(|half| [Metric::Calls, Metric::Asked].map(|metric| figure(half, metric)));
        table.figures(peer.title, row.as_flattened());
    }
    table
}

fn events(results: &Results, title: &str, metric: Metric) -> Table {
    let cost = |peer, workload, half, size| results.get(name(peer, workload, half, size), metric);
    let copies = format!("message and {COPIES} copies");
    let [few, many] = AT_ONCE.map(|size| number(Some(size as f64)));
    let fires = [few.clone(), many.clone()].map(|size| format!("timer fires, of {size}"));
    let again = [few, many].map(|size| format!("reconnect, of {size}"));
    let head = [
        title,
        "duplicate",
        &copies,
        "stale ack",
        "forged ack",
        "next timeout",
        &fires[0],
        &fires[1],
        &again[0],
        &again[1],
    ];
    let mut table = Table::new(&head);
    for peer in &peers::ALL {
        let at_once = |workload| AT_ONCE.map(|size| cost(peer, workload, TX, size));
        let mut row = vec![
            cost(peer, Workload::Duplicate, RX, SOME),
            cost(peer, Workload::Repeated, RX, COPIES),
            cost(peer, Workload::Stale, TX, SOME),
            cost(peer, Workload::Forged, TX, SOME),
            cost(peer, Workload::PollTimeout, TX, AT_ONCE[1]),
        ];
        row.extend(at_once(Workload::Expire));
        row.extend(at_once(Workload::Reconnect));
        table.figures(peer.title, &row);
    }
    table
}

/// What it costs sixfold when a message is not dealt with as soon as it comes.
fn waiting(results: &Results) -> Table {
    let mut table = Table::new(&["", "instructions", "nanoseconds", "heap calls", "instructions, steady"]);
    let rows = [
        ("backlog, sender", Workload::Backlog, TX, SOME),
        ("held, receiver", Workload::Held, RX, SOME),
        ("in turn, sender", Workload::InTurn, TX, CONVERSATIONS),
        ("in turn, receiver", Workload::InTurn, RX, CONVERSATIONS),
    ];
    for (title, workload, half, size) in rows {
        let cost = Name { peer: "sixfold", workload, half, size };
        let row = [Metric::Ir, Metric::Ns, Metric::Calls].map(|metric| results.get(cost, metric));
        let steady = results.get(Name { workload: Workload::Steady, size: SOME, ..cost }, Metric::Ir);
        table.figures(title, &[&row[..], &[steady]].concat());
    }
    table
}

fn held(results: &Results) -> Table {
    let what = [
        ("unsettled", Workload::Unsettled, TX),
        ("accepted", Workload::Accepted, TX),
        ("confirmed", Workload::Confirmed, RX),
    ];
    let columns = what.map(|(title, workload, half)| AT_ONCE.map(|size| (title, workload, half, size)));
    let columns = columns.as_flattened();
    let titles: Vec<String> =
        columns.iter().map(|(title, _, _, size)| format!("{title}, of {}", number(Some(*size as f64)))).collect();
    let mut table = Table::new(&[&[""], titles.iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat());
    for peer in &peers::ALL {
        let figure =
            |(_, workload, half, size): &(_, _, _, u64)| results.get(name(peer, *workload, *half, *size), Metric::Held);
        table.figures(peer.title, &columns.iter().map(figure).collect::<Vec<_>>());
    }
    table
}

fn remembered(results: &Results) -> Table {
    let head = ["", "a million messages, 1 sender", "a million, 1,000 senders", "a day, 10,000 senders"];
    let mut table = Table::new(&head);
    for peer in &peers::ALL {
        let [one, thousand] = SENDERS.map(|size| name(peer, Workload::Seen, RX, size));
        let row = [one, thousand, name(peer, Workload::Day, RX, A_DAY)];
        table.figures(peer.title, &row.map(|name| results.get(name, Metric::Held)));
    }
    table
}

fn conversations(results: &Results) -> Table {
    let mut table = Table::new(&["", "instructions", "nanoseconds", "heap calls", "bytes of an idle one"]);
    for peer in &peers::ALL {
        for (half, title) in [(TX, "sender"), (RX, "receiver")] {
            let cost = name(peer, Workload::Conversations, half, CONVERSATIONS);
            let idle = name(peer, Workload::Idle, half, CONVERSATIONS);
            let row = [Metric::Ir, Metric::Ns, Metric::Calls].map(|metric| results.get(cost, metric));
            let row = [&row[..], &[results.get(idle, Metric::Held)]].concat();
            table.figures(&format!("{}, {title}", peer.title), &row);
        }
    }
    table
}

fn journal(results: &Results) -> Table {
    let mut table = Table::new(&["", "journal off", "journal on", "building the records alone"]);
    let ir = |peer, workload, half, size| results.get(Name { peer, workload, half, size }, Metric::Ir);
    for (half, title) in [(TX, "sender"), (RX, "receiver")] {
        let off = ir("sixfold", Workload::Steady, half, SOME);
        let on = ir("sixfold-journal", Workload::Steady, half, SOME);
        table.figures(title, &[off, on, ir("sixfold-journal", Workload::Records, half, 1)]);
    }
    table
}

fn build(results: &Results) -> Table {
    let mut table =
        Table::new(&["", "crates in the tree", "CPU seconds to build", "bytes added to a stripped program"]);
    for peer in &peers::ALL {
        let row = ["crates", "seconds", "bytes"].map(|metric| results.get(format!("{} build", peer.word), metric));
        table.figures(peer.package, &row);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::results::{Figure, Line};

    #[test]
    fn both_halves_are_their_sum_and_nothing_when_one_is_missing() {
        let mut results = Results::default();
        let peer = &peers::ALL[0];
        results.add(Line::new(name(peer, Workload::Steady, TX, 64), Metric::Ir, Figure::exact(500.0)));
        assert_eq!(both(&results, peer, 64, Metric::Ir), None);
        results.add(Line::new(name(peer, Workload::Steady, RX, 64), Metric::Ir, Figure::exact(300.0)));
        assert_eq!(both(&results, peer, 64, Metric::Ir), Some(800.0));
        let page = page(&results, "Measured somewhere.");
        assert!(page.contains("| both halves | 1 | 64 | 1,024 | 60,000 | 1,000,000 |\n"));
        assert!(page.contains("| sixfold | – | 800 | – | – | – |\n"));
        assert!(page.contains("Measured somewhere."));
    }

    #[test]
    fn what_waits_is_told_beside_what_flows() {
        let mut results = Results::default();
        let mut add = |name: &str, count| results.add(Line::new(name, Metric::Ir, Figure::exact(count)));
        add("sixfold backlog tx 64", 2_384.0);
        add("sixfold steady tx 64", 1_658.0);
        add("sixfold in-turn rx 100000", 1_753.0);
        let rows = waiting(&results).to_string();
        assert!(rows.contains("| backlog, sender | 2,384 | – | – | 1,658 |\n"), "{rows}");
        assert!(rows.contains("| in turn, receiver | 1,753 | – | – | – |\n"), "{rows}");
    }

    #[test]
    fn what_exceeds_the_interface_is_the_state_machine() {
        let mut results = Results::default();
        let mut add = |name: &str, count| results.add(Line::new(name, Metric::Ir, Figure::exact(count)));
        add("interface inputs tx 1", 51.0);
        add("interface steady tx 64", 300.0);
        add("sixfold steady tx 64", 1_600.25);
        add("interface steady rx 64", 451.0);
        add("sixfold steady rx 64", 440.0 + 451.0);
        let section = shares(&results);
        assert!(section.contains("| sender | 51 | 300 | 1,600 | 1,300 |\n"), "{section}");
        assert!(section.contains("| receiver | – | 451 | 891 | 440 |\n"), "{section}");
        let words = section.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("700 instructions for the sender's half"), "{words}");
        assert!(words.contains("450 for the receiver's"), "{words}");
        assert!(words.contains("leaves 400 and 0 for all of that"), "{words}");
        assert!(words.contains("takes 1,300 and 440 now"), "{words}");
        assert!(!section.contains('{'), "every figure has its place: {section}");
        let page = page(&results, "");
        let at = |heading: &str| page.find(heading).expect("it is there");
        assert!(at("## Instructions per message") < at("## Where the instructions go"));
        assert!(at("## Where the instructions go") < at("## Nanoseconds per message"));
    }
}
