//! `RetryAfter`: the server asks for a pause, and no msg:R is transmitted until it ends.

use kit::*;
use sixfold::{Output, Status};

#[test]
fn a_pause_stops_every_msg_r_and_the_paused_message_is_sent_first_afterwards() {
    let mut a = Rig::new(steady().window(1), 1);
    let [first, second] = [1, 2].map(|n| a.send(B, n));
    a.drain();
    a.retry_after(first, 30 * SECOND);
    assert_eq!(a.drain(), [], "the window has room, but no msg:R is sent");
    assert_eq!(a.client.status(first), Some(Status::OnWire), "its status is kept");
    assert_eq!(a.client.poll_timeout(), Some(a.now + 30 * SECOND));
    a.wake();
    assert_eq!(a.frames(), [msg_r(first, B, 0, 1)]);
    a.accept(first, 1);
    assert_eq!(a.frames(), [msg_r(second, B, 0, 2)]);
}

#[test]
fn a_paused_window_is_sent_again_in_order_and_before_other_messages() {
    let mut a = Rig::new(steady().window(5).max_attempts(None), 1);
    let elsewhere = a.send(99, 9);
    a.run(on_grid(SECOND));
    let ids = a.send_all(B, 0..6);
    a.drain();
    ids[..4].iter().for_each(|id| a.retry_after(*id, 10 * SECOND));
    let outputs = a.run(10 * SECOND).into_iter().filter(|(_, output)| matches!(output, Output::Transmit(_)));
    let expected = (0..4).zip(&ids).map(|(n, id)| Output::Transmit(msg_r(*id, B, 0, n)));
    assert!(outputs.map(|(_, output)| output).take(4).eq(expected));
    assert!(a.client.status(elsewhere).is_some());
}

#[test]
fn after_a_pause_the_deadline_is_the_next_token_and_a_full_window_sets_none() {
    let mut a = Rig::new(steady().retransmit_burst(1).retransmit_rate(1), 1);
    let id = a.send(B, 1);
    a.drain();
    a.wake();
    assert_eq!(a.frames(), [msg_r(id, B, 0, 1)], "the token is gone");
    a.retry_after(id, 10 * MS);
    assert_eq!(a.wake(), SECOND);
    assert_eq!(a.frames(), [msg_r(id, B, 0, 1)]);

    let mut a = Rig::new(steady().window(1).max_attempts(None), 1);
    let stuck = a.send(B, 1);
    a.run(on_grid(SECOND) + on_grid(2 * SECOND) + on_grid(4 * SECOND));
    let holder = a.send(B, 2);
    a.drain();
    a.retry_after(stuck, 10 * MS);
    a.wake();
    assert_ne!(a.drain(), []);
    assert_eq!(a.client.status(holder), Some(Status::OnWire));
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
fn a_pause_delays_retransmissions_and_probes_too() {
    let mut a = Rig::new(steady().max_attempts(None), 1);
    let [paused, on_wire, accepted] = [1, 2, 3].map(|n| a.send(B, n));
    a.accept(accepted, 1);
    a.drain();
    a.retry_after(paused, 100 * SECOND);
    let outputs = a.run(100 * SECOND - MS);
    assert!(outputs.iter().all(|(_, output)| matches!(output, Output::Event(_))), "{outputs:?}");
    a.run(MS);
    let late = a.run(100 * SECOND).len();
    assert!(late > 0);
    assert_eq!(a.client.status(on_wire), Some(Status::OnWire));
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
