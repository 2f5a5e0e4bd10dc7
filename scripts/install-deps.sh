#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that are missing for a purpose, and does nothing when all are there:
#   scripts/install-deps.sh [-n] build|test|bench|vm...      -n: only say what is missing
# Root is needed only when something is missing. A package for "test?" is optional: when it does not
# install, the tests that want it are skipped and say so.
set -euo pipefail

# Purposes, package, a command that serves as well when it is on PATH (- for none).
packages() {
	cat <<-END
		build       gcc                  -
		build       libc6-dev            -
		build       pkg-config           pkg-config
		build       clang                clang
		build       llvm                 llvm-strip
		build       bpftool              bpftool
		build       libbpf-dev           -
		build       libelf-dev           -
		build       libdw-dev            -
		build       zlib1g-dev           -
		build       libcapstone-dev      -
		build       libprotobuf-c-dev    -
		build       protobuf-c-compiler  protoc-c
		build       protobuf-compiler    protoc
		build       uthash-dev           -
		build       libjansson-dev       -
		build       libwebsockets-dev    -
		build       libcurl4-openssl-dev -
		build       libiberty-dev        -
		build       libjemalloc-dev      -
		build       libncurses-dev       -
		build       help2man             help2man
		test,bench  python3              -
		test,bench  libc6-dbg            -
		test,bench  nodejs               node
		test        g++                  g++
		test        libcmocka-dev        -
		test        clang-format         clang-format
		test        libclang-rt-dev      -
		test        procps               pgrep
		test        gdb                  gdb
		test        tmux                 tmux
		test        golang-go            go
		test?       golang-github-google-pprof-dev -
		test        redis-server         redis-server
		test        musl-tools           musl-gcc
		test        libjemalloc2         -
		test        systemtap-sdt-dev    -
		test        openssl              openssl
		test        python3-protobuf     -
		test        python3-yaml         -
		test        golang-github-google-pprof-dev -
		test?       cron                 cron
		test?       systemd              systemd-analyze
		test?       prometheus           prometheus
		test?       prometheus-node-exporter prometheus-node-exporter
		test        libgoogle-perftools4 -
		test        libmimalloc2.0       -
		test        libmimalloc-dev      -
		test,bench  wrk                  wrk
		test?       zsh                  zsh
		test?       fish                 fish
		test?       npm                  npm
		test?       chromium             chromium
		test?       rustc                rustc
		test?       postgresql           -
		test?       nginx-light          nginx
		test?       mariadb-server       mariadbd
		bench       bpftrace             bpftrace
		bench       heaptrack            heaptrack
		bench       valgrind             valgrind
		vm          qemu-system-x86      qemu-system-x86_64
		vm          busybox-static       -
		vm          cpio                 cpio
		vm          zstd                 zstd
		test,vm     xz-utils             xz
	END
}

usage() {
	sed -n '3,4s/^# //p' "$0" >&2
	exit 2
}

die() {
	echo "install-deps: $*" >&2
	exit 1
}

dry=
[ "${1-}" != -n ] || { dry=1; shift; }
[ $# -gt 0 ] || usage
for want; do
	case $want in build | test | bench | vm) ;; *) usage ;; esac
done

if ! command -v dpkg-query >/dev/null; then
	echo "install-deps: not a Debian system, nothing is installed; the packages are listed in $0" >&2
	exit 0
fi

# --- what is missing ---------------------------------------------------------------------------
PATH=$PATH:/usr/sbin:/sbin
present=$(packages | awk '{ print $2 }' |
	xargs dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null || true)
is_present() { # PACKAGE COMMAND
	grep -qx "installed $1" <<<"$present" || { [ "$2" != - ] && command -v "$2" >/dev/null; }
}

needed=() optional=()
while read -r purposes package command; do
	for want; do
		case ,$purposes, in
		*,"$want",*) is_present "$package" "$command" || needed+=("$package") ;;
		*,"$want?",*) is_present "$package" "$command" || optional+=("$package") ;;
		*) continue ;;
		esac
		break
	done
done < <(packages)

if [ -n "$dry" ]; then
	for package in "${needed[@]}"; do echo "$package"; done
	for package in "${optional[@]}"; do echo "$package (optional)"; done
	exit 0
fi

apt="apt-get install -y --no-install-recommends"
if [ "$(id -u)" != 0 ]; then
	[ ${#needed[@]} = 0 ] || die "missing for $*; install as root: $apt ${needed[*]}"
	exit 0
fi
[ $((${#needed[@]} + ${#optional[@]})) -gt 0 ] || exit 0

# --- install it --------------------------------------------------------------------------------
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
policy=/usr/sbin/policy-rc.d
[ ! -e $policy ] || policy=
trap 'rm -f "$log" $policy' EXIT
# A package that brings a service must not start it on somebody's machine for the sake of a test.
[ -z "$policy" ] || install -m 755 /dev/stdin $policy <<<$'#!/bin/sh\nexit 101'

run() { # COMMAND...: quiet unless it fails
	echo "install-deps: $*" >&2
	"$@" >"$log" 2>&1 </dev/null || { cat "$log" >&2; return 1; }
}
known() { # PACKAGE...
	[ $# = 0 ] || [ "$(apt-cache --no-all-versions show "$@" 2>/dev/null | grep -c '^Package: ')" -ge $# ]
}

updated=
if ! known "${needed[@]}"; then
	run apt-get update || die "apt-get update failed; it is needed to find: ${needed[*]}"
	updated=1
fi
if [ ${#needed[@]} -gt 0 ] && ! run $apt "${needed[@]}"; then
	# An old index names versions that the mirror no longer has: refresh it, once.
	[ -z "$updated" ] && run apt-get update && run $apt "${needed[@]}" ||
		die "could not install what $* needs; by hand: $apt ${needed[*]}"
fi
for package in "${optional[@]}"; do
	run $apt "$package" || echo "install-deps: $package is optional: its tests will be skipped" >&2
done
