//! msg:A lost: A gets no msg:A in time and sends msg:R again; an ack:N implies msg:A.

use kit::trio::Trio;

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
    assert_eq!(trio.run_until_settled(), repaired);
}

#[test]
fn a_msg_a_lost_five_times_in_a_row_is_repaired() {
    Trio::assert_repaired_after(&["msg:A", "msg:N"].repeat(5), "msg:A");
}
