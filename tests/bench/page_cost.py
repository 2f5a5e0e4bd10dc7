#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""What `heaptap record --source page` costs: page faults in a loop that does nothing else, in a
process that is watched and in one that is not, and redis under load.

usage: page_cost.py [--rounds N] [--redis-rounds N]          (root)

The source page at its own rate, at one sample per 64 KiB and with every fault, each time between two
measurements without heaptap, whose mean it is compared with: a shared machine drifts more than it
costs. Medians of the added CPU time of a fault, and of the time redis-benchmark takes for a request,
with the standard error of the median.
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
STATES = {"auto": [], "64K": ["-r", "64K"], "exact": ["-r", "1"]}


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


class Costs:
    """What each state adds to each figure, of which more is worse, in percent."""

    def __init__(self):
        self.added, self.figures = {}, {}

    def measure(self, state, pid, work):
        before = work()
        heaptap = Heaptap(pid, STATES[state])
        work()
        during = work()
        heaptap.stop()
        after = work()
        for what, value in during.items():
            base = (before[what] + after[what]) / 2
            self.figures.setdefault(what, []).append(base)
            self.added.setdefault((what, state), []).append(100 * (value / base - 1))

    def show(self):
        for (what, state), added in sorted(self.added.items()):
            error = 1.25 * statistics.stdev(added) / len(added) ** 0.5
            print(
                f"{what:22} {statistics.median(self.figures[what]):9.1f} ns  {state:6}"
                f"{statistics.median(added):+7.2f}% +-{error:.2f}",
                flush=True,
            )


def loops(rounds):
    watched, other = Loop(), Loop()
    costs = Costs()

    def work():
        result = {}
        for who, loop in (("watched", watched), ("other", other)):
            for size, ns in zip(("small", "huge"), loop.measure()):
                if ns:
                    result[f"{size} page, {who}"] = ns
        return result

    work()
    for _ in range(rounds):
        for state in STATES:
            costs.measure(state, watched.process.pid, work)
    costs.show()


def redis(rounds):
    with tempfile.TemporaryDirectory() as directory:
        socket = f"{directory}/redis.sock"
        server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", directory],
            stdout=subprocess.DEVNULL,
        )
        while not os.path.exists(socket):
            time.sleep(0.05)

        def load():
            argv = "redis-benchmark -q -t set,get,lpush -n 60000 -r 100000 -d 300 -s".split()
            out = subprocess.run([*argv, socket], capture_output=True, text=True).stdout
            rates = re.findall(r"(\w+): ([\d.]+) requests per second", out)
            return {f"redis {name}": 1e9 / float(rate) for name, rate in rates}

        load()
        costs = Costs()
        for _ in range(rounds):
            costs.measure("auto", server.pid, load)
        costs.show()
        server.terminate()
        server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--redis-rounds", type=int, default=15)
    args = parser.parse_args()
    loops(args.rounds)
    if shutil.which("redis-server") and args.redis_rounds:
        redis(args.redis_rounds)


main()
