#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""A walk that is preempted by another thread's walk on the same CPU keeps its own stack. Part of
`make check-vm`: it means something only where probes can be preempted, as with preempt=full."""

from collections import Counter

from harness import *

THREADS, DEPTHS, ROUNDS = range(10, 26), 180, 10


def whole_stacks():
    """Every stack the target can have, from malloc to its thread's function."""
    return {
        ("malloc", f"thread_{n}_c", *[f"thread_{n}_b"] * depth, f"thread_{n}_a", "body")
        for n in THREADS
        for depth in range(1, DEPTHS + 1)
    }


def recorded_stacks(profile):
    """{frames up to the thread's function: allocations}, and how many have the direct caller only."""
    stacks, alone = Counter(), 0
    for sample in profile.samples:
        frames = tuple(plain(f) for f in sample.frames)
        if not any(f.startswith("thread_") for f in frames):
            continue
        count = sample.values["alloc_objects"]
        if len(frames) <= 3 and "body" not in frames:
            alone += count
        else:
            end = frames.index("body") + 1 if "body" in frames else len(frames)
            stacks[frames[:end]] += count
    return stacks, alone


@test("16 threads that preempt each other: each stack is whole and of one thread")
def threads():
    target = Target("preempted", f"--rounds={ROUNDS}")
    recording = Recording(pid=target.pid)
    truths = target.go(300)
    recording.stop()
    profile = recording.profile()
    stacks, alone = recorded_stacks(profile)
    known = whole_stacks()
    corrupt = {stack: n for stack, n in stacks.items() if stack not in known}
    example = min(corrupt, key=len, default=())
    total = len(known) * ROUNDS
    print(f"# {sum(stacks.values())} stacks, {sum(corrupt.values())} corrupt, {alone} without a slot")
    expect(not corrupt, f"{sum(corrupt.values())} of {total} stacks are corrupt, one of them:", example)
    expect(alone == profile.losses()["lost_scratch_busy"], alone, profile.losses())
    expect(sum(stacks.values()) + alone == total, sum(stacks.values()), alone, total)
    uneven = {stack[1:]: n for stack, n in stacks.items() if n > ROUNDS}
    expect(not uneven, f"each stack is taken {ROUNDS} times:", uneven)
    for metric, key in (("alloc_space", "alloc_bytes"), ("inuse_space", "inuse_bytes")):
        got = profile.total(metric)
        expect(got >= sum(t[key] for t in truths), metric, got)


main()
