//! Examples, built from the current source and run as processes.

use std::collections::BTreeSet;
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

/// Builds an example and returns the path of its program. (`cargo test` builds the examples itself, `cargo test --test X`
/// does not.)
pub fn example(name: &str) -> PathBuf {
    static BUILT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let mut built = BUILT.lock().unwrap();
    if built.insert(name.to_owned()) {
        let around = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        let root = around.into_iter().find(|folder| folder.join("examples").join(name).is_dir()).unwrap();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--example", name, "--manifest-path"]).arg(root.join("Cargo.toml"));
        build.arg("--target-dir").arg(profile.parent().unwrap());
        // The folder of a profile has its name, except for `dev`.
        let name = profile.file_name().filter(|name| *name != "debug");
        build.arg("--profile").arg(name.unwrap_or(OsStr::new("dev")));
        assert!(build.status().unwrap().success());
    }
    profile.join(format!("examples/{name}{EXE_SUFFIX}"))
}

/// The exit status and the output of `check_trace`.
#[derive(Debug, PartialEq, Eq)]
pub struct Judgement {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Judgement {
    /// Returns whether it read everything, truncated lines aside, and found no violation.
    pub fn is_clean(&self) -> bool {
        self.status == Some(0) && self.out.ends_with(" lines, 0 violations\n")
    }

    /// Returns the violations: line and rule.
    pub fn broken(&self) -> Vec<(usize, &str)> {
        self.out.lines().filter_map(violation).collect()
    }
}

/// Parses a line of the form "line N: Rule (section …".
fn violation(line: &str) -> Option<(usize, &str)> {
    let (number, rest) = line.strip_prefix("line ")?.split_once(": ")?;
    Some((number.parse().ok()?, rest.split_once(' ')?.0))
}

/// Runs `check_trace`.
pub fn check_trace(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Judgement {
    let Output { status, stdout, stderr } = Command::new(example("check_trace")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Judgement { status: status.code(), out: text(stdout), err: text(stderr) }
}
