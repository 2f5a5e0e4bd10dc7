#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""JavaScript frames by name, file and line, beside what V8 itself said of the same moments, on every
version of Node: code that runs for the first time, and code that every compiler has been over. First
that the judge finds what is wrong."""

from types import SimpleNamespace

import js_truth
from harness import *
from nodes import *

WARM_RUNS = 50000
NR_CASES_MIN = 75
LONG_LINES = 30000
MIN_HOT = 0.99

# --- the judge ----------------------------------------------------------------------------------

FILE, LIBRARY = "/srv/app/cases.js", "node:buffer"
STACK = [
    ("allocUnsafeSlow", LIBRARY, 400),
    ("take", "/srv/app/take.js", 14),
    ("inner", FILE, 3),
    ("(anonymous)", FILE, 8),
    ("inner", FILE, 5),
    ("outer", FILE, 20),
]
TRUTH = {
    "case": "made up",
    "size": 1000,
    "frames": [[None if n == "(anonymous)" else n, f, l] for n, f, l in STACK[1:]],
}


def made_up(stack, nr_objects=1, size=1000):
    """A profile of one sample: @stack between native frames."""
    native = pprof.Place("malloc", "", 0, 0, "/lib/libc.so.6", False)
    builtin = pprof.Place("Builtins_ArrayMap", "", 0, 0, "/usr/bin/node", False)
    places = [native]
    for name, file, line in stack:
        places += [pprof.Place(name, file, line, 1, js_truth.JS, False), builtin]
    values = {"alloc_objects": nr_objects, "alloc_space": size}
    return SimpleNamespace(samples=[pprof.Sample(places, values, {})])


def judged(stack, **more):
    verdict = js_truth.compare(made_up(stack, **more), [TRUTH])
    return verdict.nr_functions, verdict.nr_lines, verdict.nr_extra


@test("the judge: what is right, and each thing that can be wrong")
def judge():
    expect(judged(STACK) == (5, 5, 0), judged(STACK))
    expect(judged([]) == (0, 0, 0), "no frames")
    expect(judged(STACK, size=1001) == (0, 0, 0), "another size is another moment")
    expect(judged(STACK, nr_objects=2) == (0, 0, 0), "two allocations are not one moment")
    line = [*STACK[:2], ("inner", FILE, 4), *STACK[3:]]
    expect(judged(line) == (5, 4, 0), "a wrong line", judged(line))
    name = [*STACK[:5], ("Outer", FILE, 20)]
    expect(judged(name) == (4, 4, 0), "a wrong name", judged(name))
    file = [*STACK[:5], ("outer", "/srv/app/other.js", 20)]
    expect(judged(file) == (4, 4, 0), "a wrong file", judged(file))
    unnamed = [*STACK[:3], ("[js]", "", 0), *STACK[4:]]
    expect(judged(unnamed) == (4, 4, 0), "an unnamed frame", judged(unnamed))
    missing = [*STACK[:3], *STACK[4:]]
    expect(judged(missing) == (4, 4, 0), "a missing frame", judged(missing))
    extra = [*STACK[:3], ("more", FILE, 9), *STACK[3:]]
    expect(judged(extra) == (5, 5, 1), "a frame too many", judged(extra))
    swapped = [*STACK[:4], STACK[5], STACK[4]]
    expect(judged(swapped)[0] < 5, "another order", judged(swapped))
    above = [("mine", FILE, 1), *STACK[1:]]
    expect(judged(above) == (5, 5, 1), "not of the library", judged(above))


@test("the judge: names that V8 makes up, accessors, code without a file")
def judge_names():
    def right(place, truth):
        return js_truth.is_function(pprof.Place(*place, 0, 0, js_truth.JS, False), (*truth, 0))

    expect(right(("(anonymous)", FILE), (None, FILE)))
    expect(not right(("f", FILE), (None, FILE)), "a name for what has none")
    expect(not right(("(anonymous)", FILE), ("f", FILE)), "none for what has one")
    expect(right(("value", FILE), ("get value", FILE)) and right(("get value", FILE), ("get value", FILE)))
    expect(right(("(anonymous)", FILE), ("holder.member", FILE)), "an inferred name is none")
    expect(right(("eval", ""), ("eval", None)) and right(("f", "by-url.js"), ("f", None)))
    expect(not right(("f", FILE), ("f", None)), "another script's file for code of an eval")


# --- V8's word ----------------------------------------------------------------------------------


def long_script():
    """A script of so many lines, all in use, that positions are large: cases at its end."""
    path = scratch() / "long.js"
    lines = ["'use strict';", f"const {{ take }} = require('{JS}/take.js');"]
    lines += [f"exports.f{i} = (a) => a + {i}; // {'-' * (i % 60)}" for i in range(LONG_LINES)]
    lines += ["function at_the_end(size) {", "\treturn 1 +", "\t\ttake(", "\t\t\tsize);", "}"]
    lines += ["module.exports = [{ name: 'long script', run: (size) =>", "\tat_the_end(size) }];"]
    path.write_text("\n".join(lines) + "\n")
    return path


def start(version, nr_warm, *flags):
    arguments = [f"--warm={nr_warm}", f"--long={long_script()}"]
    return NodeScript(version, "truth.js", *arguments, flags=flags, timeout=90)


def expect_plausible(truths):
    sizes = [truth["size"] for truth in truths]
    expect(len(sizes) == len(set(sizes)) >= NR_CASES_MIN, len(sizes), "sizes")
    for truth in truths:
        frames = truth["frames"]
        expect(len(frames) >= 3 and frames[0][0] == "take", truth)
        expect(all(line > 0 for _, _, line in frames), truth)
    files = {os.path.basename(f[1]) for t in truths for f in t["frames"] if f[1]}
    expect({"module.mjs", "long.js", "script.js", "unicode.js"} <= files, files)
    last = next(t for t in truths if t["case"] == "long script")["frames"][1]
    expect(last[2] == LONG_LINES + 5, last)


@for_each_node("V8's own stacks are what the test needs", 18, 26)
def truth(version):
    expect_plausible(start(version, 0).go())


# --- heaptap's ----------------------------------------------------------------------------------


def verdict_of(script):
    recording = Recording(pid=script.pid)
    truths = script.go()
    recording.stop()
    expect_plausible(truths)
    profile = recording.profile()
    lost = {key: n for key, n in profile.losses().items() if n and key not in PARTIAL_STACKS}
    expect(not lost, "losses:", lost)
    return js_truth.compare(profile, truths)


def expect_right(verdict, minimum):
    said = f"{verdict.functions():.2%} of functions, {verdict.lines():.2%} of lines"
    expect(verdict.functions() >= minimum and verdict.lines() >= minimum, said + "\n", verdict)


@for_each_node("each frame of code that runs once: function, file, line", *NPM_MAJORS, DEBIAN)
def cold(version):
    expect_right(verdict_of(start(version, 0)), 1)


@for_each_node(f"99 % of the frames of code that ran {WARM_RUNS:,} times", *NPM_MAJORS)
def hot(version):
    verdict = verdict_of(start(version, WARM_RUNS))
    expect_right(verdict, MIN_HOT)
    # Otherwise nothing was compiled, and the test is the one above.
    expect(verdict.nr_inlined >= verdict.nr_moments / 4, verdict)


# The compilers one by one, where a version has the flag for it.
TIERS = [
    (18, "--always-sparkplug", "--no-opt"),
    (24, "--always-sparkplug", "--no-opt", "--no-maglev"),
    (24, "--maglev", "--no-turbofan"),
    (26, "--no-maglev"),
    (26, "--maglev", "--no-turbofan"),
]


def tier(major, *flags):
    expect_right(verdict_of(start(str(major), WARM_RUNS // 10, *flags)), MIN_HOT)


for major, *flags in TIERS:
    test(f"node {major} {' '.join(flags)}: its frames", major, *flags)(tier)

main()
