//! The six-frame flow: one message takes six frames, and both clients are settled.

use kit::*;
use sixfold::{Delivery, Event, Incoming, Outgoing, Output, Status, Verdict};

#[test]
fn one_message_takes_six_frames_in_order_and_leaves_both_clients_settled() {
    let (mut a, mut b) = (Rig::new(steady(), 1), Rig::new(steady(), 2));

    let id = a.client.send(B, 42, a.now).unwrap();
    assert_eq!(a.client.status(id), Some(Status::OnWire));
    // 1. msg:R
    assert_eq!(a.drain(), [Output::Transmit(msg_r(id, B, 0, 42))]);
    // 2. msg:A
    a.frame(Incoming::MsgA { id, verdict: Verdict::Accepted(900) });
    assert_eq!(a.drain(), [Output::Event(Event::Accepted { id, server_id: 900 })]);
    assert_eq!(a.client.status(id), Some(Status::Accepted));
    // 3. msg:N
    b.frame(Incoming::MsgN { id, from: A, server_id: 900, floor: 0, payload: 42 });
    let delivery = Delivery { from: A, id, server_id: 900, payload: 42, late: false };
    assert_eq!(b.drain(), [Output::Event(Event::Received(delivery))]);
    assert_eq!(b.client.unconfirmed().collect::<Vec<_>>(), [(&A, id)]);
    // 4. ack:R, after the application has confirmed
    b.client.confirm(&A, id, b.now).unwrap();
    assert_eq!(b.drain(), [Output::Transmit(Outgoing::AckR { id, from: A })]);
    assert!(!b.client.is_settled());
    // 5. ack:A
    b.frame(Incoming::AckA { id, from: A });
    assert_eq!(b.drain(), [Output::Event(Event::AckSettled { from: A, id })]);
    // 6. ack:N
    assert!(!a.client.is_settled());
    a.frame(Incoming::AckN { id, server_id: 900 });
    assert_eq!(a.drain(), [Output::Event(Event::Delivered { id, server_id: 900 })]);

    for rig in [&a, &b] {
        assert!(rig.client.is_settled());
        assert_eq!(rig.client.poll_timeout(), None, "no deadline is left");
        assert_eq!(rig.client.unconfirmed().count() + rig.client.outbox().count(), 0);
    }
    assert_eq!(a.client.status(id), None);
    assert_eq!(b.client.confirm(&A, id, b.now), Ok(()), "confirm is idempotent");
    assert_eq!(b.drain(), []);
}
