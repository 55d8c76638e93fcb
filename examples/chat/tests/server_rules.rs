//! The six rules of a server, over a real database file: frames in, frames out, and the file opened again in between.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::sync::Arc;
use std::time::Duration;

use sixfold::{MsgId, StreamId};
use sixfold_chat::server::hub::{Command, Hub};
use sixfold_chat::server::outlet::{CAPACITY, Inlet, outlet};
use sixfold_chat::server::store::Store;
use sixfold_chat::wire::{FromServer, ToServer, Verdict};

const LIFETIME_MS: i64 = 1_000;
const NOW: i64 = 1_764_000_000_000;

/// A server, and the connections' ends of its queues.
struct World {
    dir: tempfile::TempDir,
    hub: Hub,
    now: i64,
}

fn id(seq: u64) -> MsgId {
    MsgId::new(StreamId::from_u64(1), seq).unwrap()
}

fn msg_r(seq: u64, to: &str, floor: u64) -> ToServer {
    ToServer::MsgR { id: id(seq), to: to.into(), floor, text: Some(format!("text {seq}").into()) }
}

/// msg:R without a text.
fn question(seq: u64, to: &str, floor: u64) -> ToServer {
    ToServer::MsgR { id: id(seq), to: to.into(), floor, text: None }
}

fn ack_r(seq: u64, from: &str) -> ToServer {
    ToServer::AckR { id: id(seq), from: from.into() }
}

fn msg_n(seq: u64, server_id: i64, floor: u64) -> FromServer {
    FromServer::MsgN { id: id(seq), from: "alice".into(), server_id, floor, text: format!("text {seq}").into() }
}

fn accepted(seq: u64, server_id: i64) -> FromServer {
    FromServer::MsgA { id: id(seq), verdict: Verdict::Accepted(server_id) }
}

fn all(inlet: &mut Inlet) -> Vec<FromServer> {
    std::iter::from_fn(|| inlet.try_recv()).collect()
}

fn server_id(frames: &[FromServer]) -> i64 {
    match frames.first() {
        Some(FromServer::MsgA { verdict: Verdict::Accepted(server_id), .. }) => *server_id,
        other => panic!("not accepted: {other:?}"),
    }
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let hub = hub(&dir, NOW);
        Self { dir, hub, now: NOW }
    }

    /// Dies and starts again, from the file.
    fn restart(self) -> Self {
        drop(self.hub);
        let hub = hub(&self.dir, self.now);
        Self { hub, ..self }
    }

    fn connect(&mut self, user: &str, connection: u64) -> Inlet {
        let (outlet, inlet) = outlet();
        self.handle([Command::Connected { user: user.into(), connection, outlet }]);
        inlet
    }

    fn frame(&mut self, user: &str, frame: ToServer) {
        self.handle([Command::Frame { user: user.into(), connection: 1, frame }]);
    }

    fn handle(&mut self, batch: impl IntoIterator<Item = Command>) {
        self.hub.handle(batch, self.now).unwrap();
    }
}

fn hub(dir: &tempfile::TempDir, now: i64) -> Hub {
    let lifetime = Duration::from_millis(LIFETIME_MS as u64);
    let store = Store::open(&dir.path().join("server.db"), lifetime, now).unwrap();
    Hub::new(store, ["alice", "bob", "carol"].map(Arc::from))
}

#[test]
fn the_six_frames() {
    let mut world = World::new();
    let (mut alice, mut bob) = (world.connect("alice", 1), world.connect("bob", 1));
    world.frame("alice", msg_r(0, "bob", 0));
    let to_alice = all(&mut alice);
    let server_id = server_id(&to_alice);
    assert_eq!(to_alice, [accepted(0, server_id)]);
    assert_eq!(all(&mut bob), [msg_n(0, server_id, 0)]);
    world.frame("bob", ack_r(0, "alice"));
    assert_eq!(all(&mut bob), [FromServer::AckA { id: id(0), from: "alice".into() }]);
    assert_eq!(all(&mut alice), [FromServer::AckN { id: id(0), server_id }]);
}

