//! The two programs as processes: started, spoken to, killed.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use kit::programs::check_trace;

/// A directory with a server's and some clients' files in it.
#[derive(Debug)]
pub struct Site {
    dir: tempfile::TempDir,
    port: u16,
}

/// The log of what the server sent and received.
pub const SERVER_FRAMES: &str = "server.jsonl";
/// The log of what the clients sent and received.
pub const CLIENT_FRAMES: &str = "clients.jsonl";

/// A process that is killed when the test ends, however it ends.
#[derive(Debug)]
pub struct Process(Child);

impl Site {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), port: free_port() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// A server that knows alice, bob and mallory; each one's token is the name with -token.
    pub fn server(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
        command.arg("--listen").arg(format!("127.0.0.1:{}", self.port)).arg("--db").arg(self.path("server.db"));
        for user in ["alice", "bob", "mallory"] {
            command.arg("--user").arg(format!("{user}={user}-token"));
        }
        command.env("RUST_LOG", "info").arg("--log").arg(self.path(SERVER_FRAMES));
        command
    }

    /// A client of `user` in a pipe to `to`, impatient; all clients share a log of frames.
    pub fn pipe(&self, user: &str, to: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
        command.args(["--pipe", "--user", user, "--to", to, "--server", &self.url()]);
        command.arg("--db").arg(self.path(&format!("{user}.db")));
        command.arg("--log").arg(self.path(CLIENT_FRAMES));
        command.args(["--rto", "200ms", "--rto-min", "200ms", "--rto-max", "1s", "--probe", "300ms"]);
        command.args(["--probe-max", "1s", "--max-attempts", "0", "--max-hold", "forever", "--reconnect-max", "200ms"]);
        command.env("CHAT_TOKEN", format!("{user}-token")).stdin(Stdio::null());
        command
    }

    /// Starts a process whose standard error goes into a log of that name.
    pub fn start(&self, log: &str, command: &mut Command) -> Process {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.path(log)).unwrap();
        Process(command.stderr(log).spawn().unwrap())
    }

    pub fn start_server(&self) -> Process {
        let server = self.start("server.log", &mut self.server());
        wait_for("the server", || std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok());
        server
    }

    /// Has both logs of frames judged: no rule is broken, whatever was killed.
    pub fn judge_frames(&self) {
        let server = check_trace([self.path(SERVER_FRAMES)]);
        assert!(server.is_clean(), "{server:?}\n{}", self.logs());
        let clients = check_trace(["--view".into(), "clients".into(), self.path(CLIENT_FRAMES)]);
        assert!(clients.is_clean(), "{clients:?}\n{}", self.logs());
    }

    /// What the logs say, for a test that fails.
    pub fn logs(&self) -> String {
        let tail = |name: &str| {
            let log = std::fs::read_to_string(self.path(name)).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            format!("== {name}\n{}\n", lines[lines.len().saturating_sub(30)..].join("\n"))
        };
        ["server.log", "alice.log", "bob.log"].map(tail).concat()
    }
}

impl Process {
    /// SIGKILL, and the process is gone when this returns.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Asks it to leave, and gives its exit code.
    #[cfg(unix)]
    pub fn terminate(&mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.wait(Duration::from_secs(10))
    }

    /// Waits for its end, and gives its exit code.
    pub fn wait(&mut self, limit: Duration) -> Option<i32> {
        let start = Instant::now();
        while start.elapsed() < limit {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("a process does not end");
    }

    /// Whether it runs; a process that was not killed should.
    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Runs a command to its end.
pub fn finish(command: &mut Command) -> Output {
    command.output().unwrap()
}

pub fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_there() {
        assert!(start.elapsed() < Duration::from_secs(20), "no {what} in time");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// A port below those that systems give to outgoing connections: nobody takes it while the server is dead, least of all a
/// client that connects to itself. Tests run side by side: each asks for a port of its own.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 15_000 + (std::process::id() % 400) as u16 * 32;
    let mut ports = std::iter::repeat_with(|| first + NEXT.fetch_add(1, Ordering::Relaxed));
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}
