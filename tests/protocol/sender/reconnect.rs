//! Reconnects: every undelivered message is transmitted again, in order, and paced by the token bucket.

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
fn on_connect_every_undelivered_message_is_transmitted_oldest_first() {
    let mut a = Rig::new(steady().window(4), 1);
    let ids: Vec<_> = (0..6).map(|n| a.send(B, n)).collect();
    a.accept(ids[0], 1);
    a.accept(ids[2], 2);
    a.drain();
    a.client.handle_disconnected(a.now);
    assert_eq!(a.client.poll_timeout(), Some(a.now + 3 * DAY), "no timer runs but expiry");
    a.pass(HOUR);
    a.client.handle_connected(a.now);
    assert_eq!(seqs(a.frames()), [0, 1, 2, 3, 4, 5]);
    assert_eq!(a.client.stats().in_flight, 4);
}

#[test]
fn attempts_do_not_advance_while_disconnected_and_restart_on_connect() {
    let mut a = Rig::new(steady().max_attempts(Some(3)), 1);
    let id = a.send(B, 1);
    a.run(5 * SECOND);
    assert_eq!(a.client.stats().timeouts, 2);
    a.client.handle_disconnected(a.now);
    a.run(HOUR);
    assert_eq!((a.client.stats().timeouts, a.client.status(id)), (2, Some(Status::OnWire)));
    a.client.handle_connected(a.now);
    a.drain();
    for attempt in 1..3 {
        a.wake();
        assert_eq!(a.drain()[0], Output::Event(Event::Retrying { id, stage: Stage::Accept, attempt }));
    }
    a.run(HOUR);
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
    a.client.handle_connected(a.now);
    assert_eq!(a.frames(), [msg_r(id, B, 0, 1)], "connected twice is a new connection");
}

#[test]
fn a_large_reconnect_is_paced_by_the_token_bucket_and_new_messages_do_not_wait() {
    let mut a = Rig::new(steady().window(1_000).retransmit_burst(10).retransmit_rate(5), 1);
    for n in 0..100 {
        let id = a.send(B, n);
        a.accept(id, n);
    }
    a.drain();
    a.client.handle_disconnected(a.now);
    a.pass(HOUR);
    let new = a.send(99, 7);
    a.client.handle_connected(a.now);
    let frames = a.frames();
    assert_eq!(frames.len(), 11);
    assert!(frames.contains(&msg_r(new, 99, 0, 7)), "a first transmission takes no token");
    assert_eq!(seqs(frames)[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
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
fn every_fourth_token_goes_to_a_probe_while_messages_wait_for_msg_a() {
    let mut a = Rig::new(steady().window(500).max_attempts(None).retransmit_burst(1).retransmit_rate(4), 1);
    for n in 0..200 {
        let id = a.send(B, n);
        if n < 100 {
            a.accept(id, n);
        }
    }
    a.run(20 * SECOND);
    let frames: Vec<_> = a.run(25 * SECOND).into_iter().filter(|(_, o)| matches!(o, Output::Transmit(_))).collect();
    let probes =
        frames.iter().filter(|(_, o)| matches!(o, Output::Transmit(Outgoing::MsgR { payload: Some(0..100), .. })));
    assert_eq!((frames.len(), probes.count()), (100, 25));
}

#[test]
fn the_order_of_a_reconnect_holds_until_the_window_has_admitted_the_last_message() {
    let mut a = Rig::new(steady(), 1);
    let [zero, one, _] = [0, 1, 2].map(|n| a.send(B, n));
    a.accept(one, 1);
    a.drain();
    let records: Vec<_> = a.client.records().collect();
    a.client = sixfold::Client::restore(steady().window(1), seed(2), records, a.now).unwrap();
    a.client.handle_connected(a.now);
    assert_eq!(seqs(a.frames()), [0, 1], "two waits for the window");
    a.client.discard(zero, a.now).unwrap();
    assert_eq!(seqs(a.frames()), [1, 2], "one announces the new floor, and is older than two");
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
    assert_eq!(seqs(frames.collect()), [0, 1, 2, 0, 3, 1, 4, 2, 5, 0], "one per second");
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