#[test]
fn a_duplicate_gets_the_same_server_id_then_what_is_known_also_after_a_restart() {
    let mut world = World::new();
    let mut alice = world.connect("alice", 1);
    world.frame("alice", msg_r(0, "bob", 0));
    let server_id = server_id(&all(&mut alice));

    let mut world = world.restart();
    let (mut alice, mut bob) = (world.connect("alice", 1), world.connect("bob", 1));
    assert_eq!(all(&mut bob), [msg_n(0, server_id, 0)], "kept for bob");
    world.frame("alice", msg_r(0, "bob", 5));
    assert_eq!(all(&mut alice), [accepted(0, server_id)]);
    assert_eq!(all(&mut bob), [msg_n(0, server_id, 5)], "pushed again, with the latest floor");
    world.frame("bob", ack_r(0, "alice"));

    let mut world = world.restart();
    let (mut alice, mut bob) = (world.connect("alice", 1), world.connect("bob", 1));
    world.frame("alice", msg_r(0, "bob", 5));
    assert_eq!(all(&mut alice), [accepted(0, server_id), FromServer::AckN { id: id(0), server_id }]);
    assert_eq!(all(&mut bob), [], "confirmed: not pushed");
}

#[test]
fn a_question_gets_what_a_duplicate_gets_also_after_a_restart() {
    let mut world = World::new();
    let mut alice = world.connect("alice", 1);
    world.frame("alice", msg_r(0, "bob", 0));
    let server_id = server_id(&all(&mut alice));

    let mut world = world.restart();
    let (mut alice, mut bob) = (world.connect("alice", 1), world.connect("bob", 1));
    all(&mut bob);
    world.frame("alice", question(0, "bob", 5));
    assert_eq!(all(&mut alice), [accepted(0, server_id)]);
    assert_eq!(all(&mut bob), [msg_n(0, server_id, 5)], "pushed again, with the latest floor");
    world.frame("bob", ack_r(0, "alice"));

    let mut world = world.restart();
    let mut alice = world.connect("alice", 1);
    world.frame("alice", question(0, "bob", 5));
    assert_eq!(all(&mut alice), [accepted(0, server_id), FromServer::AckN { id: id(0), server_id }]);
}

#[test]
fn a_question_for_what_is_not_in_the_store_is_not_answered() {
    let mut world = World::new();
    let (mut alice, mut carol) = (world.connect("alice", 1), world.connect("carol", 1));
    for to in ["bob", "dave"] {
        world.frame("alice", question(0, to, 0));
        assert_eq!(all(&mut alice), [], "never known");
    }
    world.frame("alice", msg_r(0, "bob", 0));
    let first = server_id(&all(&mut alice));
    world.frame("carol", question(0, "bob", 7));
    world.frame("alice", question(0, "carol", 7));
    assert_eq!((all(&mut carol), all(&mut alice)), (vec![], vec![]), "another sender, another recipient");
    assert_eq!(all(&mut world.connect("bob", 1)), [msg_n(0, first, 0)], "and no floor has changed");

    world.now += LIFETIME_MS;
    world.frame("alice", question(0, "bob", 0));
    assert_eq!(all(&mut alice), [], "the text is gone");
    world.now += LIFETIME_MS;
    world.frame("alice", question(0, "bob", 0));
    assert_eq!(all(&mut alice), [], "forgotten");
    world.frame("alice", msg_r(0, "bob", 0));
    assert!(server_id(&all(&mut alice)) > first, "the connection is open, and the whole message is new");
}

#[test]
fn server_ids_rise_and_a_lost_database_does_not_repeat_them() {
    let mut world = World::new();
    let mut alice = world.connect("alice", 1);
    let mut given = Vec::new();
    for seq in 0..3 {
        world.frame("alice", msg_r(seq, "bob", 0));
        given.push(server_id(&all(&mut alice)));
    }
    assert!(given.is_sorted() && given[0] < given[1], "{given:?}");
    assert!(given[2] < 1 << 53, "a browser can read it");

    let mut world = World { dir: tempfile::tempdir().unwrap(), now: world.now + 1, ..world }.restart();
    let mut alice = world.connect("alice", 1);
    world.frame("alice", msg_r(0, "bob", 0));
    assert!(server_id(&all(&mut alice)) > given[2]);
}

