//! `RetryAfter`: the server asks for a pause, and until it ends no msg:R of that stream is transmitted; others go on.

use kit::*;
use sixfold::{Outgoing, Output, Status};

#[test]
fn a_pause_stops_its_stream_and_the_message_that_was_put_off_is_sent_first_afterwards() {
    let mut a = Rig::new(steady().window(1), 1);
    let [first, second] = [1, 2].map(|n| a.send(B, n));
    a.drain();
    a.retry_after(first, 30 * SECOND);
    assert_eq!(a.drain(), [], "the window has room, but nothing of the stream is sent");
    assert_eq!(a.client.status(first), Some(Status::OnWire), "its status is kept");
    assert_eq!(a.client.poll_timeout(), Some(a.now + 30 * SECOND));
    let mut others_go_on = a.clone();
    let elsewhere = others_go_on.send(99, 3);
    assert_eq!(others_go_on.frames(), [msg_r(elsewhere, 99, 0, 3)]);

    a.wake();
    assert_eq!(a.frames(), [msg_r(first, B, 0, 1)]);
    a.accept(first, 1);
    assert_eq!(a.frames(), [msg_r(second, B, 0, 2)]);
}

#[test]
fn what_a_pause_put_off_is_sent_again_in_order_and_before_what_is_new_while_other_peers_go_on() {
    let mut a = Rig::new(steady().window(5).rto_min(SECOND), 1);
    let elsewhere = a.send(99, 9);
    let ids = a.send_all(B, 0..6);
    a.drain();
    ids[..4].iter().for_each(|id| a.retry_after(*id, 10 * SECOND));
    let frames = a.run(10 * SECOND).into_iter().filter_map(|(at, output)| match output {
        Output::Transmit(frame) => Some((at, frame)),
        Output::Persist(_) | Output::Event(_) => None,
    });
    let (to_b, others): (Vec<_>, Vec<_>) = frames.partition(|(_, frame)| matches!(frame, Outgoing::MsgR { to: B, .. }));
    let expected = (0..4).zip(&ids).map(|(n, id)| (10 * SECOND, msg_r(*id, B, 0, n)));
    assert!(to_b.into_iter().eq(expected));
    assert!(others.into_iter().eq([1, 3, 7].map(|at| (at * SECOND, msg_r(elsewhere, 99, 0, 9)))));
    a.accept(ids[0], 1);
    assert_eq!(a.frames(), [msg_r(ids[4], B, 0, 4)]);
}

#[test]
fn after_a_pause_the_deadline_is_the_next_token_and_a_full_window_is_waited_for() {
    let mut a = Rig::new(steady().retransmit_burst(1).retransmit_rate(1), 1);
    let id = a.send(B, 1);
    a.drain();
    a.wake();
    assert_eq!(a.frames(), [msg_r(id, B, 0, 1)], "the token is gone");
    a.retry_after(id, 10 * MS);
    assert_eq!(a.wake(), SECOND);
    assert_eq!(a.frames(), [msg_r(id, B, 0, 1)]);

    let mut a = Rig::new(steady().window(1).rto_min(SECOND), 1);
    let put_off = a.send(B, 1);
    let holder = a.send(99, 2);
    a.drain();
    a.retry_after(put_off, 10 * MS);
    assert_eq!(a.frames(), [msg_r(holder, 99, 0, 2)], "it has the place now");
    assert_eq!(a.wake(), SECOND, "the end of the pause wakes nobody: there is no place");
    assert_eq!(a.frames(), [msg_r(holder, 99, 0, 2)]);
    a.accept(holder, 1);
    assert_eq!(a.frames(), [msg_r(put_off, B, 0, 1)]);
}

#[test]
fn a_pause_is_at_most_probe_max_and_is_no_attempt() {
    let mut a = Rig::new(steady().max_attempts(Some(1)), 1);
    let id = a.send(B, 1);
    for _ in 0..5 {
        a.drain();
        a.retry_after(id, 100 * DAY);
        assert_eq!(a.wake(), 600 * SECOND);
        assert_eq!(a.frames(), [msg_r(id, B, 0, 1)]);
    }
    assert_eq!(a.client.status(id), Some(Status::OnWire));
}

#[test]
fn a_pause_delays_the_retransmissions_and_questions_of_its_stream_too() {
    let mut a = Rig::new(steady().max_attempts(None), 1);
    let [paused, on_wire, accepted] = [1, 2, 3].map(|n| a.send(B, n));
    a.accept(accepted, 1);
    a.drain();
    a.retry_after(paused, 100 * SECOND);
    let outputs = a.run(100 * SECOND - MS);
    assert!(outputs.iter().all(|(_, output)| matches!(output, Output::Event(_))), "{outputs:?}");
    a.run(MS);
    assert_eq!([paused, on_wire].map(|id| a.client.status(id)), [Some(Status::OnWire), Some(Status::OnWire)]);
    let frames: Vec<_> = a.run(100 * SECOND).into_iter().map(|(_, output)| output).collect();
    for frame in [msg_r(on_wire, B, 0, 2), msg_r(paused, B, 0, 1), question(accepted, B, 0)] {
        assert!(frames.contains(&Output::Transmit(frame)));
    }
}

#[test]
fn a_pause_for_a_message_that_does_not_wait_for_msg_a_is_ignored() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 1);
    a.drain();
    a.retry_after(id, 10 * SECOND);
    a.retry_after(id, 20 * SECOND);
    assert_eq!(a.client.poll_timeout(), Some(a.now + 10 * SECOND), "only the first one counts");
    a.wake();
    a.accept(id, 1);
    a.drain();
    a.retry_after(id, 100 * SECOND);
    assert_eq!(a.client.stats().ignored_msg_a_repeated, 2);
    a.send(B, 2);
    assert_eq!(a.frames().len(), 1, "no pause");
}

#[test]
fn a_first_transmission_after_a_pause_needs_no_token() {
    let mut a = Rig::new(steady().retransmit_burst(1).retransmit_rate(1).rto_min(MS * 100).rto_initial(MS * 100), 1);
    let paused = a.send(B, 0);
    a.drain();
    a.wake();
    assert_eq!(a.frames(), [msg_r(paused, B, 0, 0)], "the token is spent");
    a.retry_after(paused, 300 * MS);
    a.client.discard(paused, a.now).unwrap();
    let first = a.send(B, 1);
    assert_eq!(a.drain(), []);
    assert_eq!(a.wake(), 300 * MS);
    assert_eq!(a.frames(), [msg_r(first, B, 1, 1)]);
}
