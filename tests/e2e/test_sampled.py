#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Sampled mode is unbiased and knows its error. The target calls ten sites (24 B to 4 MiB) through
40 functions, so one recording holds 40 independent estimates of each size."""

import math

from harness import *

RATE = 16 << 10
ROUNDS = 40
PER_ROUND = 1 << 20

_recordings = []


def recorded(index=0):
    """The recording number @index; they serve all tests of this file."""
    while len(_recordings) <= index:
        target = Target("sizes", f"--bytes={PER_ROUND}")
        recording = Recording(pid=target.pid, rate=RATE)
        truths = target.go(timeout=60)
        result = recording.stop()
        _recordings.append((recording.profile(), truths, result))
    return _recordings[index]


def twice(judge):
    """Chance puts one of many estimates beyond 3 standard errors now and then, a bias does so
    again: what @judge finds wrong must be wrong in a second recording too."""
    wrong = judge(*recorded(0)[:2])
    if wrong:
        again = judge(*recorded(1)[:2])
        wrong = {key: f"{wrong[key]}; again: {again[key]}" for key in wrong if key in again}
    expect(not wrong, "\n".join(f"{key}: {text}" for key, text in wrong.items()))


def estimates(profile, site, metric):
    """One estimate for each round; a round without a sample is an estimate of zero."""
    found = {}
    for sample in at_site(profile, site):
        rounds = [f for f in sample.frames if f.startswith("round_")]
        expect(len(rounds) == 1, sample.frames)
        found[rounds[0]] = found.get(rounds[0], 0) + sample.values[metric]
    return [found.get(f"round_{10 + i}", 0) for i in range(ROUNDS)]


def deviation(size, blocks):
    """Standard deviation of one round's estimate, from the sampling theory alone."""
    p = -math.expm1(-size / RATE)
    return math.sqrt(blocks * size * size * (1 - p) / p)


def unbiased(metric, key):
    def judge(profile, truths):
        wrong = {}
        for truth in truths:
            size = int(truth["site"].split("_")[1])
            per_round = truth[key] / ROUNDS
            blocks = truth[key.replace("bytes", "objects")] / ROUNDS
            mean = sum(estimates(profile, truth["site"], metric)) / ROUNDS
            sd = deviation(size, blocks) / (size if key.endswith("objects") else 1)
            # 3 standard errors, and the rounding of an estimate to whole units
            if abs(mean - per_round) > 3 * sd / math.sqrt(ROUNDS) + 1:
                wrong[truth["site"]] = f"mean {mean:.0f}, truth {per_round:.0f}, sd {sd:.0f}"
        return wrong

    twice(judge)


for key, metric in METRICS.items():
    test(f"the mean of 40 estimates is within 3 standard errors: {metric}", metric, key)(unbiased)


@test("the spread of the estimates is what the theory says")
def spread():
    def judge(profile, truths):
        wrong = {}
        for truth in truths:
            size = int(truth["site"].split("_")[1])
            if size > RATE:
                continue
            values = estimates(profile, truth["site"], "alloc_space")
            mean = sum(values) / ROUNDS
            seen = math.sqrt(sum((v - mean) ** 2 for v in values) / (ROUNDS - 1))
            expected = deviation(size, truth["alloc_objects"] / ROUNDS)
            # the deviation of 40 values is within 35 % of the true one at 3 sigma
            if not 0.65 < seen / expected < 1.35:
                wrong[truth["site"]] = f"{seen:.0f}, not {expected:.0f}"
        return wrong

    twice(judge)


@test("sampling records a fraction of the calls: the notes say how many")
def fraction():
    profile, truths, _ = recorded()
    expect(profile.period == RATE, profile.period)
    objects = sum(t["alloc_objects"] for t in truths)
    samples = int(profile.notes["samples"])
    expected = sum(
        t["alloc_objects"] * -math.expm1(-int(t["site"].split("_")[1]) / RATE) for t in truths
    )
    expect(abs(samples - expected) < 5 * math.sqrt(expected), samples, expected)
    expect(int(profile.notes["allocs"]) == objects, profile.notes)


@test("95 % of the stated error bars hold the truth: alloc", "alloc")
@test("95 % of the stated error bars hold the truth: inuse", "inuse")
def coverage(which):
    def judge(profile, truths):
        held = bars = 0
        for truth in truths:
            size = int(truth["site"].split("_")[1])
            if size > RATE:
                continue  # as good as exact: the bar is narrower than a byte
            for sample in at_site(profile, truth["site"]):
                bars += 1
                error = sample.values[which + "_space"] - truth[which + "_bytes"] / ROUNDS
                held += abs(error) <= 1.96 * sample.labels[which + "_stderr"] + 1
        # 95 % less 3 sigma of 240 bars, and what the skew of some 32 samples a bar costs
        if not 0.90 <= held / bars <= 0.995:
            return {"bars": f"{held} of {bars} hold the truth"}
        return {}

    twice(judge)


@test("the error of the total holds the truth")
def total():
    def judge(profile, truths):
        truth = sum(t["inuse_bytes"] for t in truths)
        error = math.sqrt(sum(s.labels.get("inuse_stderr", 0) ** 2 for s in profile.samples))
        got = profile.total("inuse_space")
        holds = 0 < abs(got - truth) <= 3 * error
        return {} if holds else {"total": f"{got}, not {truth}, error {error:.0f}"}

    twice(judge)


@test("the end line states the error of the total")
def stated():
    _, _, result = recorded()
    expect("%" in result.stderr and "error" in result.stderr.lower(), result)


main()
