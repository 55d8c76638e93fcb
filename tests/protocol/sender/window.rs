//! The window: it bounds how many msg:R are on the wire without an answer.

use kit::*;
use sixfold::{Outgoing, Output, Status};

fn ids(frames: &[Outgoing<Test>]) -> Vec<u64> {
    let seq = |frame: &Outgoing<Test>| match frame {
        Outgoing::MsgR { id, .. } | Outgoing::AckR { id, .. } => id.seq().unwrap(),
    };
    frames.iter().map(seq).collect()
}

#[test]
fn the_window_admits_its_size_and_each_answer_admits_the_next() {
    let mut a = Rig::new(steady().window(3), 1);
    let sent: Vec<_> = (0..6).map(|n| a.send(B, n)).collect();
    assert_eq!(ids(&a.frames()), [0, 1, 2]);
    assert_eq!(a.client.status(sent[3]), Some(Status::Queued));
    a.accept(sent[1], 1);
    assert_eq!(ids(&a.frames()), [3], "an accepted message leaves the window");
    a.ack_n(sent[0], 2);
    assert_eq!(ids(&a.frames()), [4]);
    a.reject(sent[2], 1);
    a.client.discard(sent[3], a.now).unwrap();
    let after = ids(&a.frames());
    assert!(after.contains(&5), "{after:?}");
}

#[test]
fn an_offline_peer_does_not_block_the_others() {
    let mut a = Rig::new(steady().window(2), 1);
    for n in 0..100 {
        let id = a.send(B, n);
        a.accept(id, n);
    }
    a.drain();
    a.send(99, 7);
    assert_eq!(a.frames().len(), 1);
    assert_eq!(a.client.stats().in_flight, 1);
}

#[test]
fn a_message_gives_its_place_back_after_three_unanswered_transmissions_if_something_was_heard() {
    let mut a = Rig::new(steady().window(32).max_attempts(None), 1);
    let stuck = a.send_all(B, 0..32);
    let waiting = a.send(99, 7);
    a.drain();
    let mut silent = a.clone();
    silent.run(7 * SECOND);
    assert_eq!(silent.client.status(waiting), Some(Status::Queued), "on a silent link the window stays shut");

    a.run_heard(7 * SECOND - NANOSECOND);
    assert_eq!(a.client.status(waiting), Some(Status::Queued), "two timeouts are not enough");
    let outputs = a.run_heard(NANOSECOND);
    assert_eq!(a.client.status(waiting), Some(Status::OnWire));
    let sent = outputs.into_iter().filter_map(|(_, output)| match output {
        Output::Transmit(frame) => Some(frame),
        Output::Persist(_) | Output::Event(_) => None,
    });
    let sent: Vec<_> = sent.collect();
    assert_eq!(sent[0], msg_r(waiting, 99, 0, 7), "the others come after what had no turn yet");
    let again = (0..31).zip(&stuck).map(|(n, id)| msg_r(*id, B, 0, n));
    assert!(sent[1..].iter().cloned().eq(again), "they enter again as far as there are places");
    assert_eq!(a.client.stats().in_flight, 32);
}

#[test]
fn a_feeler_goes_although_its_stream_has_something_that_waits_for_a_place_again() {
    let mut a = Rig::new(steady().window(1).max_attempts(None), 1);
    let sent = a.send_all(B, 0..4);
    // A feeler that gives its place back waits for one: the window is full again. The next one goes all the same.
    for (n, id) in (0..).zip(sent).skip(1) {
        let outputs = a.run_heard(60 * SECOND);
        let feeler = Output::Transmit(msg_r(id, B, 0, n));
        assert_eq!(outputs.into_iter().find(|(_, output)| *output == feeler), Some((60 * SECOND, feeler)), "{n}");
    }
}
