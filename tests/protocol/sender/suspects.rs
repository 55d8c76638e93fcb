//! Suspects: a frame on which the server closes the connection, or one that it never answers, blocks no other message,
//! and a network that flaps accuses none.

use core::time::Duration;
use std::collections::BTreeSet;

use kit::served::*;
use kit::*;
use sixfold::{Config, Event, MsgId, Outgoing, Status};

const ROUND_TRIP: Duration = Duration::from_millis(50);

/// Returns a client that queues messages before its first connection, and whose driver reconnects after two seconds.
fn disconnected(config: Config) -> Served {
    let driver = Driver { reconnects_after: Some(2 * SECOND), ..Driver::default() };
    let mut a = Served::with(Rig::new(config, 1), driver);
    a.cut();
    a.connections = 0;
    a
}

/// Delivers every message but `poison`, at which the server closes the connection; what was sent after it is not read.
fn closes_at(poison: MsgId) -> impl FnMut(&Sent) -> Reply {
    move |sent| if sent.id == poison { Reply::Closes(ROUND_TRIP) } else { delivers(ROUND_TRIP, sent) }
}

/// Queues 110 messages to four peers; returns the one at which the server closes the connection, and the others.
fn poisoned(a: &mut Served, before: u64) -> (MsgId, Vec<MsgId>) {
    let mut others = a.rig.send_all(3, 0..before);
    let poison = a.rig.send(1, 666);
    others.extend((before..109).map(|n| a.rig.send(2 + n % 3, n)));
    (poison, others)
}

#[test]
fn of_110_messages_one_kills_each_connection_and_109_are_delivered() {
    for before in [0, 10, 60, 109] {
        let mut a = disconnected(Config::default().max_attempts(None));
        let (poison, _) = poisoned(&mut a, before);
        let done = a.run_while(30 * SECOND, |a| a.delivered() == 109, closes_at(poison));
        assert!(done, "the poison is number {before}: {} of 109 in 30 s", a.delivered());
        assert!(a.connections <= 8, "{} connections", a.connections);
        assert_eq!(a.failed(), []);
    }
}

#[test]
fn the_poison_alone_goes_on_and_fails_by_name_after_ten_connections_that_it_ended_alone() {
    let mut a = disconnected(Config::default().max_attempts(None));
    let (poison, _) = poisoned(&mut a, 10);
    a.run_while(HOUR, |a| a.delivered() == 109, closes_at(poison));
    let connections = a.connections;
    let failed = a.run_while(HOUR, |a| !a.failed().is_empty(), closes_at(poison));
    assert!(failed, "after {} connections: {:?}", a.connections, a.rig.client.status(poison));
    let reasons = a.picked(|event| match event {
        Event::Failed { id, reason } => Some((*id, reason.clone())),
        _ => None,
    });
    assert_eq!(reasons, [(poison, unknown(None))]);
    assert!(a.connections - connections <= 10, "{} connections", a.connections - connections);
    let copies = a.copies(poison);
    assert!((12..=18).contains(&copies), "two cuts, up to six in company, ten alone: {copies}");

    a.run(HOUR, closes_at(poison));
    assert_eq!(a.copies(poison), copies, "a failed message is not transmitted");
    let later = a.rig.send(1, 7);
    a.run(SECOND, closes_at(poison));
    assert_eq!(a.rig.client.status(later), None, "its peer is served as before");
}

#[test]
fn one_message_behind_the_poison_is_delivered_on_the_fourth_connection() {
    let mut a = disconnected(Config::default());
    let [poison, other] = [1, 2].map(|peer| a.rig.send(peer, 0));
    let done = a.run_while(DAY, |a| a.delivered() == 1, closes_at(poison));
    assert!(done, "{} connections in a day", a.connections);
    assert_eq!(a.rig.client.status(other), None);
    assert!(a.connections <= 4, "{}", a.connections);
}

/// After the second cut each connection is used for messages that were never on a dying one.
#[test]
fn new_messages_do_not_share_a_connection_with_the_poison() {
    let mut a = disconnected(Config::default());
    let poison = a.rig.send(1, 666);
    a.run(5 * SECOND, closes_at(poison));
    for n in 0..40 {
        let id = a.rig.send(2, n);
        a.run(SECOND, closes_at(poison));
        a.run_while(3 * SECOND, |a| a.delivered() as u64 > n, closes_at(poison));
        assert_eq!(a.rig.client.status(id), None, "number {n} waits behind the poison");
    }
}

/// The server drops these frames and answers all others; the link is cut every seven seconds.
#[test]
fn a_window_of_unanswered_messages_on_a_link_that_is_cut_often_blocks_no_other() {
    let mut a = Served::new(Rig::new(Config::default().max_attempts(None), 1));
    a.rig.send_all(1, 0..32);
    let other = a.rig.send(2, 1);
    for _ in 0..100 {
        a.run(6 * SECOND, |sent| if sent.to == 1 { Reply::Nothing } else { delivers(ROUND_TRIP, sent) });
        a.cut();
        a.run(SECOND, |_| Reply::Nothing);
        a.connect();
    }
    assert_eq!(a.rig.client.status(other), None, "it has waited for 100 connections");
    assert!(a.first(other).is_some_and(|at| at <= 7 * SECOND), "{:?}", a.first(other));
}

