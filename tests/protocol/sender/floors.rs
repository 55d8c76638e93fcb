//! Streams and floors: the receiver does not wait for a seq below the floor.

use kit::*;
use sixfold::{MsgId, Outgoing, Output, Status};

fn floors(frames: Vec<Outgoing<Test>>) -> Vec<(u64, u64)> {
    let floor = |frame| match frame {
        Outgoing::MsgR { id, floor, .. } => (id.seq().unwrap(), floor),
        Outgoing::AckR { .. } => panic!("a sender sends msg:R"),
    };
    frames.into_iter().map(floor).collect()
}

fn deliver(a: &mut Rig, id: MsgId) {
    a.accept(id, 1);
    a.ack_n(id, 1);
}

#[test]
fn each_process_and_peer_has_one_stream_numbered_from_zero_without_gaps() {
    let mut a = Rig::new(steady(), 1);
    let to_b: Vec<_> = (0..3).map(|n| a.send(B, n)).collect();
    let to_c: Vec<_> = (0..3).map(|n| a.send(99, n)).collect();
    for ids in [&to_b, &to_c] {
        assert!(ids.iter().all(|id| id.stream() == ids[0].stream()));
        assert_eq!(ids.iter().map(|id| id.seq().unwrap()).collect::<Vec<_>>(), [0, 1, 2]);
    }
    assert_ne!(to_b[0].stream(), to_c[0].stream());
}

#[test]
fn the_floor_is_the_lowest_seq_that_may_still_be_transmitted() {
    let mut a = Rig::new(steady(), 1);
    let [zero, one, two] = [0, 1, 2].map(|n| a.send(B, n));
    deliver(&mut a, one);
    a.drain();
    let three = a.send(B, 3);
    assert_eq!(floors(a.frames()), [(3, 0)]);
    deliver(&mut a, zero);
    let four = a.send(B, 4);
    assert_eq!(floors(a.frames()), [(4, 2)]);
    [two, three, four].into_iter().for_each(|id| deliver(&mut a, id));
    a.drain();
    a.send(B, 5);
    assert_eq!(floors(a.frames()), [(5, 5)]);
}

#[test]
fn when_the_floor_passes_an_abandoned_seq_the_lowest_live_message_is_sent_again_at_once() {
    let mut a = Rig::new(steady(), 1);
    let ids: Vec<_> = (0..4).map(|n| a.send(B, n)).collect();
    a.accept(ids[2], 1);
    a.drain();
    a.client.discard(ids[0], a.now).unwrap();
    assert_eq!(a.frames(), [msg_r(ids[1], B, 1, 1)]);

    a.client.discard(ids[2], a.now).unwrap();
    assert_eq!(floors(a.frames()), [], "seq 1 keeps the floor");
    deliver(&mut a, ids[1]);
    assert_eq!(a.frames(), [msg_r(ids[3], B, 3, 3)], "now the floor has passed seq 2");
}

#[test]
fn failures_cost_at_most_one_transmission_of_a_later_message_per_rise_of_the_floor() {
    for config in [steady(), sixfold::Config::default()] {
        let mut a = Rig::new(config, 1);
        a.send_all(B, 0..100);
        let outputs = a.run_heard(HOUR).into_iter().map(|(_, output)| output);
        let sent: Vec<_> = floors(outputs.filter_map(transmitted).collect());
        let rises: std::collections::BTreeSet<_> = sent.iter().map(|(_, floor)| *floor).collect();
        assert_eq!(a.client.stats().parked, 100);
        assert!(sent.len() >= 1_000 && sent.len() < 1_000 + rises.len(), "{} {}", sent.len(), rises.len());
    }
}

#[test]
fn on_a_silent_link_no_failure_causes_a_transmission() {
    let mut a = Rig::new(sixfold::Config::default().expiry(HOUR), 1);
    a.send_all(B, 0..100);
    a.run(HOUR - NANOSECOND);
    assert_eq!(a.client.stats().parked, 0);
    assert!(a.run(HOUR).into_iter().filter_map(|(_, output)| transmitted(output)).next().is_none());
    assert_eq!(a.client.stats().parked, 100);
}

fn transmitted(output: Output<Test>) -> Option<Outgoing<Test>> {
    match output {
        Output::Transmit(frame) => Some(frame),
        Output::Persist(_) | Output::Event(_) => None,
    }
}

