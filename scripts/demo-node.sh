#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make demo-node`: starts a small Node server that leaks, visits it, shows who holds its memory and
# what its garbage collections take. Leaves demo-node.pb.gz (the profile) and demo-node.svg.
#   scripts/demo-node.sh HEAPTAP SERVER.js
# $NODE, else the node of PATH, else one that scripts/fetch-nodes has fetched.
set -euo pipefail
[ $# = 2 ] || { sed -n '3,6s/^# //p' "$0" >&2; exit 2; }
heaptap=$1 server=$2

if [ "$(id -u)" != 0 ]; then
	echo "demo-node: attaching to a process needs root: sudo make demo-node" >&2
	exit 1
fi
find_node() {
	local fetched=${HEAPTAP_NODES:-/var/cache/heaptap-test/node}
	local node
	for node in "${NODE-}" "$(command -v node)" "$fetched"/*/bin/node; do
		[ -x "$node" ] || continue
		"$node" -e 'process.exitCode = parseInt(process.versions.node) < 18 ? 1 : 0' 2>/dev/null || continue
		echo "$node"
		return
	done
	return 1
}
node=$(find_node) || {
	echo "demo-node: no node of version 18 or newer: install one, or scripts/fetch-nodes 24.21.0" >&2
	exit 1
}
step() { # COMMAND...: say it, then do it
	printf '\n$ %s\n' "$*" >&2
	"$@"
}

coproc SERVER { exec "$node" "$server"; }
pid=$SERVER_PID visitor=
trap 'kill $pid $visitor 2>/dev/null || true; wait 2>/dev/null || true' EXIT
read -r port <&"${SERVER[0]}"
"$node" "$server" --visit "$port" </dev/null >/dev/null &
visitor=$!
echo "demo-node: node $("$node" -v) $server runs as pid $pid and grows; what does it hold on to?" >&2

step "$heaptap" record -p "$pid" -d 10s --budget 100% -o demo-node.pb.gz
step "$heaptap" report --top 5 demo-node.pb.gz
step "$heaptap" report -o demo-node.svg demo-node.pb.gz
step "$heaptap" gc -p "$pid" -d 10s

# The leak is put there on purpose, so what must be found is known.
first=$("$heaptap" report --top 1 demo-node.pb.gz | awk '/ site$/ { getline; print; exit }')
case $first in
*' createSession '*) ;;
*) echo "demo-node: expected createSession to hold the most, not: $first" >&2; exit 1 ;;
esac
cat >&2 <<-END

	demo-node: found. createSession keeps a session for every visitor, and nobody removes one.
	demo-node: that was native memory, the Buffers. Who holds the JavaScript objects, while it runs:
	demo-node:   $heaptap record -p PID --source js --inspector -d 30s -f table
	demo-node: demo-node.svg is its flame graph: open it in a browser
END
