//! Reconnects: every message that was not accepted is transmitted again, in order, and paced by the token bucket; each
//! peer is asked about two that were.

use kit::*;
use sixfold::{Event, Outgoing, Output, Stage, Status};

fn seqs(frames: Vec<Outgoing<Test>>) -> Vec<u64> {
    let seq = |frame| match frame {
        Outgoing::MsgR { id, .. } | Outgoing::AckR { id, .. } => id.seq().unwrap(),
    };
    frames.into_iter().map(seq).collect()
}

#[test]
fn messages_sent_while_disconnected_are_transmitted_in_order_on_connect() {
    let mut a = Rig::new(steady(), 1);
    a.client.handle_disconnected(a.now);
    let ids: Vec<_> = (0..5).map(|n| a.send(B, n)).collect();
    assert_eq!(a.drain(), []);
    assert_eq!(a.client.status(ids[0]), Some(Status::Queued));
    a.client.handle_connected(a.now);
    assert_eq!(seqs(a.frames()), [0, 1, 2, 3, 4]);
    assert_eq!(a.client.stats().retransmissions, 0, "first transmissions take no token");
}

#[test]
fn on_connect_every_unanswered_message_is_transmitted_oldest_first_and_two_accepted_ones_are_asked_about() {
    let mut a = Rig::new(steady().window(4), 1);
    let ids: Vec<_> = (0..7).map(|n| a.send(B, n)).collect();
    for n in [2, 1, 0] {
        a.accept(ids[n], 1);
    }
    a.drain();
    a.client.handle_disconnected(a.now);
    assert_eq!(a.client.poll_timeout(), Some(a.now + 3 * DAY), "no timer runs but expiry");
    a.pass(HOUR);
    a.client.handle_connected(a.now);
    let frames = a.frames();
    let whole: Vec<_> = (3..7).zip(&ids[3..]).map(|(n, id)| msg_r(*id, B, 0, n)).collect();
    let (sent, asked): (Vec<_>, Vec<_>) = frames.into_iter().partition(|frame| whole.contains(frame));
    assert_eq!(sent, whole);
    assert_eq!(asked, [question(ids[0], B, 0), question(ids[1], B, 0)], "accepted last, and the first of the others");
    assert_eq!(a.client.stats().in_flight, 4);
}

#[test]
fn attempts_do_not_advance_while_disconnected_and_restart_on_connect() {
    let mut a = Rig::new(steady().max_attempts(Some(3)), 1);
    let id = a.send(B, 1);
    a.run_heard(5 * SECOND);
    assert_eq!(a.client.stats().timeouts, 2);
    a.client.handle_disconnected(a.now);
    a.run(HOUR);
    assert_eq!((a.client.stats().timeouts, a.client.status(id)), (2, Some(Status::OnWire)));
    a.client.handle_connected(a.now);
    a.drain();
    for attempt in 1..3 {
        a.wake_heard();
        assert_eq!(a.drain()[0], Output::Event(Event::Retrying { id, stage: Stage::Accept, attempt }));
    }
    a.wake_heard();
    assert_eq!(a.client.status(id), Some(Status::Failed(unknown(None))));
}

#[test]
fn undrained_frames_are_dropped_on_disconnect_and_transmitted_on_connect() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 1);
    a.client.handle_disconnected(a.now);
    assert_eq!(a.drain(), []);
    a.client.handle_connected(a.now);
    assert_eq!(a.frames(), [msg_r(id, B, 0, 1)]);
}

#[test]
fn connected_twice_is_a_new_connection() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 1);
    a.drain();
    a.client.handle_connected(a.now);
    assert_eq!(a.frames(), [msg_r(id, B, 0, 1)]);
    a.client.handle_connected(a.now);
    assert_eq!(a.frames(), [], "two connections ended while it was unanswered");
    assert_eq!(a.wake(), SECOND);
    assert_eq!(a.frames(), [msg_r(id, B, 0, 1)], "it goes when the connection has lived for a while");
}

