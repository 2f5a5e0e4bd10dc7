#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""JavaScript frames by name, file and line, beside what V8 itself said of the same moments, on every
version of Node, for code that runs for the first time. First that the judge finds what is wrong."""

from types import SimpleNamespace

import js_truth
from harness import *
from js_cases import *

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


# --- V8's and heaptap's word ---------------------------------------------------------------------


@for_each_node("V8's own stacks are what the test needs", 18, 26)
def truth(version):
    expect_plausible(start(version, 0).go())


@for_each_node("each frame of code that runs once: function, file, line", *NPM_MAJORS, DEBIAN)
def cold(version):
    expect_right(verdict_of(start(version, 0)), 1)


main()
