//! msg:N lost: A gets no ack:N in time and asks; the server pushes msg:N again.

use kit::trio::Trio;

#[test]
fn a_lost_msg_n_is_repaired() {
    let mut trio = Trio::new(&["msg:N"]);
    trio.send(7);
    let repaired = [
        "0 msg:R",
        "0 msg:A",
        "0 msg:N LOST",
        "0 A accepted",
        "4 msg:R",
        "4 msg:A",
        "4 msg:N",
        "4 B received 7",
        "4 ack:R",
        "4 ack:A",
        "4 ack:N",
        "4 A delivered",
        "4 B ack settled",
    ];
    assert_eq!(trio.run_until_settled(), repaired);
}

#[test]
fn a_msg_n_lost_five_times_in_a_row_is_repaired() {
    Trio::assert_repaired_after(&["msg:N"; 5], "msg:N");
}