/// The server drops 64 frames, which are too large. The others are delivered, and none of them fails.
#[test]
fn only_messages_that_are_never_answered_fail() {
    let driver = Driver { reconnects_after: Some(SECOND), obeys_suspicion: true, ..Driver::default() };
    let mut a = Served::with(Rig::new(Config::default(), 1), driver);
    let oversized: BTreeSet<MsgId> = a.rig.send_all(1, 0..64).into_iter().collect();
    a.rig.send_all(1, 64..100);
    a.rig.send_all(2, 0..100);
    a.rig.send_all(3, 0..100);
    let mut server =
        |sent: &Sent| if oversized.contains(&sent.id) { Reply::Nothing } else { delivers(ROUND_TRIP, sent) };
    a.run_while(75 * SECOND, |a| a.delivered() == 236, &mut server);
    assert_eq!(a.delivered(), 236, "after 75 s");
    for n in 0..1_000 {
        a.rig.send(2, n);
        a.run(5 * SECOND, &mut server);
    }
    assert_eq!(a.delivered(), 1_236);
    assert!(a.failed().iter().all(|id| oversized.contains(id)));
}

/// No connection lives for a round trip, so none says anything about a message.
#[test]
fn ten_minutes_of_flapping_accuse_no_message_and_delay_healing_by_at_most_three_seconds() {
    let slow = 200 * MS;
    let healed_after = |flapping: bool| {
        let mut a = Served::new(Rig::new(Config::default(), 1));
        a.cut();
        a.rig.send_all(1, 0..20);
        a.rig.send_all(2, 0..20);
        for _ in 0..600 {
            if flapping {
                a.connect();
            }
            a.run(100 * MS, |sent| delivers(slow, sent));
            if flapping {
                a.cut();
            }
            a.run(900 * MS, |sent| delivers(slow, sent));
        }
        a.connect();
        let start = a.at();
        assert!(a.run_while(HOUR, |a| a.delivered() == 40, |sent| delivers(slow, sent)));
        assert_eq!(a.failed(), []);
        a.at() - start
    };
    let (flapping, offline) = (healed_after(true), healed_after(false));
    assert!(flapping <= offline + 3 * SECOND, "{flapping:?}, and {offline:?} without the flapping");
}

#[test]
fn an_accepted_message_is_never_suspect() {
    let mut a = disconnected(Config::default());
    let id = a.rig.send(1, 0);
    a.run(3 * SECOND, |sent| accepts(ROUND_TRIP, sent));
    for _ in 0..30 {
        a.run(10 * SECOND, |sent| if sent.id == id { Reply::Closes(ROUND_TRIP) } else { delivers(ROUND_TRIP, sent) });
    }
    assert_eq!((a.rig.client.status(id), a.failed()), (Some(Status::Accepted), vec![]));
}

/// A message whose connection was cut twice by accident is suspect; it does not wait for the end of what is new.
#[test]
fn a_suspect_leaves_although_new_messages_keep_the_window_full() {
    let mut a = Served::new(Rig::new(Config::default().window(4), 1));
    let cut = a.rig.send(1, 0);
    for _ in 0..2 {
        a.rig.client.handle_disconnected(a.rig.now);
        a.rig.pass(SECOND);
        a.rig.client.handle_connected(a.rig.now);
    }
    for n in 0..500 {
        a.rig.send(B, n);
        a.run(10 * MS, |sent| delivers(ROUND_TRIP, sent));
    }
    assert!(a.rig.client.stats().unsettled > 4, "the window is full all the time");
    assert!(a.copies(cut) > 0 && a.rig.client.status(cut).is_none(), "delivered among them");
}

/// A connection that ends while a suspect is on the wire accuses no other message.
#[test]
fn while_a_suspect_is_in_flight_only_suspects_count_cuts() {
    let mut a = Rig::new(steady(), 1);
    let ids = |a: &mut Rig| {
        a.frames()
            .into_iter()
            .filter_map(|frame| match frame {
                Outgoing::MsgR { id, .. } => Some(id),
                Outgoing::AckR { .. } => None,
            })
            .collect::<Vec<_>>()
    };
    let reconnect = |a: &mut Rig| {
        a.client.handle_disconnected(a.now);
        a.client.handle_connected(a.now);
    };
    let suspect = a.send(1, 666);
    assert_eq!(ids(&mut a), [suspect]);
    reconnect(&mut a);
    assert_eq!(ids(&mut a), [suspect], "cut once");
    reconnect(&mut a);
    assert_eq!(ids(&mut a), [], "cut twice: it waits until the connection has lived for one RTO");
    let other = a.send(2, 0);
    assert_eq!(ids(&mut a), [other]);
    for lived in [SECOND, 2 * SECOND, 2 * SECOND] {
        a.pass(lived);
        a.client.handle_timeout(a.now);
        assert!(ids(&mut a).contains(&suspect), "after {lived:?}");
        reconnect(&mut a);
        assert_eq!(ids(&mut a), [other], "it is not accused, and goes at once");
    }
}
