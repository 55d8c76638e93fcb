use super::*;

use crate::settings::{self, Preset};

fn world(setup: impl FnOnce(Setup) -> Setup) -> World {
    World::new(&setup(Setup::new(settings::config(Preset::Default, 32), 1)))
}

fn millis(from: Time, to: Option<Time>) -> Option<u128> {
    to.map(|to| to.saturating_duration_since(from).as_millis())
}

#[test]
fn without_loss_a_message_takes_six_frames_a_round_trip_to_msg_a_and_two_to_ack_n() {
    let mut world = world(|setup| setup);
    world.send(1, None);
    assert!(world.settle_until(world.now() + LIFETIME));
    world.run_until(world.now() + Duration::from_secs(1));
    let message = &world.log().messages()[0];
    assert_eq!((world.frames(), message.copies.len(), world.wake_ups()), (6, 1, 0));
    assert_eq!(millis(message.sent, message.accepted), Some(100));
    assert_eq!(millis(message.sent, message.delivered), Some(200));
}

#[test]
fn a_message_that_is_lost_once_goes_out_twice_and_not_needlessly() {
    let mut world = world(|setup| setup);
    world.send(1, Some(Fate::FirstIsLost));
    assert!(world.settle_until(world.now() + LIFETIME));
    let message = &world.log().messages()[0];
    assert_eq!((message.copies.len(), message.is_needless(1), world.wake_ups()), (2, false, 1));
}

#[test]
fn a_path_slower_than_the_timer_makes_a_repetition_needless() {
    let mut world = world(|setup| Setup { latency: Duration::from_millis(700), ..setup });
    world.send(1, None);
    world.run_until(world.now() + Duration::from_millis(1_390));
    let message = &world.log().messages()[0];
    assert_eq!((message.copies.len(), message.accepted), (2, None));
    assert!(message.is_needless(1), "its answer is on its way");
}

#[test]
fn the_slow_half_is_answered_later() {
    let mut world = world(|setup| Setup { recipients: 2, slow_half: Duration::from_millis(30), ..setup });
    world.send(1, None);
    world.send(2, None);
    assert!(world.settle_until(world.now() + LIFETIME));
    let accepted: Vec<_> =
        world.log().messages().iter().map(|message| millis(message.sent, message.accepted)).collect();
    assert_eq!(accepted, [Some(100), Some(130)]);
}

#[test]
fn what_the_server_forgot_it_knows_again_when_it_was_repeated() {
    let mut world = world(|setup| Setup { are_online: false, ..setup });
    world.send(1, None);
    world.run_until(world.now() + Duration::from_secs(1));
    assert_eq!(world.remembered(), 1);
    world.forget();
    assert_eq!(world.remembered(), 0);
    world.reconnect();
    world.run_until(world.now() + Duration::from_secs(1));
    assert_eq!(world.remembered(), 1);
}

#[test]
fn a_seed_tells_the_whole_run() {
    let run = |seed| {
        let setup = Setup::new(settings::config(Preset::Default, 32), seed);
        let mut world = World::new(&Setup { loss: 0.3, ..setup });
        (0..200).for_each(|_| world.send(1, None));
        world.settle_until(world.now() + LIFETIME);
        (world.frames(), world.now())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
