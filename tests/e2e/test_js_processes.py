#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
# Alone: with many processes every one of the machine has probes.
"""JavaScript frames where a process is not just one isolate beside us: worker threads, the processes of
a cluster, a container with a file system and pids of its own."""

import js_truth
from harness import *
from nodes import *


def bytes_of(profile, truth):
    """Bytes of the allocations of that size with that function among their JavaScript frames."""
    return sum(
        s.values["alloc_space"]
        for s in profile.samples
        if round(s.values["alloc_space"] / max(s.values["alloc_objects"], 1), -2)
        == round(truth["size"], -2)
        and s.labels.get("pid", truth.get("pid")) == truth.get("pid", s.labels.get("pid"))
        and any(place.name == truth["site"] for place in js_truth.js_places(s))
    )


def expect_sites(profile, truths, error=0):
    for truth in truths:
        size, right = bytes_of(profile, truth), truth["size"] * truth["count"]
        expect(abs(size - right) <= error * right, f"{size} bytes:", truth)


@for_each_node("worker threads: each isolate's allocations by its functions", *SOME_MAJORS)
def workers(version):
    script = NodeScript(version, "workers.js")
    recording = Recording(pid=script.pid)
    truths = script.go()
    recording.stop()
    expect(len(truths) == 6, truths)
    expect_sites(recording.profile(), truths)


@for_each_node("a worker of a cluster, recorded by its pid", 20, 24)
def cluster(version):
    # Its first line is the pids.
    script = Process([the_node(version), JS / "cluster.js", "--early"])
    pids = json.loads(script.line())["pids"]
    expect(script.line() == "ready", "the cluster did not become ready")
    recording = Recording(pid=pids[1])
    script.send()
    truths = parse_truth(iter(script.line, None))
    recording.stop()
    expect(len(truths) == 3, truths)
    expect_sites(recording.profile(), [t for t in truths if t["pid"] == pids[1]])


@for_each_node("--follow: the workers of a cluster that is forked later", 20, 24)
def follow(version):
    if "--follow" not in heaptap("record", "--help").stdout:
        raise Skip("record has no --follow")
    script = NodeScript(version, "cluster.js")
    # At this rate node's start is a few samples, and each of the allocations one all but certainly.
    recording = Recording("--follow", pid=script.pid, rate=16384)
    truths = script.go()
    recording.stop()
    expect(len({truth["pid"] for truth in truths}) == 3, truths)
    expect_sites(recording.profile(), truths, error=0.01)


def container_tree(node):
    """A root with the scripts, and what @node needs beside itself, which is to be mounted there."""
    tree = scratch()
    shutil.copytree(JS, tree / "app")
    for name in ("proc", "bin", "tmp"):
        (tree / name).mkdir()
    (tree / "bin/node").touch()
    listed = expect_status(run(["ldd", node]), 0).stdout
    for library in re.findall(r"(/\S+) \(0x", listed):
        copy = tree / library.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, copy)
    return tree


def child_of(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else None


@for_each_node("a container: its own root and pids, scripts named by its paths", 18, 24, 26)
def container(version):
    if os.geteuid() != 0:
        raise Skip("a container needs root")
    node = the_node(version)
    tree = container_tree(node)
    script = f"mount --bind {node} {tree}/bin/node && mount -t proc proc {tree}/proc && "
    script += f"exec chroot {tree} /bin/node /app/truth.js"
    process = Process(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]
    )
    expect(process.line(30) == "ready", "node did not start in the container")
    pid = child_of(process.pid)
    expect("\t1\n" in Path(f"/proc/{pid}/status").read_text().split("NSpid:")[1], "pid 1 in there")
    recording = Recording(pid=pid)
    process.send()
    truths = parse_truth(iter(process.line, None))
    recording.stop()
    expect(truths[0]["frames"][0][1] == "/app/take.js", truths[0])
    verdict = js_truth.compare(recording.profile(), truths)
    expect(verdict.lines() == 1, verdict)


main()
