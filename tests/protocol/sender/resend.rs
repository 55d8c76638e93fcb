//! Resending a failed message: the same id, with new attempts and a new expiry.

use super::failures::failures;
use kit::*;
use sixfold::{FailReason, Output, ResendError, Status};

#[test]
fn resend_keeps_the_id_and_resets_the_attempts() {
    let mut a = Rig::new(steady().max_attempts(Some(2)), 1);
    let id = a.send(B, 7);
    a.run_heard(HOUR);
    a.client.resend(id, a.now).unwrap();
    assert_eq!(a.client.status(id), Some(Status::OnWire), "it has left before");
    assert_eq!(a.client.resend(id, a.now), Err(ResendError::NotFailed(id)));
    let outputs: Vec<_> = a.run_heard(HOUR).into_iter().map(|(_, o)| o).collect();
    assert_eq!(outputs.iter().filter(|o| **o == Output::Transmit(msg_r(id, B, 0, 7))).count(), 2);
    assert_eq!(failures(outputs), [unknown(None)]);
    a.client.discard(id, a.now).unwrap();
    assert_eq!(a.client.resend(id, a.now), Err(ResendError::Unknown(id)));
}

#[test]
fn a_resent_message_that_is_rejected_again_fails_as_unknown() {
    let mut a = Rig::new(steady(), 1);
    let id = a.send(B, 7);
    a.reject(id, 1);
    a.client.resend(id, a.now).unwrap();
    a.reject(id, 2);
    assert_eq!(failures(a.drain()), [FailReason::Rejected(rejection(1)), unknown(Some(rejection(2)))]);
}

#[test]
fn a_resent_message_gets_a_new_expiry_within_its_lifetime() {
    let mut a = Rig::new(steady().expiry(3 * DAY).lifetime(7 * DAY).max_attempts(None), 1);
    let id = a.send(B, 7);
    a.run(6 * DAY);
    a.client.resend(id, a.now).unwrap();
    a.run(DAY - MS);
    assert_eq!(a.client.status(id), Some(Status::OnWire));
    a.run(MS);
    assert_eq!(a.client.status(id), Some(Status::Failed(unknown(None))), "seven days after send");
    let age = 7 * DAY;
    assert_eq!(a.client.resend(id, a.now), Err(ResendError::TooOld { id, age }));
    assert_eq!(a.client.discard(id, a.now), Ok(7));
}

#[test]
fn a_resent_message_that_is_still_not_transmitted_fails_as_expired_again() {
    let mut a = Rig::new(steady().expiry(HOUR), 1);
    a.client.handle_disconnected(a.now);
    let id = a.send(B, 7);
    a.wake();
    assert_eq!(failures(a.drain()), [FailReason::Expired]);
    a.client.resend(id, a.now).unwrap();
    assert_eq!(a.client.status(id), Some(Status::Queued));
    a.wake();
    assert_eq!(failures(a.drain()), [FailReason::Expired]);
}