#[test]
fn a_large_reconnect_is_paced_by_the_token_bucket_and_new_messages_do_not_wait() {
    let mut a = Rig::new(steady().window(1_000).retransmit_burst(10).retransmit_rate(5), 1);
    a.send_all(B, 0..100);
    a.drain();
    a.client.handle_disconnected(a.now);
    a.pass(HOUR);
    let new = a.send(99, 7);
    a.client.handle_connected(a.now);
    let frames = a.frames();
    assert_eq!(frames.len(), 11);
    assert!(frames.contains(&msg_r(new, 99, 0, 7)), "a first transmission takes no token");
    let to_b = frames.into_iter().filter(|frame| matches!(frame, Outgoing::MsgR { to: B, .. })).collect();
    assert_eq!(seqs(to_b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(a.client.poll_timeout(), Some(a.now + 200 * MS), "exactly the next token");
    let per_second = a.run(SECOND).iter().filter(|(_, o)| matches!(o, Output::Transmit(_))).count();
    assert_eq!(per_second, 5);
}

#[test]
fn retransmissions_never_exceed_burst_plus_rate_in_any_span() {
    let mut a = Rig::new(steady().window(500).max_attempts(None).retransmit_burst(7).retransmit_rate(3), 1);
    a.send_all(B, 0..300);
    a.drain();
    let outputs = a.run(100 * SECOND);
    let times: Vec<_> = outputs.iter().filter(|(_, o)| matches!(o, Output::Transmit(_))).map(|(at, _)| *at).collect();
    assert!(times.len() > 290, "{}", times.len());
    for (i, from) in times.iter().enumerate() {
        for (n, to) in (1..).zip(&times[i..]) {
            assert!(f64::from(n) <= 7.0 + 3.0 * (*to - *from).as_secs_f64() + 1e-9);
        }
    }
}

#[test]
fn every_fourth_token_goes_to_a_question_while_messages_wait_for_msg_a() {
    let mut a = Rig::new(steady().window(500).max_attempts(None).retransmit_burst(1).retransmit_rate(4), 1);
    let ids = a.send_all(B, 0..200);
    ids[..100].iter().for_each(|id| a.accept(*id, 1));
    a.run(20 * SECOND);
    // The server may have forgotten: all accepted messages are asked about.
    a.accept(ids[0], 2);
    a.drain();
    let frames: Vec<_> = a.run(25 * SECOND).into_iter().filter(|(_, o)| matches!(o, Output::Transmit(_))).collect();
    let questions = frames.iter().filter(|(_, o)| matches!(o, Output::Transmit(Outgoing::MsgR { payload: None, .. })));
    assert_eq!((frames.len(), questions.count()), (100, 25));
}

#[test]
fn what_is_accepted_is_asked_about_even_while_repetitions_take_every_token() {
    let mut a = Rig::new(steady().window(500).max_attempts(None).retransmit_burst(1).retransmit_rate(4), 1);
    let accepted = a.send(99, 7);
    a.accept(accepted, 1);
    a.send_all(B, 0..500);
    let outputs = a.run_heard(3 * SECOND);
    assert!(outputs.into_iter().any(|(_, output)| output == Output::Transmit(question(accepted, 99, 0))));
}

#[test]
fn after_a_restart_the_window_admits_messages_in_order_and_questions_need_no_place() {
    let mut a = Rig::new(steady(), 1);
    let [zero, one, two] = [0, 1, 2].map(|n| a.send(B, n));
    a.accept(one, 1);
    a.drain();
    let records: Vec<_> = a.client.records().collect();
    a.client = sixfold::Client::restore(steady().window(1), seed(2), records, a.now).unwrap();
    a.client.handle_connected(a.now);
    assert_eq!(a.frames(), [msg_r(zero, B, 0, 0), question(one, B, 0)], "two waits for the window");
    a.client.discard(zero, a.now).unwrap();
    assert_eq!(a.frames(), [msg_r(two, B, 1, 2), question(one, B, 1)], "one announces the new floor");
}

#[test]
fn messages_waiting_since_the_reconnect_and_timed_out_ones_alternate() {
    let mut a = Rig::new(steady().retransmit_burst(1).retransmit_rate(1).max_attempts(None), 1);
    a.send_all(B, 0..6);
    a.drain();
    a.client.handle_disconnected(a.now);
    a.pass(MS);
    a.client.handle_connected(a.now);
    let frames = a.run(9 * SECOND).into_iter().filter_map(|(_, output)| match output {
        Output::Transmit(frame) => Some(frame),
        _ => None,
    });
    // One per second: the first enters; then in turn one that has timed out, and the next that enters.
    assert_eq!(seqs(frames.collect()), [0, 0, 1, 1, 2, 0, 3, 2, 4, 1]);
}

#[test]
fn an_answer_to_a_message_that_waits_for_retransmission_is_no_rtt_sample() {
    let mut a = Rig::new(steady().retransmit_burst(1).retransmit_rate(1), 1);
    let [_, waiting] = [0, 1].map(|n| a.send(B, n));
    a.drain();
    a.client.handle_disconnected(a.now);
    a.pass(MS);
    a.client.handle_connected(a.now);
    assert_eq!(seqs(a.frames()), [0]);
    a.accept(waiting, 1);
    assert_eq!(a.client.stats().srtt, None);
}
