#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Stacks: complete to _start below the limit of frames, cut and said to be cut above, the direct caller never
lost and never doubled, source lines and demangled names."""

from harness import *


def functions(sample):
    return [plain(f) for f in sample.frames]


def deep():
    profile, _ = record(Target("deep"))
    return {site: at_site(profile, site) for site in ("at_20", "at_100", "at_1000")}, profile


@test("stacks below the limit are whole, every frame once")
def whole():
    sites, profile = deep()
    expect(profile.losses()["lost_stack_incomplete"] == 0, profile.losses())
    # all but the 50 that are too deep
    expect(profile.notes["complete_samples"] == "100", profile.notes)
    for site, depth in (("at_20", 20), ("at_100", 100)):
        expect(len(sites[site]) == 1, site, "is one stack:", len(sites[site]))
        frames = functions(sites[site][0])
        expect(frames[: depth + 3] == ["malloc", site, *["recurse"] * depth, "main"], frames)
        expect(frames[-1] == "_start", frames)


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


@test("C++ names are demangled, and the callers of operator new are there")
def cxx():
    profile, _ = record(Target("cxx"))
    stacks = [functions(s) for s in profile.samples]
    names = {name for stack in stacks for name in stack}
    expect(not any(n.startswith("_Z") for n in names), sorted(names))
    for leaf, caller, site in (
        ("malloc", "make_object", "fill_objects"),
        ("malloc", "make_array", "fill_objects"),
        ("aligned_alloc", "make_aligned", "fill_aligned"),
    ):
        found = [s for s in stacks if "store::" + caller in s]
        expect(found, caller, "is on no stack:", stacks)
        for stack in found:
            between = stack[1 : stack.index("store::" + caller)]
            expect(is_leaf(stack[0], leaf), stack)
            expect(between and all(n.startswith("operator new") for n in between), stack)
            above = stack[stack.index("store::" + caller) + 1 :]
            expect(above[:2] == ["store::" + site, "main"] and above[-1] == "_start", stack)


@test("a C++ string is allocated by who made it, through the frames of libstdc++")
def strings():
    profile, _ = record(Target("cxx"))
    for stack in map(functions, at_site(profile, "store::fill_strings")):
        expect(stack[0] == "malloc" and stack[1].startswith("operator new"), stack)
        expect(stack[stack.index("store::fill_strings") + 1] == "main", stack)
    expect(at_site(profile, "store::fill_strings"), "no stack has store::fill_strings")


main()
