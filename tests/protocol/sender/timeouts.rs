//! Timeouts and probes: msg:R is sent again at exactly its deadline, with exponential backoff.

use core::time::Duration;

use kit::*;
use sixfold::{Event, Output, Stage, Status};

/// Fires the next deadline, which must be a retransmission in this stage; returns how long it took.
fn retry(rig: &mut Rig, id: sixfold::MsgId, stage: Stage, attempt: u32) -> Duration {
    let passed = rig.wake();
    let outputs = rig.drain();
    assert_eq!(outputs[0], Output::Event(Event::Retrying { id, stage, attempt }));
    assert_eq!(outputs.last().unwrap(), &Output::Transmit(msg_r(id, B, 0, 7)));
    passed
}

#[test]
fn the_timeout_doubles_up_to_rto_max_and_the_id_stays_the_same() {
    let mut a = Rig::new(steady().max_attempts(None), 1);
    let id = a.send(B, 7);
    a.drain();
    for (attempt, seconds) in (1..).zip([1, 2, 4, 8, 16, 32]) {
        assert_eq!(retry(&mut a, id, Stage::Accept, attempt), on_grid(seconds * SECOND));
    }
    for attempt in 7..20 {
        assert_eq!(retry(&mut a, id, Stage::Accept, attempt), 60 * SECOND, "the cap is exact");
    }
}

#[test]
fn jitter_lengthens_a_timeout_by_at_most_its_fraction_and_the_timer_grid() {
    let mut lengths = std::collections::BTreeSet::new();
    for seed_byte in 0..100 {
        let mut a = Rig::new(sixfold::Config::default().jitter(0.25), seed_byte);
        let id = a.send(B, 7);
        a.drain();
        let passed = retry(&mut a, id, Stage::Accept, 1);
        assert!(passed >= SECOND && passed <= on_grid(SECOND.mul_f64(1.25)), "{passed:?}");
        lengths.insert(passed);
    }
    assert!(lengths.len() >= 4, "spread over {lengths:?}");
}

#[test]
fn probes_back_off_to_probe_max_and_never_fail_the_message() {
    let mut a = Rig::new(steady().max_attempts(Some(2)), 1);
    let id = a.send(B, 7);
    a.accept(id, 1);
    a.drain();
    for (attempt, seconds) in (1..).zip([2, 4, 8, 16, 32, 64, 128, 256, 512]) {
        assert_eq!(retry(&mut a, id, Stage::Deliver, attempt), on_grid(seconds * SECOND));
    }
    for attempt in 10..20 {
        assert_eq!(retry(&mut a, id, Stage::Deliver, attempt), 600 * SECOND);
    }
    assert_eq!(a.client.status(id), Some(Status::Accepted));
}

#[test]
fn an_ack_n_resets_the_probe_backoff_of_the_peer() {
    let mut a = Rig::new(steady(), 1);
    let [first, second] = [7, 8].map(|payload| a.send(B, payload));
    let elsewhere = a.send(99, 9);
    for (id, server_id) in [(first, 1), (second, 2), (elsewhere, 3)] {
        a.accept(id, server_id);
    }
    a.run(HOUR);
    a.ack_n(first, 1);
    a.drain();
    let soon = a.run(3 * SECOND);
    let retrying = soon.iter().filter_map(|(at, output)| match output {
        Output::Event(Event::Retrying { id, attempt, .. }) => Some((*at, *id, *attempt)),
        _ => None,
    });
    assert_eq!(retrying.collect::<Vec<_>>(), [(on_grid(2 * SECOND), second, 1)], "and no message to another peer");
}

#[test]
fn an_ack_n_resets_the_probe_backoff_of_older_streams_of_the_peer_too() {
    let mut a = Rig::new(steady(), 1);
    let old = a.send(B, 7);
    a.accept(old, 1);
    a.run(2 * HOUR);
    for n in 0..512 {
        let id = a.send(B, n);
        a.client.discard(id, a.now).unwrap();
    }
    let new = a.send(B, 8);
    assert_ne!(old.stream(), new.stream());
    a.run(MS);
    a.ack_n(new, 2);
    a.drain();
    let retrying = |output: &Output<Test>| matches!(output, Output::Event(Event::Retrying { id, .. }) if *id == old);
    assert!(a.run(3 * SECOND).iter().any(|(_, output)| retrying(output)));
}

