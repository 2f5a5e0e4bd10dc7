# SPDX-License-Identifier: Apache-2.0
"""Runs js/truth.js under heaptap and has js_truth.py judge the profile: what the tests of JavaScript
names share."""

import js_truth
from harness import *
from nodes import *

NR_CASES_MIN = 75
LONG_LINES = 30000


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
