#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""JavaScript frames of code that every compiler has been over, so that most functions are inlined into
others: by name, file and line beside what V8 itself said of the same moments."""

from harness import *
from js_cases import *

WARM_RUNS = 50000
MIN_HOT = 0.99


@for_each_node(f"99 % of the frames of code that ran {WARM_RUNS:,} times", *SOME_MAJORS)
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
