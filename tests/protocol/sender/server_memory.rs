//! What the server tells about its memory: `RetryAfter` never answers for a message that it accepted, and only another
//! server id proves that it forgot one.

use core::time::Duration;
use std::collections::BTreeSet;

use kit::served::*;
use kit::*;
use sixfold::{Config, Event, Output, Status};

const ROUND_TRIP: Duration = Duration::from_millis(50);

/// The question counts as answered, no status changes, and the pause holds for the stream.
#[test]
fn retry_after_in_answer_to_a_question_changes_nothing_but_the_pause() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 7);
    a.accept(id, 1);
    a.drain();
    a.wake();
    assert_eq!(a.frames(), [question(id, B, 0)]);
    a.retry_after(id, 30 * SECOND);
    assert_eq!((a.drain(), a.client.status(id)), (vec![], Some(Status::Accepted)));

    let [paused, elsewhere] = [B, 99].map(|to| a.send(to, 8));
    assert_eq!(a.frames(), [msg_r(elsewhere, 99, 0, 8)], "only the stream of the question is paused");
    a.accept(elsewhere, 1);
    a.ack_n(elsewhere, 1);
    a.drain();
    let frames = |outputs: Vec<(Duration, Output<Test>)>| {
        let frame = |(_, output)| if let Output::Transmit(frame) = output { Some(frame) } else { None };
        outputs.into_iter().filter_map(frame).collect::<Vec<_>>()
    };
    assert_eq!(frames(a.run(30 * SECOND - NANOSECOND)), [], "no whole copy follows");
    assert_eq!(frames(a.run(NANOSECOND)), [msg_r(paused, B, 0, 8)]);
    assert_eq!(a.client.status(id), Some(Status::Accepted));
}

#[test]
fn a_server_that_forgot_a_thousand_messages_has_them_again_three_minutes_after_the_reconnect() {
    let mut a = Served::new(Rig::new(Config::default(), 1));
    let mut server = Memory::default();
    for n in 0..1_000 {
        a.rig.send(B, n);
    }
    a.run(10 * HOUR, |sent| Reply::After(ROUND_TRIP, server.answer(sent)));
    assert_eq!(server.len(), 1_000);

    server.forget();
    a.cut();
    a.connect();
    let mut is_lost = losses(10);
    a.run(180 * SECOND, |sent| {
        if is_lost() {
            return Reply::Nothing;
        }
        let answer = server.answer(sent);
        if is_lost() { Reply::Nothing } else { Reply::After(ROUND_TRIP, answer) }
    });
    assert_eq!(server.len(), 1_000, "after three minutes");
    assert_eq!((a.failed(), a.rig.client.stats().unsettled), (vec![], 1_000));
}

/// The first new id comes in answer to a message to one peer; the messages to all others are asked about too.
#[test]
fn another_server_id_has_all_accepted_messages_of_all_peers_asked_about_once() {
    let mut a = Served::new(Rig::new(steady(), 1));
    let mut server = Memory::default();
    for n in 0..60 {
        a.rig.send(n % 6, n);
    }
    a.run(10 * HOUR, |sent| Reply::After(ROUND_TRIP, server.answer(sent)));
    server.forget();
    let before = a.sent.len();
    a.cut();
    a.connect();
    a.run(30 * SECOND, |sent| Reply::After(ROUND_TRIP, server.answer(sent)));
    assert_eq!(server.len(), 60);
    let asked: BTreeSet<_> = a.sent[before..].iter().filter(|sent| !sent.is_whole).map(|sent| sent.id).collect();
    assert_eq!(asked.len(), 60);
    let copies = a.sent.len() - before;
    assert!(copies <= 60 * 2 + 12, "a question and a whole message each: {copies}");
    let conflicts = a.picked(|event| match event {
        Event::ServerIdConflict { id, .. } => Some(*id),
        _ => None,
    });
    assert_eq!(conflicts.len(), 60, "each change is reported once");
}

/// Silence may be loss: it costs the whole of that message, and nothing of the others.
#[test]
fn a_question_that_is_lost_costs_no_other_message() {
    let mut a = Served::new(Rig::new(steady(), 1));
    for n in 0..60 {
        a.rig.send(n % 6, n);
    }
    a.run(10 * HOUR, |sent| accepts(ROUND_TRIP, sent));
    let before = a.sent.len();
    a.cut();
    a.connect();
    let mut is_first = true;
    a.run(30 * SECOND, |sent| if core::mem::take(&mut is_first) { Reply::Nothing } else { accepts(ROUND_TRIP, sent) });
    let (whole, asked): (Vec<&Sent>, Vec<&Sent>) = a.sent[before..].iter().partition(|sent| sent.is_whole);
    assert_eq!((whole.len(), asked.len()), (1, 12), "two questions for each of six peers");
}