#[test]
fn a_mass_failure_announces_the_floor_of_each_stream_once() {
    let mut a = Rig::new(steady().window(5_000).expiry(HOUR).max_attempts(None).retransmit_burst(100_000), 1);
    a.send_all(B, 0..4_000);
    a.drain();
    a.pass(HOUR - SECOND);
    let survivor = a.send(B, 1);
    a.drain();
    a.pass(SECOND);
    a.client.handle_timeout(a.now);
    assert_eq!(floors(a.frames()), [(survivor.seq().unwrap(), 4_000)]);
}

#[test]
fn a_failed_message_blocks_no_other_and_a_resent_one_lowers_the_floor() {
    let mut a = Rig::new(steady(), 1);
    let [zero, one] = [0, 1].map(|n| a.send(B, n));
    a.reject(zero, 1);
    deliver(&mut a, one);
    a.drain();
    a.send(B, 2);
    assert_eq!(floors(a.frames()), [(2, 2)]);
    a.client.resend(zero, a.now).unwrap();
    assert_eq!(floors(a.frames()), [(0, 0)]);
}

#[test]
fn one_undelivered_message_keeps_the_floor_while_its_stream_grows_to_100_000() {
    let mut a = Rig::new(steady().max_attempts(None), 1);
    let mut stuck = None;
    for n in 0..100_000 {
        let id = a.send(B, n);
        if n == 5 {
            stuck = Some(id);
            continue;
        }
        deliver(&mut a, id);
        a.drain();
    }
    let stuck = stuck.unwrap();
    assert_eq!((stuck.seq(), a.client.status(stuck)), (Some(5), Some(Status::OnWire)));
    a.run(60 * SECOND);
    a.send(B, 7);
    assert_eq!(floors(a.frames()), [(100_000, 5)]);
    deliver(&mut a, stuck);
    a.send(B, 8);
    assert_eq!(floors(a.frames()), [(100_001, 100_000)]);
    assert_eq!(a.client.stats().outgoing_streams, 1);
}

#[test]
fn a_stream_with_512_abandoned_seqs_is_exhausted_and_a_new_one_begins() {
    let mut a = Rig::new(steady(), 1);
    let streams: std::collections::BTreeSet<_> = (0..1_025)
        .map(|n| {
            let id = a.send(B, n);
            a.client.discard(id, a.now).unwrap();
            id.stream().unwrap()
        })
        .collect();
    assert_eq!(streams.len(), 3, "512, 512 and one");
    assert_eq!(a.client.stats().outgoing_streams, 1, "an exhausted stream without messages is removed");
}

#[test]
fn an_exhausted_stream_is_kept_until_its_last_message_is_removed() {
    let mut a = Rig::new(steady().max_attempts(None), 1);
    let old = a.send(B, 0);
    for n in 0..512 {
        let id = a.send(B, n);
        a.client.discard(id, a.now).unwrap();
    }
    let new = a.send(B, 1);
    assert_ne!(old.stream(), new.stream());
    assert_eq!(a.client.outbox().map(|entry| entry.id).collect::<Vec<_>>(), [old, new]);
    assert_eq!(a.client.status(new), Some(Status::Queued), "streams of one peer go by age");
    deliver(&mut a, old);
    assert_eq!((a.client.status(old), a.client.stats().outgoing_streams), (None, 1));
    assert_eq!(a.client.status(new), Some(Status::OnWire));
}

#[test]
fn a_resent_seq_is_not_abandoned_any_more_and_a_discarded_one_stays_abandoned() {
    let mut a = Rig::new(steady().window(1_000), 1);
    let park = |a: &mut Rig, count: u64| {
        let ids = a.send_all(B, 0..count);
        ids.iter().for_each(|id| a.reject(*id, 1));
        a.drain();
        ids
    };
    let first = park(&mut a, 400);
    for id in &first {
        a.client.resend(*id, a.now).unwrap();
        deliver(&mut a, *id);
    }
    for id in park(&mut a, 300) {
        a.client.discard(id, a.now).unwrap();
    }
    let last = park(&mut a, 211);
    assert_eq!(last[210].stream(), first[0].stream(), "511 are abandoned");
    let last = park(&mut a, 1)[0];
    assert_eq!(last.stream(), first[0].stream());
    assert_ne!(a.send(B, 0).stream(), last.stream(), "512 are");
    a.ack_n(last, 1);
    assert_eq!(a.client.stats().parked, 211);
}

#[test]
fn a_failed_message_delivered_late_makes_its_stream_idle() {
    let mut a = Rig::new(steady().outbox_capacity(1), 1);
    let late = a.send(B, 0);
    a.reject(late, 1);
    a.ack_n(late, 1);
    let elsewhere = a.send(99, 1);
    deliver(&mut a, elsewhere);
    assert_eq!(a.client.stats().outgoing_streams, 1, "one idle stream is kept, the other was idle for longer");
}
