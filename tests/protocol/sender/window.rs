//! The window: it bounds how many msg:R are on the wire without an answer.

use kit::*;
use sixfold::{Outgoing, Status};

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
fn a_message_leaves_the_window_after_three_unanswered_transmissions() {
    let mut a = Rig::new(steady().window(32).max_attempts(None), 1);
    a.send_all(B, 0..32);
    let waiting = a.send(99, 7);
    a.run(on_grid(SECOND) + on_grid(2 * SECOND));
    assert_eq!(a.client.status(waiting), Some(Status::Queued), "two timeouts are not enough");
    a.run(on_grid(4 * SECOND));
    assert_eq!(a.client.status(waiting), Some(Status::OnWire));
    assert_eq!(a.client.stats().in_flight, 1);
}
