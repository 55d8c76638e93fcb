//! Late inputs: a caller that sleeps, or fires a timer late, learns nothing about the round trip.

use core::time::Duration;

use kit::*;
use sixfold::Config;

/// Returns a client that knows its round trip of 50 ms.
fn acquainted(config: Config) -> Rig {
    let mut a = Rig::new(config, 1);
    for n in 0..50 {
        answered(&mut a, n);
    }
    a
}

fn answered(a: &mut Rig, payload: u64) {
    let id = a.send(B, payload);
    a.drain();
    a.pass(50 * MS);
    a.accept(id, 1);
    a.ack_n(id, 1);
    a.drain();
}

/// The machine was suspended with the answer in the socket.
#[test]
fn a_sleep_is_no_round_trip() {
    for sleep in [10 * SECOND, HOUR, DAY] {
        let mut a = acquainted(Config::default());
        let (srtt, rto) = (a.client.stats().srtt, a.client.stats().rto);
        let id = a.send(B, 99);
        a.drain();
        a.pass(sleep);
        a.accept(id, 1);
        assert_eq!((a.client.stats().srtt, a.client.stats().rto), (srtt, rto), "after {sleep:?}");
    }
}

/// The caller reads the socket first, or fires the timer first.
#[test]
fn an_answer_beside_a_late_timeout_is_no_round_trip() {
    for timeout_first in [true, false] {
        let mut a = acquainted(Config::default());
        let (srtt, rto) = (a.client.stats().srtt, a.client.stats().rto);
        let id = a.send(B, 99);
        a.drain();
        a.pass(HOUR);
        if timeout_first {
            a.client.handle_timeout(a.now);
        }
        a.accept(id, 1);
        a.client.handle_timeout(a.now);
        assert_eq!(a.client.stats().srtt, srtt);
        assert!(a.client.stats().rto <= 2 * rto, "{:?}", a.client.stats().rto);
    }
}

/// Five seconds late with each timer, for an hour: the first message that is lost afterwards is repeated in time.
#[test]
fn a_caller_that_is_always_late_leaves_the_timeout_short() {
    let mut a = acquainted(Config::default());
    for n in 0..500 {
        let id = a.send(B, n);
        a.drain();
        a.pass(5 * SECOND);
        a.accept(id, 1);
        a.client.handle_timeout(a.now);
        a.ack_n(id, 1);
        a.drain();
    }
    assert!(a.client.stats().rto <= 2 * SECOND, "{:?}", a.client.stats().rto);
}

/// A path that is slow but punctual is a path: its samples count.
#[test]
fn a_round_trip_within_the_rto_is_a_sample() {
    let mut a = acquainted(Config::default());
    let id = a.send(B, 99);
    a.drain();
    a.pass(150 * MS);
    a.accept(id, 1);
    let srtt = a.client.stats().srtt;
    assert!(srtt > Some(50 * MS) && srtt < Some(150 * MS), "{srtt:?}");
    assert!(a.client.stats().rto >= Duration::from_millis(150));
}
