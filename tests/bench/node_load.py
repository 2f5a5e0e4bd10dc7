# SPDX-License-Identifier: Apache-2.0
"""The rows of run.py about a server in production: requests per second of an HTTP server on Node
(tests/e2e/js/server.js) under wrk, alone and with heaptap attached, one after the other in every round.
The server has the last CPU to itself, so what heaptap costs it cannot hide on another.
"""
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import nodes

NODE_MAJOR = 24
NR_ROUNDS = 7
CONNECTIONS = 16

ALONE = "alone"
GC, MALLOC = "gc", "record --source malloc, default budget"
# row -> arguments before the pid, highest loss of throughput in percent, seconds under load in each
# step of a round, seconds from the start of the tool to that of the load. The budget is one for a whole
# recording, which ends when it is spent: so attaching, and what comes after the end, belong to it.
TOOLS = {
    GC: (["gc"], 1, 4, 1.5),
    MALLOC: (["record", "--source", "malloc"], 5, 12, 0),
}


def server_cpu():
    return max(os.sched_getaffinity(0))


def pin(cpus):
    return lambda: os.sched_setaffinity(0, cpus)


def other_cpus():
    return (os.sched_getaffinity(0) - {server_cpu()}) or {server_cpu()}


class Server:
    def __init__(self):
        try:
            node = nodes.the_node(NODE_MAJOR)
        except nodes.Skip as reason:
            raise OSError(str(reason))
        self.process = subprocess.Popen([node, nodes.JS / "server.js"], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, preexec_fn=pin({server_cpu()}))
        self.pid = self.process.pid
        if self.process.stdout.readline() != "ready\n":
            raise OSError("server.js did not become ready")
        self.url = f"http://127.0.0.1:{json.loads(self.process.stdout.readline())['port']}/"

    def load(self, seconds):
        """Requests per second."""
        said = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", self.url],
                              capture_output=True, text=True, preexec_fn=pin(other_cpus())).stdout
        rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
        if not rate or re.search("Non-2xx|Socket errors", said):
            raise OSError(f"wrk: {said[-300:]}")
        return float(rate[1])

    def close(self):
        self.process.kill()
        self.process.wait()


def with_tool(server, heaptap, row, scratch):
    """Requests per second with heaptap attached."""
    arguments, _, window, settle = TOOLS[row]
    with open(scratch / "node_load.messages", "w+") as messages:
        tool = subprocess.Popen([heaptap, *arguments, "-p", str(server.pid)], stdin=subprocess.DEVNULL,
                                stdout=messages, stderr=messages, cwd=scratch, preexec_fn=pin(other_cpus()))
        try:
            time.sleep(settle)
            rate = server.load(window)
            early = settle and tool.poll() is not None
        finally:
            if tool.poll() is None:
                tool.send_signal(2)
            tool.wait(timeout=30)
        messages.seek(0)
        said = messages.read()
    for written in scratch.glob("heaptap-*"):
        written.unlink()
    if tool.returncode or early:
        raise OSError(f"heaptap {arguments[0]} ended, exit status {tool.returncode}: {said[-200:]}")
    return rate


def measure(samples, build, scratch):
    if not shutil.which("wrk"):
        return samples.fail(ALONE, "wrk is not installed")
    try:
        server = Server()
    except OSError as error:
        return samples.fail(ALONE, str(error))
    try:
        server.load(4)  # until the compilers are done
        rows = list(TOOLS)
        for _ in range(NR_ROUNDS):
            for row in rows:
                measure_step(samples, server, build / "heaptap", row, scratch)
            rows.append(rows.pop(0))
    finally:
        server.close()


def measure_step(samples, server, heaptap, row, scratch):
    """The loss with a tool, in percent of the mean of what is before and after it."""
    if row in samples.errors:
        return
    window = TOOLS[row][2]
    try:
        before = server.load(window // 2)
        rate = with_tool(server, heaptap, row, scratch)
        after = server.load(window // 2)
    except OSError as error:
        return samples.fail(row, str(error))
    alone = (before + after) / 2
    samples.add(ALONE, alone)
    samples.add(("rate", row), rate)
    samples.add(row, 100 * (1 - rate / alone))


def page(samples):
    yield "## A server under load"
    yield ""
    yield (f"An HTTP server on Node {NODE_MAJOR} (`tests/e2e/js/server.js`), {CONNECTIONS} connections of wrk on "
           f"another CPU; {NR_ROUNDS} rounds, as long with as without. The loss is the median of the rounds, each "
           f"beside what came just before and after it. `record` is started together with the load, for 12 s, and "
           f"ends itself when its budget is spent; `gc` is attached before, for 4 s.")
    yield ""
    yield "| attached | requests/s | loss of throughput | spread of the rounds |"
    yield "| --- | ---: | ---: | ---: |"
    alone = samples.median(ALONE)
    yield f"| nothing | {alone:,.0f} | | |" if alone else f"| nothing | not measured: {samples.errors.get(ALONE, '?')} | | |"
    for row in TOOLS:
        values = samples.values.get(row)
        if not values or row in samples.errors:
            why = samples.errors.get(row, samples.errors.get(ALONE, "?")).splitlines()[0]
            yield f"| {row} | not measured: {why} | | |"
            continue
        yield (f"| {row} | {samples.median(('rate', row)):,.0f} | {statistics.median(values):.1f} % "
               f"| {min(values):.1f} to {max(values):.1f} % |")


def limits(samples):
    for row, (_, limit, _, _) in TOOLS.items():
        # Of rounds of which one failed, the others say nothing: it may have been the expensive one.
        loss = None if row in samples.errors else samples.median(row)
        yield f"throughput lost by a server on node: {row}", loss, limit, " %"
