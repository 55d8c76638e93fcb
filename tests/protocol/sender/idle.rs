//! A client with nothing to do sleeps: what is accepted for peers that are away costs few wake-ups and no payload, and
//! each wake-up brings something.

use core::time::Duration;

use kit::served::*;
use kit::*;
use sixfold::{Client, Config};

const ROUND_TRIP: Duration = Duration::from_millis(50);

/// Returns a client with a thousand messages, accepted within two seconds, to peers that have been away for an hour.
fn idle(peers: u64) -> Served {
    let mut a = Served::new(Rig::new(Config::default(), 1));
    for n in 0..1_000 {
        a.rig.send(n % peers, n);
    }
    a.run(HOUR, |sent| accepts(ROUND_TRIP, sent));
    assert_eq!(a.rig.client.stats().unsettled, 1_000);
    a.sent.clear();
    a.wakes = 0;
    a
}

/// Returns the wake-ups and the frames of the next hour. None is whole: no payload is uploaded again.
fn in_an_hour(a: &mut Served) -> (usize, usize) {
    a.run(HOUR, |sent| accepts(ROUND_TRIP, sent));
    assert_eq!(a.sent.iter().filter(|sent| sent.is_whole).count(), 0, "{} wake-ups", a.wakes);
    (a.wakes, a.sent.len())
}

#[test]
fn a_thousand_accepted_messages_to_twenty_absent_peers_wake_a_phone_at_most_120_times_an_hour() {
    let (wakes, frames) = in_an_hour(&mut idle(20));
    assert!((1..=120).contains(&wakes), "{wakes} wake-ups");
    assert!((1..=120 * 17).contains(&frames), "{frames} frames");
}

#[test]
fn a_thousand_accepted_messages_to_one_absent_peer_wake_a_phone_at_most_six_times_an_hour() {
    let (wakes, frames) = in_an_hour(&mut idle(1));
    assert!((1..=6).contains(&wakes), "{wakes} wake-ups");
    assert!((1..=6 * 17).contains(&frames), "{frames} frames");
}

#[test]
fn a_reconnect_costs_two_questions_for_each_peer_that_is_still_away() {
    let mut a = idle(20);
    a.cut();
    a.connect();
    a.run(60 * SECOND, |sent| accepts(ROUND_TRIP, sent));
    assert!((20..=40).contains(&a.sent.len()), "{} frames", a.sent.len());
    assert!(a.sent.iter().all(|sent| !sent.is_whole), "payloads were uploaded again");
}

/// Ten reconnects in ten minutes: the intervals that have grown are kept.
#[test]
fn frequent_reconnects_do_not_bring_the_questions_back_to_the_first_interval() {
    let mut a = idle(20);
    for _ in 0..10 {
        a.cut();
        a.connect();
        a.run(60 * SECOND, |sent| accepts(ROUND_TRIP, sent));
    }
    assert!(a.sent.len() <= 10 * 40, "{} frames", a.sent.len());
}

/// The pause ends before there is a token.
#[test]
fn a_pause_with_an_empty_bucket_ends_with_the_next_token() {
    let config = steady().retransmit_burst(1).retransmit_rate(1).rto_min(100 * MS).rto_initial(100 * MS);
    let mut a = Rig::new(config.max_attempts(None), 1);
    let id = a.send(B, 0);
    a.drain();
    a.wake();
    assert_eq!(a.frames().len(), 1, "the token is spent");
    a.retry_after(id, 300 * MS);
    a.client.handle_disconnected(a.now);
    a.client.handle_connected(a.now);
    assert_eq!(a.drain(), []);
    a.wake();
    assert_ne!(a.drain(), [], "woken before it may be sent");
}

#[test]
fn restored_messages_that_nobody_waits_for_set_no_deadline_of_their_own() {
    let config = || steady().journal(true).probe_initial(100 * SECOND);
    let mut old = Rig::new(config(), 1);
    let id = old.send(B, 0);
    old.accept(id, 1);
    let mut client = Client::restore(config(), seed(2), old.records(), old.now).unwrap();
    client.handle_connected(old.now);
    let mut a = Rig { client, now: old.now };
    a.drain();
    a.accept(id, 1);
    a.wake();
    assert_ne!(a.drain(), [], "woken for nothing");
}

/// Deadlines of every kind, and all frames answered: each wake-up brings an output.
#[test]
fn no_wake_up_is_without_effect() {
    let mut a = Served::new(Rig::new(Config::default().retransmit_burst(4).retransmit_rate(4), 1));
    let server = |sent: &Sent| match sent.to {
        0 => pauses(ROUND_TRIP, sent, 7 * SECOND),
        1 => Reply::Nothing,
        _ => accepts(ROUND_TRIP, sent),
    };
    for round in 0..20 {
        for n in 0..40 {
            a.rig.send(n % 4, n);
        }
        a.run(20 * SECOND, server);
        if round % 5 == 4 {
            a.cut();
            a.run(SECOND, server);
            a.connect();
        }
    }
    assert!(a.idle_wakes * 10 <= a.wakes, "{} of {} wake-ups brought nothing", a.idle_wakes, a.wakes);
}
