#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
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


main()
