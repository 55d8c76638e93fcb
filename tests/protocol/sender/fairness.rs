//! Fairness (L11): of n peers with something that may go, each gets a turn in any n. A message to one peer leaves in
//! its first turn, or as soon as a place in the window is free, whatever the messages to another peer do.

use core::time::Duration;

use kit::served::*;
use kit::*;
use sixfold::{Client, Config, MsgId};

const BUSY: u64 = 1;
const OTHER: u64 = 2;
const ROUND_TRIP: Duration = Duration::from_millis(50);

/// Returns a client that knows its round trip.
fn acquainted(config: Config, driver: Driver) -> Served {
    let mut a = Served::with(Rig::new(config, 1), driver);
    for n in 0..20 {
        a.rig.send(3, n);
        a.run(2 * ROUND_TRIP, |sent| delivers(ROUND_TRIP, sent));
    }
    a
}

/// Queues `backlog` messages to one peer, about which the server does as `busy` says, and after `head_start` one
/// message to another peer, which is answered. Returns how long that one waited, at most an hour.
fn waited(
    mut a: Served,
    backlog: u64,
    head_start: Duration,
    busy: impl Fn(&Sent) -> Reply,
) -> (Served, Option<Duration>) {
    let mut server = |sent: &Sent| if sent.to == BUSY { busy(sent) } else { delivers(ROUND_TRIP, sent) };
    a.rig.send_all(BUSY, 0..backlog);
    a.run(head_start, &mut server);
    let (start, other) = (a.at(), a.rig.send(OTHER, 7));
    a.run_while(HOUR, |a| a.first(other).is_some(), &mut server);
    let left = a.first(other).map(|at| at - start);
    (a, left)
}

fn assert_within(limit: Duration, left: Option<Duration>, what: &str) {
    assert!(left.is_some_and(|left| left <= limit), "{what}: left after {left:?}, not within {limit:?}");
}

#[test]
fn a_peer_whose_messages_are_put_off_starves_no_other() {
    for backlog in [9_000, 33, 32, 31, 1] {
        for pause in [SECOND, 100 * MS, 10 * MS, Duration::ZERO] {
            let a = Served::new(Rig::new(Config::default(), 1));
            let (_, left) = waited(a, backlog, 5 * SECOND, |sent| pauses(ROUND_TRIP, sent, pause));
            assert_within(2 * ROUND_TRIP, left, &format!("{backlog} put off by {pause:?}"));
        }
    }
}

#[test]
fn a_whole_backlog_leaves_beside_a_peer_whose_messages_are_put_off() {
    let mut a = Served::new(Rig::new(Config::default(), 1));
    let server =
        |sent: &Sent| if sent.to == BUSY { pauses(ROUND_TRIP, sent, SECOND) } else { delivers(ROUND_TRIP, sent) };
    a.rig.send_all(BUSY, 0..32);
    a.run(5 * SECOND, server);
    let others = a.rig.send_all(OTHER, 0..200);
    a.run(5 * SECOND, server);
    let left = others.iter().filter(|id| a.first(**id).is_some()).count();
    assert_eq!(left, 200, "within five seconds");
}

/// A window of messages without an answer gives places back after three time-outs, since the connection is heard.
#[test]
fn a_peer_that_is_never_answered_holds_no_other_back_for_longer_than_three_timeouts() {
    let three_timeouts = 200 * MS + 400 * MS + 800 * MS;
    let heard = Driver { hears_every: Some(100 * MS), ..Driver::default() };
    for max_attempts in [Some(10), None] {
        for backlog in [31, 32, 500, 9_000] {
            let a = acquainted(Config::default().max_attempts(max_attempts), heard);
            let (_, left) = waited(a, backlog, Duration::ZERO, |_| Reply::Nothing);
            let what = format!("{backlog} unanswered, {max_attempts:?} attempts");
            assert_within(three_timeouts.mul_f64(1.25) + ROUND_TRIP, left, &what);
        }
    }
}

/// Nothing at all is heard: the client suspects the connection, and the next one starts with a turn of each peer.
#[test]
fn a_silent_window_ends_with_the_suspect_connection() {
    let driver = Driver { reconnects_after: Some(SECOND), obeys_suspicion: true, ..Driver::default() };
    for backlog in [32, 9_000] {
        let a = acquainted(Config::default().max_attempts(None), driver);
        let (a, left) = waited(a, backlog, Duration::ZERO, |_| Reply::Nothing);
        assert_within(4 * SECOND, left, &format!("{backlog} unanswered"));
        assert!(a.connections <= 2, "{}", a.connections);
    }
}

#[test]
fn a_peer_whose_messages_are_rejected_or_accepted_holds_no_other_back() {
    for reply in [rejects, accepts, delivers] {
        let a = acquainted(Config::default(), Driver::default());
        let (_, left) = waited(a, 9_000, Duration::ZERO, |sent| reply(ROUND_TRIP, sent));
        assert_within(2 * ROUND_TRIP, left, "9,000 answered");
    }
}

/// Returns a process that has just restored this many messages to one peer, and is connected.
fn restored(count: u64) -> Served {
    let config = || Config::default().journal(true);
    let mut old = Rig::new(config(), 1);
    old.client.handle_disconnected(old.now);
    old.send_all(BUSY, 0..count);
    let mut client = Client::restore(config(), seed(2), old.records(), old.now).unwrap();
    client.handle_connected(old.now);
    Served::new(Rig { client, now: old.now })
}

#[test]
fn nine_thousand_restored_messages_hold_no_new_one_back() {
    for reply in [accepts, delivers] {
        let (_, left) = waited(restored(9_000), 0, Duration::ZERO, |sent| reply(ROUND_TRIP, sent));
        assert_within(2 * ROUND_TRIP, left, "behind 9,000 restored ones");
    }
}

#[test]
fn each_of_ten_peers_gets_a_turn_in_any_ten() {
    let in_any_ten = |sent: &[Sent]| {
        for turns in sent.windows(10) {
            let peers: std::collections::BTreeSet<u64> = turns.iter().map(|sent| sent.to).collect();
            assert_eq!(peers.len(), 10, "{:?}", turns.iter().map(|sent| sent.to).collect::<Vec<_>>());
        }
    };
    let mut a = Served::new(Rig::new(Config::default(), 1));
    a.cut();
    let ids: Vec<MsgId> = (0..10).flat_map(|peer| a.rig.send_all(peer, 0..100)).collect();
    a.connect();
    a.run(SECOND, |sent| accepts(ROUND_TRIP, sent));
    a.cut();
    in_any_ten(&a.sent);
    let before = a.sent.len();
    assert!(before > 300, "{before}");

    a.connect();
    a.run(10 * SECOND, |sent| delivers(ROUND_TRIP, sent));
    let turns: Vec<Sent> = a.sent[before..].iter().filter(|sent| sent.is_whole).copied().collect();
    in_any_ten(&turns[..200]);
    assert!(ids.iter().all(|id| a.first(*id).is_some()));
}
