//! Timeouts and questions: msg:R is sent again, and a peer asked about, at exactly the deadline, with exponential backoff.

use core::time::Duration;

use kit::*;
use sixfold::{Event, MsgId, Outgoing, Output, Stage, Status};

/// Fires the next deadline, which must be a retransmission to B; returns how long it took.
fn retry(rig: &mut Rig, id: MsgId, attempt: u32) -> Duration {
    let passed = rig.wake();
    let outputs = rig.drain();
    assert_eq!(outputs[0], Output::Event(Event::Retrying { id, stage: Stage::Accept, attempt }));
    assert_eq!(outputs.last().unwrap(), &Output::Transmit(msg_r(id, B, 0, 7)));
    passed
}

/// Lets time pass while the server answers each question at once: accepted, as before. Returns when which message was
/// asked about.
fn run_answered(rig: &mut Rig, duration: Duration, server_id: u64) -> Vec<(Duration, MsgId)> {
    let (end, start) = (rig.now + duration, rig.now);
    let mut asked = Vec::new();
    loop {
        for frame in rig.frames() {
            let Outgoing::MsgR { id, .. } = frame else { panic!("{frame:?}") };
            asked.push((rig.now.saturating_duration_since(start), id));
            rig.accept(id, server_id);
        }
        if rig.client.poll_timeout().is_none_or(|next| next > end) {
            rig.now = end;
            return asked;
        }
        rig.wake();
    }
}

/// Returns when a message is transmitted again.
fn due(rig: &Rig, id: MsgId) -> Duration {
    let retried = |output: &Output<Test>| matches!(output, Output::Event(Event::Retrying { id: i, .. }) if *i == id);
    rig.clone().run(10 * SECOND).into_iter().find(|(_, output)| retried(output)).unwrap().0
}

#[test]
fn the_timeout_doubles_up_to_rto_max_and_the_id_stays_the_same() {
    let mut a = Rig::new(steady().max_attempts(None), 1);
    let id = a.send(B, 7);
    a.drain();
    for (attempt, seconds) in (1..).zip([1, 2, 4, 8, 16, 32]) {
        assert_eq!(retry(&mut a, id, attempt), seconds * SECOND);
    }
    for attempt in 7..20 {
        assert_eq!(retry(&mut a, id, attempt), 60 * SECOND, "the cap is exact");
    }
}

#[test]
fn jitter_lengthens_a_timeout_by_at_most_its_fraction() {
    let mut lengths = std::collections::BTreeSet::new();
    for seed_byte in 0..100 {
        let mut a = Rig::new(sixfold::Config::default().jitter(0.25), seed_byte);
        let id = a.send(B, 7);
        a.drain();
        let passed = retry(&mut a, id, 1);
        assert!(passed >= SECOND && passed <= SECOND.mul_f64(1.25), "{passed:?}");
        lengths.insert(passed);
    }
    assert!(lengths.len() >= 90, "spread over {lengths:?}");
}

#[test]
fn questions_back_off_to_probe_max_and_never_fail_the_message() {
    let mut a = Rig::new(steady().max_attempts(Some(2)), 1);
    let id = a.send(B, 7);
    a.accept(id, 1);
    a.drain();
    for (n, seconds) in (1..).zip([2, 4, 8, 16, 32, 64, 128, 256, 512].into_iter().chain([600; 10])) {
        assert_eq!(a.wake(), seconds * SECOND);
        let asks = if n == 8 { msg_r(id, B, 0, 7) } else { question(id, B, 0) };
        assert_eq!(a.drain(), [Output::Transmit(asks)], "the eighth is whole");
        a.accept(id, 1);
        assert_eq!(a.drain(), []);
    }
    for outputs in [a.clone().run(DAY), a.run_heard(DAY)] {
        assert!(!outputs.iter().any(|(_, output)| matches!(output, Output::Event(Event::Failed { .. }))));
    }
    assert_eq!(a.client.status(id), Some(Status::Accepted), "unanswered, it is not failed either");
}

