#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make demo`: starts a small service that leaks, attaches to it for five seconds, and shows who
# holds its memory. Leaves demo.pb.gz (the profile) and demo.folded (for any flame graph tool).
#   scripts/demo.sh HEAPTAP SERVICE
set -euo pipefail
[ $# = 2 ] || { sed -n '3,5s/^# //p' "$0" >&2; exit 2; }
heaptap=$1 service=$2

step() { # COMMAND...: say it, then do it
	printf '\n$ %s\n' "$*" >&2
	"$@"
}

"$service" </dev/null >/dev/null &
pid=$!
trap 'kill $pid 2>/dev/null || true; wait $pid 2>/dev/null || true' EXIT
echo "demo: $service runs as pid $pid; what does it hold on to?" >&2

step "$heaptap" record -p "$pid" -d 5s -o demo.pb.gz
step "$heaptap" report demo.pb.gz
printf '\n$ %s report -f folded demo.pb.gz > demo.folded\n' "$heaptap" >&2
"$heaptap" report -f folded demo.pb.gz >demo.folded
