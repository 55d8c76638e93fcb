//! ack:N lost: A gets no ack:N in time and asks; the server answers with ack:N at once.

use kit::trio::Trio;

#[test]
fn a_lost_ack_n_is_repaired() {
    let mut trio = Trio::new(&["ack:N"]);
    trio.send(7);
    let repaired = [
        "0 msg:R",
        "0 msg:A",
        "0 msg:N",
        "0 A accepted",
        "0 B received 7",
        "0 ack:R",
        "0 ack:A",
        "0 ack:N LOST",
        "0 B ack settled",
        "4 msg:R",
        "4 msg:A",
        "4 ack:N",
        "4 A delivered",
    ];
    assert_eq!(trio.run_until_settled(), repaired);
}

#[test]
fn an_ack_n_lost_five_times_in_a_row_is_repaired() {
    Trio::assert_repaired_after(&["ack:N"; 5], "ack:N");
}