#[test]
fn an_ack_n_brings_the_questions_about_its_peer_forward() {
    let mut a = Rig::new(steady(), 1);
    let [first, second] = [7, 8].map(|payload| a.send(B, payload));
    let elsewhere = a.send(99, 9);
    for id in [first, second, elsewhere] {
        a.accept(id, 1);
    }
    run_answered(&mut a, HOUR, 1);
    a.ack_n(first, 1);
    a.drain();
    let soon = [(2 * SECOND, second), (6 * SECOND, second)];
    assert_eq!(run_answered(&mut a, 7 * SECOND, 1), soon, "backing off anew, and about no other peer");
}

#[test]
fn an_ack_n_asks_at_once_about_the_older_streams_of_the_peer() {
    let mut a = Rig::new(steady(), 1);
    let old = a.send(B, 7);
    a.accept(old, 1);
    run_answered(&mut a, 2 * HOUR, 1);
    for n in 0..512 {
        let id = a.send(B, n);
        a.client.discard(id, a.now).unwrap();
    }
    let new = a.send(B, 8);
    assert_ne!(old.stream(), new.stream());
    a.run(MS);
    a.ack_n(new, 2);
    assert_eq!(a.frames(), [question(old, B, 0)]);
}

#[test]
fn the_rtt_estimate_follows_samples_and_ignores_answers_to_retransmissions() {
    let mut a = Rig::new(steady().rto_min(10 * MS), 1);
    let first = a.send(B, 1);
    a.pass(100 * MS);
    a.accept(first, 1);
    assert_eq!((a.client.stats().srtt, a.client.stats().rto), (Some(100 * MS), 300 * MS));

    let second = a.send(B, 2);
    a.run(300 * MS);
    assert_eq!(a.client.stats().timeouts, 1);
    a.pass(MS);
    a.accept(second, 2);
    assert_eq!(a.client.stats().srtt, Some(100 * MS), "Karn's rule: the answer may be to either copy");
}

#[test]
fn a_timeout_delays_no_other_message() {
    let mut a = Rig::new(steady().max_attempts(None), 1);
    a.send(B, 1);
    a.run(100 * SECOND);
    let other = a.send(B, 2);
    assert_eq!(due(&a, other), SECOND);
}

#[test]
fn an_acceptance_after_a_timeout_doubles_the_rto_of_all_messages_until_a_new_sample() {
    let mut a = Rig::new(steady().rto_min(SECOND), 1);
    let first = a.send(B, 1);
    a.run(SECOND);
    let second = a.send(B, 2);
    a.drain();
    a.accept(first, 1);
    assert_eq!((due(&a, second), a.client.stats().rto), (2 * SECOND, 2 * SECOND), "of those on the wire too");
    a.accept(second, 2);
    let third = a.send(B, 3);
    assert_eq!((due(&a, third), a.client.stats().rto), (SECOND, SECOND), "the sample ends it");
}

#[test]
fn a_refusal_after_a_timeout_doubles_nothing_and_makes_no_earlier_message_overdue() {
    let mut a = Rig::new(steady(), 1);
    let [put_off, rejected] = [1, 2].map(|payload| a.send(B, payload));
    let elsewhere = a.send(99, 3);
    a.run(SECOND);
    a.retry_after(put_off, SECOND);
    a.reject(rejected, 1);
    assert_eq!(a.client.stats().rto, SECOND);
    assert_eq!(due(&a, elsewhere), 2 * SECOND);

    let mut a = Rig::new(steady(), 1);
    let sample = a.send(97, 0);
    a.pass(10 * MS);
    a.accept(sample, 1);
    assert_eq!((a.client.stats().srtt, a.client.stats().rto), (Some(10 * MS), 200 * MS));
    let early = a.send(B, 0);
    let later = [98, 99].map(|peer| a.send(peer, 1));
    a.pass(10 * MS);
    a.reject(later[0], 1);
    a.retry_after(later[1], SECOND);
    assert_eq!(due(&a, early), 190 * MS, "and not SRTT + 4 RTTVAR = 30 ms after it was sent");
}

#[test]
fn a_timer_fires_at_its_deadline_and_not_a_nanosecond_before() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 7);
    a.drain();
    let deadline = a.client.poll_timeout().unwrap();
    assert_eq!(deadline, a.now + SECOND);
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
    assert_eq!(first[0], 7 * SECOND);
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
