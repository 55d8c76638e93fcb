//! Push timers: what the recipient does not confirm is pushed again, while it is connected.

use super::*;

fn ms(millis: u64) -> Time {
    Time::from_origin(Duration::from_millis(millis))
}

/// A relay that gives up nothing during a test, with alice and bob connected at time 0.
fn patient() -> Relay<Chat> {
    let mut relay = Relay::new(Duration::from_secs(7 * 24 * 3600), at(0));
    relay.handle_connected("alice", at(0));
    relay.handle_connected("bob", at(0));
    relay
}

/// Moves time from deadline to deadline up to `end`; returns the frames, each with its time in milliseconds.
fn run_until(relay: &mut Relay<Chat>, end: Time) -> Vec<(u64, Sent)> {
    let mut sent = Vec::new();
    while let Some(due) = relay.poll_timeout().filter(|due| *due <= end) {
        relay.handle_timeout(before(due));
        assert_eq!(drain(relay), [], "nothing is due before {due:?}");
        relay.handle_timeout(due);
        assert!(relay.poll_timeout().is_none_or(|next| next > due), "the deadline moves");
        let millis = u64::try_from(due.since_origin().as_millis()).unwrap();
        sent.extend(drain(relay).into_iter().map(|frame| (millis, frame)));
    }
    sent
}

/// Confirms a message of a fresh relay after `millis`; then the next push RTO is computed from that sample.
fn sample(relay: &mut Relay<Chat>, seq: u64, now: u64, millis: u64) {
    feed(relay, "alice", msg_r(seq, 0), ms(now));
    feed(relay, "bob", ack_r(seq), ms(now + millis));
}

/// Pushes a message and returns after how many milliseconds it is pushed again.
fn rto(relay: &mut Relay<Chat>, seq: u64, now: u64) -> u64 {
    feed(relay, "alice", msg_r(seq, 0), ms(now));
    let due = relay.poll_timeout().unwrap();
    u64::try_from(due.saturating_duration_since(ms(now)).as_millis()).unwrap()
}

#[test]
fn a_lost_push_comes_again_after_1_s_and_then_after_twice_as_long_each_time() {
    let mut relay = patient();
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    let times = [1, 3, 7, 15, 31, 63].map(|secs| (secs * 1_000, msg_n(0, FIRST, 0)));
    assert_eq!(run_until(&mut relay, at(100)), times);
    assert_eq!((relay.stats().msg_n, relay.stats().pushed_again), (7, 6));
}

