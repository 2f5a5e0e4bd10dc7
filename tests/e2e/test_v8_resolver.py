#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""The names and lines of JavaScript frames against V8's own: a script stops in many kinds of
functions, cold and ever hotter, and prints what V8 thinks its stack is; build/targets/frames reads
the same stack from outside. Every version of Node that is unpacked in HEAPTAP_NODES is asked."""

import collections
import json
import os
import subprocess
from pathlib import Path

from tap import Skip, at_end, expect, main, test

ROOT = Path(__file__).resolve().parents[2]
FRAMES = Path(os.environ.get("HEAPTAP_BUILD", ROOT / "build")) / "targets/frames"
NODES = Path(os.environ.get("HEAPTAP_NODES", "/var/cache/heaptap-test/node"))
SCRIPT = ROOT / "tests/v8/truth.js"
VERSIONS = ["18.20.8", "20.20.2", "22.23.3", "24.21.0", "25.9.0", "26.10.0"]
SAME = ("function", "script", "line")


def node(version):
    path = NODES / version / "bin/node"
    if not path.exists():
        raise Skip(f"no {path}")
    return path


def start(command):
    # Short rounds: what is hot in 10 ms is optimized too.
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env={**os.environ, "MAX_MS": "10"})
    at_end(lambda: (process.kill(), process.communicate()))
    return process


def stops(process):
    """What V8 says at each stop; the process goes on when the next one is asked for."""
    for line in process.stdout:
        stop = json.loads(line)
        # Builtins have no place in a source; async parents are not on the stack.
        stop["stack"] = [f for f in stop["stack"] if f["line"] and not f["async"]][1:]
        yield stop
        process.stdin.write(b"x")
        process.stdin.flush()


class Seen:
    """What frames reads of a process, at one stop after the other."""

    def __init__(self, process, *options):
        argv = [FRAMES, str(process.pid), *options]
        self.reader = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
        at_end(lambda: (self.reader.kill(), self.reader.communicate()))
        self.asked = True  # the first stack comes unasked

    def stack(self):
        """The lines of the frames that called park(), and what it cost."""
        if not self.asked:
            self.reader.stdin.write("\n")
            self.reader.stdin.flush()
        self.asked, lines = False, []
        while not lines or "layout_ms" not in lines[-1]:
            line = self.reader.stdout.readline()
            expect(line, "frames ended:", self.reader.stderr.read() if not line else "")
            lines.append(json.loads(line))
        cost = lines.pop()
        names = [line.get("function") for line in lines]
        expect("park" in names, "the stack begins elsewhere:", names)
        return lines[names.index("park") + 1 :], cost


class Score(collections.Counter):
    first = ""  # of the stacks that were not right

    def compare(self, stop, lines):
        kind = "cold" if stop["round"] == 0 else "hot"
        self[kind] += len(stop["stack"])
        wrong = []
        for want, got in zip(stop["stack"], lines):
            right = all(want[key] == got.get(key) for key in SAME)
            self[f"{kind} right"] += right
            self[f"{kind} columns"] += right and want["column"] == got["column"]
            if not right:
                wrong.append((want, got))
        if wrong or len(lines) != len(stop["stack"]):
            what = (f"{stop['scenario']}, round {stop['round']}: {len(lines)} lines of "
                    f"{len(stop['stack'])} {wrong[:2]}")
            self.first = self.first or f"{what}; all: {lines}"
            print("#", what)
        self["generated"] += sum(line["kind"] == 1 for line in lines)
        self["inlined"] += len(lines) - len({line["frame"] for line in lines})


def names(version):
    process = start([node(version), SCRIPT])
    score, cold_us, cached_us, seen = Score(), [], [], None
    for stop in stops(process):
        seen = seen or Seen(process, "20")
        lines, cost = seen.stack()
        score.compare(stop, lines)
        cold_us.append(cost["cold_us"] / cost["frames"])
        cached_us.append(cost["cached_us"] / cost["frames"])
    cold_us.sort()
    cached_us.sort()
    print(f"# {dict(score)}; a frame takes {cold_us[len(cold_us) // 2]:.0f} us,",
          f"known {cached_us[len(cached_us) // 2]:.2f} us; {cost['layout_ms']:.0f} ms for a layout")
    expect(score["cold"] > 500 and score["generated"] > 500 and score["inlined"] > 100, score)
    expect(score["cold right"] == score["cold"], score, score.first)
    expect(score["hot right"] >= 0.99 * score["hot"], score, score.first)


def moved(version):
    """The function's own address says nothing any more: by way of the script it is found."""
    process = start([node(version), SCRIPT, "nested"])
    score, seen = Score(), None
    for stop in stops(process):
        seen = seen or Seen(process, "1", "moved")
        lines, _ = seen.stack()
        score.compare(stop, lines)
    print(f"# {dict(score)}")
    expect(score["cold"] > 10 and score["cold right"] == score["cold"], score, score.first)
    expect(score["hot right"] >= 0.99 * score["hot"], score, score.first)


for v in VERSIONS:
    test(f"Node {v}: functions and lines are V8's own", v)(names)
    test(f"Node {v}: also when the function was moved", v)(moved)

if __name__ == "__main__":
    main()
