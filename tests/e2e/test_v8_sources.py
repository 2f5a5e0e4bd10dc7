#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""record --source gc and --source js: pauses by stack against --trace-gc, and allocations of a
script whose volume is known."""

import collections
import json
import shutil
import signal

import gc_trace
from harness import *
from nodes import SOME_MAJORS, node_major, node_versions

SCRIPTS = ROOT / "tests/e2e/js"


class Script(Process):
    """Node with a script that waits for a line."""

    def __init__(self, node, name, *flags):
        super().__init__([node, *flags, SCRIPTS / name])
        self.text = self.until("ready")

    def until(self, word):
        """All lines up to the one that begins with @word."""
        text = ""
        while True:
            line = self.line(60)
            expect(line is not None, "node ended before it said", word)
            text += line + "\n"
            if line.startswith(word):
                return text


def recorded(target, source, *options):
    """The profile as JSON, and what the target said while it was recorded."""
    recording = Recording(
        "-s", source, "-f", "json", *options, pid=target.pid, output=scratch() / "out.json"
    )
    target.send()
    said = target.until("done")
    result = recording.stop()
    return json.loads(recording.output.read_text()), said, result


def functions(profile, site):
    return [profile["frames"][frame]["function"] for frame in site["stack"]]


def check_gc(version, node):
    target = Script(node, "collections.js", "--trace-gc", "--expose-gc")
    profile, said, result = recorded(target, "gc")
    traced = gc_trace.parse(said)
    target.process.stdin.close()
    traced += gc_trace.parse("\n".join(iter(target.line, None)))  # printed late, begun before
    totals = profile["totals"]
    expect(list(totals) == ["gc_pauses", "gc_pause"], "only these metrics:", totals)
    count = totals["gc_pauses"]
    # of the trace, what came while heaptap was still attached: no collection is left out between
    expect(len(traced) - 3 <= count <= len(traced), f"{count} of {len(traced)} collections")
    seen = collections.Counter()
    for site in profile["sites"]:
        names = functions(profile, site)
        seen[names[0].strip("[]"), site["labels"]["reason"][0]] += site["values"]["gc_pauses"]
        if site["labels"].get("incomplete"):
            continue
        expect(any("CollectGarbage" in name for name in names[1:8]), "not from a collection:", names)
        expect(names[-1] in ("_start", "start_thread", "__clone3", "clone3"), names)
    truth = collections.Counter((line.kind, line.reason) for line in traced)
    expect(not seen - truth and sum((truth - seen).values()) <= 3, seen, truth)
    pause_ms = sum(line.pause for line in traced)
    tolerance = 0.05 if node_major(version) >= 22 else 0.25
    expect(abs(totals["gc_pause"] / 1e6 - pause_ms) <= tolerance * pause_ms, totals, pause_ms)
    complete = int(profile["notes"]["complete_samples"])
    expect(complete == count, f"{complete} of {count} stacks complete")
    forced = [s for s in profile["sites"] if s["labels"]["reason"] == ["testing"]]
    expect(forced and all("GCExtension" in str(functions(profile, s)) for s in forced), "gc()")
    expect("collections" in result.stderr and "in pauses" in result.stderr, result)


def check_js(version, node):
    target = Script(node, "volume.js")
    profile, said, result = recorded(target, "js")
    truth = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    totals = profile["totals"]
    expect(list(totals) == ["alloc_objects", "alloc_space"], "only these metrics:", totals)
    large = [s for s in profile["sites"] if functions(profile, s)[0] == "[large object]"]
    rest = [s for s in profile["sites"] if functions(profile, s)[0] != "[large object]"]
    count = sum(s["values"]["alloc_objects"] for s in large)
    space = sum(s["values"]["alloc_space"] for s in large)
    expect(truth["larges"] <= count <= truth["larges"] + 5, count, "large objects of", truth)
    expect(truth["large"] <= space <= 1.05 * truth["large"], space, "bytes of", truth)
    space = sum(s["values"]["alloc_space"] for s in rest)
    expect(abs(space / truth["small"] - 1) <= 0.05, f"{space} bytes of", truth, profile["notes"])
    for site in profile["sites"]:
        names = functions(profile, site)
        expect(not re.search("Evacuat|Scaveng", str(names)), "the collector's own:", names)
    expect("between collections" in profile["notes"]["weight"], profile["notes"])
    expect("only the alloc metrics" in result.stderr and "standard error" in result.stderr, result)
    expect(profile["period"] > 50000, profile["period"])
    return space / truth["small"]


for VERSION, NODE in node_versions(*SOME_MAJORS):

    @test(f"node {VERSION}: pauses by the stack they came from, as --trace-gc has them", VERSION, NODE)
    def gc(version, node):
        check_gc(version, node)

    @test(f"node {VERSION}: a known volume of allocations", VERSION, NODE)
    def js(version, node):
        check_js(version, node)


def one_node():
    versions = [(v, node) for v, node in node_versions() if v[0].isdigit()]
    if not versions:
        raise Skip("no Node is unpacked in $HEAPTAP_NODES")
    return versions[-1][1]


@test("with entry and return probes, and with perf uprobes, as on older kernels")
def older():
    for features in ("session", "session,multi"):
        target = Script(one_node(), "volume.js")
        profile, said, _ = recorded(target, "js", "--no-feature", features)
        truth = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
        space = profile["totals"]["alloc_space"]
        expect(abs(space / (truth["small"] + truth["large"]) - 1) <= 0.1, features, space, truth)


@test("without a collection the weight is what is known, and that is said")
def no_collections():
    code = "console.log('ready');process.stdin.on('data',()=>{let a=[];"
    code += "for(let i=0;i<3000;i++)a.push(new Array(100).fill(0));console.log('done')})"
    target = Process([one_node(), "--semi-space-growth-factor=2", "--min-semi-space-size=64", "-e", code])
    expect(target.line() == "ready", "not ready")
    recording = Recording("-s", "js", pid=target.pid)
    target.send()
    expect(target.line() == "done", "not done")
    recording.stop()
    profile = json.loads(report(recording.output, "-f", "json"))
    expect("too few collections" in profile["notes"]["weight"], profile["notes"])
    expect(1e6 < profile["totals"]["alloc_space"] < 6e6, profile["totals"], "of 2.5 MB")


@test("a command from its start, through a shell")
def launched():
    node = one_node()
    out = scratch() / "out.json"
    code = "const a=[];for(let i=0;i<3e5;i++)a[i&4095]={i,b:[i]};gc()"
    result = heaptap(
        "record", "-s", "gc", "-o", out, "--", "sh", "-c", f'exec "{node}" --expose-gc -e "{code}"'
    )
    expect_status(result, 0)
    profile = json.loads(out.read_text())
    leaves = {functions(profile, site)[0] for site in profile["sites"]}
    expect({"[scavenge]", "[mark-compact]"} <= leaves, leaves)


@test("a command that is no Node process: said at the end")
def not_node():
    result = expect_status(heaptap("record", "-s", "gc", "-f", "table", "--", "true"), 0)
    expect("no V8 was found" in result.stderr, result)


@test("go tool pprof reads the profile")
def pprof_reads():
    go = shutil.which("go")
    if not go:
        raise Skip("go is not there")
    target = Script(one_node(), "collections.js")
    recording = Recording("-s", "gc", pid=target.pid)
    target.send()
    target.until("done")
    recording.stop()
    result = expect_status(run([go, "tool", "pprof", "-top", recording.output], timeout=60), 0)
    expect("Type: gc_pause" in result.stdout and "[scavenge]" in result.stdout, result)


@test("no Node process: exit status 3; options that do not fit: 2")
def refusals():
    sleeper = Process(["sleep", "60"])
    for source in ("gc", "js"):
        result = heaptap("record", "-o", "/dev/null", "-s", source, "-p", sleeper.pid)
        expect_message(result, 3, "no V8", sleeper.pid)
    for options in (
        ["-s", "pages"],
        ["-s", "gc", "-m", "inuse_space"],
        ["-s", "js", "-m", "inuse_space"],
        ["-m", "gc_pause"],
        ["-s", "gc", "-r", "512K"],
        ["-s", "js", "--min-age", "1s"],
    ):
        expect_status(heaptap("record", "-o", "/dev/null", "-p", sleeper.pid, *options), 2)


if __name__ == "__main__":
    main()
