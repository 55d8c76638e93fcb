//! What a newcomer sees without a terminal: where the input comes from, that it is waited for, how far it is, and what an
//! interrupt leaves.
#![allow(clippy::disallowed_methods, reason = "it measures how long a program is silent")]

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::{deliver, example, pipe, stderr, value};

/// Checks that the built-in text arrived, and that it was announced.
fn is_built_in(output: &Output) {
    let text = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/deliver/text.txt")).unwrap();
    let lines = text.split_inclusive(|byte| *byte == b'\n').count();
    let said = stderr(output);
    assert!(output.status.success(), "{said}");
    assert!(output.stdout == text, "{said}");
    assert!(said.contains("deliver: no FILE and nothing on standard input: delivering the built-in text\n"), "{said}");
    assert_eq!(value(&said, "delivered "), lines.to_string());
    let verdict = format!("\ndeliver: all {lines} messages arrived, once, in order and byte for byte\n");
    assert!(said.ends_with(&verdict), "{said}");
}

#[test]
fn the_first_command_delivers_the_built_in_text() {
    is_built_in(&Command::new(example("deliver")).stdin(Stdio::null()).output().unwrap());
}

#[test]
fn an_empty_file_or_pipe_on_standard_input_counts_as_nothing() {
    is_built_in(&deliver(&[]).stdin(tempfile::tempfile().unwrap()).output().unwrap());
    is_built_in(&pipe(deliver(&[]), b""));
}

#[test]
#[cfg(unix)]
fn a_closed_standard_input_counts_as_nothing() {
    let mut shell = Command::new("sh");
    is_built_in(&shell.args(["-c", "exec \"$0\" <&-"]).arg(example("deliver")).output().unwrap());
}

#[test]
fn an_empty_file_is_delivered_as_it_is_and_so_is_a_dash() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    for file in [empty.path().to_str().unwrap(), "-"] {
        let output = deliver(&[file]).stdin(Stdio::null()).output().unwrap();
        let said = stderr(&output);
        assert!(output.status.success() && output.stdout.is_empty(), "{said}");
        assert!(!said.contains("built-in"), "{said}");
        assert_eq!(value(&said, "messages "), "0");
        assert!(said.ends_with("\ndeliver: the input is empty: there was nothing to send\n"), "{said}");
    }
}

#[test]
fn a_file_that_is_named_is_delivered_whatever_standard_input_is() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"from a file\n").unwrap();
    let output = pipe(deliver(&[file.path().to_str().unwrap()]), b"from a pipe\n");
    assert!(output.status.success() && output.stdout == b"from a file\n", "{}", stderr(&output));
}

/// A program that runs; it says its lines one by one.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stream = BufReader::new(child.stderr.take().unwrap());
        let (heard, lines) = mpsc::channel();
        let listener = thread::Builder::new().spawn(move || {
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap() > 0 && heard.send(std::mem::take(&mut line)).is_ok() {}
        });
        listener.unwrap();
        Self { child, lines }
    }

    /// The next line on standard error.
    fn line(&self) -> String {
        self.lines.recv_timeout(LONG).expect("it says something")
    }

    /// Waits for its end; gives what it wrote, and what it has said since.
    fn end(mut self) -> Output {
        let mut stdout = Vec::new();
        self.child.stdout.take().unwrap().read_to_end(&mut stdout).unwrap();
        let stderr = self.lines.iter().collect::<String>().into_bytes();
        Output { status: self.child.wait().unwrap(), stdout, stderr }
    }
}

#[test]
fn a_silent_pipe_is_waited_for_and_that_is_said_after_a_second() {
    for late in ["", "late\n"] {
        let mut command = deliver(&[]);
        command.stdin(Stdio::piped());
        let began = Instant::now();
        let mut running = Running::start(command);
        assert_eq!(
            running.line(),
            "deliver: waiting for standard input: nothing so far (the built-in text comes with </dev/null)\n"
        );
        assert!(began.elapsed() >= Duration::from_secs(1));
        assert!(running.child.try_wait().unwrap().is_none(), "it waits");
        running.child.stdin.take().unwrap().write_all(late.as_bytes()).unwrap();
        let output = running.end();
        if late.is_empty() {
            is_built_in(&output);
        } else {
            assert!(output.status.success() && output.stdout == late.as_bytes(), "{}", stderr(&output));
            assert!(!stderr(&output).contains("deliver: no FILE"), "{}", stderr(&output));
        }
    }
}

#[test]
#[cfg(unix)]
fn an_interrupt_leaves_messages_on_the_way_and_none_missing() {
    let lines: String = (0..MANY).map(|number| format!("line {number}\n")).collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(lines.as_bytes()).unwrap();
    let mut command = deliver(&["--loss", "0.99"]);
    command.stdin(File::open(file.path()).unwrap());
    let running = Running::start(command);

    let progress = running.line();
    let numbers: Vec<u64> = progress.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [delivered, _, on_the_way, seconds] = numbers[..] else { panic!("{progress}") };
    let whole = format!("{delivered} of {MANY} messages delivered, {on_the_way} on the way, after {seconds} s");
    assert_eq!(progress, format!("deliver: {whole}\n"));
    assert_eq!(delivered + on_the_way, MANY);

    let interrupt = Command::new("kill").args(["-INT", &running.child.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    let output = running.end();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(130), "{said}");
    let number = |row| value(&said, row).parse::<u64>().unwrap();
    assert_eq!((number("messages "), number("missing ")), (MANY, 0), "{said}");
    let (delivered, on_the_way) = (number("delivered "), number("on the way "));
    assert_eq!(delivered + on_the_way, MANY);
    assert!(on_the_way > 0, "{said}");
    let verdict =
        format!("\ndeliver: interrupted: {delivered} of {MANY} messages delivered, {on_the_way} on the way\n");
    assert!(said.ends_with(&verdict), "{said}");
}

/// So many that they cannot all come through four hops that lose 99 of 100 datagrams before the interrupt.
#[cfg(unix)]
const MANY: u64 = 50;

/// No test takes so long.
const LONG: Duration = Duration::from_secs(60);
