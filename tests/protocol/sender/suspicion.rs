//! `SuspectConnection` is said only of silence: never while every frame was answered, or while none was sent.

use kit::served::*;
use kit::*;
use sixfold::Config;

#[test]
fn a_question_that_is_answered_is_no_silence() {
    let mut a = Served::new(Rig::new(steady().suspect_after(1), 1));
    a.rig.send(B, 0);
    a.run(HOUR, |sent| accepts(50 * MS, sent));
    assert_eq!(a.suspicions(), 0, "each frame was answered after 50 ms");
    a.run(HOUR, |_| Reply::Nothing);
    assert!(a.suspicions() > 0, "and now none is");
}

#[test]
fn accepted_messages_with_a_short_rto_are_no_silence() {
    for seed_byte in 0..20 {
        let config = Config::default().rto_min(10 * MS).rto_initial(50 * MS);
        let mut a = Served::new(Rig::new(config, seed_byte));
        a.rig.send_all(B, 0..20);
        a.run(60 * SECOND, |sent| accepts(40 * MS, sent));
        assert_eq!(a.suspicions(), 0, "each frame was answered after 40 ms");
    }
}

#[test]
fn a_pause_that_the_server_asked_for_is_no_silence() {
    for seed_byte in 0..20 {
        let config = Config::default().rto_min(20 * MS).rto_initial(100 * MS);
        let mut a = Served::new(Rig::new(config, seed_byte));
        a.rig.send_all(B, 0..20);
        a.rig.send(99, 0);
        a.run(
            59 * SECOND,
            |sent| {
                if sent.to == 99 { pauses(10 * MS, sent, 60 * SECOND) } else { accepts(10 * MS, sent) }
            },
        );
        assert_eq!(a.suspicions(), 0, "each frame was answered after 10 ms");
    }
}
