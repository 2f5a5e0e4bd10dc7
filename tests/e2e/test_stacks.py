#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Stacks: complete to main below 127 frames, cut and said to be cut above, the direct caller never
lost and never doubled, source lines and demangled names."""

from harness import *


def functions(sample):
    return [plain(f) for f in sample.frames]


def deep():
    profile, _ = record(Target("deep"))
    return {site: at_site(profile, site) for site in ("at_20", "at_100", "at_1000")}, profile


@test("stacks below the limit are whole, every frame once")
def whole():
    sites, _ = deep()
    for site, depth in (("at_20", 20), ("at_100", 100)):
        expect(len(sites[site]) == 1, site, "is one stack:", len(sites[site]))
        frames = functions(sites[site][0])
        expect(frames[: depth + 3] == ["malloc", site, *["recurse"] * depth, "main"], frames)
        expect("[truncated]" not in frames, frames)


@test("a stack above the limit is cut at the root, and said to be")
def cut():
    sites, profile = deep()
    expect(len(sites["at_1000"]) == 1, "one stack:", len(sites["at_1000"]))
    frames = functions(sites["at_1000"][0])
    expect(frames[:2] == ["malloc", "at_1000"], frames)
    expect(frames[-1] == "[truncated]", frames)
    expect(frames.count("recurse") >= 120, len(frames))
    expect(profile.losses()["lost_stack_truncated"] == 50, profile.losses())


@test("4,096 distinct stacks are 4,096 sites")
def distinct():
    profile, _ = record(Target("paths"))
    stacks = {tuple(functions(s)) for s in at_site(profile, "path_leaf")}
    expect(len(stacks) == 4096, len(stacks))
    for stack in stacks:
        turns = stack.count("left") + stack.count("right")
        expect(turns == 12 and "main" in stack, stack)


@test("16,384 distinct stacks: the ring buffer does not limit them")
def many():
    target = Target("paths", "--depth=14")
    profile, truths = record(target)
    expect_truth(profile, truths)


@test("functions carry their source file")
def sources():
    profile, _ = record(Target("simple"))
    expect(profile.sources.get("keep_all", "").endswith("simple.c"), profile.sources)


@test("C++ names are demangled")
def demangled():
    profile, _ = record(Target("cxx"))
    names = {f for s in profile.samples for f in s.frames}
    expect(any(n.startswith("operator new(unsigned long)") for n in names), sorted(names))
    expect(not any(n.startswith("_Z") for n in names), sorted(names))


main()
