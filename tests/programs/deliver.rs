//! The example `deliver` as a program: real files through real sockets, lossy links and a server that forgets.

mod first_run;

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};
use std::thread;

use kit::programs::{check_trace, example};

fn deliver(arguments: &[&str]) -> Command {
    let mut command = Command::new(example("deliver"));
    command.args(["--seed", "7", "--timeout", "60s"]).args(arguments);
    command
}

/// Runs it with these bytes as standard input.
fn pipe(mut command: Command, input: &[u8]) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = thread::Builder::new().spawn(move || {
        // A program that says no before it has read everything closes the pipe.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeder.unwrap().join().unwrap();
    output
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The value of a row of the table.
fn value(table: &str, row: &str) -> String {
    let line = table.lines().find_map(|line| line.strip_prefix(row));
    let rest = line.unwrap_or_else(|| panic!("no row {row:?} in:\n{table}")).trim();
    rest.split_once("  ").map_or(rest, |(value, _)| value).to_string()
}

/// Delivers the bytes as a file and from standard input; checks what comes out, and the table.
fn arrives_unchanged(input: &[u8], options: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::write(&from, input).unwrap();
    let mut with_files = deliver(options);
    let from_file = with_files.arg("--output").arg(&to).arg(&from).output().unwrap();
    let from_stdin = pipe(deliver(&[options, &["-"]].concat()), input);

    assert!(from_file.stdout.is_empty());
    for (output, arrived) in [(&from_file, std::fs::read(&to).unwrap()), (&from_stdin, from_stdin.stdout.clone())] {
        let table = stderr(output);
        assert!(output.status.success(), "{table}");
        assert!(arrived == input, "{} bytes arrived of {}\n{table}", arrived.len(), input.len());
        let lines = input.split_inclusive(|byte| *byte == b'\n').count().to_string();
        assert_eq!(value(&table, "messages "), lines);
        assert_eq!(value(&table, "delivered "), lines);
        for never in ["on the way", "not sent yet", "handed over twice", "missing", "out of order"] {
            assert_eq!(value(&table, never), "0");
        }
        assert_eq!(value(&table, "seed"), "7");
    }
}

#[test]
fn an_empty_input_arrives() {
    arrives_unchanged(b"", &[]);
}

#[test]
fn a_last_line_without_an_end_arrives() {
    arrives_unchanged(b"one\ntwo\nthree", &[]);
}

#[test]
fn empty_lines_and_both_kinds_of_line_end_arrive() {
    arrives_unchanged(b"\n\none\r\n\r\ntwo\rthree\n\n", &[]);
}

#[test]
fn bytes_that_are_no_text_arrive() {
    let bytes: Vec<u8> = (0..=u8::MAX).chain([b'\n']).chain((0..=u8::MAX).rev()).cycle().take(5_000).collect();
    arrives_unchanged(&bytes, &[]);
}

#[test]
fn a_line_of_60_kilobytes_arrives_between_short_ones() {
    let long = vec![b'x'; 60_000];
    arrives_unchanged(&[&b"before\n"[..], &long, b"\nafter\n"].concat(), &[]);
}

#[test]
fn hundreds_of_lines_arrive_through_everything_at_once() {
    let mut lines = String::new();
    for number in 0..300 {
        writeln!(lines, "line {number}").unwrap();
    }
    let options = ["--loss", "0.4", "--duplicate", "0.2", "--reorder", "0.1", "--crash-server", "500ms"];
    arrives_unchanged(lines.as_bytes(), &options);
}

#[test]
fn a_line_too_long_for_a_datagram_is_named_before_anything_is_sent() {
    let long = vec![b'x'; 70_000];
    let output = pipe(deliver(&[]), &[&b"short\n"[..], &long, b"\n"].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = stderr(&output);
    assert!(said.contains("deliver: line 2 has 70001 bytes") && said.contains("limit is 65465 bytes"), "{said}");
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let output = deliver(&["no/such/file"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("deliver: cannot read no/such/file: "), "{}", stderr(&output));
}

#[test]
fn wrong_options_are_errors_that_name_the_option() {
    let wrong = [
        ["--loss", "1", "must be less than 1"],
        ["--loss", "-0.1", "must be from 0 to 1"],
        ["--duplicate", "1.5", "must be from 0 to 1"],
        ["--reorder", "often", "not a number"],
        ["--latency", "20", "time unit needed"],
        ["--jitter", "2h", "must be at most 1 minute"],
        ["--crash-server", "0s", "must be longer than 0"],
    ];
    for [option, value, reason] in wrong {
        let output = deliver(&[&format!("{option}={value}")]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = stderr(&output);
        assert!(said.contains(option) && said.contains(reason), "{option} {value}: {said}");
    }
}

#[test]
fn the_trace_shows_the_six_frames_of_the_first_message() {
    let output = pipe(deliver(&["--trace"]), b"only one\n");
    assert!(output.status.success());
    let said = stderr(&output);
    let (diagram, _) = said.split_once("messages ").unwrap();
    assert!(
        diagram
            .trim_start_matches('\n')
            .lines()
            .next()
            .is_some_and(|head| head.contains("A ") && head.contains("server") && head.ends_with('B'))
    );
    for kind in ["msg:R", "msg:A", "msg:N", "ack:R", "ack:A", "ack:N"] {
        let arrived = |line: &str| line.contains(kind) && line.contains("arrives at ");
        assert!(diagram.lines().any(arrived), "{kind} in:\n{diagram}");
    }
}

#[test]
fn a_seed_is_drawn_and_printed_when_none_is_given() {
    let run = || {
        let mut command = Command::new(example("deliver"));
        command.args(["--timeout", "60s"]);
        let output = pipe(command, b"x\n");
        assert!(output.status.success());
        value(&stderr(&output), "seed")
    };
    assert_ne!(run(), run());
}

#[test]
fn a_reader_that_goes_away_is_an_error_and_no_panic() {
    let piped = deliver(&[]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = piped.unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(b"nobody\nreads\nthis\n").unwrap();
    let status = child.wait().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("deliver: cannot write standard output: "), "{said}");
}

#[test]
fn running_out_of_time_is_said_and_counted() {
    let output = pipe(deliver(&["--loss", "0.99", "--timeout", "100ms"]), b"one\ntwo\n");
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("\ndeliver: gave up after 100ms: 0 of 2 messages delivered, "), "{said}");
    assert_eq!((value(&said, "messages "), value(&said, "missing ")), ("2".to_string(), "0".to_string()));
}

/// Delivers these lines with a log; gives the log and how to judge it, as the program says.
fn logged(lines: &str, options: &[&str]) -> (tempfile::NamedTempFile, Vec<String>) {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = deliver(options);
    command.arg("--log").arg(log.path());
    let output = pipe(command, lines.as_bytes());
    let said = stderr(&output);
    assert!(output.status.success() && output.stdout == lines.as_bytes(), "{said}");
    let (_, judge) = said.split_once("to judge the log: cargo run --example check_trace -- ").unwrap();
    (log, judge.split_whitespace().map(str::to_owned).collect())
}

#[test]
fn a_log_breaks_no_rule_from_either_side_and_does_not_tell_the_lines() {
    let lines: String = (0..300).map(|number| format!("secret {number}\n")).collect();
    let luck = ["--loss", "0.3", "--duplicate", "0.2", "--reorder", "0.1", "--crash-server", "50ms"];
    for side in ["server", "clients"] {
        let (log, judge) = logged(&lines, &[&luck[..], &["--log-at", side]].concat());
        let judgement = check_trace(judge);
        assert!(judgement.is_clean(), "{judgement:?}");
        let log = std::fs::read_to_string(log.path()).unwrap();
        for frame in ["MsgR", "MsgA", "MsgN", "AckR", "AckA", "AckN"] {
            assert!(log.contains(frame), "{frame} as the {side} saw it");
        }
        assert!(log.contains("forgotten") && !log.contains("secret"));
    }
}

#[test]
fn a_log_is_begun_anew_by_each_run() {
    let (log, judge) = logged("one\ntwo\n", &[]);
    let mut again = deliver(&["--log"]);
    again.arg(log.path());
    assert!(pipe(again, b"three\n").status.success());
    let judgement = check_trace(judge);
    assert!(judgement.is_clean(), "{judgement:?}");
}

#[test]
fn a_log_that_was_tampered_with_breaks_the_rule_in_question() {
    let (log, _) = logged("only one\n", &["--loss", "0", "--duplicate", "0"]);
    let lines = std::fs::read_to_string(log.path()).unwrap();
    let of = |frame: &str| lines.lines().position(|line| line.contains(frame)).unwrap();
    let changed = |frame: &str, from: &str, to: &str| {
        let line = lines.lines().nth(of(frame)).unwrap();
        assert!(line.contains(from), "{line}");
        (lines.replacen(line, &line.replace(from, to), 1), of(frame) + 1)
    };
    let without = |frame: &str, then: &str| {
        let rest: Vec<&str> = lines.lines().filter(|line| !line.contains(frame)).collect();
        (rest.join("\n"), rest.iter().position(|line| line.contains(then)).unwrap() + 1)
    };
    let tampered = [
        (without("MsgN", "AckR"), "AckBeforeMessage"),
        (without("AckR", "AckN"), "NeverConfirmed"),
        (without("MsgR", "MsgA"), "Unasked"),
        (changed("AckN", "server_id\":", "server_id\":1"), "OtherAnswer"),
        (changed("MsgN", "payload\":\"", "payload\":\"0"), "Altered"),
        (changed("MsgN", "from\":\"A", "from\":\"B"), "ForgedSender"),
    ];
    for ((text, line), rule) in tampered {
        std::fs::write(log.path(), text).unwrap();
        let judgement = check_trace([log.path()]);
        assert_eq!(judgement.status, Some(1), "{judgement:?}");
        assert!(judgement.broken().contains(&(line, rule)), "{rule} in line {line}: {judgement:?}");
    }
}

#[test]
fn a_log_of_a_killed_run_is_judged_as_far_as_it_goes() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = deliver(&["--crash-server", "100ms", "--log"]);
    let piped = command.arg(log.path()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(&b"a line\n".repeat(50_000)).unwrap();
    while log.as_file().metadata().unwrap().len() < 1_000_000 {
        assert!(child.try_wait().unwrap().is_none(), "it has enough to do");
        thread::park_timeout(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let judgement = check_trace([log.path()]);
    assert_eq!((judgement.status, judgement.broken()), (Some(0), vec![]), "{judgement:?}");
}
