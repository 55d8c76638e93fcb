//! ack:R: only for a confirmed message, and repeated until ack:A.

use kit::*;
use sixfold::{Event, Incoming, Outgoing, Output, UnknownDelivery};

fn ack_r(id: sixfold::MsgId) -> Output<Test> {
    Output::Transmit(Outgoing::AckR { id, from: A })
}

#[test]
fn no_ack_r_before_confirm_and_none_after_release() {
    let mut b = Rig::new(steady(), 2);
    b.msg_n(A, id(1, 0), 0);
    b.msg_n(A, id(1, 0), 0);
    assert!(b.run(10 * DAY).iter().all(|(_, output)| matches!(output, Output::Event(_))));
    b.client.release(&A, id(1, 0), b.now).unwrap();
    assert_eq!(b.run(DAY), []);
    assert_eq!(b.client.confirm(&A, id(1, 0), b.now), Err(UnknownDelivery(id(1, 0))));
}

#[test]
fn ack_r_is_repeated_with_backoff_until_ack_a() {
    let mut b = Rig::new(steady(), 2);
    b.msg_n(A, id(1, 0), 0);
    b.drain();
    b.confirm(A, id(1, 0));
    assert_eq!(b.drain(), [ack_r(id(1, 0))]);
    for seconds in [1, 2, 4, 8, 16, 32] {
        assert_eq!(b.wake(), seconds * SECOND);
        assert!(b.drain().contains(&ack_r(id(1, 0))));
    }
    assert_eq!(b.wake(), 60 * SECOND);
    b.drain();
    b.frame(Incoming::AckA { id: id(1, 0), from: A });
    assert_eq!(b.drain(), [Output::Event(Event::AckSettled { from: A, id: id(1, 0) })]);
    assert_eq!(b.client.poll_timeout(), None);
    b.frame(Incoming::AckA { id: id(1, 0), from: A });
    assert_eq!((b.drain(), b.client.stats().ignored_ack_a), (vec![], 1));
}

#[test]
fn an_ack_a_before_ack_r_or_for_another_message_is_ignored() {
    let mut b = Rig::new(steady(), 2);
    b.msg_n(A, id(1, 0), 0);
    b.frame(Incoming::AckA { id: id(1, 0), from: A });
    b.client.handle_disconnected(b.now);
    b.confirm(A, id(1, 0));
    b.frame(Incoming::AckA { id: id(1, 0), from: A });
    b.client.handle_connected(b.now);
    b.frame(Incoming::AckA { id: id(1, 0), from: 77 });
    b.frame(Incoming::AckA { id: id(1, 1), from: A });
    assert_eq!(b.client.stats().ignored_ack_a, 4);
    assert!(!b.client.is_settled() && b.client.stats().acks_pending == 1);
}

#[test]
fn after_a_reconnect_a_first_ack_r_takes_no_token_and_a_repeated_one_does() {
    let mut b = Rig::new(steady().retransmit_burst(1).retransmit_rate(1), 2);
    for seq in 0..6 {
        b.msg_n(A, id(1, seq), 0);
    }
    (0..3).for_each(|seq| b.confirm(A, id(1, seq)));
    b.client.handle_disconnected(b.now);
    (3..6).for_each(|seq| b.confirm(A, id(1, seq)));
    assert!(b.drain().iter().all(|output| matches!(output, Output::Event(_))));
    b.client.handle_connected(b.now);
    assert_eq!(b.frames().len(), 4, "three first ones, and one for the token");
    assert_eq!(b.client.poll_timeout(), Some(b.now + SECOND));
}

#[test]
fn above_the_ack_capacity_the_oldest_ack_is_forgotten_and_a_repeated_msg_n_restores_it() {
    let mut b = Rig::new(steady().ack_capacity(2), 2);
    for seq in 0..3 {
        b.msg_n(A, id(1, seq), 0);
        b.confirm(A, id(1, seq));
    }
    b.drain();
    assert_eq!((b.client.stats().acks_pending, b.client.stats().acks_forgotten), (2, 1));
    b.frame(Incoming::AckA { id: id(1, 0), from: A });
    assert_eq!(b.client.stats().ignored_ack_a, 1, "it was the oldest");
    b.msg_n(A, id(1, 0), 0);
    assert_eq!(b.drain(), [ack_r(id(1, 0))]);
    b.frame(Incoming::AckA { id: id(1, 0), from: A });
    assert_eq!(b.events().len(), 1);
}

#[test]
fn tokens_alternate_between_acks_and_messages() {
    let mut b = Rig::new(steady().window(500).max_attempts(None).retransmit_burst(1).retransmit_rate(10), 2);
    for seq in 0..100 {
        b.send(A, seq);
        b.msg_n(A, id(1, seq), 0);
        b.confirm(A, id(1, seq));
    }
    b.run(2 * SECOND);
    let outputs = b.run(10 * SECOND);
    let acks = outputs.iter().filter(|(_, o)| matches!(o, Output::Transmit(Outgoing::AckR { .. }))).count();
    let messages = outputs.iter().filter(|(_, o)| matches!(o, Output::Transmit(Outgoing::MsgR { .. }))).count();
    assert_eq!((acks, messages), (50, 50));
}

#[test]
fn confirm_is_idempotent_before_and_after_ack_a() {
    let mut b = Rig::new(steady(), 2);
    b.msg_n(A, id(1, 0), 0);
    for _ in 0..2 {
        b.confirm(A, id(1, 0));
    }
    assert_eq!(b.frames(), [Outgoing::AckR { id: id(1, 0), from: A }]);
    b.frame(Incoming::AckA { id: id(1, 0), from: A });
    b.drain();
    b.confirm(A, id(1, 0));
    assert_eq!((b.drain(), b.client.stats().confirmed), (vec![], 1));
}

#[test]
fn no_ack_timer_runs_while_disconnected() {
    let mut b = Rig::new(steady(), 2);
    b.msg_n(A, id(1, 0), 0);
    b.confirm(A, id(1, 0));
    b.drain();
    assert!(b.client.poll_timeout().is_some());
    b.client.handle_disconnected(b.now);
    assert_eq!(b.client.poll_timeout(), None);
    b.run(DAY);
    assert_eq!(b.client.stats().timeouts, 0);
}
