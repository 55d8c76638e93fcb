//! Announcements: whenever the floor passes a message that was not delivered, one message announces it, the lowest that
//! has left.

use kit::*;
use sixfold::{MsgId, Outgoing, Output, Status};

/// Returns the seqs and floors of the pending msg:R.
fn floors(a: &mut Rig) -> Vec<(u64, u64)> {
    let floor = |frame| match frame {
        Outgoing::MsgR { id, floor, .. } => (id.seq().unwrap(), floor),
        Outgoing::AckR { .. } => panic!("a sender sends msg:R"),
    };
    a.frames().into_iter().map(floor).collect()
}

fn accepted(a: &mut Rig, count: u64) -> Vec<MsgId> {
    let ids = a.send_all(B, 0..count);
    ids.iter().for_each(|id| a.accept(*id, 1));
    a.drain();
    ids
}

#[test]
fn one_discard_among_nine_thousand_accepted_messages_is_announced_by_one_frame() {
    let mut a = Rig::new(steady().window(10_000), 1);
    let ids = accepted(&mut a, 9_000);
    a.client.discard(ids[0], a.now).unwrap();
    assert_eq!(floors(&mut a), [(1, 1)]);
    let frames = a.run(SECOND).into_iter().filter(|(_, output)| matches!(output, Output::Transmit(_)));
    assert!(frames.count() <= 3, "the announcement is repeated, and nothing else is");
}

#[test]
fn discards_that_wait_for_a_token_are_announced_by_one_message_with_the_last_floor() {
    let mut a = Rig::new(steady().window(10_000).retransmit_burst(1).retransmit_rate(1), 1);
    let ids = accepted(&mut a, 400);
    for id in &ids[..200] {
        a.client.discard(*id, a.now).unwrap();
    }
    let first = floors(&mut a);
    assert_eq!(first, [(1, 1)], "one token");
    a.pass(SECOND);
    a.client.handle_timeout(a.now);
    assert_eq!(floors(&mut a), [(200, 200)]);
}

/// If the message that announces settles first, the next takes over.
#[test]
fn the_next_message_announces_when_the_first_settles_before_it_could() {
    let mut a = Rig::new(steady().retransmit_burst(1).retransmit_rate(1), 1);
    let ids = accepted(&mut a, 5);
    a.client.discard(ids[0], a.now).unwrap();
    assert_eq!(floors(&mut a), [(1, 1)], "the token is spent");
    a.ack_n(ids[1], 1);
    a.client.discard(ids[2], a.now).unwrap();
    a.ack_n(ids[3], 1);
    assert_eq!(floors(&mut a), []);
    a.pass(SECOND);
    a.client.handle_timeout(a.now);
    assert_eq!(floors(&mut a), [(4, 4)]);
}

#[test]
fn a_floor_that_passes_a_resent_message_and_a_failed_one_is_announced() {
    let mut a = Rig::new(steady(), 1);
    let ids = accepted(&mut a, 4);
    a.reject(ids[1], 1);
    a.reject(ids[2], 2);
    a.client.resend(ids[1], a.now).unwrap();
    a.ack_n(ids[0], 1);
    a.drain();
    a.pass(100 * MS);
    a.ack_n(ids[1], 1);
    let floors = floors(&mut a);
    assert!(floors.contains(&(3, 3)), "{floors:?}");
}

/// Both below it had failed, and their floor was announced; one was resent, and the floor had gone down again.
#[test]
fn a_floor_that_rises_again_by_a_delivery_over_a_failed_message_is_announced() {
    let mut a = Rig::new(steady(), 1);
    let ids = accepted(&mut a, 3);
    a.reject(ids[0], 1);
    a.reject(ids[1], 1);
    assert_eq!(floors(&mut a).last(), Some(&(2, 2)));
    a.accept(ids[2], 1);
    a.client.resend(ids[0], a.now).unwrap();
    assert_eq!(floors(&mut a), [(0, 0)]);
    a.pass(100 * MS);
    a.ack_n(ids[0], 1);
    let floors = floors(&mut a);
    assert!(floors.contains(&(2, 2)), "{floors:?}");
}

/// The floor rises before the first repetition of a message is answered, and again before the second.
#[test]
fn a_message_that_announces_each_floor_still_fails_after_its_attempts() {
    let mut a = Rig::new(steady().max_attempts(Some(5)), 1);
    let ids = a.send_all(B, 0..30);
    ids[..29].iter().for_each(|id| a.accept(*id, 1));
    a.drain();
    let last = ids[29];
    let mut copies = 1;
    for id in &ids[..29] {
        a.pass(900 * MS);
        a.reject(*id, 1);
        copies += copies_of(&mut a, last);
        a.client.handle_timeout(a.now);
        copies += copies_of(&mut a, last);
    }
    assert_eq!(a.client.status(last), Some(Status::Failed(unknown(None))), "{copies} copies");
    assert!(copies <= 8, "{copies}");
}

fn copies_of(a: &mut Rig, id: MsgId) -> usize {
    a.frames().iter().filter(|frame| matches!(frame, Outgoing::MsgR { id: sent, .. } if *sent == id)).count()
}
