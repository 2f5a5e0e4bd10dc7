#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make demo`: starts a small service that leaks, attaches to it for five seconds, and shows who
# holds its memory. Leaves demo.pb.gz (the profile) and demo.svg (a flame graph).
#   scripts/demo.sh HEAPTAP SERVICE
set -euo pipefail
[ $# = 2 ] || { sed -n '3,5s/^# //p' "$0" >&2; exit 2; }
heaptap=$1 service=$2

if [ "$(id -u)" != 0 ]; then
	echo "demo: attaching to a process needs root: sudo make demo" >&2
	exit 1
fi
step() { # COMMAND...: say it, then do it
	printf '\n$ %s\n' "$*" >&2
	"$@"
}

"$service" </dev/null >/dev/null &
pid=$!
trap 'kill $pid 2>/dev/null || true; wait $pid 2>/dev/null || true' EXIT
echo "demo: $service runs as pid $pid and grows; what does it hold on to?" >&2

# Where a trap takes 5 us the default budget would end it after two seconds.
step "$heaptap" record -p "$pid" -d 5s --budget 100% -o demo.pb.gz
step "$heaptap" report demo.pb.gz
step "$heaptap" report -o demo.svg demo.pb.gz

# The leak is put there on purpose (tests/targets/leaky.c), so what must be found is known.
largest=$("$heaptap" report -f folded demo.pb.gz |
	awk '$NF > most { most = $NF; line = $0 } END { print line }')
case $largest in
*';session_create;'*) ;;
*) echo "demo: expected session_create to hold the most, not: $largest" >&2; exit 1 ;;
esac
cat >&2 <<-END

	demo: found. session_create keeps a session for every user, and nobody removes one.
	demo: demo.pb.gz is the profile: heaptap report, or go tool pprof -http=: demo.pb.gz
	demo: demo.svg is its flame graph: open it in a browser
END
