//! Questions: an accepted message is asked about without its payload; the whole message follows only where no answer
//! comes.

use core::time::Duration;

use kit::*;
use sixfold::{Event, MsgId, Outgoing, Output, Stage, Status};

/// Returns a client with accepted messages to B.
fn accepted(config: sixfold::Config, count: u64) -> (Rig, Vec<MsgId>) {
    let mut a = Rig::new(config, 1);
    let ids = a.send_all(B, 0..count);
    ids.iter().for_each(|id| a.accept(*id, 1));
    a.drain();
    (a, ids)
}

/// Returns the seqs of the pending questions. Nothing else may be pending.
fn questions(a: &mut Rig) -> Vec<u64> {
    let seq = |frame| match frame {
        Outgoing::MsgR { id, payload: None, .. } => id.seq().unwrap(),
        Outgoing::MsgR { .. } | Outgoing::AckR { .. } => panic!("{frame:?} is no question"),
    };
    let mut seqs: Vec<u64> = a.frames().into_iter().map(seq).collect();
    seqs.sort_unstable();
    seqs
}

#[test]
fn an_accepted_message_is_asked_about_without_its_payload() {
    let (mut a, ids) = accepted(steady(), 1);
    for delay in [2, 4, 8, 16, 32, 64] {
        let passed = a.wake();
        assert_eq!(a.frames(), [question(ids[0], B, 0)]);
        assert_eq!(passed, delay * SECOND, "the interval doubles");
        a.accept(ids[0], 1);
        assert_eq!(a.drain(), [], "the answer says nothing new");
    }
    assert_eq!(a.client.status(ids[0]), Some(Status::Accepted));
}

#[test]
fn a_question_without_an_answer_after_one_rto_is_followed_by_the_whole_message() {
    let (mut a, ids) = accepted(steady(), 1);
    a.wake();
    assert_eq!(a.frames(), [question(ids[0], B, 0)]);
    let rto = a.client.stats().rto;
    assert_eq!(a.wake(), rto);
    let retrying = Event::Retrying { id: ids[0], stage: Stage::Deliver, attempt: 1 };
    assert_eq!(a.drain(), [Output::Event(retrying), Output::Transmit(msg_r(ids[0], B, 0, 0))]);
    a.accept(ids[0], 1);
    let next = a.client.poll_timeout().unwrap().saturating_duration_since(a.now);
    assert!(next > SECOND, "an answer to the whole message ends it: {next:?}");
    assert_eq!(a.client.status(ids[0]), Some(Status::Accepted));
}

#[test]
fn an_accepted_message_that_is_never_answered_does_not_fail() {
    let (mut a, ids) = accepted(steady(), 1);
    let outputs = a.run(2 * DAY);
    assert!(!outputs.iter().any(|(_, output)| matches!(output, Output::Event(Event::Failed { .. }))));
    assert_eq!(a.client.status(ids[0]), Some(Status::Accepted));
}

#[test]
fn no_question_repeats_the_payload_but_the_8th_the_64th_and_the_512th() {
    let (mut a, ids) = accepted(steady().probe_max(10 * SECOND), 1);
    let mut whole = Vec::new();
    for n in 1..=600 {
        a.wake();
        let frames = a.frames();
        let [Outgoing::MsgR { id, payload, .. }] = frames[..] else { panic!("{frames:?}") };
        assert_eq!(id, ids[0]);
        if payload.is_some() {
            whole.push(n);
        }
        a.accept(id, 1);
    }
    assert_eq!(whole, [8, 64, 512]);
}

#[test]
fn without_questions_each_is_a_whole_message_at_the_same_times() {
    let [with, without] = [true, false].map(|questions| {
        let (mut a, _) = accepted(steady().questions(questions), 100);
        let mut asked: Vec<(Duration, u64, bool)> = Vec::new();
        let start = a.now;
        for _ in 0..20 {
            a.wake();
            let at = a.now.saturating_duration_since(start);
            for frame in a.frames() {
                let Outgoing::MsgR { id, payload, .. } = frame else { panic!("{frame:?}") };
                asked.push((at, id.seq().unwrap(), payload.is_some()));
                a.accept(id, 1);
            }
        }
        asked
    });
    assert!(without.iter().all(|(_, _, is_whole)| *is_whole));
    assert!(!with[..100].iter().any(|(_, _, is_whole)| *is_whole));
    let untyped =
        |asked: Vec<(Duration, u64, bool)>| asked.into_iter().map(|(at, seq, _)| (at, seq)).collect::<Vec<_>>();
    assert_eq!(untyped(with), untyped(without));
}

/// A firing asks about the newest message, and about up to sixteen in a walk that goes on where it ended.
#[test]
fn a_peer_is_asked_about_its_newest_message_and_sixteen_others_in_turn() {
    let (mut a, ids) = accepted(steady(), 40);
    let answered = |a: &mut Rig| {
        a.wake();
        let asked = questions(a);
        asked.iter().for_each(|seq| a.accept(ids[*seq as usize], 1));
        assert_eq!(a.drain(), []);
        asked
    };
    let first: Vec<u64> = (0..16).chain([39]).collect();
    assert_eq!(answered(&mut a), first);
    assert_eq!(answered(&mut a), (16..32).collect::<Vec<_>>());
    assert_eq!(answered(&mut a), (0..8).chain(32..40).collect::<Vec<_>>());
}

#[test]
fn an_ack_n_in_answer_to_a_question_asks_two_more_at_once() {
    let (mut a, ids) = accepted(steady(), 60);
    a.wake();
    assert_eq!(questions(&mut a).len(), 17);
    a.ack_n(ids[0], 1);
    assert_eq!(questions(&mut a), [16, 17]);
    a.ack_n(ids[16], 1);
    assert_eq!(questions(&mut a), [18, 19], "the earlier ones are being asked about");
}

#[test]
fn an_ack_n_asks_once_about_what_was_accepted_three_or_more_before() {
    let (mut a, ids) = accepted(steady(), 20);
    a.ack_n(ids[5], 1);
    assert_eq!(questions(&mut a), [0, 1, 2]);
    [0, 1, 2].iter().for_each(|seq: &usize| a.accept(ids[*seq], 1));
    a.ack_n(ids[7], 1);
    assert_eq!(questions(&mut a), [3, 4], "the others were asked about");
    [3, 4].iter().for_each(|seq: &usize| a.accept(ids[*seq], 1));
    a.ack_n(ids[6], 1);
    assert_eq!(questions(&mut a), [], "all of them were");
}

/// A peer that is back is caught up with within seconds, though it was away for hours.
#[test]
fn a_recipient_that_returns_is_learnt_of_at_the_rate_of_the_tokens() {
    let (a, _) = accepted(steady().window(2_000), 1_000);
    let mut served = served::Served::new(a);
    served.run(10 * HOUR, |sent| served::accepts(50 * MS, sent));
    served.cut();
    served.connect();
    let start = served.at();
    assert!(served.run_while(HOUR, |a| a.delivered() == 1_000, |sent| served::delivers(50 * MS, sent)));
    let took = served.at() - start;
    assert!(took <= 20 * SECOND, "1,000 messages, 64 tokens a second: {took:?}");
}
