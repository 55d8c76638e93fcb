//! msg:N lost: B does not confirm in time; the server pushes msg:N again.

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
        "1 msg:N",
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
fn a_msg_n_lost_five_times_in_a_row_is_repaired() {
    Trio::assert_repaired_after(&["msg:N"; 5], "msg:N");
}
