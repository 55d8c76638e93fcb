//! The reference relay: the six rules of a server, its two kinds of crash, and its scripted verdicts.

mod pushes;
mod questions;

use core::time::Duration;

use sixfold::sim::{Crash, Relay};
use sixfold::{Incoming, MsgId, Outgoing, Rejection, StreamId, Time, Types, Verdict};

#[derive(Clone, Debug, PartialEq)]
struct Chat;

impl Types for Chat {
    type Peer = &'static str;
    type Payload = &'static str;
    type ServerId = u64;
}

type Sent = (&'static str, Incoming<Chat>);

const LIFETIME: Duration = Duration::from_secs(100);

fn at(secs: u64) -> Time {
    Time::from_origin(Duration::from_secs(secs))
}

fn before(time: Time) -> Time {
    Time::from_nanos(time.as_nanos() - 1)
}

fn id(seq: u64) -> MsgId {
    MsgId::new(StreamId::from_u64(0xabcd), seq).unwrap()
}

fn msg_r(seq: u64, floor: u64) -> Outgoing<Chat> {
    Outgoing::MsgR { id: id(seq), to: "bob", floor, payload: Some("hello") }
}

fn ack_r(seq: u64) -> Outgoing<Chat> {
    Outgoing::AckR { id: id(seq), from: "alice" }
}

fn msg_a(seq: u64, server_id: u64) -> Sent {
    ("alice", Incoming::MsgA { id: id(seq), verdict: Verdict::Accepted(server_id) })
}

fn msg_n(seq: u64, server_id: u64, floor: u64) -> Sent {
    ("bob", Incoming::MsgN { id: id(seq), from: "alice", server_id, floor, payload: "hello" })
}

fn ack_a(seq: u64) -> Sent {
    ("bob", Incoming::AckA { id: id(seq), from: "alice" })
}

fn ack_n(seq: u64, server_id: u64) -> Sent {
    ("alice", Incoming::AckN { id: id(seq), server_id })
}

fn drain(relay: &mut Relay<Chat>) -> Vec<Sent> {
    core::iter::from_fn(|| relay.poll_output()).collect()
}

/// Returns a relay at time 0 with these peers connected.
fn relay(peers: &[&'static str]) -> Relay<Chat> {
    let mut relay = Relay::new(LIFETIME, at(0));
    for &peer in peers {
        relay.handle_connected(peer, at(0));
    }
    relay
}

/// Feeds one frame and returns the frames it causes.
fn feed(relay: &mut Relay<Chat>, from: &'static str, frame: Outgoing<Chat>, now: Time) -> Vec<Sent> {
    relay.handle_frame(from, frame, now);
    drain(relay)
}

const FIRST: u64 = 1 << 32;

#[test]
fn rule_1_a_duplicate_is_answered_with_the_same_server_id_and_pushed_again() {
    let mut relay = relay(&["alice", "bob"]);
    let once = feed(&mut relay, "alice", msg_r(0, 0), at(0));
    assert_eq!(once, [msg_a(0, FIRST), msg_n(0, FIRST, 0)]);
    assert_eq!(feed(&mut relay, "alice", msg_r(0, 0), at(1)), once);
    assert_eq!((relay.stats().stored, relay.stats().duplicates), (1, 1));
}

#[test]
fn rule_1_a_duplicate_of_a_confirmed_message_is_answered_with_ack_n() {
    let mut relay = relay(&["alice", "bob"]);
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    assert_eq!(feed(&mut relay, "bob", ack_r(0), at(1)), [ack_a(0), ack_n(0, FIRST)]);
    assert_eq!(feed(&mut relay, "alice", msg_r(0, 0), at(2)), [msg_a(0, FIRST), ack_n(0, FIRST)]);
}

#[test]
fn rule_1_a_duplicate_for_an_offline_recipient_is_answered_with_msg_a_only() {
    let mut relay = relay(&["alice"]);
    assert_eq!(feed(&mut relay, "alice", msg_r(0, 0), at(0)), [msg_a(0, FIRST)]);
    assert_eq!(feed(&mut relay, "alice", msg_r(0, 0), at(1)), [msg_a(0, FIRST)]);
}

#[test]
fn rule_1_a_duplicate_with_other_content_does_not_change_the_stored_message() {
    let mut relay = relay(&["alice", "bob", "carol"]);
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    let changed = Outgoing::MsgR { id: id(0), to: "carol", floor: 0, payload: Some("changed") };
    assert_eq!(feed(&mut relay, "alice", changed, at(1)), [msg_a(0, FIRST), msg_n(0, FIRST, 0)]);
}

#[test]
fn rule_1_the_same_id_of_another_sender_is_another_message() {
    let mut relay = relay(&["alice", "bob", "carol"]);
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    let outputs = feed(&mut relay, "carol", msg_r(0, 0), at(0));
    assert!(matches!(outputs[1].1, Incoming::MsgN { from: "carol", server_id, .. } if server_id == FIRST + 1));
}

#[test]
fn rule_2_no_server_id_is_assigned_twice_even_after_a_crash() {
    for kind in [Crash::LosesAll, Crash::KeepsStored] {
        let mut relay = relay(&["alice"]);
        assert_eq!(feed(&mut relay, "alice", msg_r(0, 0), at(0)), [msg_a(0, FIRST)]);
        relay.crash(kind, at(1));
        relay.handle_connected("alice", at(2));
        assert_eq!(feed(&mut relay, "alice", msg_r(1, 0), at(2)), [msg_a(1, 2 * FIRST)]);
    }
}

#[test]
fn rule_3_a_reconnecting_recipient_gets_missed_messages_in_order_of_acceptance() {
    let mut relay = relay(&["alice", "carol"]);
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    feed(&mut relay, "carol", msg_r(7, 7), at(0));
    feed(&mut relay, "alice", msg_r(1, 0), at(0));
    for again in 0..2 {
        relay.handle_connected("bob", at(1 + again));
        let outputs = drain(&mut relay);
        let from_carol =
            ("bob", Incoming::MsgN { id: id(7), from: "carol", server_id: FIRST + 1, floor: 7, payload: "hello" });
        assert_eq!(outputs, [msg_n(0, FIRST, 0), from_carol, msg_n(1, FIRST + 2, 0)]);
    }
    feed(&mut relay, "bob", ack_r(0), at(3));
    relay.handle_connected("bob", at(4));
    assert_eq!(drain(&mut relay).len(), 2, "what is confirmed is not pushed again");
}

#[test]
fn rule_3_no_message_is_pushed_after_its_lifetime() {
    let end = at(1) + LIFETIME;
    let mut relay = relay(&["alice"]);
    feed(&mut relay, "alice", msg_r(0, 0), at(1));
    assert_eq!(relay.poll_timeout(), Some(end));

    let mut just_before = relay.clone();
    just_before.handle_connected("bob", before(end));
    assert_eq!(drain(&mut just_before), [msg_n(0, FIRST, 0)]);

    relay.handle_connected("bob", end);
    assert_eq!(drain(&mut relay), []);
    assert_eq!(feed(&mut relay, "alice", msg_r(0, 0), end), [msg_a(0, FIRST)]);
    assert_eq!(relay.stats().outlived, 1);
    assert_eq!(feed(&mut relay, "bob", ack_r(0), end), [ack_a(0), ack_n(0, FIRST)], "a late confirmation still counts");
}

#[test]
fn a_message_is_deduplicated_until_twice_lifetime_and_then_forgotten() {
    let end = at(1) + LIFETIME + LIFETIME;
    let mut relay = relay(&["alice"]);
    feed(&mut relay, "alice", msg_r(0, 0), at(1));
    relay.handle_timeout(before(end));
    assert_eq!(feed(&mut relay, "alice", msg_r(0, 0), before(end)), [msg_a(0, FIRST)]);
    assert_eq!(relay.poll_timeout(), Some(end));
    relay.handle_timeout(end);
    assert_eq!((relay.poll_timeout(), relay.stats().remembered, relay.stats().forgotten), (None, 0, 1));
    assert_eq!(feed(&mut relay, "alice", msg_r(0, 0), end), [msg_a(0, FIRST + 1)]);
}

#[test]
fn rule_4_every_ack_r_is_answered_and_only_that_of_the_recipient_confirms() {
    let mut relay = relay(&["alice", "bob", "carol"]);
    assert_eq!(feed(&mut relay, "bob", ack_r(0), at(0)), [ack_a(0)], "unknown");
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    assert_eq!(
        feed(&mut relay, "carol", ack_r(0), at(0)),
        [("carol", Incoming::AckA { id: id(0), from: "alice" })],
        "not the recipient"
    );
    assert_eq!(feed(&mut relay, "bob", ack_r(0), at(2)), [ack_a(0), ack_n(0, FIRST)]);
    assert_eq!(feed(&mut relay, "bob", ack_r(0), at(3)), [ack_a(0)], "repeated");
    let stats = relay.stats();
    assert_eq!((stats.confirmed, stats.acks_repeated, stats.acks_unknown), (1, 1, 2));
}

#[test]
fn rule_4_ack_n_for_an_offline_sender_answers_its_next_msg_r() {
    let mut relay = relay(&["alice", "bob"]);
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    relay.handle_disconnected(&"alice", at(0));
    assert_eq!(feed(&mut relay, "bob", ack_r(0), at(0)), [ack_a(0)]);
    relay.handle_connected("alice", at(2));
    assert_eq!(feed(&mut relay, "alice", msg_r(0, 0), at(2)), [msg_a(0, FIRST), ack_n(0, FIRST)]);
}

#[test]
fn rule_5_a_peer_may_send_to_itself() {
    let mut relay = relay(&["alice"]);
    let frame = Outgoing::MsgR { id: id(0), to: "alice", floor: 0, payload: Some("note") };
    let pushed = Incoming::MsgN { id: id(0), from: "alice", server_id: FIRST, floor: 0, payload: "note" };
    assert_eq!(feed(&mut relay, "alice", frame, at(0)), [msg_a(0, FIRST), ("alice", pushed)]);
    let acked = ("alice", Incoming::AckA { id: id(0), from: "alice" });
    assert_eq!(feed(&mut relay, "alice", ack_r(0), at(0)), [acked, ack_n(0, FIRST)]);
}

#[test]
fn rule_6_a_push_carries_the_floor_of_the_latest_msg_r() {
    let mut relay = relay(&["alice"]);
    feed(&mut relay, "alice", msg_r(5, 2), at(0));
    feed(&mut relay, "alice", msg_r(5, 4), at(1));
    relay.handle_connected("bob", at(2));
    assert_eq!(drain(&mut relay), [msg_n(5, FIRST, 4)]);
    assert_eq!(feed(&mut relay, "alice", msg_r(5, 5), at(3)), [msg_a(5, FIRST), msg_n(5, FIRST, 5)]);
}

#[test]
fn after_a_crash_that_loses_all_a_repeated_message_is_stored_again() {
    let mut relay = relay(&["alice", "bob"]);
    relay.handle_frame("alice", msg_r(0, 0), at(0));
    relay.crash(Crash::LosesAll, at(1));
    assert_eq!(drain(&mut relay), [], "queued frames are gone");
    assert_eq!(feed(&mut relay, "alice", msg_r(0, 0), at(1)), [], "nobody is connected");
    assert_eq!(relay.stats().ignored_unconnected, 1);
    relay.handle_connected("bob", at(2));
    assert_eq!(drain(&mut relay), []);
    relay.handle_connected("alice", at(2));
    assert_eq!(feed(&mut relay, "alice", msg_r(0, 0), at(2)), [msg_a(0, 2 * FIRST), msg_n(0, 2 * FIRST, 0)]);
}

#[test]
fn after_a_crash_that_keeps_stored_messages_answers_are_as_before() {
    let mut relay = relay(&["alice", "bob"]);
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    feed(&mut relay, "alice", msg_r(1, 0), at(0));
    feed(&mut relay, "bob", ack_r(0), at(0));
    relay.crash(Crash::KeepsStored, at(1));
    relay.handle_connected("alice", at(2));
    relay.handle_connected("bob", at(2));
    assert_eq!(drain(&mut relay), [msg_n(1, FIRST + 1, 0)]);
    assert_eq!(feed(&mut relay, "alice", msg_r(0, 0), at(2)), [msg_a(0, FIRST), ack_n(0, FIRST)]);
}

#[test]
fn frames_queued_for_a_peer_are_dropped_with_its_connection() {
    let mut relay = relay(&["alice", "bob"]);
    relay.handle_frame("alice", msg_r(0, 0), at(0));
    relay.handle_disconnected(&"bob", at(0));
    assert_eq!(drain(&mut relay), [msg_a(0, FIRST)]);
    assert_eq!((relay.is_connected(&"alice"), relay.is_connected(&"bob")), (true, false));
}

#[test]
fn a_rejected_or_throttled_message_is_not_stored_and_a_stored_one_is_not_rejected() {
    let rejection = Rejection { code: 403, reason: "blocked".into() };
    let pause = Duration::from_secs(5);
    let verdict = |verdict| ("alice", Incoming::MsgA { id: id(1), verdict });
    let mut relay = relay(&["alice"]);
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    relay.refuse("bob", Some(rejection.clone()));
    relay.throttle(Some(pause));
    assert_eq!(feed(&mut relay, "alice", msg_r(1, 0), at(0)), [verdict(Verdict::Rejected(rejection))]);
    assert_eq!(feed(&mut relay, "alice", msg_r(0, 0), at(0)), [msg_a(0, FIRST)]);
    relay.refuse("bob", None);
    assert_eq!(feed(&mut relay, "alice", msg_r(1, 0), at(0)), [verdict(Verdict::RetryAfter(pause))]);
    relay.throttle(None);
    assert_eq!(feed(&mut relay, "alice", msg_r(1, 0), at(0)), [msg_a(1, FIRST + 1)]);
    let stats = relay.stats();
    assert_eq!((stats.rejected, stats.throttled, stats.stored), (1, 1, 2));
}
