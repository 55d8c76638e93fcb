//! What it takes to build a peer: a program that uses it is made from nothing, and one that uses nothing beside it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};

use crate::facts;
use crate::peers;
use crate::results::{Figure, Line};

/// A program, the peer that it uses, and where that comes from.
struct Program {
    word: &'static str,
    main: &'static str,
}

const NOTHING: &str = "fn main() {}\n";
const PROGRAMS: [Program; 4] = [
    Program { word: "sixfold", main: include_str!("../minimal/sixfold.rs") },
    Program { word: "rumqttc-qos2", main: include_str!("../minimal/rumqttc.rs") },
    Program { word: "rumqttc-next-qos2", main: include_str!("../minimal/rumqttc-next.rs") },
    Program { word: "mqtt-protocol-core-qos2", main: include_str!("../minimal/mqtt-protocol-core.rs") },
];

/// What a program takes.
struct Cost {
    crates: usize,
    cpu: Duration,
    bytes: u64,
}

/// Builds all of them, in a folder that is made anew.
pub(crate) fn measure(folder: &Path) -> Result<Vec<Line>> {
    let nothing = build(&folder.join("nothing"), "", NOTHING)?;
    let mut lines = Vec::new();
    for Program { word, main } in PROGRAMS {
        let peer = peers::ALL.iter().find(|peer| peer.word == word).context("a program for nobody")?;
        let Cost { crates, cpu, bytes } = build(&folder.join(word), &dependency(peer.package)?, main)?;
        let line = |metric, value| Line::new(format!("{word} build"), metric, Figure::exact(value));
        lines.push(line("crates", crates as f64));
        lines.push(line("seconds", cpu.as_secs_f64()));
        lines.push(line("bytes", bytes.saturating_sub(nothing.bytes) as f64));
    }
    Ok(lines)
}

/// A line of a manifest: sixfold as it is here, the others in the version that is measured.
fn dependency(package: &str) -> Result<String> {
    if package == "sixfold" {
        return Ok(format!("sixfold.path = {:?}", concat!(env!("CARGO_MANIFEST_DIR"), "/../..")));
    }
    Ok(format!("{package} = \"={}\"", facts::version(facts::LOCK, package)?))
}

fn build(folder: &Path, dependency: &str, main: &str) -> Result<Cost> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), manifest(dependency))?;
    fs::write(folder.join("src/main.rs"), main)?;
    run(folder, &["fetch"])?;
    let tree = run(folder, &["tree", "--edges", "no-dev", "--prefix", "none", "--format", "{p}"])?;
    let before = children_cpu()?;
    run(folder, &["build", "--release", "--offline", "--target-dir", "target"])?;
    let cpu = children_cpu()?.saturating_sub(before);
    let bytes = fs::metadata(folder.join("target/release/program"))?.len();
    Ok(Cost { crates: crates(&tree), cpu, bytes })
}

fn manifest(dependency: &str) -> String {
    format!(
        "[package]\nname = \"program\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\n{dependency}\n\n[profile.release]\nstrip = true\n"
    )
}

/// Different packages in a tree, the program itself aside.
fn crates(tree: &str) -> usize {
    let mut packages: Vec<&str> = tree.lines().skip(1).map(|line| line.trim_end_matches(" (*)")).collect();
    packages.sort_unstable();
    packages.dedup();
    packages.iter().filter(|package| !package.is_empty()).count()
}

fn run(folder: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("cargo").args(arguments).current_dir(folder).output().context("cargo does not start")?;
    ensure!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// CPU time of all processes that this one has waited for.
fn children_cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = [usage.user_time(), usage.system_time()].map(|time| time.tv_sec() * 1_000_000 + time.tv_usec());
    Ok(Duration::from_micros(u64::try_from(micros.iter().sum::<i64>())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_of_a_tree_counts_once() {
        let tree = "program v0.0.0 (/somewhere)\na v1.0.0\nb v1.0.0\nc v2.0.0\nb v1.0.0 (*)\n\nd v1.0.0 (proc-macro)\n";
        assert_eq!(crates(tree), 4);
        assert_eq!(crates("program v0.0.0 (/somewhere)\n"), 0);
    }
}