#[test]
fn the_interval_grows_to_10_minutes() {
    let mut relay = patient();
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    let times: Vec<u64> = run_until(&mut relay, at(3 * 3_600)).into_iter().map(|(millis, _)| millis / 1_000).collect();
    let intervals: Vec<u64> = times.windows(2).map(|two| two[1] - two[0]).collect();
    assert_eq!(intervals[..11], [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
}

#[test]
fn nothing_is_pushed_again_once_it_is_confirmed() {
    let mut relay = patient();
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    assert_eq!(run_until(&mut relay, at(2)).len(), 1);
    feed(&mut relay, "bob", ack_r(0), before(at(3)));
    assert_eq!(run_until(&mut relay, at(100)), []);
}

#[test]
fn what_is_confirmed_at_its_deadline_is_not_pushed_again() {
    let mut relay = patient();
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    assert_eq!(feed(&mut relay, "bob", ack_r(0), at(1)), [ack_a(0), ack_n(0, FIRST)]);
}

#[test]
fn any_input_fires_the_push_timers_that_are_due() {
    let mut relay = patient();
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    assert_eq!(feed(&mut relay, "bob", ack_r(7), at(1)), [ack_a(7), msg_n(0, FIRST, 0)]);
    relay.handle_connected("carol", at(3));
    assert_eq!(drain(&mut relay), [msg_n(0, FIRST, 0)]);
    relay.handle_disconnected(&"carol", at(10));
    assert_eq!(drain(&mut relay), [msg_n(0, FIRST, 0)], "three seconds late");
    assert_eq!(relay.poll_timeout(), Some(at(18)), "counted from the push");
}

#[test]
fn nothing_is_pushed_to_a_disconnected_recipient() {
    let mut relay = patient();
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    relay.handle_disconnected(&"bob", ms(500));
    feed(&mut relay, "alice", msg_r(1, 0), ms(500));
    assert_eq!(run_until(&mut relay, at(1_000)), []);
    assert_eq!(relay.poll_timeout(), Some(at(7 * 24 * 3600)), "only the lifetime is left");
}

#[test]
fn a_new_connection_begins_with_a_push_at_once_and_the_first_interval() {
    let connect: fn(&mut Relay<Chat>, Time) = |relay, now| relay.handle_connected("bob", now);
    let disconnected: fn(&mut Relay<Chat>, Time) = |relay, now| {
        relay.handle_disconnected(&"bob", before(now));
        relay.handle_connected("bob", now);
    };
    let crashed: fn(&mut Relay<Chat>, Time) = |relay, now| {
        relay.crash(Crash::KeepsStored, before(now));
        assert_eq!(relay.poll_timeout(), Some(at(7 * 24 * 3600)));
        relay.handle_connected("bob", now);
    };
    for reconnect in [connect, disconnected, crashed] {
        let mut relay = patient();
        feed(&mut relay, "alice", msg_r(0, 0), at(0));
        assert_eq!(run_until(&mut relay, at(9)).len(), 3);
        reconnect(&mut relay, at(9));
        assert_eq!(drain(&mut relay), [msg_n(0, FIRST, 0)]);
        assert_eq!(relay.stats().pushed_again, 3, "the first push of a connection is no repetition");
        assert_eq!(run_until(&mut relay, at(12)), [10_000, 12_000].map(|millis| (millis, msg_n(0, FIRST, 0))));
    }
}

#[test]
fn nothing_is_pushed_after_its_lifetime_or_after_the_server_lost_it() {
    let mut relay = relay(&["alice", "bob"]);
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    assert_eq!(run_until(&mut relay, at(1_000)).len(), 6, "the last after 63 s; the next would be after 127 s");
    assert_eq!((relay.poll_timeout(), relay.stats().outlived), (None, 1));

    let mut relay = patient();
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    relay.crash(Crash::LosesAll, ms(500));
    relay.handle_connected("bob", ms(500));
    assert_eq!(relay.poll_timeout(), None);
}

#[test]
fn what_is_due_goes_in_the_order_of_acceptance() {
    let mut relay = patient();
    for (seq, millis) in [(0, 0), (1, 100), (2, 200)] {
        feed(&mut relay, "alice", msg_r(seq, 0), ms(millis));
    }
    assert_eq!(run_until(&mut relay, ms(1_000)).len(), 1);
    // The first is due again after 3 s, the others after 1.1 s and 1.2 s; the caller comes late.
    relay.handle_timeout(at(3));
    assert_eq!(drain(&mut relay), [msg_n(0, FIRST, 0), msg_n(1, FIRST + 1, 0), msg_n(2, FIRST + 2, 0)]);
}

#[test]
fn a_duplicate_or_a_question_brings_the_push_forward_to_one_push_rto_after_the_last() {
    let question = || Outgoing::MsgR { id: id(0), to: "bob", floor: 0, payload: None };
    for hint in [|| msg_r(0, 0), question] {
        let mut relay = patient();
        feed(&mut relay, "alice", msg_r(0, 0), at(0));
        assert_eq!(feed(&mut relay, "alice", hint(), ms(999)), [msg_a(0, FIRST)], "too early");
        assert_eq!(relay.poll_timeout(), Some(at(1)));
        assert_eq!(run_until(&mut relay, at(1)).len(), 1);
        assert_eq!(relay.poll_timeout(), Some(at(3)));
        assert_eq!(feed(&mut relay, "alice", hint(), ms(1_200)), [msg_a(0, FIRST)]);
        assert_eq!(run_until(&mut relay, at(2)), [(2_000, msg_n(0, FIRST, 0))], "remembered");
        assert_eq!(feed(&mut relay, "alice", hint(), at(4)), [msg_a(0, FIRST), msg_n(0, FIRST, 0)]);
        assert_eq!(relay.poll_timeout(), Some(at(12)), "four pushes are unanswered");
        assert_eq!(relay.stats().pushed_again, 3);
    }
}

#[test]
fn the_push_rto_follows_the_samples_of_a_connection() {
    let mut relay = patient();
    assert_eq!(rto(&mut relay.clone(), 0, 0), 1_000);
    sample(&mut relay, 0, 0, 100);
    assert_eq!(rto(&mut relay.clone(), 1, 1_000), 300, "100 + 4 · 50");
    relay.handle_connected("carol", at(1));
    let to_carol = Outgoing::MsgR { id: id(9), to: "carol", floor: 0, payload: Some("hello") };
    let mut other = relay.clone();
    feed(&mut other, "alice", to_carol, at(1));
    assert_eq!(other.poll_timeout(), Some(at(2)), "of this connection alone");
    sample(&mut relay, 1, 1_000, 180);
    assert_eq!(rto(&mut relay.clone(), 2, 2_000), 340, "110 + 4 · 57.5");
    relay.handle_connected("bob", at(3));
    assert_eq!(rto(&mut relay, 2, 3_000), 1_000, "a new connection");
}

#[test]
fn the_push_rto_is_200_ms_or_more_and_10_minutes_or_less() {
    let mut relay = patient();
    sample(&mut relay, 0, 0, 1);
    assert_eq!(rto(&mut relay, 1, 1_000), 200);
    let mut relay = patient();
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    // The caller was away: a sample of an hour.
    feed(&mut relay, "bob", ack_r(0), at(3_600));
    assert_eq!(rto(&mut relay, 1, 4_000_000), 600_000);
}

#[test]
fn the_delays_can_be_set_for_new_connections_and_a_crash_keeps_them() {
    let [initial, min, max] = [50, 10, 120].map(Duration::from_millis);
    let mut relay = patient();
    relay.push_timer(initial, min, max);
    assert_eq!(rto(&mut relay, 0, 0), 1_000, "this connection began before");
    relay.crash(Crash::LosesAll, at(0));
    relay.handle_connected("alice", at(0));
    relay.handle_connected("bob", at(0));
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    let times: Vec<u64> = run_until(&mut relay, ms(400)).into_iter().map(|(millis, _)| millis).collect();
    assert_eq!(times, [50, 150, 270, 390]);
    feed(&mut relay, "bob", ack_r(0), ms(400));
    sample(&mut relay, 1, 400, 1);
    assert_eq!(rto(&mut relay, 2, 500), 10);
}

#[test]
fn a_message_that_was_pushed_again_is_no_sample() {
    let mut relay = patient();
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    assert_eq!(run_until(&mut relay, at(1)).len(), 1);
    feed(&mut relay, "bob", ack_r(0), ms(1_050));
    assert_eq!(rto(&mut relay, 1, 2_000), 1_000);
}

#[test]
fn a_message_that_was_pushed_on_an_earlier_connection_is_no_sample() {
    let mut relay = patient();
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    relay.handle_connected("bob", ms(100));
    feed(&mut relay, "bob", ack_r(0), ms(110));
    assert_eq!(rto(&mut relay, 1, 200), 1_000);
}

#[test]
fn a_message_that_waited_for_its_recipient_is_a_sample() {
    let mut relay = patient();
    relay.handle_disconnected(&"bob", at(0));
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    relay.handle_connected("bob", at(60));
    feed(&mut relay, "bob", ack_r(0), ms(60_100));
    assert_eq!(rto(&mut relay, 1, 61_000), 300);
}

#[test]
fn a_message_that_may_have_been_held_for_an_older_one_is_no_sample() {
    let mut relay = patient();
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    feed(&mut relay, "alice", msg_r(1, 0), ms(100));
    relay.handle_connected("carol", ms(100));
    let from_carol = Outgoing::MsgR { id: id(0), to: "bob", floor: 0, payload: Some("hello") };
    // The older one is confirmed after a second push: nothing is a sample.
    assert_eq!(run_until(&mut relay, at(1)).len(), 1);
    feed(&mut relay, "bob", ack_r(0), ms(1_020));
    feed(&mut relay, "bob", ack_r(1), ms(1_020));
    assert_eq!(rto(&mut relay.clone(), 2, 2_000), 1_000);
    // Of another sender nothing older was unconfirmed.
    feed(&mut relay, "alice", msg_r(2, 0), at(2));
    feed(&mut relay, "carol", from_carol, ms(2_100));
    feed(&mut relay, "bob", Outgoing::AckR { id: id(0), from: "carol" }, ms(2_200));
    feed(&mut relay, "bob", ack_r(2), ms(2_300));
    assert_eq!(rto(&mut relay, 3, 3_000), 475, "100 ms, then 300 ms: 125 + 4 · 87.5");
}

#[test]
fn an_ack_of_another_peer_or_of_what_was_given_up_is_no_sample() {
    let mut relay = relay(&["alice", "bob", "carol"]);
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    feed(&mut relay, "carol", ack_r(0), ms(100));
    assert_eq!(relay.poll_timeout(), Some(at(1)), "it is still pushed again");
    relay.handle_timeout(at(0) + LIFETIME);
    drain(&mut relay);
    feed(&mut relay, "bob", ack_r(0), at(101));
    assert_eq!(rto(&mut relay, 1, 102_000), 1_000);
}

#[test]
fn at_the_end_of_time_nothing_is_due() {
    let mut relay = patient();
    feed(&mut relay, "alice", msg_r(0, 0), Time::from_nanos(u64::MAX - 1));
    assert_eq!(relay.poll_timeout(), Some(Time::MAX));
    relay.handle_timeout(Time::MAX);
    assert_eq!(relay.poll_timeout(), None);
}
