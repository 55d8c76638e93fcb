//! Questions: msg:R without its payload, about a message that the relay knows or does not know.

use super::*;

fn question(seq: u64, to: &'static str, floor: u64) -> Outgoing<Chat> {
    Outgoing::MsgR { id: id(seq), to, floor, payload: None }
}

#[test]
fn rule_1_a_question_is_answered_like_a_duplicate() {
    let mut relay = relay(&["alice", "bob"]);
    let once = feed(&mut relay, "alice", msg_r(0, 0), at(0));
    assert_eq!(feed(&mut relay, "alice", question(0, "bob", 0), at(1)), once, "unconfirmed: pushed again");
    feed(&mut relay, "bob", ack_r(0), at(2));
    assert_eq!(feed(&mut relay, "alice", question(0, "bob", 0), at(3)), [msg_a(0, FIRST), ack_n(0, FIRST)]);
    relay.crash(Crash::KeepsStored, at(4));
    relay.handle_connected("alice", at(4));
    assert_eq!(feed(&mut relay, "alice", question(0, "bob", 0), at(5)), [msg_a(0, FIRST), ack_n(0, FIRST)]);
    let stats = relay.stats();
    assert_eq!((stats.msg_r, stats.questions, stats.questions_unknown, stats.duplicates), (4, 3, 0, 0));
}

#[test]
fn rule_1_a_question_for_an_unknown_message_is_not_answered() {
    let mut relay = relay(&["alice", "bob", "carol"]);
    assert_eq!(feed(&mut relay, "alice", question(0, "bob", 0), at(0)), [], "never known");
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    assert_eq!(feed(&mut relay, "carol", question(0, "bob", 0), at(0)), [], "of another sender");
    assert_eq!(feed(&mut relay, "alice", question(0, "carol", 0), at(0)), [], "to another recipient");
    assert!(relay.is_connected(&"alice") && relay.is_connected(&"carol"));
    relay.crash(Crash::LosesAll, at(2));
    relay.handle_connected("alice", at(2));
    assert_eq!(feed(&mut relay, "alice", question(0, "bob", 0), at(2)), [], "forgotten");
    assert_eq!(feed(&mut relay, "alice", msg_r(0, 0), at(3)), [msg_a(0, 2 * FIRST)], "the whole message follows");
    assert_eq!(feed(&mut relay, "alice", question(0, "bob", 0), at(4)), [msg_a(0, 2 * FIRST)]);
    let stats = relay.stats();
    assert_eq!((stats.questions, stats.questions_unknown, stats.stored), (5, 4, 2));
}

#[test]
fn rule_1_a_question_is_neither_rejected_nor_throttled() {
    let mut relay = relay(&["alice"]);
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    relay.throttle(Some(Duration::from_secs(5)));
    for _ in 0..2 {
        assert_eq!(feed(&mut relay, "alice", question(0, "bob", 0), at(1)), [msg_a(0, FIRST)], "known");
        assert_eq!(feed(&mut relay, "alice", question(1, "bob", 0), at(1)), [], "unknown");
        relay.refuse("bob", Some(Rejection { code: 403, reason: "blocked".into() }));
    }
    assert_eq!((relay.stats().throttled, relay.stats().rejected), (0, 0));
}

#[test]
fn rule_1_a_question_is_answered_while_the_server_has_the_payload_or_the_confirmation() {
    let mut relay = relay(&["alice", "bob"]);
    feed(&mut relay, "alice", msg_r(0, 0), at(0));
    feed(&mut relay, "bob", ack_r(0), at(0));
    relay.handle_disconnected(&"bob", at(0));
    feed(&mut relay, "alice", msg_r(1, 0), at(0));
    let end = at(0) + LIFETIME;
    assert_eq!(feed(&mut relay, "alice", question(1, "bob", 0), before(end)), [msg_a(1, FIRST + 1)]);
    assert_eq!(feed(&mut relay, "alice", question(1, "bob", 0), end), [], "the payload is gone");
    let end = end + LIFETIME;
    let answer = [msg_a(0, FIRST), ack_n(0, FIRST)];
    assert_eq!(feed(&mut relay, "alice", question(0, "bob", 0), before(end)), answer);
    assert_eq!(feed(&mut relay, "alice", question(0, "bob", 0), end), []);
}

#[test]
fn rule_6_a_push_carries_the_floor_of_the_latest_question() {
    let mut relay = relay(&["alice", "carol"]);
    feed(&mut relay, "alice", msg_r(5, 2), at(0));
    feed(&mut relay, "alice", question(5, "bob", 4), at(1));
    feed(&mut relay, "alice", question(5, "carol", 5), at(1));
    feed(&mut relay, "carol", question(5, "bob", 5), at(1));
    relay.handle_connected("bob", at(2));
    assert_eq!(drain(&mut relay), [msg_n(5, FIRST, 4)], "of this message");
}
