#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""What `heaptap record` with the default rate and budget takes from its target, as the work that the
target does not get done, by tests/targets/paced.c, which computes and allocates so often.

usage: governor.py [--rounds N] [--seconds N]          (root)

In turns the process is left alone for some seconds and recorded for some. What is told is the worst
10 s of a recording after its first second, as the share of the work that the same process did
before; and how long probes hurt after a burst began.
"""
import argparse
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HEAPTAP_BUILD", TOP / "build"))
ALONE_S = 4
CASES = {
    "1 k/s": ["--rate=1000"],
    "100 k/s": ["--rate=100000"],
    "2 M/s": ["--rate=2000000"],
    "1 k/s, bursts of 2 M/s": ["--rate=1000", "--burst=2000000", "--every=5000", "--for=2000"],
}


class Paced:
    """The process, and what it says every 100 ms: (time s, steps, pairs)."""

    def __init__(self, options):
        self.process = subprocess.Popen(
            [BUILD / "targets/paced", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.said = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            words = line.split()
            if len(words) == 4 and words[0].isdigit():
                self.said.append((int(words[0]) / 1e9, int(words[2]), int(words[3])))

    def end(self):
        self.process.kill()
        self.process.wait()


def work(said, begin, end):
    """Steps a second between two times."""
    part = [line for line in said if begin <= line[0] <= end]
    if len(part) < 2:
        return float("nan")
    return (part[-1][1] - part[0][1]) / (part[-1][0] - part[0][0])


class Heaptap:
    def __init__(self, pid, *options):
        argv = [BUILD / "heaptap", "record", "-p", str(pid), "-o", "/dev/null", *options]
        self.process = subprocess.Popen(argv, stderr=subprocess.PIPE)
        while not re.search(b"recording", self.process.stderr.readline()):
            if self.process.poll() is not None:
                sys.exit("heaptap did not attach")
        self.begin = time.monotonic()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        text = self.process.communicate()[1].decode()
        found = re.search(r"cost: ([\d.]+)% of the target", text)
        return float(found.group(1)) / 100 if found else float("nan")



def worst(paced, alone, begin, end):
    """The most work missing in any 10 s after the first second."""
    losses, at = [], begin + 1
    while at + 10 <= end:
        losses.append(1 - work(paced.said, at, at + 10) / alone)
        at += 0.5
    return max(losses) if losses else float("nan")


def measure_case(name, options, rounds, seconds):
    losses, claims = [], []
    paced = Paced(options)
    time.sleep(0.5)
    # a whole number of periods, so that bursts weigh the same in both
    alone_s = 10 if "--every=5000" in options else ALONE_S
    for _ in range(rounds):
        begin = time.monotonic()
        time.sleep(alone_s)
        alone = work(paced.said, begin, time.monotonic())
        recorder = Heaptap(paced.process.pid)
        time.sleep(seconds)
        losses.append(worst(paced, alone, recorder.begin, time.monotonic()))
        claims.append(recorder.stop())
        time.sleep(0.3)
    paced.end()
    loss = statistics.median(losses)
    print(f"{name:26} worst 10 s: {100 * loss:5.1f} % of the work; "
          f"heaptap says {100 * statistics.median(claims):5.1f} % of all", flush=True)
    return loss


def row_of(name):
    return f"work missing in the worst 10 s after the first second, {name}"


def measure(samples, rounds=3, seconds=16):
    for name, options in CASES.items():
        samples.add(row_of(name), 100 * measure_case(name, options, rounds, seconds))


def limits(samples):
    return [(row_of(name), samples.median(row_of(name)), 6, " %") for name in CASES]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=16)
    arguments = parser.parse_args()
    losses = [measure_case(name, options, arguments.rounds, arguments.seconds)
              for name, options in CASES.items()]
    sys.exit(any(not loss <= 0.06 for loss in losses))


if __name__ == "__main__":
    main()
