#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""What `heaptap gc` costs a Node HTTP server under load.

usage: gc_cost.py [--rounds N] [--load] [NODE]          (root; needs wrk)

The share is too small to show in requests a second, unless on a very quiet machine. So it is measured in
two parts: the CPU time that the probes add to one collection, by a loop that does nothing but minor
collections, with and without heaptap in turns; and how many collections a second of the server's CPU time
has under wrk. With --load also the CPU time for a request with and without each tool, interleaved.
"""
import argparse
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
HEAPTAP = pathlib.Path(os.environ.get("HEAPTAP_BUILD", TOP / "build")) / "heaptap"
SERVER = """
const http = require('node:http');
const server = http.createServer((request, response) => {
	const rows = [];
	for (let i = 0; i < 100; i++)
		rows.push({ id: i, name: 'row ' + i, url: request.url });
	response.end(JSON.stringify(rows));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""
COLLECTOR = """
process.stdin.on('data', () => {
	const before = process.cpuUsage();
	for (let i = 0; i < 400; i++)
		gc({ type: 'minor' });
	const used = process.cpuUsage(before);
	console.log((used.user + used.system) / 400);
});
console.log('ready');
"""
TOOLS = {
    "gc": ["gc", "-f", "json"],
    "record -s gc": ["record", "-s", "gc", "-o", "/dev/null"],
    "record -s js": ["record", "-s", "js", "-o", "/dev/null"],
}


class Tool:
    """heaptap at work on a process."""

    def __init__(self, name, pid):
        self.process = subprocess.Popen([HEAPTAP, *TOOLS[name], "-p", str(pid)], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.process.stderr.readline()  # it watches

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.lines = self.process.communicate()[0].splitlines()
        if self.process.returncode:
            sys.exit("heaptap failed")


def per_collection(node, rounds):
    """us of CPU that heaptap gc adds to a collection, one value a round."""
    target = subprocess.Popen([node, "--expose-gc", "--single-threaded-gc", "-e", COLLECTOR],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def best():
        times = []
        for _ in range(4):
            target.stdin.write("\n")
            target.stdin.flush()
            times.append(float(target.stdout.readline()))
        return min(times)

    try:
        target.stdout.readline()
        best()
        added = []
        for _ in range(rounds):
            without = best()
            with Tool("gc", target.pid):
                added.append(best() - without)
        return added
    finally:
        target.kill()


def cpu_ns(pid):
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)


def load(pid, port, seconds):
    """(CPU ns, requests) of the server."""
    url = f"http://127.0.0.1:{port}/"
    before = cpu_ns(pid)
    out = subprocess.run(["wrk", "-t1", "-c16", f"-d{seconds}s", url], capture_output=True, text=True)
    return cpu_ns(pid) - before, int(re.search(r"(\d+) requests in", out.stdout)[1])


def compare(name, pid, port, rounds):
    costs = []
    for _ in range(rounds):
        before = load(pid, port, 2)
        with Tool(name, pid):
            during = load(pid, port, 2)
        after = load(pid, port, 2)
        without = (before[0] + after[0]) / (before[1] + after[1])
        costs.append(100 * (during[0] / during[1] / without - 1))
    print(f"{name:13} CPU for a request {statistics.median(costs):+5.1f} % "
          f"({min(costs):+.1f} to {max(costs):+.1f} in {rounds} rounds)")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--load", action="store_true")
    parser.add_argument("node", nargs="?", default="node")
    options = parser.parse_args()
    added = per_collection(options.node, options.rounds)
    server = subprocess.Popen([options.node, "-e", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        port = int(server.stdout.readline())
        load(server.pid, port, 2)  # warm
        with Tool("gc", server.pid) as tool:
            cpu, _ = load(server.pid, port, 4)
        collections = sum(json.loads(line)["type"] == "gc" for line in tool.lines)
        a_second = collections / (cpu / 1e9)
        cost = statistics.median(added)
        print(f"heaptap gc: {cost:.1f} us a collection ({min(added):.1f} to {max(added):.1f} in "
              f"{options.rounds} rounds); {a_second:.0f} collections in a second of the server's CPU: "
              f"{cost * a_second / 1e4:.2f} %")
        for name in TOOLS if options.load else ():
            compare(name, server.pid, port, options.rounds)
    finally:
        server.kill()


if __name__ == "__main__":
    main()
