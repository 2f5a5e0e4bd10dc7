#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""What `heaptap record --source page` costs: page faults in a loop that does nothing else, in a
process that is watched and in one that is not, and redis under load.

usage: page_cost.py [--rounds N] [--redis-rounds N]          (root)

States in turns, so that a busy machine is busy in all of them: no heaptap, the source page at its own
rate, at one sample per 64 KiB and with every fault. Medians of the CPU time of a fault; of redis the
requests a second that redis-benchmark states.
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HEAPTAP_BUILD", TOP / "build"))
STATES = {"none": None, "auto": [], "64K": ["-r", "64K"], "exact": ["-r", "1"]}


class Loop:
    def __init__(self):
        self.process = subprocess.Popen(
            [BUILD / "bench/faults"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def measure(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return [float(n) for n in self.process.stdout.readline().split()]


class Heaptap:
    def __init__(self, pid, options):
        argv = [BUILD / "heaptap", "record", "-s", "page", "-p", str(pid), "-o", "/dev/null"]
        self.process = subprocess.Popen([*argv, *options], stderr=subprocess.PIPE)
        while not re.search(b"recording", self.process.stderr.readline()):
            if self.process.poll() is not None:
                sys.exit("heaptap did not attach")
        time.sleep(0.3)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate()


def beside(pid, options, work):
    heaptap = Heaptap(pid, options) if options is not None else None
    result = work()
    if heaptap:
        heaptap.stop()
    return result


def show(times, what, unit, better):
    base = statistics.median(times["none", what])
    for state in STATES:
        if (state, what) in times:
            value = statistics.median(times[state, what])
            cost = 100 * (value / base - 1) * better
            print(f"{what:22} {state:6} {value:10.1f} {unit}  cost {cost:+6.2f}%", flush=True)


def loops(rounds):
    watched, other = Loop(), Loop()
    times = {}

    def note(state):
        for who, loop in (("watched", watched), ("other", other)):
            small, huge = loop.measure()
            times.setdefault((state, f"small page, {who}"), []).append(small)
            times.setdefault((state, f"huge page, {who}"), []).append(huge)

    watched.measure()
    other.measure()
    for _ in range(rounds):
        for state, options in STATES.items():
            beside(watched.process.pid, options, lambda: note(state))
    for size in ("small", "huge"):
        for who in ("watched", "other"):
            show(times, f"{size} page, {who}", "ns", 1)


def redis(rounds):
    with tempfile.TemporaryDirectory() as directory:
        socket = f"{directory}/redis.sock"
        server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", directory],
            stdout=subprocess.DEVNULL,
        )
        while not os.path.exists(socket):
            time.sleep(0.05)
        times = {}

        def load():
            argv = "redis-benchmark -q -t set,get,lpush -n 60000 -r 100000 -d 300 -s".split()
            out = subprocess.run([*argv, socket], capture_output=True, text=True).stdout
            rates = re.findall(r"(\w+): ([\d.]+) requests per second", out)
            return {name: float(rate) for name, rate in rates}

        load()
        for _ in range(rounds):
            for state, options in list(STATES.items())[:2]:
                for name, rate in beside(server.pid, options, load).items():
                    times.setdefault((state, f"redis {name}"), []).append(rate)
        for what in sorted({what for _, what in times}):
            show(times, what, "/s", -1)
        server.terminate()
        server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--redis-rounds", type=int, default=5)
    args = parser.parse_args()
    loops(args.rounds)
    if shutil.which("redis-server") and args.redis_rounds:
        redis(args.redis_rounds)


main()
