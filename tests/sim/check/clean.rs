//! Logs of simulated worlds are clean in both views, also after a round trip through JSON.

use super::log::{exchange, verdict};
use kit::*;
use sixfold::sim::check::{Check, Direction, Entry, Rule, View};
use sixfold::sim::{Action, Bookkeeping, Chaos, Crash, Handling, LinkConfig, What, World};
use sixfold::{Config, Outgoing};

/// Three clients send messages in a faulty network. The server crashes, and loses its state in this fraction of crashes.
fn world(seed: u64, loses_state: f64) -> World<Test> {
    let link = LinkConfig::default().latency(20 * MS).jitter(15 * MS).loss(0.3).duplicate(0.1).reorder(0.1, 60 * MS);
    let mut world = World::<Test>::new(seed).links(link.clone(), link).record_trace(true);
    for peer in 0..3 {
        world.add_client(peer, Config::default().order(in_order_for_ever()).max_attempts(None)).unwrap();
    }
    world.set_handling(&2, Handling::After(3 * SECOND));
    world.chaos(
        Chaos::default()
            .disconnects(20 * SECOND)
            .partitions(45 * SECOND, 5 * SECOND)
            .relay_crashes(40 * SECOND, loses_state),
    );
    for n in 0..90 {
        world.send(&(n % 3), &((n + 1 + n / 45) % 3), n).unwrap();
        world.run_for(100 * MS);
        if n == 60 {
            world.replace_client(&1);
        }
    }
    world.run_for(60 * SECOND);
    world.chaos(Chaos::default());
    world.run_for(HOUR);
    world
}

fn log(world: &World<Test>, view: View) -> Vec<Entry<Test>> {
    world.trace().iter().filter_map(|entry| Entry::from_trace(entry, view)).collect()
}

#[test]
fn logs_of_faulty_worlds_are_clean_in_the_server_view_and_in_the_clients_view() {
    for seed in 0..40 {
        let world = world(seed, 0.0);
        for view in [View::Server, View::Clients] {
            let log = log(&world, view);
            assert!(log.len() > 500, "{}", log.len());
            let report = Check::new(view).run(log);
            assert!(report.is_clean(), "world seed {seed}, {view:?}:\n{report}");
        }
    }
}

#[test]
fn a_server_that_loses_its_state_is_clean_only_if_the_log_says_so() {
    let mut violations = 0;
    for seed in 0..40 {
        let world = world(seed, 1.0);
        for view in [View::Server, View::Clients] {
            let report = Check::new(view).run(log(&world, view));
            violations += report.violations.iter().filter(|violation| violation.rule == Rule::OtherAnswer).count();
            let report = Check::new(view).run(log_with_losses(&world, view));
            assert!(report.is_clean(), "world seed {seed}, {view:?}:\n{report}");
        }
    }
    assert!(violations > 40, "{violations}");
}

/// Returns the log with a `Forgotten` line for each client whenever the server has lost its state.
fn log_with_losses(world: &World<Test>, view: View) -> Vec<Entry<Test>> {
    let with_losses = |entry: &sixfold::sim::Entry<Test>| {
        let clients = if entry.what == What::Action(Action::CrashRelay(Crash::LosesAll)) { 0..3 } else { 0..0 };
        let time = entry.at;
        let forgotten = clients.map(move |endpoint| Entry { time, endpoint, direction: Direction::Forgotten });
        forgotten.chain(Entry::from_trace(entry, view)).collect::<Vec<_>>()
    };
    world.trace().iter().flat_map(with_losses).collect()
}

#[test]
fn a_budget_below_that_of_the_clients_is_exceeded() {
    let report = Check::new(View::Clients).budget(1, 2).run(log(&world(1, 0.0), View::Clients));
    assert!(!report.is_clean());
    assert!(report.violations.iter().all(|violation| violation.rule == Rule::Storm), "{report}");
}

#[test]
fn a_restart_with_more_messages_than_the_budget_is_clean() {
    let mut world = World::<Test>::new(1).record_trace(true);
    let config = Config::default().window(64).retransmit_rate(1).retransmit_burst(2);
    world.add_durable_client(0, config, Bookkeeping::Transactional).unwrap();
    world.add_client_offline(1, Config::default()).unwrap();
    world.partition(&0);
    for n in 0..30 {
        world.send(&0, &1, n).unwrap();
    }
    world.run_for(MS);
    world.kill(&0);
    world.run_for(60 * SECOND);
    world.heal(&0);
    world.run_for(60 * SECOND);
    let log = log(&world, View::Clients);
    let is_whole =
        |entry: &&Entry<Test>| matches!(&entry.direction, Direction::Up(Outgoing::MsgR { payload: Some(_), .. }));
    assert!(log.iter().filter(is_whole).count() >= 60);
    let report = Check::new(View::Clients).budget(1, 2).run(log);
    assert!(report.is_clean(), "{report}");
}

#[test]
fn a_log_survives_a_round_trip_through_json_lines() {
    let log = log(&world(3, 0.0), View::Server);
    let lines: Vec<String> = log.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
    let back: Vec<Entry<Test>> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(back, log);
}

#[test]
fn a_log_with_disguised_payloads_gets_the_same_report() {
    let log = log(&world(3, 0.0), View::Server);
    let disguise = |id: sixfold::MsgId, payload: u64| payload ^ id.seq().unwrap() ^ 0xffff;
    let disguised: Vec<Entry<Test>> = log.iter().cloned().map(|entry| entry.map_payload(disguise)).collect();
    assert!(disguised != log && Check::new(View::Server).run(disguised.clone()).is_clean());
    let back: Vec<Entry<Test>> = disguised.into_iter().map(|entry| entry.map_payload(disguise)).collect();
    assert_eq!(back, log, "nothing else was touched");
}

#[test]
fn a_json_line_has_the_documented_form() {
    let line = r#"{"time":40000000,"endpoint":2,"direction":"up","frame":{"AckR":{"id":"01234567-89ab-8cde-bc01-000000000007","from":1}}}"#;
    let entry: Entry<Test> = serde_json::from_str(line).unwrap();
    assert_eq!(serde_json::to_string(&entry).unwrap(), line);
    for (end, payload) in [(r#","payload":null"#, None), ("", None), (r#","payload":7"#, Some(7))] {
        let start = r#"{"time":40000000,"endpoint":1,"direction":"up","frame":{"MsgR":{"id":"01234567-89ab-8cde-bc01-000000000007","to":2,"floor":3"#;
        let line = format!("{start}{end}}}}}}}");
        let entry: Entry<Test> = serde_json::from_str(&line).unwrap();
        let Direction::Up(Outgoing::MsgR { floor: 3, payload: read, .. }) = entry.direction else {
            panic!("{entry:?}")
        };
        assert_eq!(read, payload, "{line}");
        let disguised: Entry<Test> = entry.clone().map_payload(|_, payload| payload);
        assert_eq!(disguised, entry, "a question stays one");
        if !end.is_empty() {
            assert_eq!(serde_json::to_string(&entry).unwrap(), line);
        }
    }
    let line = r#"{"time":5,"endpoint":2,"direction":"disconnected"}"#;
    let entry: Entry<Test> = serde_json::from_str(line).unwrap();
    assert_eq!(serde_json::to_string(&entry).unwrap(), line);
}

#[test]
fn the_unmodified_exchange_is_clean() {
    for view in [View::Server, View::Clients] {
        assert_eq!(verdict(Check::new(view), exchange(id(1, 0), 9)), []);
    }
}
