//! Measures instructions and nanoseconds, and checks the bounds. `--help` has the commands.

fn main() -> anyhow::Result<()> {
    sixfold_peers::cli::main()
}
