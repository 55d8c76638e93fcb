//! The two programs from outside: who is let in, what they print, how they end, what they find again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use std::io::Write;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Site, finish, text, wait_for};
use sixfold_chat::wire::FromServer;
use tokio_tungstenite::tungstenite::stream::MaybeTlsStream;
use tokio_tungstenite::tungstenite::{Message, WebSocket, connect};

type Socket = WebSocket<MaybeTlsStream<TcpStream>>;

const HELLO: &str =
    r#"{"msg:R":{"id":"01234567-89ab-8cde-bc01-000000000000","from":"alice","to":"bob","floor":0,"text":"hello"}}"#;

fn login(site: &Site, user: &str, token: &str) -> (Socket, FromServer) {
    let (mut socket, _) = connect(site.url()).unwrap();
    let login = format!(r#"{{"login":{{"user":"{user}","token":"{token}"}}}}"#);
    socket.send(Message::text(login)).unwrap();
    let answer = next(&mut socket);
    (socket, answer)
}

fn next(socket: &mut Socket) -> FromServer {
    loop {
        match socket.read().unwrap() {
            Message::Text(text) => return FromServer::decode(&text).unwrap(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn help_is_there_and_says_what_the_programs_are_for() {
    for (program, word) in [(env!("CARGO_BIN_EXE_chat"), "--pipe"), (env!("CARGO_BIN_EXE_chat-server"), "--listen")] {
        let output = finish(Command::new(program).arg("--help"));
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains(word));
    }
}

#[test]
fn a_wrong_token_is_refused_clearly_and_at_once() {
    let site = Site::new();
    let _server = site.start_server();
    let start = Instant::now();
    let output = finish(site.pipe("alice", "bob").env("CHAT_TOKEN", "guessed"));
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("the server refuses the login: wrong user or token"), "{message}");
    assert!(start.elapsed() < Duration::from_secs(5), "no loop of attempts");
    for (user, token) in [("alice", "bob-token"), ("nobody", "alice-token"), ("alice", "")] {
        assert_eq!(login(&site, user, token).1, FromServer::Refused { reason: "wrong user or token".into() });
    }
}

#[test]
fn nobody_can_send_before_login_or_as_somebody_else() {
    let site = Site::new();
    let _server = site.start_server();
    let (mut early, _) = connect(site.url()).unwrap();
    early.send(Message::text(HELLO)).unwrap();
    assert_eq!(next(&mut early), FromServer::Refused { reason: "the first frame must be a login".into() });

    let (mut bob, welcome) = login(&site, "bob", "bob-token");
    assert_eq!(welcome, FromServer::Welcome { user: "bob".into() });
    let (mut mallory, _) = login(&site, "mallory", "mallory-token");
    mallory.send(Message::text(HELLO)).unwrap(); // it says "from": "alice"
    match next(&mut bob) {
        FromServer::MsgN { from, text, .. } => assert_eq!((&*from, &*text), ("mallory", "hello")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_newer_login_ends_the_older_client_which_does_not_fight_back() {
    let site = Site::new();
    let _server = site.start_server();
    let mut client = site.start("alice.log", site.pipe("alice", "bob").args(["--linger", "forever"]));
    wait_for("login", || text(&site.path("server.log")).contains("logged in"));
    let (_alice, _) = login(&site, "alice", "alice-token");
    assert_eq!(client.wait(Duration::from_secs(10)), Some(3), "{}", site.logs());
    assert!(text(&site.path("alice.log")).contains("logged in elsewhere"));
}

#[test]
fn lines_go_through_pipes_byte_by_byte() {
    let site = Site::new();
    let _server = site.start_server();
    let sent = "hello\n\n  grüße 👋\t\"\\\u{1}\r\nno end";
    let mut alice = site.pipe("alice", "bob").stdin(Stdio::piped()).spawn().unwrap();
    alice.stdin.take().unwrap().write_all(sent.as_bytes()).unwrap();
    // Alice leaves once Bob has handled everything, so Bob has to be there.
    let bob = site.pipe("bob", "alice").args(["--linger", "3s"]).stdout(Stdio::piped()).spawn().unwrap();
    assert!(alice.wait().unwrap().success());
    let output = bob.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{sent}\n"));
}

#[test]
fn what_a_killed_client_had_taken_goes_out_when_it_starts_again() {
    let site = Site::new();
    let lines: String = (0..100).map(|n| format!("line {n}\n")).collect();
    std::fs::write(site.path("in"), &lines).unwrap();
    let input = |mut command: Command| {
        command.arg("--input").arg(site.path("in"));
        command
    };
    // No server: everything waits in the journal.
    let mut alice = site.start("alice.log", &mut input(site.pipe("alice", "bob")));
    wait_for("end of the lines", || text(&site.path("alice.log")).contains("every line is taken"));
    alice.kill();
    assert_eq!(rows(&site), 100);

    let _server = site.start_server();
    let mut bob = site.pipe("bob", "alice");
    bob.args(["--linger", "forever", "--output"]).arg(site.path("out"));
    let mut bob = site.start("bob.log", &mut bob);
    let mut alice = site.start("alice.log", &mut input(site.pipe("alice", "bob")));
    assert_eq!(alice.wait(Duration::from_secs(20)), Some(0), "{}", site.logs());
    assert!(text(&site.path("out")) == lines);
    assert_eq!(bob.terminate(), Some(0));
}

/// How many messages alice's database holds; only while no process has it.
fn rows(site: &Site) -> i64 {
    let count = rusqlite::Connection::open(site.path("alice.db"))
        .and_then(|db| db.query_row("SELECT count(*) FROM messages", [], |row| row.get(0)));
    count.unwrap_or(-1)
}

#[test]
fn one_database_is_for_one_process_and_one_user() {
    let site = Site::new();
    let _server = site.start_server();
    let second = finish(site.server().args(["--listen", "127.0.0.1:0"]));
    assert!(!second.status.success());
    assert!(String::from_utf8(second.stderr).unwrap().contains("server.db is in use by another process"));

    let _alice = site.start("alice.log", site.pipe("alice", "bob").args(["--linger", "forever"]));
    wait_for("login", || text(&site.path("server.log")).contains("logged in"));
    let second = finish(&mut site.pipe("alice", "bob"));
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8(second.stderr).unwrap().contains("alice.db is in use by another process"));

    let db = site.path("mallory.db");
    assert!(finish(&mut site.pipe("mallory", "bob")).status.success());
    let wrong = finish(site.pipe("bob", "alice").arg("--db").arg(db));
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("belongs to mallory, not to bob"));
}

#[test]
fn a_line_that_is_refused_is_told_and_counts_as_a_failure() {
    let site = Site::new();
    let _server = site.start_server();
    std::fs::write(site.path("in"), "hello\n").unwrap();
    let output = finish(site.pipe("alice", "nobody").arg("--input").arg(site.path("in")));
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("refused: there is no user nobody (404)"), "{message}");
    assert!(message.contains("1 messages failed"), "{message}");
}

#[test]
fn the_server_stops_when_asked_to() {
    let site = Site::new();
    let mut server = site.start_server();
    let (mut alice, _) = login(&site, "alice", "alice-token");
    assert_eq!(server.terminate(), Some(0), "{}", site.logs());
    match alice.read().unwrap() {
        Message::Close(Some(frame)) => assert_eq!(frame.reason, "the server is stopping"),
        other => panic!("{other:?}"),
    }
}
