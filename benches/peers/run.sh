#!/usr/bin/env bash
# Measures everything anew and writes benches/PEERS.md and benches/peers.svg. Arguments go to `peers all`.
set -euo pipefail
cd "$(dirname "$0")"
cargo build --release --features peers
exec "${CARGO_TARGET_DIR:-target}/release/peers" all "$@"
