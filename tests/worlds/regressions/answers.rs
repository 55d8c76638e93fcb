//! Answers out of order: a repeated, early or late answer has no second effect.

use kit::*;
use sixfold::{Event, Incoming, Status};

#[test]
fn a_repeated_retry_after_pauses_once() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 1);
    a.drain();
    a.retry_after(id, 10 * SECOND);
    a.retry_after(id, 300 * SECOND);
    assert_eq!(a.wake(), 10 * SECOND, "the first was the answer");
    assert_eq!(a.frames(), [msg_r(id, B, 0, 1)]);
    a.accept(id, 1);
    a.retry_after(id, 300 * SECOND);
    let next = a.send(B, 2);
    assert!(a.frames().contains(&msg_r(next, B, 0, 2)), "an answered message cannot pause the others");
}

#[test]
fn an_ack_n_before_msg_a_delivers_and_a_later_msg_a_is_ignored() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 7);
    a.ack_n(id, 1);
    a.accept(id, 1);
    assert_eq!(a.events(), [Event::Delivered { id, server_id: 1 }]);
    assert!(a.client.is_settled());
}

/// Receives a frame that says nothing, so that the link is not taken for dead.
fn hear_something(a: &mut Rig) {
    a.frame(Incoming::AckA { id: id(9, 0), from: 9 });
}

#[test]
fn a_msg_a_for_a_failed_message_has_no_output_and_is_remembered() {
    let mut a = Rig::new(steady().max_attempts(Some(1)), 1);
    let id = a.send(B, 7);
    a.run(SECOND / 2);
    hear_something(&mut a);
    a.run(SECOND / 2);
    a.accept(id, 5);
    assert_eq!((a.drain(), a.client.poll_timeout()), (vec![], None));
    assert_eq!(a.client.status(id), Some(Status::Failed(unknown(None))));
    a.client.resend(id, a.now).unwrap();
    assert_eq!(a.client.status(id), Some(Status::Accepted));
}

#[test]
fn a_window_full_of_lost_frames_does_not_block_other_messages() {
    let mut a = Rig::new(steady().max_attempts(None), 1);
    a.send_all(B, 0..32);
    let other = a.send(99, 7);
    a.drain();
    // Their timers are due after 1, 3 and 7 s.
    for second in 1..=7 {
        assert_eq!(a.client.status(other), Some(Status::Queued), "the window is full until second {second}");
        a.run(SECOND / 2);
        hear_something(&mut a);
        a.run(SECOND / 2);
    }
    assert_eq!(a.client.status(other), Some(Status::OnWire), "the others have given their places back");
}

#[test]
fn a_window_full_of_lost_frames_on_a_silent_link_lets_a_feeler_out_each_rto_max() {
    let mut a = Rig::new(steady().max_attempts(None), 1);
    a.send_all(B, 0..32);
    let others = [a.send(99, 7), a.send(98, 8)];
    a.drain();
    let statuses = |a: &Rig| others.map(|other| a.client.status(other).unwrap());
    a.run(60 * SECOND - NANOSECOND);
    assert_eq!(statuses(&a), [Status::Queued, Status::Queued], "nothing more is risked");
    a.run(NANOSECOND);
    assert_eq!(statuses(&a), [Status::OnWire, Status::Queued]);
    a.run(60 * SECOND - NANOSECOND);
    assert_eq!(statuses(&a), [Status::OnWire, Status::Queued]);
    a.run(NANOSECOND);
    assert_eq!(statuses(&a), [Status::OnWire, Status::OnWire]);
}
