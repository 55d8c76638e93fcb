//! The logs of frames: what an honest conversation leaves is clean, whatever dies, and what was tampered with is found out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use common::{CLIENT_FRAMES, Process, SERVER_FRAMES, Site, text, wait_for};
use kit::programs::check_trace;

/// Starts alice, who sends the lines of a file as it grows, and bob, who keeps them.
fn start_clients(site: &Site) -> [Process; 2] {
    let mut alice = site.pipe("alice", "bob");
    alice.arg("--input").arg(site.path("in")).arg("--follow");
    let mut bob = site.pipe("bob", "alice");
    bob.args(["--linger", "forever", "--output"]).arg(site.path("out"));
    [site.start("alice.log", &mut alice), site.start("bob.log", &mut bob)]
}

/// Lets alice say fifty lines more.
fn say(site: &Site) {
    let mut input = OpenOptions::new().create(true).append(true).open(site.path("in")).unwrap();
    input.write_all("a secret\n".repeat(50).as_bytes()).unwrap();
}

fn wait_for_bob(site: &Site) {
    wait_for("lines", || text(&site.path("out")).len() == text(&site.path("in")).len());
}

#[test]
fn a_conversation_in_which_everybody_dies_breaks_no_rule_and_its_logs_do_not_tell_the_texts() {
    let site = Site::new();
    say(&site);
    let mut server = site.start_server();
    let mut clients = start_clients(&site);
    wait_for_bob(&site);
    say(&site);
    wait_for("a frame on its way", || text(&site.path("out")).lines().count() > 50);
    server.kill();
    say(&site);
    // Longer than the server has to answer: see below.
    std::thread::sleep(Duration::from_millis(1_500));
    server = site.start_server();
    wait_for_bob(&site);
    say(&site);
    wait_for("a frame on its way", || text(&site.path("out")).lines().count() > 150);
    clients.iter_mut().for_each(Process::kill);
    say(&site);
    let mut clients = start_clients(&site);
    wait_for_bob(&site);
    for process in clients.iter_mut().chain([&mut server]) {
        assert_eq!(process.terminate(), Some(0), "{}", site.logs());
    }

    site.judge_frames();
    let impatient = check_trace(["--patience".into(), "1".into(), site.path(SERVER_FRAMES)]);
    assert!(impatient.is_clean(), "a server that is dead owes nothing: {impatient:?}");
    for client in ["alice", "bob"] {
        let all = text(&site.path(CLIENT_FRAMES));
        let own: Vec<&str> = all.lines().filter(|line| line.contains(&format!(r#""endpoint":"{client}""#))).collect();
        std::fs::write(site.path("own"), own.join("\n")).unwrap();
        let alone = check_trace(["--view".into(), "clients".into(), site.path("own")]);
        assert!(alone.is_clean() && own.len() > 500, "{client}'s own log: {alone:?}");
    }
    for log in [SERVER_FRAMES, CLIENT_FRAMES] {
        let log = text(&site.path(log));
        assert!(log.contains("alice") && log.matches("MsgN").count() >= 250 && !log.contains("secret"));
    }
}

#[test]
fn a_log_that_was_tampered_with_breaks_the_rule_in_question() {
    let site = Site::new();
    std::fs::write(site.path("in"), "one line\n").unwrap();
    let mut server = site.start_server();
    let mut clients = start_clients(&site);
    wait_for("ack:N", || text(&site.path(CLIENT_FRAMES)).contains("AckN"));
    for process in clients.iter_mut().chain([&mut server]) {
        process.terminate();
    }
    for (log, view) in [(SERVER_FRAMES, "server"), (CLIENT_FRAMES, "clients")] {
        let log = text(&site.path(log));
        let number = |log: &str, frame: &str| log.lines().position(|line| line.contains(frame)).unwrap() + 1;
        // The hand-over to bob is dropped.
        let lines: Vec<&str> = log.lines().filter(|line| !line.contains("MsgN")).collect();
        let without = lines.join("\n");
        let ack = number(&without, "AckR");
        // The server's id of the message is another one in ack:N.
        let line = log.lines().find(|line| line.contains("AckN")).unwrap();
        let other = log.replacen(line, &line.replace(r#""server_id":"#, r#""server_id":1"#), 1);
        let ack_n = number(&other, "AckN");
        for (tampered, line, rule) in [(without, ack, "AckBeforeMessage"), (other, ack_n, "OtherAnswer")] {
            std::fs::write(site.path("tampered"), tampered).unwrap();
            let judgement = check_trace(["--view".into(), view.into(), site.path("tampered")]);
            assert_eq!(judgement.status, Some(1));
            assert!(judgement.broken().contains(&(line, rule)), "{rule} in line {line}: {judgement:?}");
        }
    }
}
