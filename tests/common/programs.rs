//! Examples as programs: built as they are now, and run as processes.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(clippy::std_instead_of_alloc, clippy::std_instead_of_core, clippy::unwrap_used, reason = "tests with std")]

use std::collections::BTreeSet;
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

/// The program of an example: `cargo test` builds examples, but `cargo test --test deliver` alone does not.
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
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success());
    }
    profile.join(format!("examples/{name}{EXE_SUFFIX}"))
}

/// What `check_trace` said.
#[derive(Debug, PartialEq, Eq)]
pub struct Judgement {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Judgement {
    /// Whether it could read everything, torn lines aside, and found no rule broken.
    pub fn is_clean(&self) -> bool {
        self.status == Some(0) && self.out.ends_with(" lines, 0 violations\n")
    }

    /// The rules that it found broken, with their lines.
    pub fn broken(&self) -> Vec<(usize, &str)> {
        self.out.lines().filter_map(violation).collect()
    }
}

/// Reads a line as "line N: Rule (section …".
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
