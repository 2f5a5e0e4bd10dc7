#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""What `heaptap gc` and `record --source gc|js` cost a Node HTTP server under load by wrk: CPU time of the
server for a request, and requests a second, with and without each, interleaved; medians of the rounds.
The server uses one CPU fully, so both say the same on a quiet machine; on a busy one only the first does.

usage: gc_cost.py [--rounds N] [--seconds S] [--tool TOOL] [NODE]          (root; needs wrk)
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
TOOLS = {
    "gc": ["gc", "-q", "-f", "json"],
    "record -s gc": ["record", "-q", "-s", "gc", "-o", "/dev/null"],
    "record -s js": ["record", "-q", "-s", "js", "-o", "/dev/null"],
}


def cpu_ns(pid):
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)


def load(pid, port, seconds):
    """(seconds a request, CPU ns a request)"""
    url = f"http://127.0.0.1:{port}/"
    before = cpu_ns(pid)
    out = subprocess.run(["wrk", "-t1", "-c16", f"-d{seconds}s", url], capture_output=True, text=True)
    requests, taken = re.search(r"(\d+) requests in ([\d.]+)s", out.stdout).groups()
    return float(taken) / int(requests), (cpu_ns(pid) - before) / int(requests)


def with_tool(arguments, pid, port, seconds):
    tool = subprocess.Popen([HEAPTAP, *arguments, "-p", str(pid)], stdout=subprocess.DEVNULL)
    time.sleep(1)
    try:
        return load(pid, port, seconds)
    finally:
        tool.send_signal(signal.SIGINT)
        if tool.wait():
            sys.exit(f"heaptap {arguments[0]} failed")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--tool", choices=TOOLS, action="append")
    parser.add_argument("node", nargs="?", default="node")
    options = parser.parse_args()
    server = subprocess.Popen([options.node, "-e", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        port = int(server.stdout.readline())
        load(server.pid, port, 3)  # warm
        quotients = {name: [] for name in options.tool or TOOLS}
        for _ in range(options.rounds):
            for name in quotients:
                arguments = TOOLS[name]
                before = load(server.pid, port, options.seconds)
                during = with_tool(arguments, server.pid, port, options.seconds)
                after = load(server.pid, port, options.seconds)
                quotients[name].append([2 * d / (b + a) for b, d, a in zip(before, during, after)])
        for name, rounds in quotients.items():
            time_cost, cpu_cost = ([100 * (r[i] - 1) for r in rounds] for i in range(2))
            print(f"{name:13} CPU for a request {statistics.median(cpu_cost):+5.1f} % "
                  f"({min(cpu_cost):+.1f} to {max(cpu_cost):+.1f}), "
                  f"time {statistics.median(time_cost):+5.1f} %, {len(rounds)} rounds")
    finally:
        server.kill()


if __name__ == "__main__":
    main()
