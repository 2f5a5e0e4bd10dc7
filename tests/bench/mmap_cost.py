#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""What `heaptap record --with-mmap` costs system calls: getpid, which it has nothing to do with, and
pairs of mmap and munmap, in a process that is watched and in one that is not.

usage: mmap_cost.py [--rounds N]          (root)

Three states in turns, so that a busy machine is busy in all of them: no heaptap, heaptap without
--with-mmap, heaptap with it. Medians of the CPU time of a call.
"""
import argparse
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HEAPTAP_BUILD", TOP / "build"))


class Loop:
    def __init__(self):
        self.process = subprocess.Popen(
            [BUILD / "bench/syscalls"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def measure(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return [float(n) for n in self.process.stdout.readline().split()]


class Heaptap:
    def __init__(self, pid, *options):
        argv = [BUILD / "heaptap", "record", "-p", str(pid), "-o", "/dev/null", *options]
        self.process = subprocess.Popen(argv, stderr=subprocess.PIPE)
        while not re.search(b"recording", self.process.stderr.readline()):
            if self.process.poll() is not None:
                sys.exit("heaptap did not attach")
        time.sleep(0.3)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    watched, other = Loop(), Loop()
    times = {}

    def note(state):
        for who, loop in (("watched", watched), ("other", other)):
            call, pair = loop.measure()
            times.setdefault((state, who, "getpid"), []).append(call)
            times.setdefault((state, who, "mmap+munmap"), []).append(pair)

    watched.measure()
    other.measure()
    for _ in range(rounds):
        note("none")
        for state, options in (("plain", []), ("with-mmap", ["--with-mmap"])):
            heaptap = Heaptap(watched.process.pid, *options)
            note(state)
            heaptap.stop()
    for what in ("getpid", "mmap+munmap"):
        for who in ("watched", "other"):
            base = statistics.median(times["none", who, what])
            for state in ("none", "plain", "with-mmap"):
                ns = statistics.median(times[state, who, what])
                print(f"{what:12} {who:8} {state:10} {ns:8.0f} ns  {ns / base:.2f}")


main()
