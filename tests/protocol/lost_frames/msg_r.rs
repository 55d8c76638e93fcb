//! msg:R lost: A gets no msg:A in time and sends msg:R again.

use kit::trio::Trio;

#[test]
fn a_lost_msg_r_is_repaired() {
    let mut trio = Trio::new(&["msg:R"]);
    trio.send(7);
    let repaired = [
        "0 msg:R LOST",
        "1 A retrying Accept 1",
        "1 msg:R",
        "1 msg:A",
        "1 msg:N",
        "1 A accepted",
        "1 B received 7",
        "1 ack:R",
        "1 ack:A",
        "1 ack:N",
        "1 A delivered",
        "1 B ack settled",
    ];
    assert_eq!(trio.run_until_settled(), repaired);
}

#[test]
fn a_msg_r_lost_five_times_in_a_row_is_repaired() {
    Trio::assert_repaired_after(&["msg:R"; 5], "msg:R");
}
