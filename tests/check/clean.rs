//! Real worlds keep the rules, as seen from both sides, also through JSON.

use crate::common::*;
use crate::log::{exchange, verdict};
use sixfold::Config;
use sixfold::sim::check::{Check, Entry, View};
use sixfold::sim::{Chaos, Handling, LinkConfig, World};

/// Some clients chat on a bad day; the server dies, and keeps what it stored.
fn world(seed: u64) -> World<Test> {
    let link = LinkConfig::default().latency(20 * MS).jitter(15 * MS).loss(0.3).duplicate(0.1).reorder(0.1, 60 * MS);
    let mut world = World::<Test>::new(seed).links(link.clone(), link).record_trace(true);
    for peer in 0..3 {
        world.add_client(peer, Config::default().order(in_order_for_ever()).max_attempts(None)).unwrap();
    }
    world.set_handling(&2, Handling::After(3 * SECOND));
    world.chaos(
        Chaos::default().disconnects(20 * SECOND).partitions(45 * SECOND, 5 * SECOND).relay_crashes(40 * SECOND, 0.0),
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
fn bad_days_in_real_worlds_break_no_rule_as_the_server_and_as_the_clients_see_them() {
    for seed in 0..40 {
        let world = world(seed);
        for view in [View::Server, View::Clients] {
            let log = log(&world, view);
            assert!(log.len() > 500, "{}", log.len());
            let report = Check::new(view).run(log);
            assert!(report.is_clean(), "world seed {seed}, {view:?}:\n{report}");
        }
    }
}

#[test]
fn a_smaller_budget_than_the_clients_have_is_seen_to_be_exceeded() {
    let report = Check::new(View::Clients).budget(1, 2).run(log(&world(1), View::Clients));
    assert!(!report.is_clean());
    assert!(report.violations.iter().all(|violation| violation.rule == sixfold::sim::check::Rule::Storm), "{report}");
}

#[test]
fn a_log_says_the_same_after_a_way_through_json_lines() {
    let log = log(&world(3), View::Server);
    let lines: Vec<String> = log.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
    let back: Vec<Entry<Test>> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(back, log);
}

#[test]
fn a_line_of_json_reads_as_documented() {
    let line = r#"{"time":40000000,"endpoint":2,"direction":"up","frame":{"AckR":{"id":"01234567-89ab-8cde-bc01-000000000007","from":1}}}"#;
    let entry: Entry<Test> = serde_json::from_str(line).unwrap();
    assert_eq!(serde_json::to_string(&entry).unwrap(), line);
    let line = r#"{"time":5,"endpoint":2,"direction":"disconnected"}"#;
    let entry: Entry<Test> = serde_json::from_str(line).unwrap();
    assert_eq!(serde_json::to_string(&entry).unwrap(), line);
}

#[test]
fn the_exchange_that_the_other_tests_doctor_is_clean() {
    for view in [View::Server, View::Clients] {
        assert_eq!(verdict(Check::new(view), exchange(id(1, 0), 9)), []);
    }
}
