//! msg:A lost: A sees no msg:A in time and sends msg:R again; or ack:N tells that the server must have it.

use crate::trio::Trio;

#[test]
fn a_lost_msg_a_is_repaired() {
    let mut trio = Trio::new(&["msg:A"]);
    trio.send(7);
    let repaired = [
        "0 msg:R",
        "0 msg:A LOST",
        "0 msg:N",
        "0 B received 7",
        "0 ack:R",
        "0 ack:A",
        "0 ack:N",
        "0 A delivered",
        "0 B ack settled",
    ];
    assert_eq!(trio.settle(), repaired);
}

#[test]
fn a_msg_a_lost_five_times_in_a_row_is_repaired_all_the_same() {
    let mut trio = Trio::new(&["msg:A", "msg:N"].repeat(5));
    trio.send(7);
    let trace = trio.settle();
    let count = |line: &str| trace.iter().filter(|entry| entry.ends_with(line)).count();
    assert_eq!((count(" B received 7"), count(" A delivered"), count(" A accepted")), (1, 1, 1), "{trace:#?}");
    assert_eq!(count(" msg:A LOST"), 5);
}
