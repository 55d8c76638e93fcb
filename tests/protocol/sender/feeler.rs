//! A silent connection risks nothing more: once its window is full, one new message in turn leaves each `rto_max`, and
//! nothing fails but by age.

use core::time::Duration;

use kit::served::*;
use kit::*;
use sixfold::{Event, FailReason, Status};

const MINUTE: Duration = Duration::from_secs(60);

fn firsts(a: &Served) -> Vec<Sent> {
    a.sent.iter().filter(|sent| sent.is_first).copied().collect()
}

#[test]
fn on_a_dead_connection_one_new_message_leaves_each_rto_max_beyond_the_window() {
    let mut a = Served::new(Rig::new(steady(), 1));
    a.rig.send_all(1, 0..100);
    a.rig.send_all(2, 0..100);
    a.run(MINUTE - NANOSECOND, |_| Reply::Nothing);
    assert_eq!(firsts(&a).len(), 32, "the window, and nothing more in the first minute");
    a.run(10 * MINUTE, |_| Reply::Nothing);
    let feelers = firsts(&a).split_off(32);
    let expected: Vec<Duration> = (1..=10).map(|n| n * MINUTE).collect();
    assert_eq!(feelers.iter().map(|sent| sent.at).collect::<Vec<_>>(), expected);
    let to_second = feelers.iter().filter(|sent| sent.to == 2).count();
    assert_eq!(to_second, 5, "the peers take turns");
}

/// More was in flight than the window has places: the rest waits for one, and a feeler does not wait for the rest.
#[test]
fn on_the_next_dead_connection_feelers_leave_too() {
    let mut a = Served::new(Rig::new(steady(), 1));
    a.rig.send_all(1, 0..100);
    a.rig.send_all(2, 0..100);
    a.run(5 * MINUTE, |_| Reply::Nothing);
    assert_eq!(firsts(&a).len(), 32 + 5);
    a.cut();
    a.connect();
    let connected = a.at();
    a.run(5 * MINUTE, |_| Reply::Nothing);
    let feelers = firsts(&a).into_iter().filter(|sent| sent.at > connected);
    let expected: Vec<Duration> = (1..=5).map(|n| connected + n * MINUTE).collect();
    assert_eq!(feelers.map(|sent| sent.at).collect::<Vec<_>>(), expected);
}

#[test]
fn a_feeler_that_is_answered_opens_the_window_again() {
    let mut a = Served::new(Rig::new(steady(), 1));
    a.rig.send_all(1, 0..32);
    a.rig.send_all(2, 0..20);
    a.run(10 * MINUTE, |_| Reply::Nothing);
    let (before, start) = (firsts(&a).len(), a.at());
    assert_eq!(before, 42, "the window and ten feelers");
    let done = a.run_while(75 * SECOND, |a| a.delivered() == 52, |sent| delivers(50 * MS, sent));
    assert!(done, "{} of 52 delivered after {:?}", a.delivered(), a.at() - start);
}

#[test]
fn on_a_silent_link_a_message_fails_at_its_expiry_and_not_before() {
    let mut a = Served::new(Rig::new(steady().expiry(HOUR), 1));
    a.rig.send_all(1, 0..40);
    a.rig.send_all(2, 0..100);
    a.run(HOUR - NANOSECOND, |_| Reply::Nothing);
    assert_eq!(a.failed(), [], "nobody has been heard");
    a.run(NANOSECOND, |_| Reply::Nothing);
    let reasons = a.picked(|event| match event {
        Event::Failed { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    let left = firsts(&a).len();
    assert_eq!(reasons.len(), 140);
    assert_eq!(reasons.iter().filter(|reason| **reason == unknown(None)).count(), left, "what has left");
    assert_eq!(reasons.iter().filter(|reason| **reason == FailReason::Expired).count(), 140 - left, "what has not");
}

/// A time-out is an attempt only if something was heard since the transmission.
#[test]
fn attempts_are_counted_only_while_the_connection_is_heard() {
    let config = || steady().max_attempts(Some(3));
    let mut silent = Served::new(Rig::new(config(), 1));
    let id = silent.rig.send(1, 0);
    silent.run(HOUR, |_| Reply::Nothing);
    assert_eq!(silent.rig.client.status(id), Some(Status::OnWire));

    let heard = Driver { hears_every: Some(500 * MS), ..Driver::default() };
    let mut heard = Served::with(Rig::new(config(), 1), heard);
    let id = heard.rig.send(1, 0);
    heard.run(7 * SECOND - NANOSECOND, |_| Reply::Nothing);
    assert_eq!(heard.rig.client.status(id), Some(Status::OnWire));
    heard.run(NANOSECOND, |_| Reply::Nothing);
    assert_eq!(heard.rig.client.status(id), Some(Status::Failed(unknown(None))), "after 1, 2 and 4 seconds");
    assert_eq!(heard.copies(id), 3);
}
