//! The example `check_trace` as a program: its output and its exit status.

use std::io::Write as _;

use kit::programs::{Judgement, check_trace};

/// Writes a log and runs `check_trace` on it.
fn judge(log: impl AsRef<[u8]>, arguments: &[&str]) -> Judgement {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(log.as_ref()).unwrap();
    check_trace([&[file.path().to_str().unwrap()], arguments].concat())
}

const ACK: &str = r#"{"time":5,"endpoint":"bob","direction":"up","frame":{"AckR":{"id":"00000000-0000-8000-8001-000000000000","from":7}}}"#;

#[test]
fn the_demo_log_is_clean_in_both_views() {
    for view in ["server", "clients"] {
        let demo = check_trace(["--demo", "--view", view]);
        let judgement = judge(&demo.out, &["--view", view]);
        assert!(judgement.is_clean(), "{judgement:?}");
    }
}

#[test]
fn a_violation_is_one_line_with_its_location_and_exit_status_1() {
    let Judgement { status, out, .. } = judge(format!("\n{ACK}\n"), &[]);
    assert_eq!(status, Some(1));
    let first = "line 2: AckBeforeMessage (section 1, ack:R): seen ack:R 00000000-0000-8000-8001-000000000000 of 7 by bob; \
                 expected a msg:N of it to bob before";
    assert_eq!(out.lines().collect::<Vec<_>>(), [first, "2 lines, 1 violations"]);
}

#[test]
fn an_unreadable_line_is_reported_with_its_number_and_exit_status_2() {
    let Judgement { status, out, err } = judge(format!("{ACK}\n{{\"time\":1}}"), &[]);
    assert_eq!((status, out.as_str()), (Some(2), ""));
    assert_eq!(err, "line 2, column 10: missing field `endpoint`\n");
    let Judgement { status, err, .. } = judge(ACK.replace("AckR", "AckX"), &[]);
    assert_eq!(status, Some(2));
    assert!(err.starts_with("line 1, column ") && err.contains("unknown variant `AckX`"), "{err}");
    let missing = check_trace(["/nowhere/at/all"]);
    assert_eq!(missing.status, Some(2));
    assert!(missing.err.starts_with("/nowhere/at/all: "));
}

#[test]
fn a_truncated_line_is_reported_and_the_other_lines_are_checked() {
    let ack = ACK.replace("bob", "bób");
    let within_a_letter = ack.find('ó').unwrap() + 1;
    for end in [1, 8, 9, 22, within_a_letter, within_a_letter + 3, ack.len() - 10, ack.len() - 1] {
        let torn = &ack.as_bytes()[..end];
        let last = [format!("{ack}\n").as_bytes(), torn].concat();
        let between = [torn, format!("\n\n{ack}\n").as_bytes()].concat();
        for (log, line, torn_line) in [(last, 1, 2), (between, 3, 1)] {
            let judgement = judge(log, &[]);
            assert_eq!(judgement.broken(), [(line, "AckBeforeMessage")], "{end}");
            let notice = format!("line {torn_line} breaks off: its writer was killed; it is not judged\n");
            assert_eq!((judgement.status, judgement.err), (Some(1), notice));
        }
    }
    let whole = judge(ACK, &[]);
    assert_eq!(whole.broken(), [(1, "AckBeforeMessage")], "an entry without a line end is an entry");
}
