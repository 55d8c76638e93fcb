//! The example `check_trace`, run as a program: what it prints, and its exit status.

use std::env::consts::EXE_SUFFIX;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The program as it is now: `cargo test` builds examples, but `cargo test --test check` alone does not.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--example", "check_trace", "--manifest-path", MANIFEST, "--target-dir"]);
        build.arg(profile.parent().unwrap());
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success());
        profile.join(format!("examples/check_trace{EXE_SUFFIX}"))
    })
}

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

fn check_trace(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).output().unwrap()
}

/// Writes a log and has it judged: the exit status, what it prints, what it complains of.
fn judge(log: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(log.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    let Output { status, stdout, stderr } = check_trace(&[&[path.as_str()], arguments].concat());
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

const ACK: &str = r#"{"time":5,"endpoint":"bob","direction":"up","frame":{"AckR":{"id":"00000000-0000-8000-8001-000000000000","from":7}}}"#;

#[test]
fn its_demo_is_clean_from_both_sides() {
    for view in ["server", "clients"] {
        let demo = check_trace(&["--demo", "--view", view]);
        let log = String::from_utf8(demo.stdout).unwrap();
        let (status, out, _) = judge(&log, &["--view", view]);
        assert_eq!(status, Some(0), "{out}");
        assert!(out.ends_with(" lines, 0 violations\n"), "{out}");
    }
}

#[test]
fn a_broken_rule_is_one_line_with_its_place_and_the_status_is_1() {
    let (status, out, _) = judge(&format!("\n{ACK}\n"), &[]);
    assert_eq!(status, Some(1));
    let first = "line 2: AckBeforeMessage (section 1, ack:R): seen ack:R 00000000-0000-8000-8001-000000000000 of 7 by bob; \
                 expected a msg:N of it to bob before";
    assert_eq!(out.lines().collect::<Vec<_>>(), [first, "2 lines, 1 violations"]);
}

#[test]
fn what_cannot_be_read_is_told_with_its_line_and_the_status_is_2() {
    let (status, out, err) = judge(&format!("{ACK}\n{{\"time\":1"), &[]);
    assert_eq!((status, out.as_str()), (Some(2), ""));
    assert_eq!(err, "line 2, column 9: EOF while parsing an object\n");
    let (status, _, err) = judge(&ACK.replace("AckR", "AckX"), &[]);
    assert_eq!(status, Some(2));
    assert!(err.starts_with("line 1, column ") && err.contains("unknown variant `AckX`"), "{err}");
    let missing = check_trace(&["/nowhere/at/all"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8(missing.stderr).unwrap().starts_with("/nowhere/at/all: "));
}
