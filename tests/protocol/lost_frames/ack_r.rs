//! ack:R lost: B gets no ack:A in time and sends ack:R again.

use kit::trio::Trio;

#[test]
fn a_lost_ack_r_is_repaired() {
    let mut trio = Trio::new(&["ack:R"]);
    trio.send(7);
    let repaired = [
        "0 msg:R",
        "0 msg:A",
        "0 msg:N",
        "0 A accepted",
        "0 B received 7",
        "0 ack:R LOST",
        "1 ack:R",
        "1 ack:A",
        "1 ack:N",
        "1 A delivered",
        "1 B ack settled",
    ];
    assert_eq!(trio.run_until_settled(), repaired);
}

#[test]
fn an_ack_r_lost_five_times_in_a_row_is_repaired() {
    Trio::assert_repaired_after(&["ack:R"; 5], "ack:R");
}
