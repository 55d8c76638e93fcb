//! The caller's clock: it may step back, leap or stand still. No timer stops, and a step back counts as no time.

use kit::*;
use sixfold::{Event, Output, Time};

const YEAR: core::time::Duration = core::time::Duration::from_secs(365 * 24 * 3600);

/// Returns a client whose clock starts ten years after its origin, so that it can be set back.
fn rig() -> Rig {
    let now = Time::from_origin(10 * YEAR);
    let mut client = sixfold::Client::new(steady().max_attempts(None), seed(1), now).unwrap();
    client.handle_connected(now);
    Rig { client, now }
}

fn retries(outputs: &[(core::time::Duration, Output<Test>)]) -> usize {
    outputs.iter().filter(|(_, output)| matches!(output, Output::Event(Event::Retrying { .. }))).count()
}

#[test]
fn a_clock_set_back_by_a_year_shifts_the_deadlines_and_no_time_passes() {
    let mut a = rig();
    a.send(B, 7);
    a.drain();
    a.pass(600 * MS);
    a.client.handle_timeout(a.now);
    let left = a.client.poll_timeout().unwrap().saturating_duration_since(a.now);
    a.now = Time::from_origin(9 * YEAR);
    a.client.handle_timeout(a.now);
    assert_eq!(a.client.poll_timeout(), Some(a.now + left), "the deadline shifts with the clock");
    assert_eq!(a.drain(), []);
    assert_eq!(a.wake(), left);
    assert_eq!(a.drain().len(), 2);
    assert_eq!(a.client.stats().clock_steps_back, 1);
    assert_eq!(retries(&a.run(32 * SECOND)), 4, "the backoff continues: 2, 4, 8, 16 seconds");
}

#[test]
fn a_clock_set_a_year_ahead_and_then_corrected_expires_messages_and_timers_still_run() {
    let mut a = rig();
    let id = a.send(B, 7);
    a.now = a.now + YEAR;
    a.client.handle_timeout(a.now);
    assert!(a.drain().contains(&Output::Event(Event::Failed { id, reason: unknown(None) })));
    a.now = Time::from_origin(10 * YEAR);
    let next = a.send(B, 8);
    assert_eq!(a.frames(), [msg_r(next, B, 1, 8)]);
    assert_eq!(a.wake(), SECOND);
}

#[test]
fn one_reading_of_time_max_does_not_stop_the_client() {
    let mut a = rig();
    a.client.handle_timeout(Time::MAX);
    a.client.handle_timeout(a.now);
    a.drain();
    let id = a.send(B, 7);
    assert_eq!(a.frames(), [msg_r(id, B, 0, 7)]);
    for _ in 0..5 {
        a.wake();
        assert!(a.drain().contains(&Output::Transmit(msg_r(id, B, 0, 7))));
    }
}

/// The clock has 584 years. A leap to where it has been before counts as one of them.
#[test]
fn leaps_to_and_fro_do_not_use_up_the_clock() {
    for leaps in [1, 5, 25, 100] {
        let mut a = rig();
        for _ in 0..leaps {
            a.client.handle_timeout(Time::MAX);
            a.client.handle_timeout(a.now);
            a.drain();
        }
        let id = a.send(B, 7);
        assert_eq!(a.frames(), [msg_r(id, B, 0, 7)]);
        assert!(a.client.poll_timeout().is_some(), "after {leaps} leaps");
        let repeated = a.run(2 * SECOND).iter().any(|(_, output)| *output == Output::Transmit(msg_r(id, B, 0, 7)));
        assert!(repeated, "after {leaps} leaps no timer runs");
    }
}

#[test]
fn at_the_end_of_time_a_message_on_its_way_keeps_its_deadline() {
    let mut a = rig();
    a.now = Time::MAX;
    let id = a.send(B, 7);
    assert_eq!(a.frames(), [msg_r(id, B, 0, 7)]);
    assert_eq!(a.client.poll_timeout(), Some(Time::MAX), "there is no later time");
    a.accept(id, 1);
    a.ack_n(id, 1);
    a.drain();
    assert_eq!(a.client.poll_timeout(), None);
}

#[test]
fn a_leap_of_twelve_hours_costs_at_most_one_transmission_per_message() {
    let mut a = rig();
    let ids = a.send_all(B, 0..20);
    (0..10).for_each(|n| a.accept(ids[n], n as u64));
    a.drain();
    a.pass(12 * HOUR);
    a.client.handle_timeout(a.now);
    let frames = a.frames();
    assert_eq!(frames.len(), 20);
    for (n, id) in (0..).zip(ids) {
        let expected = if n < 10 { question(id, B, 0) } else { msg_r(id, B, 0, n) };
        assert_eq!(frames.iter().filter(|frame| **frame == expected).count(), 1, "{n}");
    }
    assert!(a.client.poll_timeout().unwrap() > a.now);
}

#[test]
fn a_clock_that_stands_still_or_jitters_has_no_effect() {
    let mut a = rig();
    let id = a.send(B, 7);
    a.drain();
    let deadline = a.client.poll_timeout();
    for _ in 0..1_000 {
        a.client.handle_timeout(a.now);
        assert_eq!((a.client.poll_timeout(), a.drain()), (deadline, vec![]));
    }
    for n in 0..1_000 {
        let now = if n % 2 == 0 { a.now } else { Time::from_nanos(a.now.as_nanos() - 1) };
        a.client.handle_timeout(now);
    }
    assert_eq!((a.drain(), a.client.stats().clock_steps_back), (vec![], 500));
    assert_eq!(a.client.poll_timeout(), Some(Time::from_nanos(deadline.unwrap().as_nanos() - 500)));
    a.accept(id, 1);
}

#[test]
fn time_zero_and_time_max_are_valid_times() {
    for end in [Time::ZERO, Time::MAX] {
        let mut a = rig();
        a.now = end;
        let id = a.send(B, 7);
        a.msg_n(A, kit::id(1, 0), 0);
        a.msg_n(A, kit::id(1, 2), 0);
        a.confirm(A, kit::id(1, 0));
        a.client.handle_timeout(end);
        a.drain();
        let next = a.client.poll_timeout().expect("timers run");
        assert!(next > end || next == Time::MAX, "a deadline beyond the end of time is the end of time");
        a.accept(id, 1);
        a.ack_n(id, 1);
        assert_eq!(a.events().len(), 2);
    }
}

#[test]
fn while_output_is_pending_the_deadline_is_now() {
    let mut a = rig();
    a.send(B, 7);
    assert_eq!(a.client.poll_timeout(), Some(a.now));
    a.pass(MS);
    assert_eq!(a.client.poll_timeout(), Some(Time::from_nanos(a.now.as_nanos() - 1_000_000)));
    a.client.handle_timeout(a.now);
    assert_eq!(a.client.poll_timeout(), Some(a.now));
    a.drain();
    assert!(a.client.poll_timeout().unwrap() > a.now);
}
