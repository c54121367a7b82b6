#!/usr/bin/env bash
# Compares installed programs that move a file, on one file, in one table: nginx + curl, iperf3,
# rsync, Python's classic pair, the tokio peer, wirewright.
#
#   benches/peers.sh [FILE] [--size BYTES] [--rounds N] [--json]      (see --help)
#
# The script installs and builds nothing, uses loopback only, and removes its files.
set -euo pipefail

command -v python3 >/dev/null || {
  printf 'error: peers.sh: python3 is required and was not found\n' >&2
  exit 1
}
exec python3 "$(dirname "$0")/peers.py" "$@"