#[test]
fn every_ack_is_answered_and_only_the_recipients_counts() {
    let mut world = World::new();
    let (mut alice, mut carol) = (world.connect("alice", 1), world.connect("carol", 1));
    world.frame("alice", msg_r(0, "bob", 0));
    all(&mut alice);
    for seq in [0, 7] {
        world.frame("carol", ack_r(seq, "alice"));
        assert_eq!(all(&mut carol), [FromServer::AckA { id: id(seq), from: "alice".into() }]);
    }
    assert_eq!(all(&mut alice), []);
    let mut bob = world.connect("bob", 1);
    assert_eq!(all(&mut bob).len(), 1, "it waits still");
    for first in [true, false] {
        world.frame("bob", ack_r(0, "alice"));
        assert_eq!(all(&mut bob), [FromServer::AckA { id: id(0), from: "alice".into() }]);
        assert_eq!(all(&mut alice).len(), usize::from(first), "the first only");
    }
}

#[test]
fn a_recipient_that_comes_back_gets_everything_older_first_in_pages() {
    let mut world = World::new();
    let mut alice = world.connect("alice", 1);
    let count = 2 * CAPACITY as u64 + 10;
    let message = |seq| Command::Frame { user: "alice".into(), connection: 1, frame: msg_r(seq, "bob", 0) };
    world.handle((0..count).map(message));
    all(&mut alice);
    let mut bob = world.connect("bob", 1);
    let mut came = Vec::new();
    loop {
        let page = all(&mut bob);
        if page.is_empty() {
            break;
        }
        // Sent while older ones wait: it must not overtake them.
        if came.is_empty() {
            world.frame("alice", msg_r(count, "bob", 0));
        }
        came.extend(page);
        if bob.is_called_for() {
            world.handle([Command::Room { user: "bob".into(), connection: 1 }]);
        }
    }
    let seqs: Vec<_> = came
        .iter()
        .map(|frame| match frame {
            FromServer::MsgN { id, .. } => id.seq().unwrap(),
            other => panic!("not msg:N: {other:?}"),
        })
        .collect();
    assert_eq!(seqs, (0..=count).collect::<Vec<_>>());
}

#[test]
fn nothing_is_pushed_after_the_lifetime_and_nothing_is_known_after_twice_that() {
    let mut world = World::new();
    let mut alice = world.connect("alice", 1);
    world.frame("alice", msg_r(0, "bob", 0));
    let first = server_id(&all(&mut alice));
    world.now += LIFETIME_MS - 1;
    assert_eq!(all(&mut world.connect("bob", 1)).len(), 1);
    world.now += 1;
    assert_eq!(all(&mut world.connect("bob", 2)), []);
    world.now += LIFETIME_MS - 1;
    world.frame("alice", msg_r(0, "bob", 0));
    assert_eq!(server_id(&all(&mut alice)), first, "remembered");
    world.now += 1;
    world.frame("alice", msg_r(0, "bob", 0));
    assert!(server_id(&all(&mut alice)) > first, "forgotten");
}

#[test]
fn a_message_that_cannot_be_delivered_is_refused_with_a_reason() {
    let mut world = World::new();
    let mut alice = world.connect("alice", 1);
    let long = "x".repeat(sixfold_chat::MAX_TEXT + 1);
    for (to, text, expected) in [("dave", "hi", 404), ("a\u{1b}b", "hi", 404), ("bob", long.as_str(), 413)] {
        world.frame("alice", ToServer::MsgR { id: id(0), to: to.into(), floor: 0, text: Some(text.into()) });
        match &all(&mut alice)[..] {
            [FromServer::MsgA { verdict: Verdict::Rejected { code, .. }, .. }] => assert_eq!(*code, expected),
            other => panic!("not refused: {other:?}"),
        }
    }
}

#[test]
fn a_second_login_replaces_the_first_and_frames_of_the_first_are_ignored() {
    let mut world = World::new();
    let mut first = world.connect("alice", 1);
    let mut second = world.connect("alice", 2);
    assert_eq!(all(&mut first), [FromServer::Replaced {}]);
    world.frame("alice", msg_r(0, "bob", 0));
    world.handle([Command::Disconnected { user: "alice".into(), connection: 1 }]);
    assert_eq!((all(&mut first), all(&mut second)), (vec![], vec![]));
    world.handle([Command::Frame { user: "alice".into(), connection: 2, frame: msg_r(0, "bob", 0) }]);
    assert_eq!(all(&mut second).len(), 1);
}
