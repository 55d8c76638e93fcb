//! L1 pure: no clock, no I/O, no global randomness, no threads; `#![no_std]` + `alloc`, `forbid(unsafe_code)`.
//!
//! The compiler checks most of it, and `.ci/run` builds without std. These tests read the source for the rest: names that
//! only std has, and the attributes themselves.

use std::fs;
use std::path::{Path, PathBuf};

/// The words that no file may have.
const BANNED: [&str; 16] = [
    "std",
    "Instant",
    "SystemTime",
    "thread",
    "HashMap",
    "HashSet",
    "RandomState",
    "getrandom",
    "rand",
    "unsafe",
    "println",
    "static",
    "Cell",
    "RefCell",
    "Mutex",
    "thread_local",
];

#[test]
fn no_source_file_names_a_clock_a_thread_a_hash_map_or_randomness() {
    let files = sources();
    assert!(files.len() > 30, "the sources were found");
    for (path, text) in &files {
        for (n, line) in code(text) {
            let named = words(line).find(|word| BANNED.contains(word));
            assert_eq!(named, None, "{}:{n}: {line}", path.display());
        }
    }
}

#[test]
fn the_crate_is_no_std_and_forbids_unsafe_code() {
    let lib = read("src/lib.rs");
    assert!(lib.contains("\n#![no_std]\n"));
    assert!(lib.contains("#[cfg(any(test, feature = \"sim\"))]\nextern crate std;"), "std for tests and `sim` alone");
    assert!(read("Cargo.toml").contains("\nunsafe_code = \"forbid\"\n"));
}

#[test]
fn the_library_depends_on_no_source_of_time_or_randomness() {
    let manifest = read("Cargo.toml");
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let names: Vec<&str> = section.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name).collect();
    assert_eq!(names, ["serde", "siphasher", "str0m-netem", "thiserror", "uuid"]);
    assert!(section.contains("uuid = { version = \"1.10\", default-features = false }"), "without its generators");
}

/// Returns all source files but those of the simulator, which uses std.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.file_stem().is_some_and(|name| name == "sim") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// Returns the numbered lines of code, without comments, attributes and the unit tests at the end.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(text.lines()).take_while(|(_, line)| *line != "#[cfg(test)]");
    let is_code = |line: &str| !line.starts_with("//") && !line.starts_with('#') && line != "extern crate std;";
    lines
        .filter(move |(_, line)| is_code(line.trim_start()))
        .map(|(n, line)| (n, line.split("//").next().unwrap_or(line)))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '\'').filter(|word| !word.is_empty())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}