#[test]
fn the_rtt_estimate_follows_samples_and_ignores_answers_to_retransmissions() {
    let mut a = Rig::new(steady().rto_min(10 * MS), 1);
    let first = a.send(B, 1);
    a.pass(100 * MS);
    a.accept(first, 1);
    assert_eq!((a.client.stats().srtt, a.client.stats().rto), (Some(100 * MS), 300 * MS));

    let second = a.send(B, 2);
    a.run(on_grid(300 * MS));
    assert_eq!(a.client.stats().timeouts, 1);
    a.pass(MS);
    a.accept(second, 2);
    assert_eq!(a.client.stats().srtt, Some(100 * MS), "Karn's rule: the answer may be to either copy");
}

#[test]
fn a_timeout_doubles_the_rto_of_later_messages_until_a_new_sample() {
    let mut a = Rig::new(steady(), 1);
    a.send(B, 1);
    a.run(on_grid(SECOND));
    let second = a.send(B, 2);
    a.drain();
    let due = |rig: &Rig, id| {
        let outputs = rig.clone().run(10 * SECOND);
        let retried =
            |output: &Output<Test>| matches!(output, Output::Event(Event::Retrying { id: i, .. }) if *i == id);
        outputs.into_iter().find(|(_, output)| retried(output)).unwrap().0
    };
    assert_eq!(due(&a, second), on_grid(2 * SECOND), "the doubled timeout is kept for the next message");
    a.accept(second, 2);
    let third = a.send(B, 3);
    assert_eq!(due(&a, third), on_grid(SECOND), "the sample resets it");
}

#[test]
fn a_timer_fires_at_its_deadline_and_not_a_nanosecond_before() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 7);
    a.drain();
    let deadline = a.client.poll_timeout().unwrap();
    assert_eq!(deadline, a.now + on_grid(SECOND));
    a.client.handle_timeout(sixfold::Time::from_nanos(deadline.as_nanos() - 1));
    assert_eq!(a.drain(), []);
    assert_eq!(a.client.poll_timeout(), Some(deadline), "early is harmless");
    a.client.handle_timeout(deadline);
    assert_eq!(a.drain().len(), 2);
    a.client.handle_timeout(deadline);
    assert_eq!(a.drain(), [], "twice is harmless");
    assert_eq!(a.client.status(id), Some(Status::OnWire));
}

#[test]
fn three_timeouts_in_a_row_suspect_the_connection_and_any_frame_resets_the_count() {
    let mut a = Rig::new(steady().max_attempts(None), 1);
    a.send_all(B, 0..20);
    let suspicions = |outputs: &[(Duration, Output<Test>)]| {
        let silent = outputs.iter().filter_map(|(_, output)| match output {
            Output::Event(Event::SuspectConnection { silent }) => Some(*silent),
            _ => None,
        });
        silent.collect::<Vec<_>>()
    };
    let first = suspicions(&a.clone().run(8 * SECOND));
    assert_eq!(first.len(), 1, "twenty messages, one event: {first:?}");
    assert!(first[0] > 6 * SECOND);
    a.run(4 * SECOND);
    a.frame(sixfold::Incoming::AckA { id: id(5, 5), from: 77 });
    assert_eq!(suspicions(&a.run(6 * SECOND)), [], "even a forged frame shows that the connection is alive");
}

#[test]
fn while_output_is_pending_the_deadline_is_now_and_the_client_is_not_settled() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 0);
    assert_eq!(a.client.poll_timeout(), Some(a.now));
    a.pass(MS);
    a.ack_n(id, 1);
    assert_eq!((a.client.poll_timeout(), a.client.is_settled()), (Some(a.now), false));
    a.drain();
    assert_eq!((a.client.poll_timeout(), a.client.is_settled()), (None, true));
}
