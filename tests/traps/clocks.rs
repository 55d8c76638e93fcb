//! Clocks: a year ahead, ten days asleep, eight days too late.

use crate::{count, records};
use kit::trio::Trio;
use kit::*;
use sixfold::{Client, Event, Output, ResendError, Time};

const YEAR: core::time::Duration = core::time::Duration::from_secs(365 * 24 * 3600);

#[test]
fn a_wall_clock_a_year_ahead_then_corrected_fails_visibly_and_stops_nothing() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 7);
    a.drain();
    let right = a.now;
    a.pass(YEAR);
    a.client.handle_timeout(a.now);
    assert_eq!(a.drain(), [Output::Event(Event::Failed { id, reason: unknown(None) })], "one word, no storm");
    a.now = right + SECOND;
    let next = a.send(B, 8);
    assert_eq!(a.frames(), [msg_r(next, B, 1, 8)]);
    assert_eq!(a.wake(), on_grid(SECOND), "timers run on from the corrected time");
    a.ack_n(id, 5);
    assert_eq!(a.client.stats().delivered, 1, "the late truth still counts");
}

#[test]
fn a_journal_written_while_the_clock_was_a_year_ahead_does_not_live_a_year_longer() {
    let mut a = Rig::new(steady().journal(true), 1);
    let right = a.now;
    a.pass(YEAR);
    a.send(B, 7);
    let journal = records(&mut a);
    let restored = Client::<Test>::restore(steady(), seed(2), journal, right).unwrap();
    assert_eq!(restored.poll_timeout(), Some(right + 3 * DAY));
}

#[test]
fn a_receiver_asleep_for_ten_days_with_its_ack_r_lost_shows_nothing_twice_and_still_brings_the_truth() {
    let mut trio = Trio::new(&["ack:R"]);
    let start = trio.a.now;
    trio.send(7);
    // The lid closes: no timer of B runs, and the server sees its connection end.
    trio.relay.handle_disconnected(&B, start);
    let wakes = start + 10 * DAY;
    while let Some(next) = trio.a.client.poll_timeout().filter(|next| *next < wakes) {
        trio.a.now = next;
        trio.a.client.handle_timeout(next);
        trio.flow();
    }
    (trio.a.now, trio.b.now) = (wakes, wakes);
    trio.b.client.handle_disconnected(wakes);
    trio.relay.handle_connected(B, wakes);
    trio.b.client.handle_connected(wakes);
    let trace = trio.run_until_settled();
    assert_eq!(count(&trace, "B received 7"), 1, "{trace:#?}");
    assert_eq!(count(&trace, "A failed Unknown { rejection: None }"), 1, "after three days nobody knew");
    assert_eq!(count(&trace, "A delivered"), 1, "and after ten the sender does");
}

#[test]
fn resend_after_eight_days_is_refused_since_the_receiver_may_have_forgotten() {
    let mut a = Rig::new(steady().lifetime(7 * DAY), 1);
    let id = a.send(B, 7);
    a.run(8 * DAY);
    assert_eq!(a.client.resend(id, a.now), Err(ResendError::TooOld { id, age: 8 * DAY }));
    assert_eq!(a.client.discard(id, a.now), Ok(7), "the payload can be sent as a new message");
}

#[test]
fn queued_sent_killed_restored_and_expired_does_not_say_that_it_never_left() {
    let mut a = Rig::new(steady().journal(true), 1);
    let id = a.send(B, 7);
    let journal = records(&mut a);
    a.pass(4 * DAY);
    a.client = Client::restore(steady(), seed(2), journal, a.now).unwrap();
    a.client.handle_connected(a.now);
    assert_eq!(a.events(), [Event::Failed { id, reason: unknown(None) }]);
}

#[test]
fn a_phone_that_sleeps_for_twelve_hours_wakes_with_at_most_one_transmission_per_message() {
    let mut a = Rig::new(steady().max_attempts(None), 1);
    a.send_all(B, 0..30);
    a.drain();
    a.now = Time::from_origin(13 * HOUR);
    a.client.handle_timeout(a.now);
    assert_eq!(a.frames().len(), 30);
}
