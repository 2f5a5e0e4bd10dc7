#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Exact mode is exact: bytes and objects of every site, to the byte, for every target whose truth
is known, attached and started, on every kind of probe."""

from harness import *

# name: (does nothing but the stated sites allocate?, is the site the allocator's caller?)
PROGRAMS = {
    "simple": (True, True),
    "shapes": (True, True),
    "failures": (True, True),
    "reallocs": (True, True),
    "forks": (True, True),
    "late": (True, True),
    "jumps": (True, True),
    "signals": (True, True),
    "threads": (False, True),
    "deep": (True, True),
    "paths": (True, True),
    "cxx": (True, False),
}
PROBES = {
    "the best probes": [],
    "without session": ["--no-feature=session"],
    "with perf uprobes": ["--no-feature=session,multi"],
}


def judge(name, profile, truths):
    whole, direct = PROGRAMS[name]
    expect_truth(profile, truths, direct=direct, whole=whole)


def attached(name, options):
    profile, truths = record(Target(name), *options)
    judge(name, profile, truths)


def started(name, options):
    """From the first instruction: what the program's own start allocates comes on top."""
    recording = Recording(*options, command=[TARGETS / name])
    result = expect_status(recording.wait(), 0)
    truths = parse_truth(result.stdout.splitlines())
    _, direct = PROGRAMS[name]
    expect_truth(recording.profile(), truths, direct=direct, whole=False)


for kind, options in PROBES.items():
    for name in PROGRAMS:
        test(f"{name}, attached, {kind}", name, options)(attached)
for name in PROGRAMS:
    if name != "late":
        test(f"{name}, started by record", name, [])(started)
for kind in list(PROBES)[1:]:
    test(f"simple, started by record, {kind}", "simple", PROBES[kind])(started)


@test("exact means period 1 and no error")
def period():
    profile, _ = record(Target("simple"))
    expect(profile.period == 1, profile.period)
    expect(profile.period_type == ("space", "bytes"), profile.period_type)


main()
