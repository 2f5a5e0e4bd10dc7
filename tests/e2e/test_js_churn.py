#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
# Alone: names must be read before what has them is collected.
"""Names under the worst of circumstances: V8 compacts its heap all the time and thousands of functions
live for a moment, while heaptap reads the target. At most one JavaScript frame of a hundred may have
no name, by count and by bytes, and a name that is shown must be right."""

import js_truth
from harness import *
from nodes import *

UNNAMED_MAX = 0.01
UNNAMED = "[js]"
NR_TURNS = 400
# Each eval is a stack of its own, and all of them are to be kept.
MAP_MEMORY = "256M"
EVALUATED = re.compile(r"^evaluated_\d+_\d+$")


def unnamed(place):
    return place.name == UNNAMED or place.name.startswith(UNNAMED)


def share_unnamed(profile, weight):
    """Of the JavaScript frames of all samples, each counted @weight(sample) times."""
    all_frames = without_name = 0
    for sample in profile.samples:
        for place in js_truth.js_places(sample):
            all_frames += weight(sample)
            without_name += weight(sample) if unnamed(place) else 0
    expect(all_frames > 0, "no JavaScript frames")
    return without_name / all_frames


def note(profile, key):
    expect(key in profile.notes, f"no note heaptap:{key}:", profile.notes)
    return int(profile.notes[key])


def expect_evaluated(profile, nr_evals):
    """What the evals allocated: each function once by its own name, at the line of its statement."""
    samples = [
        (sample, place)
        for sample in profile.samples
        for place in js_truth.js_places(sample)
        if EVALUATED.match(place.name)
    ]
    # Half of the evals are of the constructor, and have no name; the named ones allocate again later.
    names = {place.name for _, place in samples}
    least = (1 - UNNAMED_MAX) * nr_evals / 2
    expect(least <= len(names) <= nr_evals / 2, len(names), "names of evaluated functions")
    wrong = [place for _, place in samples if place.line != 3]
    expect(len(wrong) <= UNNAMED_MAX * len(samples), wrong[:5])


@for_each_node("no more than 1 % of JavaScript frames without a name while everything moves", SOME_MAJORS[0], SOME_MAJORS[-1])
def churn(version):
    script = NodeScript(version, "churn.js", f"--turns={NR_TURNS}")
    recording = Recording("--map-memory", MAP_MEMORY, pid=script.pid)
    (counts,) = script.go()
    recording.stop(timeout=120)  # thousands of functions to name
    expect(counts["majors"] >= 3, "not enough was moved:", counts)
    profile = recording.profile()
    lost = {key: n for key, n in profile.losses().items() if n and key not in PARTIAL_STACKS}
    expect(not lost, "losses:", lost)
    by_count = share_unnamed(profile, lambda sample: sample.values["alloc_objects"])
    by_bytes = share_unnamed(profile, lambda sample: sample.values["alloc_space"])
    expect(by_count <= UNNAMED_MAX and by_bytes <= UNNAMED_MAX, f"{by_count:.2%} {by_bytes:.2%}")
    nr_frames, nr_unnamed = note(profile, "js_frames"), note(profile, "js_unnamed")
    expect(nr_unnamed <= UNNAMED_MAX * nr_frames and nr_frames > 0, profile.notes)
    expect_evaluated(profile, counts["evals"])


main()
