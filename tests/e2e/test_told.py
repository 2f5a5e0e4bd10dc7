#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Processes that sample their allocations themselves and tell so by USDT probes."""

from harness import *

MULTI = ("--no-feature", "session")
PERF = ("--no-feature", "session,multi")


def target(*args):
    if not (TARGETS / "told").exists():
        raise Skip("sys/sdt.h is not installed: systemtap-sdt-dev has it")
    return Target("told", *args)


for options in ((), MULTI, PERF):

    @test(f"what its sampler tells, and nothing else {' '.join(options)}")
    def told(options=options):
        profile, truths = record(target(), *options, rate="auto")
        expect_truth(profile, truths)
        note = profile.notes["allocators"]
        expect(note.startswith("otel_memory ") and "samples its allocations itself" in note, note)
        expect("libc" not in note, note)


@test("from its start")
def started():
    target().end()
    recording = Recording(command=[TARGETS / "told"], rate="auto")
    expect_status(recording.wait(), 0)
    truths = parse_truth(iter(recording.result().stdout.splitlines()))
    expect_truth(recording.profile(), truths)


@test("a rate that is asked for is ours: its allocator is probed")
def ours():
    profile, truths = record(target("--mute", "--alone"), rate="1")
    for truth in truths:
        truth["leaf"] = "malloc"
    expect_truth(profile, truths)
    expect(profile.notes["allocators"].startswith("glibc "), profile.notes["allocators"])


@test("beside others, and with one set of probes for all")
def several():
    one, others = target(), [Target("simple") for _ in range(5)]
    pids = ",".join(str(p.pid) for p in (one, *others))
    recording = Recording("-p", pids, "--budget", "100%", rate="auto")
    wait_until(lambda: "recording" in recording.stderr(), "it records")
    truths = {p.pid: p.go() for p in (one, *others)}
    recording.stop()
    profile = recording.profile()
    samples = profile.samples
    for pid, truth in truths.items():
        profile.samples = [s for s in samples if s.labels["pid"] == pid]
        expect_truth(profile, truth)


@test("nobody listens afterwards")
def silent():
    process = target("--alone")
    recording = Recording(pid=process.pid, rate="auto")
    recording.stop()
    process.go()


@test("check names the probes")
def checked():
    process = target("--alone")
    lines = expect_status(heaptap("check", "-p", process.pid), 0).stdout.splitlines()
    said = [line for line in lines if "otel_memory" in line]
    expect(len(said) >= 6, "\n".join(lines))


main()
