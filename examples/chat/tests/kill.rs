//! Alice and Bob send each other 500 lines while the server and both clients are killed with SIGKILL, again and again, at
//! random moments. At the end each has a file equal to what the other sent, and the frames that each logged break no rule.
//!
//! Real processes, real sockets, real files. The moments come from a seed, which is printed; `KILL_TEST_SEED` sets it. (A
//! seed repeats the plan, not the run: the operating system's scheduling is its own.)

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::{Process, Site, text};

const LINES: usize = 500;
const ROUNDS: usize = 54;
const LIMIT: Duration = Duration::from_secs(100);
const SERVER: usize = 0;
const ALICE: usize = 1;
const BOB: usize = 2;

#[test]
fn every_line_comes_once_and_in_order_although_everything_is_killed_all_the_time() {
    let seed = match std::env::var("KILL_TEST_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64,
    };
    println!("KILL_TEST_SEED={seed}");
    let start = Instant::now();
    let mut dice = Dice(seed);
    let site = Site::new();
    let mut ends = [End::new(&site, "alice", "bob"), End::new(&site, "bob", "alice")];
    let mut processes = [SERVER, ALICE, BOB].map(|which| spawn(&site, &ends, which, Stay::ForEver));
    let mut kills = [0; 3];
    let mut under_way = 0;

    for round in 1..=ROUNDS {
        dice.pause(0..200);
        for end in &mut ends {
            // A burst just before the kill, so that the kill meets some of it on its way.
            end.write_until(LINES * round / ROUNDS - dice.below(8));
        }
        dice.pause(0..60);
        // Each in turn, now and then two at once, now and then all.
        let victims = match dice.below(8) {
            0 => vec![SERVER, ALICE, BOB],
            1 => vec![round % 3, (round + 1) % 3],
            _ => vec![round % 3],
        };
        for victim in &victims {
            assert!(processes[*victim].is_running(), "a process ended by itself\n{}", site.logs());
            processes[*victim].kill();
            kills[*victim] += 1;
        }
        under_way += usize::from(on_their_way(&ends) > 0);
        dice.pause(0..150);
        for victim in victims {
            processes[victim] = spawn(&site, &ends, victim, Stay::ForEver);
        }
    }

    for end in &mut ends {
        end.write_until(LINES);
    }
    while on_their_way(&ends) > 0 {
        assert!(start.elapsed() < LIMIT, "{} lines are missing\n{}", on_their_way(&ends), site.logs());
        std::thread::sleep(Duration::from_millis(20));
    }
    // Once more without waiting for new lines: both leave by themselves when everything is settled.
    for client in [ALICE, BOB] {
        processes[client].kill();
        processes[client] = spawn(&site, &ends, client, Stay::UntilSettled);
    }
    for client in [ALICE, BOB] {
        assert_eq!(processes[client].wait(LIMIT.saturating_sub(start.elapsed())), Some(0), "{}", site.logs());
    }
    for (from, to) in [(0, 1), (1, 0)] {
        let (sent, received) = (text(&ends[from].input), text(&ends[to].output));
        assert_eq!(sent.lines().count(), LINES);
        assert!(sent == received, "what {} sent is not what came\n{}", ends[from].user, differences(&sent, &received));
    }
    site.judge_frames();
    assert!(kills.iter().all(|kills| *kills >= ROUNDS / 3), "{kills:?}");
    assert!(under_way >= ROUNDS / 4, "only {under_way} of {ROUNDS} kills met lines on their way");
    println!(
        "{} kills (server {}, alice {}, bob {}), {under_way} of {ROUNDS} with lines on their way; twice {LINES} lines, equal, in {:.1?}",
        kills.iter().sum::<usize>(),
        kills[SERVER],
        kills[ALICE],
        kills[BOB],
        start.elapsed()
    );
}

/// One of the two, and the files of it.
struct End {
    user: &'static str,
    peer: &'static str,
    input: PathBuf,
    output: PathBuf,
    file: File,
    written: usize,
}

impl End {
    fn new(site: &Site, user: &'static str, peer: &'static str) -> Self {
        let input = site.path(&format!("{user}.in"));
        let file = File::create(&input).unwrap();
        Self { user, peer, input, output: site.path(&format!("{user}.out")), file, written: 0 }
    }

    fn write_until(&mut self, upto: usize) {
        let lines = self.written..upto.max(self.written);
        self.written = lines.end;
        let lines: String =
            lines.map(|n| format!("line {n} of {}: \"grüße\" \\ 👋 {}\n", self.user, "x".repeat(n))).collect();
        self.file.write_all(lines.as_bytes()).unwrap();
    }
}

#[derive(Clone, Copy)]
enum Stay {
    ForEver,
    UntilSettled,
}

fn spawn(site: &Site, ends: &[End; 2], which: usize, stay: Stay) -> Process {
    if which == SERVER {
        return site.start("server.log", &mut site.server());
    }
    let end = &ends[which - 1];
    let mut command: Command = site.pipe(end.user, end.peer);
    command.arg("--input").arg(&end.input).arg("--output").arg(&end.output);
    match stay {
        Stay::ForEver => command.arg("--follow"),
        // The ack:R of the last line may have died with the process before: its sender will ask again.
        Stay::UntilSettled => command.args(["--linger", "2s"]),
    };
    site.start(&format!("{}.log", end.user), &mut command)
}

/// How many lines were written and did not arrive yet.
fn on_their_way(ends: &[End; 2]) -> usize {
    let written: usize = ends.iter().map(|end| end.written).sum();
    let arrived: usize = ends.iter().map(|end| text(&end.output).lines().count()).sum();
    written.saturating_sub(arrived)
}

fn differences(sent: &str, received: &str) -> String {
    let counts = format!("{} lines sent, {} received", sent.lines().count(), received.lines().count());
    let pairs = sent.lines().zip(received.lines()).enumerate();
    let different = pairs.filter(|(_, (sent, received))| sent != received).take(5);
    different.fold(counts, |text, (n, (sent, received))| {
        let short = |line: &str| line.chars().take(20).collect::<String>();
        format!("{text}\nline {n}: {:?} became {:?}", short(sent), short(received))
    })
}

/// SplitMix64: enough for a plan.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % end as u64) as usize
    }

    fn pause(&mut self, milliseconds: Range<usize>) {
        let pause = milliseconds.start + self.below(milliseconds.len());
        std::thread::sleep(Duration::from_millis(pause as u64));
    }
}
