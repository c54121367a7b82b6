#!/usr/bin/env bash
# What is installed of other ways to move a file, beside ours, on one file and in one table:
# nginx + curl, iperf3, rsync, Python's classic pair, the tokio peer, wirewright.
#
#   benches/peers.sh [FILE] [--size BYTES] [--rounds N] [--json]      (--help says the rest)
#
# It installs and builds nothing, talks over loopback only, and leaves nothing behind.
set -euo pipefail

command -v python3 >/dev/null || {
  printf 'error: peers.sh: there is no python3; it is what starts and measures the others\n' >&2
  exit 1
}
exec python3 "$(dirname "$0")/peers.py" "$@"
