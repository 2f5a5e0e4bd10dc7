#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
# Alone: with many children every process of the machine has probes.
"""--follow: children are watched too, each as the process it is."""

from harness import *


def label(sample, key):
    return sample.labels.get(key)


def pids_at(profile, site):
    return {label(s, "pid") for s in at_site(profile, site)}


def follow(options, how):
    target = Target("family")
    recording = Recording("--follow", *options, pid=target.pid)
    truths = target.go()
    recording.stop()
    profile = recording.profile()
    expect_truth(profile, truths)
    parents = pids_at(profile, "in_parent")
    forked, execed = pids_at(profile, "in_forked"), pids_at(profile, "in_execed")
    expect(parents == {target.pid}, f"in_parent is of {parents}, not {target.pid}")
    expect(len(forked) == 1 and len(execed) == 1, f"one child each: {forked} {execed}")
    expect(len(parents | forked | execed) == 3, f"three processes: {parents} {forked} {execed}")
    expect(profile.notes.get("targets") == "3", f"targets=3 expected: {profile.notes}")


for options, how in (
    ((), "the best probes"),
    (("--no-feature", "session"), "without session"),
    (("--no-feature", "session,multi"), "with perf uprobes"),
):
    test(f"a forked and an exec'd child, {how}", options, how)(follow)


@test("without --follow a child is nobody's")
def alone():
    profile, truths = record(Target("family"))
    expect_truth(profile, [t for t in truths if t["site"] == "in_parent"])
    expect("targets" not in profile.notes, profile.notes)
    expect(not any(label(s, "pid") for s in profile.samples), "one process needs no label")


@test("a command's children, from its start")
def command():
    recording = Recording("--follow", command=[TARGETS / "family"])
    result = recording.wait()
    expect_status(result, 0)
    profile = recording.profile()
    for site, size in (("in_parent", 20000), ("in_forked", 100000), ("in_execed", 300000)):
        got = sum(s.values["inuse_space"] for s in at_site(profile, site))
        expect(got == size, f"{site}: {got}, not {size}\n{result}")


def inuse(profile, site):
    return sum(s.values["inuse_objects"] for s in at_site(profile, site))


# Room for 1,024 blocks: those of one child, not of all.
SMALL = ("--map-memory", "2M")


@test("what ended children held takes no room, and stays in the profile")
def litter():
    profile, truths = record(Target("litter"), "--follow", *SMALL)
    lost = profile.notes.get("lost_live_full")
    expect(lost == "0", f"{lost} allocations found no room in the live map")
    for truth in truths:
        got, right = inuse(profile, truth["site"]), truth["alloc_objects"]
        expect(got == right, f"{truth['site']}: {got} objects, not {right}")


@test("--min-age: of an ended child, what was so old when it ended")
def aged():
    profile, truths = record(Target("litter"), "--follow", "--min-age", "200ms")
    old, young = inuse(profile, "in_child_old"), inuse(profile, "in_child_young")
    right = truths[0]["alloc_objects"]
    expect(old == right and young == 0, f"old {old}, not {right}; young {young}, not 0")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


@test("fifty short children: nothing is left of them, and the next one is counted")
def short():
    loop = "for i in $(seq 50); do /bin/true; done; echo over; read x; "
    shell = Process(["/bin/sh", "-c", f"read x; {loop} {TARGETS}/family; read x"])
    recording = Recording("--follow", pid=shell.pid)
    before = descriptors(recording.process.pid)
    shell.send()
    expect(shell.line() == "over", "the loop did not end")
    wait_until(
        lambda: descriptors(recording.process.pid) < before + 20,
        f"{descriptors(recording.process.pid)} descriptors, {before} before",
    )
    shell.send()
    truths = parse_truth(iter(shell.line, None))
    recording.stop()
    for truth in truths[1:]:  # in_parent does not wait until it is watched
        got = inuse(recording.profile(), truth["site"])
        expect(got == truth["alloc_objects"], f"{got} objects:", truth)


main()
