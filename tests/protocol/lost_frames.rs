//! Lost frames: one file for each of the six, and one for crashes. Whichever is lost, one side waits for it and repeats.
//!
//! Two clients and the reference relay, connected without delay. For each lost frame a test asserts the whole
//! trace, with times.

mod ack_a;
mod ack_n;
mod ack_r;
mod crashes;
mod msg_a;
mod msg_n;
mod msg_r;
