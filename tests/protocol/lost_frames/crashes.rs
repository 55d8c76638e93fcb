//! Crashes: the server between any two frames, or B before it confirms; the message is delivered all the same.

use kit::trio::Trio;
use sixfold::sim::Crash;

fn count(trace: &[String], line: &str) -> usize {
    trace.iter().filter(|entry| entry.ends_with(line)).count()
}

#[test]
fn the_server_crashes_between_msg_a_and_msg_n_and_loses_its_state() {
    let mut trio = Trio::new(&["msg:N"]);
    trio.send(7);
    trio.relay_crashes(Crash::LosesAll);
    let repaired = [
        "0 msg:R",
        "0 msg:A",
        "0 msg:N LOST",
        "0 A accepted",
        // A question; a server that has lost its memory does not answer it, and gets the whole message.
        "0 msg:R",
        "0 A retrying Deliver 1",
        "0 msg:R",
        "0 msg:A",
        "0 msg:N",
        // It may have lost everything: all other accepted messages would be asked about.
        "0 A server id conflict",
        "0 B received 7",
        "0 ack:R",
        "0 ack:A",
        "0 ack:N",
        "0 A delivered",
        "0 B ack settled",
    ];
    assert_eq!(trio.run_until_settled(), repaired);
}

#[test]
fn the_server_crashes_between_msg_a_and_msg_n_and_keeps_stored_messages() {
    let mut trio = Trio::new(&["msg:N"]);
    trio.send(7);
    trio.relay_crashes(Crash::KeepsStored);
    let trace = trio.run_until_settled();
    assert_eq!((count(&trace, "B received 7"), count(&trace, "A delivered")), (1, 1), "{trace:#?}");
    assert_eq!(count(&trace, "server id conflict"), 0);
}

#[test]
fn the_server_loses_its_state_between_ack_r_and_ack_n() {
    let mut trio = Trio::new(&["ack:N"]);
    trio.send(7);
    trio.relay_crashes(Crash::LosesAll);
    let trace = trio.run_until_settled();
    assert_eq!((count(&trace, "B received 7"), count(&trace, "A delivered")), (1, 1), "{trace:#?}");
}

#[test]
fn a_recipient_that_crashes_before_it_confirms_gets_the_message_again() {
    let mut trio = Trio::new(&[]);
    trio.b_confirms = false;
    trio.send(7);
    assert_eq!(trio.b.client.unconfirmed().count(), 1);
    trio.b_crashes();
    let trace = trio.run_until_settled();
    assert_eq!((count(&trace, "B received 7"), count(&trace, "A delivered")), (2, 1), "{trace:#?}");
}

#[test]
fn an_offline_recipient_gets_all_messages_in_order_when_it_reconnects() {
    let mut trio = Trio::new(&[]);
    let now = trio.b.now;
    trio.relay.handle_disconnected(&kit::B, now);
    trio.b.client.handle_disconnected(now);
    for n in 0..5 {
        trio.send(n);
    }
    trio.b_crashes();
    let trace = trio.run_until_settled();
    let received: Vec<_> = trace.iter().filter_map(|line| line.split("received ").nth(1)).collect();
    assert_eq!(received, ["0", "1", "2", "3", "4"]);
    assert_eq!(count(&trace, "A delivered"), 5);
}
