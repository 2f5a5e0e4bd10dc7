# SPDX-License-Identifier: Apache-2.0
"""Is a profile true? Compares what was recorded, site by site and to the byte, with what a target
says about itself."""

import re

from tap import expect

# Functions of glibc that are one address: whichever name is shown is right.
SAME_FUNCTION = [{"aligned_alloc", "memalign"}]
# No bytes are missing: said, and judged by the tests about stacks.
PARTIAL_STACKS = {"lost_stack_truncated", "lost_stack_incomplete"}
METRICS = {
    "alloc_bytes": "alloc_space",
    "alloc_objects": "alloc_objects",
    "inuse_bytes": "inuse_space",
    "inuse_objects": "inuse_objects",
}


def plain(name):
    """A function's name without parameters, symbol version and the prefixes of libc's aliases."""
    name = name.split("@")[0]
    name = re.sub(r"(?<!operator)\(.*", "", name)
    return re.sub(r"^(__libc_|__GI_|__)", "", name)


def is_site(frame, site):
    name = plain(frame)
    return name == site or name.endswith("::" + site)


def is_leaf(frame, leaf):
    names = next((group for group in SAME_FUNCTION if leaf in group), {leaf})
    return plain(frame) in names


def at_site(profile, site):
    return [s for s in profile.samples if any(is_site(f, site) for f in s.frames)]


def expect_truth(profile, truths, direct=True, whole=True):
    """Every site to the byte. @direct: the site is the caller of the allocator function, once, and
    that function is the leaf. @whole: nothing else was allocated."""
    wrong = []
    for truth in truths:
        samples = at_site(profile, truth["site"])
        for key, metric in METRICS.items():
            if key not in truth:
                continue
            got = sum(s.values[metric] for s in samples)
            if got != truth[key]:
                wrong.append(f"{truth['site']} {metric}: {got}, the truth is {truth[key]}")
        for sample in samples:
            if truth.get("leaf") and not is_leaf(sample.frames[0], truth["leaf"]):
                wrong.append(f"{truth['site']}: the leaf is not {truth['leaf']}: {sample.frames}")
            where = [i for i, f in enumerate(sample.frames[:3]) if is_site(f, truth["site"])]
            if direct and where != [1]:
                wrong.append(f"{truth['site']} is not the direct caller, once: {sample.frames}")
    for key, metric in METRICS.items():
        expected = [t[key] for t in truths if key in t]
        if whole and len(expected) == len(truths) and profile.total(metric) != sum(expected):
            other = [
                (s.values[metric], s.frames[:4])
                for s in profile.samples
                if not any(is_site(f, t["site"]) for t in truths for f in s.frames)
            ]
            wrong.append(f"all of {metric}: {profile.total(metric)}, not {sum(expected)}: {other}")
    lost = {key: n for key, n in profile.losses().items() if n and key not in PARTIAL_STACKS}
    if lost:
        wrong.append(f"losses: {lost}")
    if not profile.losses():
        wrong.append("the profile does not state its losses")
    expect(not wrong, "\n".join(wrong[:20]))
