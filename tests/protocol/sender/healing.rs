//! Healing: after an hour in which nothing got through, nothing has failed, and everything is delivered soon.

use core::time::Duration;

use kit::served::*;
use kit::*;
use sixfold::Config;

const ROUND_TRIP: Duration = Duration::from_millis(50);
const LIMIT: Duration = Duration::from_secs(75);

/// Returns a client that knows its round trip and has `count` messages to three peers.
fn with_messages(config: Config, count: u64) -> Served {
    let mut a = Served::new(Rig::new(config, 1));
    for n in 0..20 {
        a.rig.send(9, n);
        a.run(SECOND, |sent| delivers(ROUND_TRIP, sent));
    }
    for n in 0..count {
        a.rig.send(n % 3, n);
    }
    a
}

/// Asserts that nothing has failed and that all is delivered soon.
fn assert_heals(mut a: Served, count: usize) {
    assert_eq!(a.failed(), []);
    let start = a.at();
    let all = a.delivered() + count;
    a.run_while(HOUR, |a| a.delivered() == all, |sent| delivers(ROUND_TRIP, sent));
    let took = a.at() - start;
    assert_eq!((a.delivered(), a.failed()), (all, vec![]), "after {took:?}");
    assert!(took <= LIMIT, "{count} messages took {took:?}");
}

#[test]
fn an_hour_in_a_tunnel_fails_nothing() {
    for count in [1, 20, 300] {
        let mut a = with_messages(Config::default(), count);
        a.run(HOUR, |_| Reply::Nothing);
        assert_heals(a, count as usize);
    }
}

/// The application writes on while nothing passes.
#[test]
fn messages_written_in_the_tunnel_are_delivered_too() {
    let mut a = with_messages(Config::default(), 40);
    for n in 0..60 {
        a.run(60 * SECOND, |_| Reply::Nothing);
        a.rig.send(4 + n % 3, n);
    }
    assert_heals(a, 100);
}

/// The machine answers, the server does not: each connection ends after a second.
#[test]
fn an_hour_of_short_connections_to_a_dead_server_fails_nothing() {
    for count in [1, 5, 100] {
        let mut a = with_messages(Config::default(), count);
        a.run(2 * SECOND, |_| Reply::Nothing);
        for _ in 0..360 {
            a.cut();
            a.run(9 * SECOND, |_| Reply::Nothing);
            a.connect();
            a.run(SECOND, |_| Reply::Nothing);
        }
        assert_heals(a, count as usize);
    }
}

#[test]
fn an_hour_without_a_connection_fails_nothing() {
    let mut a = with_messages(Config::default(), 100);
    a.run(2 * SECOND, |_| Reply::Nothing);
    a.cut();
    a.run(HOUR, |_| Reply::Nothing);
    a.connect();
    assert_heals(a, 100);
}

#[test]
fn in_a_tunnel_each_message_is_repeated_once_a_minute() {
    let mut a = with_messages(Config::default(), 20);
    a.run(10 * 60 * SECOND, |_| Reply::Nothing);
    let before = a.sent.len();
    a.run(HOUR, |_| Reply::Nothing);
    let copies = a.sent.len() - before;
    assert!((20 * 59..=20 * 61).contains(&copies), "{copies}");
    assert_heals(a, 20);
}
