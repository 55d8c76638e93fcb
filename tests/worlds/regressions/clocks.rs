//! Clocks: a clock a year ahead, a long sleep and a late resend cause no false event and stop no timer.

use super::{count, records};
use kit::trio::Trio;
use kit::*;
use sixfold::{Client, Event, Output, ResendError, Time};

const YEAR: core::time::Duration = core::time::Duration::from_secs(365 * 24 * 3600);

#[test]
fn a_wall_clock_a_year_ahead_then_corrected_fails_messages_and_timers_still_run() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 7);
    a.drain();
    let right = a.now;
    a.pass(YEAR);
    a.client.handle_timeout(a.now);
    assert_eq!(a.drain(), [Output::Event(Event::Failed { id, reason: unknown(None) })], "one event, no storm");
    a.now = right + SECOND;
    let next = a.send(B, 8);
    assert_eq!(a.frames(), [msg_r(next, B, 1, 8)]);
    assert_eq!(a.wake(), SECOND, "timers run on from the corrected time");
    a.ack_n(id, 5);
    assert_eq!(a.client.stats().delivered, 1, "a late ack:N still counts");
}

#[test]
fn a_journal_written_a_year_ahead_expires_counted_from_now() {
    let mut a = Rig::new(steady().journal(true), 1);
    let right = a.now;
    a.pass(YEAR);
    a.send(B, 7);
    let journal = records(&mut a);
    let restored = Client::<Test>::restore(steady(), seed(2), journal, right).unwrap();
    assert_eq!(restored.poll_timeout(), Some(right + 3 * DAY));
}

#[test]
fn a_receiver_asleep_for_ten_days_handles_nothing_twice_and_the_sender_learns_of_the_delivery() {
    let mut trio = Trio::new(&["ack:R"]);
    let start = trio.a.now;
    trio.send(7);
    // B sleeps: its timers do not run, and the server sees its connection end.
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
    assert_eq!(count(&trace, "A failed Unknown { rejection: None }"), 1, "after three days the outcome was unknown");
    assert_eq!(count(&trace, "A delivered"), 1, "after ten days the sender learns of the delivery");
}

#[test]
fn resend_after_the_lifetime_is_refused() {
    let mut a = Rig::new(steady().lifetime(7 * DAY), 1);
    let id = a.send(B, 7);
    a.run(8 * DAY);
    assert_eq!(a.client.resend(id, a.now), Err(ResendError::TooOld { id, age: 8 * DAY }));
    assert_eq!(a.client.discard(id, a.now), Ok(7), "the payload can be sent as a new message");
}

#[test]
fn a_restored_message_that_expires_fails_as_unknown() {
    let mut a = Rig::new(steady().journal(true), 1);
    let id = a.send(B, 7);
    let journal = records(&mut a);
    a.pass(4 * DAY);
    a.client = Client::restore(steady(), seed(2), journal, a.now).unwrap();
    a.client.handle_connected(a.now);
    assert_eq!(a.events(), [Event::Failed { id, reason: unknown(None) }]);
}

#[test]
fn a_sleep_of_twelve_hours_costs_at_most_one_transmission_per_message() {
    let mut a = Rig::new(steady().max_attempts(None), 1);
    a.send_all(B, 0..30);
    a.drain();
    a.now = Time::from_origin(13 * HOUR);
    a.client.handle_timeout(a.now);
    assert_eq!(a.frames().len(), 30);
}
