//! With what and when it was measured.

use std::process::Command;

use anyhow::{Context, Result};

use crate::callgrind;
use crate::peers;

/// The versions that are measured.
pub(crate) const LOCK: &str = include_str!("../Cargo.lock");

/// Date, compiler, valgrind, processor and the versions of the peers, in one paragraph.
pub(crate) fn tell() -> Result<String> {
    let date = first_line(Command::new("date").arg("+%Y-%m-%d"))?;
    let rustc = first_line(Command::new("rustc").arg("--version"))?;
    let valgrind = callgrind::version().unwrap_or_else(|| "no valgrind".to_owned());
    let processor = processor().unwrap_or_else(|| "an unknown processor".to_owned());
    let mut packages: Vec<&str> = peers::ALL.iter().map(|peer| peer.package).filter(|name| !name.is_empty()).collect();
    packages.dedup();
    let versions: Result<Vec<String>> =
        packages.into_iter().map(|name| Ok(format!("{name} {}", version(LOCK, name)?))).collect();
    Ok(format!("Measured on {date} with {rustc}, {valgrind}, {processor}; {}.", versions?.join(", ")))
}

/// The version of a package in a lock file.
pub(crate) fn version(lock: &str, package: &str) -> Result<String> {
    let lock: toml::Table = toml::from_str(lock)?;
    let packages = lock.get("package").and_then(toml::Value::as_array).context("no packages")?;
    let field = |of: &toml::Value, name: &str| of.get(name).and_then(toml::Value::as_str).map(str::to_owned);
    let found = packages.iter().find(|each| field(each, "name").as_deref() == Some(package));
    found.and_then(|each| field(each, "version")).with_context(|| format!("no package {package}"))
}

fn first_line(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?} does not start"))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}

fn processor() -> Option<String> {
    let all = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = all.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(": ").map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_has_a_version_in_the_lock_file() {
        for peer in peers::ALL.iter().filter(|peer| !peer.package.is_empty()) {
            assert!(version(LOCK, peer.package).is_ok_and(|version| version.contains('.')), "{}", peer.package);
        }
        assert!(version(LOCK, "nobody").is_err());
    }
}
