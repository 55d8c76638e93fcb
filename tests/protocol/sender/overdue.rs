//! Overdue: once a later message, transmitted once, was accepted, a missing one is repeated about SRTT + 4·RTTVAR after
//! it was sent. No message slows another, and needless repetitions die out.

use core::time::Duration;

use kit::served::*;
use kit::*;
use sixfold::{Config, Event, MsgId};

const ROUND_TRIP: Duration = Duration::from_millis(100);
/// SRTT + 4·RTTVAR of a path that has always taken `ROUND_TRIP`, within a few percent.
const OVERDUE: Duration = Duration::from_millis(130);

/// Returns a client that knows its round trip of 100 ms well.
fn acquainted(config: Config) -> Served {
    let mut a = Served::new(Rig::new(config, 1));
    for n in 0..30 {
        a.rig.send(B, n);
        a.run(2 * ROUND_TRIP, |sent| delivers(ROUND_TRIP, sent));
    }
    a
}

fn times(a: &Served, id: MsgId) -> Vec<Duration> {
    a.sent.iter().filter(|sent| sent.id == id).map(|sent| sent.at).collect()
}

#[test]
fn a_lost_message_is_repeated_as_soon_as_a_later_one_was_accepted() {
    for gap in [Duration::ZERO, 10 * MS, 25 * MS] {
        let mut a = acquainted(steady());
        let lost = a.rig.send(B, 1);
        let mut server = |sent: &Sent| if sent.id == lost { Reply::Nothing } else { delivers(ROUND_TRIP, sent) };
        a.run(gap, &mut server);
        a.rig.send(B, 2);
        a.run(SECOND, &mut server);
        let times = times(&a, lost);
        let waited = times.get(1).map(|again| *again - times[0]);
        assert!(waited.is_some_and(|waited| waited >= ROUND_TRIP + gap && waited <= OVERDUE), "{waited:?} at {gap:?}");
    }
}

/// The repetition is lost too, six times; each time a later message is accepted.
#[test]
fn the_delay_of_an_overdue_message_is_not_doubled() {
    let mut a = acquainted(steady());
    let lost = a.rig.send(B, 1);
    let mut server = |sent: &Sent| if sent.id == lost { Reply::Nothing } else { delivers(ROUND_TRIP, sent) };
    for n in 1..=6 {
        a.rig.send(B, n);
        let repeated = a.run_while(5 * SECOND, |a| a.copies(lost) as u64 > n, &mut server);
        assert!(repeated, "the repetition number {n}");
    }
    let times = times(&a, lost);
    for pair in times.windows(2) {
        assert!(pair[1] - pair[0] <= OVERDUE, "{times:?}");
    }
}

/// Twenty messages a second, and every tenth frame is lost, on each way.
#[test]
fn at_ten_percent_loss_99_of_100_messages_are_accepted_within_seven_round_trips() {
    let mut a = acquainted(Config::default());
    let before = a.events.len();
    let mut is_lost = losses(10);
    for n in 0..2_000 {
        a.rig.send(B, n);
        a.run(50 * MS, |sent| if is_lost() || is_lost() { Reply::Nothing } else { delivers(ROUND_TRIP, sent) });
    }
    a.run(60 * SECOND, |sent| delivers(ROUND_TRIP, sent));
    let mut waits: Vec<Duration> = a.events[before..]
        .iter()
        .filter_map(|(at, event)| match event {
            Event::Accepted { id, .. } => a.first(*id).map(|sent| *at - sent),
            _ => None,
        })
        .collect();
    waits.sort_unstable();
    assert_eq!(waits.len(), 2_000);
    assert!(waits[1_980] <= 7 * ROUND_TRIP, "{:?}", waits[1_980]);
}

/// One message is never answered. Its backoff is its own: a sibling that is lost later is repeated as if nothing had
/// happened.
#[test]
fn a_message_without_an_answer_slows_no_other() {
    for silence in [10, 30, 70, 300] {
        let mut a = Served::new(Rig::new(Config::default().max_attempts(None), 1));
        let stuck = a.rig.send(B, 0);
        a.run(silence * SECOND, |_| Reply::Nothing);
        let burst = a.rig.send_all(B, 1..11);
        let lost = &burst[7..];
        a.run(5 * SECOND, |sent| {
            let is_lost = sent.id == stuck || (sent.is_first && lost.contains(&sent.id));
            if is_lost { Reply::Nothing } else { delivers(MS, sent) }
        });
        for id in lost {
            let times = times(&a, *id);
            let waited = times.get(1).map(|again| *again - times[0]);
            assert!(waited.is_some_and(|waited| waited <= 1_300 * MS), "{waited:?}, {silence} s after the stuck one");
        }
    }
}

#[test]
fn timeouts_of_one_message_leave_the_rto_of_others_as_it_is() {
    let mut a = acquainted(steady().max_attempts(None));
    let rto = a.rig.client.stats().rto;
    a.rig.send(1, 0);
    a.run(60 * SECOND, |_| Reply::Nothing);
    assert_eq!(a.rig.client.stats().rto, rto);
    let other = a.rig.send(B, 0);
    a.run(rto, |_| Reply::Nothing);
    assert_eq!(a.copies(other), 2, "repeated after one RTO");
}

/// Karn's second half: what was repeated is no sample, so its answer doubles the RTO until there is one.
#[test]
fn a_path_that_becomes_slow_causes_no_needless_repetition_after_ten_messages() {
    let mut a = Served::new(Rig::new(Config::default().rto_min(200 * MS), 1));
    let send = |a: &mut Served, round_trip| {
        let id = a.rig.send(B, 0);
        a.run(3 * SECOND, |sent| delivers(round_trip, sent));
        a.copies(id)
    };
    for _ in 0..50 {
        assert_eq!(send(&mut a, 50 * MS), 1);
    }
    let copies: Vec<usize> = (0..40).map(|_| send(&mut a, 800 * MS)).collect();
    assert!(copies[0] > 1, "the RTO was below 800 ms: {copies:?}");
    assert!(copies[10..].iter().all(|copies| *copies == 1), "{copies:?}");
}

/// Returns how many of the last 3,000 messages to two shards were repeated, of which one answers after 20 ms and one
/// after 120.
fn needless(reply: impl Fn(Duration, &Sent) -> Reply) -> usize {
    let mut a = Served::new(Rig::new(Config::default(), 1));
    for n in 0..6_000 {
        a.rig.send(1 + n % 2, n);
        a.run(30 * MS, |sent| reply(if sent.to == 1 { 20 * MS } else { 120 * MS }, sent));
    }
    a.sent.iter().filter(|sent| !sent.is_first && sent.is_whole && sent.at > 90 * SECOND).count()
}

#[test]
fn needless_repetitions_die_out_when_two_shards_answer_after_20_and_120_ms() {
    let count = needless(delivers_later);
    assert!(count <= 30, "{count} of 3,000");
}

/// The recipient confirms at once: the message is delivered before the second msg:A, the proof of a needless
/// repetition.
#[test]
fn needless_repetitions_die_out_when_ack_n_comes_with_the_first_msg_a() {
    let count = needless(delivers);
    assert!(count <= 30, "{count} of 3,000");
}
