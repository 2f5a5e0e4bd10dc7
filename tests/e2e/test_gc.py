#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""heaptap gc against what V8 itself says: --trace-gc line by line, and Node's observer for a process
without flags. Then how the command begins and ends."""

import collections
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import gc_trace
from harness import *
from nodes import SOME_MAJORS, node_major, node_versions

SCRIPT = ROOT / "tests/e2e/js/collections.js"
QUIET_MS = 200  # before the target begins, when the probes are there
LEAST = 40


def watch(pid, *options):
    """heaptap gc on @pid, watching when this returns."""
    directory = scratch()
    out = open(directory / "out", "wb")
    err = open(directory / "err", "wb")
    process = subprocess.Popen(
        [HEAPTAP, "gc", "-p", str(pid), *options], stdout=out, stderr=err
    )
    out.close()
    err.close()
    at_end(lambda: process.poll() is None and (process.kill(), process.wait()))

    def watching():
        text = (directory / "err").read_text()
        expect(process.poll() is None, "heaptap gc ended:", text)
        return "watching" in text

    wait_until(watching, "heaptap gc watches")
    return process, directory / "out"


class Node(Process):
    """Node with the script of collections; what it traces goes to a file."""

    def __init__(self, node, *flags, arguments=()):
        super().__init__([node, *flags, SCRIPT, *arguments])
        self.trace = ""
        self.until("ready")

    def until(self, word):
        """Reads up to the line that begins with @word, and returns it."""
        while True:
            line = self.line(60)
            expect(line is not None, "node ended before it said", word)
            if line.startswith(word):
                return line
            self.trace += line + "\n"

    def rest(self):
        self.process.stdin.close()
        while (line := self.line()) is not None:
            self.trace += line + "\n"


def run_watched(node, *flags, arguments=(), options=()):
    """(collections, summary, trace, line "done" of the target) of a run that was watched."""
    target = Node(node, *flags, arguments=arguments)
    process, out = watch(target.pid, "-f", "json", *options)
    time.sleep(0.3)
    target.send()
    done = target.until("done").split()
    target.rest()
    expect(process.wait(20 * SLOW) == 0, "heaptap gc failed")
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    seen = [line for line in lines if line["type"] == "gc"]
    expect([line["type"] for line in lines[len(seen) :]] == ["summary"], "one summary, at the end")
    return seen, lines[-1], gc_trace.parse(target.trace), done


def check_summary(seen, summary):
    by_kind = collections.Counter(one["kind"] for one in seen)
    pauses = summary["pauses"]
    expect({kind: p["count"] for kind, p in pauses.items()} == by_kind, pauses, by_kind)
    for kind, p in pauses.items():
        times = sorted(one["pause_ns"] for one in seen if one["kind"] == kind)
        expect(p["total_ns"] == sum(times) and p["max_ns"] == times[-1], kind, p)
        for key, share in (("p50_ns", 0.5), ("p99_ns", 0.99)):
            exact = times[max(0, -int(-share * len(times) // 1) - 1)]
            expect(exact <= p[key] <= exact * (1 + 1 / 64), kind, key, p[key], exact)
    expect(sum(h["collections"] for h in summary["heaps"]) == len(seen), summary["heaps"])
    expect(summary["lost"] == 0 and summary["incomplete"] == 0, summary)


def outliers(version):
    return 0 if node_major(version) >= 22 else 0.1


def check_trace(version, node, *flags, kinds, least=LEAST):
    seen, summary, traced, done = run_watched(node, "--trace-gc", *flags)
    own = [line for line in traced if line.ms > int(done[1]) - QUIET_MS]
    expect(len(seen) >= len(own), f"{len(seen)} seen of {len(own)} after attaching")
    gc_trace.compare(seen, traced, least, outliers(version))
    have = {one["kind"] for one in seen}
    expect(have >= kinds, f"node {version}: no collection of", kinds - have)
    check_summary(seen, summary)


def check_workers(version, node):
    seen, summary, traced, done = run_watched(node, "--trace-gc", arguments=["worker"])
    heaps = {}
    for one in seen:
        heaps.setdefault(int(one["heap"], 16), []).append(one)
    isolates = {}
    for line in traced:
        isolates.setdefault(line.isolate, []).append(line)
    expect(len(heaps) == len(isolates) == 3, f"{len(heaps)} heaps, {len(isolates)} isolates")
    pairs = list(zip(sorted(heaps), sorted(isolates)))
    expect(len({heap - isolate for heap, isolate in pairs}) == 1, "heaps lie in isolates", pairs)
    for heap, isolate in pairs:
        gc_trace.compare(heaps[heap], isolates[isolate], 10, outliers(version))
        expect(len({one["tid"] for one in heaps[heap]}) == 1, "an isolate has one thread")
    expect(len({one["tid"] for one in seen}) == 3, "three threads")
    # workers began after the probes were there: nothing of theirs may be missing
    whole = [len(heaps[h]) == len(isolates[i]) for h, i in pairs]
    expect(sum(whole) >= 2, "all collections of the workers", whole)
    check_summary(seen, summary)


def check_plain(node):
    seen, summary, _, done = run_watched(node, arguments=["observe"])
    count = collections.Counter(one["kind"] for one in seen)
    expect(count["scavenge"] == int(done[2]), f"{count} seen, the observer's: {done}")
    expect(count["mark-compact"] == int(done[3]), f"{count} seen, the observer's: {done}")
    expect(len(seen) >= LEAST / 2, len(seen), "collections")
    for one in seen:
        expect(one["before"] and one["after"] and one["reason"] and one["pause_ns"] > 0, one)
    check_summary(seen, summary)


def minor_flag(version):
    """What makes young collections mark instead of copy."""
    return "--minor-mc" if node_major(version) < 22 else "--minor-ms"


for VERSION, NODE in node_versions():

    @test(f"node {VERSION}: each collection as --trace-gc has it", VERSION, NODE)
    def trace(version, node):
        check_trace(version, node, "--expose-gc", kinds={"scavenge", "mark-compact"})

    @test(f"node {VERSION}: without any flag, as Node's own observer counts", NODE)
    def plain(node):
        check_plain(node)


for VERSION, NODE in node_versions(*SOME_MAJORS):

    @test(f"node {VERSION}: minor mark-compact collections", VERSION, NODE)
    def minor(version, node):
        kinds = {"minor mark-compact", "mark-compact"}
        flags = ["--expose-gc", minor_flag(version)]
        check_trace(version, node, *flags, kinds=kinds, least=LEAST / 2)

    @test(f"node {VERSION}: three threads with a heap each", VERSION, NODE)
    def workers(version, node):
        check_workers(version, node)


def one_node():
    versions = node_versions()
    if not versions:
        raise Skip("no Node is unpacked in $HEAPTAP_NODES")
    return versions[-1][1]


@test("with perf uprobes, as on kernels before 6.10")
def perf_uprobes():
    seen, summary, traced, _ = run_watched(
        one_node(), "--trace-gc", "--expose-gc", options=["--no-feature", "session,multi"]
    )
    gc_trace.compare(seen, traced, LEAST)
    check_summary(seen, summary)


@test("text: a line at once for each collection, and a summary after Ctrl-C")
def text():
    target = Node(one_node())
    process, out = watch(target.pid)
    target.send()
    wait_until(lambda: out.read_text().count("scavenge") >= 3, "lines while it watches")
    expect("PAUSES" not in out.read_text(), "no summary yet")
    target.until("done")
    process.send_signal(signal.SIGINT)
    expect(process.wait(10 * SLOW) == 0, "Ctrl-C is an ordinary end")
    summary = out.read_text().split("\n\n")[1]
    for word in ("PAUSES", "in pauses:", "allocated:", "promoted", "floor"):
        expect(word in summary, f"no '{word}' in the summary:\n{summary}")
    expect_no_probes(target.pid)
    expect(target.alive(), "the target goes on")


@test("-d ends it, SIGTERM ends it, a process that does nothing has no collection")
def ends():
    target = Node(one_node())
    started = time.monotonic()
    result = expect_status(heaptap("gc", "-q", "-p", target.pid, "-d", "500ms"), 0)
    expect(0.5 <= time.monotonic() - started < 5 * SLOW, "half a second")
    expect("no collection in" in result.stdout and not result.stderr, result)
    process, _ = watch(target.pid)
    process.terminate()
    expect(process.wait(10 * SLOW) == 0, "SIGTERM is an ordinary end")


@test("attached in the middle of collections: what is shown is whole")
def half():
    node = one_node()
    code = "const a=[];for(;;){for(let i=0;i<2e5;i++)a[i]={i};gc()}"
    target = Process([node, "--expose-gc", "-e", code])
    for _ in range(5):
        result = heaptap("gc", "-q", "-p", target.pid, "-d", "500ms", "-f", "json")
        lines = [json.loads(line) for line in expect_status(result, 0).stdout.splitlines()]
        expect(len(lines) > 3, "collections all the time", result)
        for one in lines[:-1]:
            expect(one["before"] and one["after"] and one["kind"] != "unknown", one)
            expect(0 < one["pause_ns"] < 200e6 and one["after"] < 200 << 20, one)
        expect(lines[-1]["half"] <= 1 and lines[-1]["lost"] == 0, lines[-1])


@test("no Node process, a Node without symbols, no process: exit status 3")
def refusals():
    sleeper = Process(["sleep", "60"])
    expect_message(heaptap("gc", "-p", sleeper.pid), 3, "no V8", sleeper.pid)
    stripped = scratch() / "node"
    if run(["strip", "-o", stripped, one_node()]).status:
        raise Skip("strip is not there")
    target = Process([stripped, "-e", "setTimeout(()=>{},60000); console.log(1)"])
    target.line()
    expect_message(heaptap("gc", "-p", target.pid), 3, "stripped", "official build", target.pid)
    gone = Process(["true"])
    gone.process.wait()
    expect_message(heaptap("gc", "-p", gone.pid), 3, "no process", gone.pid)


@test("wrong options: exit status 2")
def usage():
    for arguments in ([], ["-p", "x"], ["-p", "1", "-f", "xml"], ["-p", "1", "-d", "0"], ["1"]):
        expect_status(heaptap("gc", *arguments), 2)


@test("the words for reasons are those the binaries have")
def reasons():
    gdb = shutil.which("gdb")
    if not gdb:
        raise Skip("gdb is not there")
    source = (ROOT / "src/v8/gc_reason.c").read_text()
    known = re.findall(r'^\t"([^"]+)",$', source, re.M)
    checked = 0
    for version, node in node_versions():
        names = run(["nm", node]).stdout
        found = re.search(
            r"^([0-9a-f]+) . _ZN2v88internal"
            r"(?:4Heap31GarbageCollectionReasonToString|8ToString)ENS0_23GarbageCollectionReasonE$",
            names,
            re.M,
        )
        if not found:
            continue  # inlined
        major = node_major(version)
        last = {18: 25, 20: 27}.get(major, 30)
        commands = ["set confirm off", "break main", "run -e 0"]
        commands += [
            f'printf "%d %s\\n", {i}, ((char *(*)(int))0x{found[1]})({i})' for i in range(last + 1)
        ]
        arguments = [part for command in [*commands, "kill"] for part in ("-ex", command)]
        result = run([gdb, "-q", "-batch", *arguments, node], timeout=120)
        text = result.stdout
        if "extended state" in result.stderr:
            raise Skip("this gdb cannot call functions on this CPU, whose extended state it does "
                       "not know")
        said = dict(re.findall(r"^(\d+) (.+)$", text, re.M))
        expect(len(said) == last + 1, f"gdb on node {version}:\n{text}")
        for i in range(last + 1):
            ours = "finalize MinorMC" if i == 26 and major < 22 else known[i]
            expect(said[str(i)] == ours, f"node {version}, reason {i}: {said[str(i)]}, not {ours}")
        checked += 1
    if not checked:
        raise Skip("no Node whose binary has the function")


if __name__ == "__main__":
    main()
