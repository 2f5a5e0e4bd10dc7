#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""A server under load that leaks in one function: heaptap names that function first. Leaks outside
V8's heap by malloc's lens, leaks of objects by V8's own sampler through the inspector."""

import js_truth
from harness import *
from nodes import *

SECONDS = 3
MALLOC_RATE = 65536
OBJECTS = ["--source", "js", "--inspector"]

# (leak, the leaking functions, native ones too, how it is recorded, rate)
LEAKS = [
    ("buffer", {"keep_body"}, [], MALLOC_RATE),
    ("addon", {"audit", "forget"}, [], MALLOC_RATE),
    ("map", {"remember"}, OBJECTS, 16384),
    ("listener", {"watch_reload"}, OBJECTS, 16384),
]


def first_site(output):
    """The function of the first row of the table, and the row."""
    lines = report(output, "-f", "table", "--top", "5").splitlines()
    header = next(i for i, line in enumerate(lines) if line.endswith("  site"))
    row = lines[header + 1]
    return re.split(r"\s{2,}", row.strip())[-2 if ":" in row.split()[-1] else -1], row


def by_function(profile, chosen):
    """inuse_space under each of the functions @chosen: that of all samples with a frame of it."""
    sums = {}
    for sample in profile.samples:
        for name in {p.name for p in sample.places if chosen(p)}:
            sums[name] = sums.get(name, 0) + sample.values["inuse_space"]
    return sums


def of_server(place):
    return place.mapping == js_truth.JS and place.file.endswith("/server.js")


def recording_or_ended(recording):
    if recording.process.poll() is not None:
        raise Failure(f"record ended\n{recording.result()}")
    return ATTACHED.search(recording.stderr())


def start_leaking(version, leak):
    arguments = [f"--leak={leak}"]
    if leak == "addon":
        arguments.append(f"--addon={build_addon()}")
    return Server(version, *arguments, flags=("--expose-gc",))


def leak_found(version, leak, functions, options, rate):
    server = start_leaking(version, leak)
    server.load(1)  # what is allocated once comes before
    inspector = "--inspector" in options
    recording = Recording(*options, pid=server.pid, rate=rate, attached=not inspector)
    if inspector:
        wait_until(lambda: recording_or_ended(recording), "record says that it records")
    server.load(SECONDS)
    server.nr_requests()  # collects
    recording.stop()
    profile = recording.profile()
    site, row = first_site(recording.output)
    expect(site in functions, f"not {functions} but {site} is first:", row)
    # handle() calls all the others, so it has at least as much.
    sums = by_function(profile, of_server)
    callers = {"handle", "(anonymous)"}
    inner = {name: n for name, n in sums.items() if name not in callers}
    expect(inner and max(inner, key=inner.get) in functions, sums)
    total = profile.total("inuse_space")
    expect(max(inner.values()) > 0.5 * total, sums, total)


for version, _ in node_versions(20, 26):
    for leak, *how in LEAKS:
        test(f"node {version}: the leak of {leak} is first", version, leak, *how)(leak_found)


@for_each_node("a server that leaks nothing has no function that keeps more and more", 20, 24)
def no_leak(version):
    server = Server(version, flags=("--expose-gc",))
    server.load(1)
    recording = Recording(pid=server.pid, rate=MALLOC_RATE)
    server.load(SECONDS)
    nr_requests = server.nr_requests()
    recording.stop()
    profile = recording.profile()
    expect(any(js_truth.is_js(p) for s in profile.samples for p in s.places), "no JavaScript")
    sums = by_function(profile, of_server)
    # The leaks above are some kilobytes a request; so much may wait for the collector.
    most = 300 * nr_requests + (8 << 20)
    expect(nr_requests > 1000 and max(sums.values(), default=0) < most, nr_requests, sums)


@test("make demo-node: what a new user sees first")
def demo():
    folder = scratch()
    script, server = ROOT / "scripts/demo-node.sh", ROOT / "tests/targets/leaky.js"
    environment = {**os.environ, "NODE": str(the_node(24))}
    result = run([script, HEAPTAP, server], cwd=folder, env=environment, timeout=90)
    expect_status(result, 0)
    expect(str(the_node(24)) in result.stdout and "PAUSES" in result.stdout, result)
    # The script judges by the table; this is not the table.
    expect("createSession leaky.js" in (folder / "demo-node.svg").read_text(), "the flame graph")
    lines = report(folder / "demo-node.pb.gz", "-f", "folded").splitlines()
    stacks = [line.rsplit(" ", 1) for line in lines]
    total = sum(int(value) for _, value in stacks)
    leak = sum(int(value) for stack, value in stacks if ";createSession " in stack)
    expect(leak > 0.5 * total, leak, total, stacks)


main()
