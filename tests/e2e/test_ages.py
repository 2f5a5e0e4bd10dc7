#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
# Alone: it judges how old allocations are.
"""How old what is held is: the ages of a target that allocates on command, and the growth that the
table makes of what is held."""

from harness import *

SLACK = 0.3 * SLOW  # between a step and the moment when this process hears of it


class Steps:
    """A target at the moments that are known here, to be asked for its ages at the end."""

    def __init__(self, *options, **more):
        self.target = Target("steps", wait=False, hold=False)
        expect(self.target.line() == "ready", "steps is ready")
        self.recording = Recording(*options, pid=self.target.pid, **more)
        self.at = []

    def step(self):
        self.target.go()
        self.at.append(time.monotonic())

    def ages(self):
        """(youngest, oldest) by site, s; and since when each step was, at the end."""
        end = time.monotonic()
        self.recording.stop()
        profile = self.recording.profile()
        found = {}
        for sample in profile.samples:
            for site in ("step_even", "step_odd"):
                if site in sample.frames and "oldest" in sample.labels:
                    found[site] = (sample.labels["youngest"] / 1e3, sample.labels["oldest"] / 1e3)
        return found, [end - at for at in self.at], profile


def near(got, want):
    return want - SLACK <= got <= want + SLACK


for kind, options in {"exact": [], "sampled": ["-r", "64"]}.items():

    @test(f"the oldest and the youngest of a site, {kind}", options)
    def ages(options):
        steps = Steps(*options)
        for pause in (0.6, 0.4, 0.2):
            steps.step()
            time.sleep(pause)
        found, since, _ = steps.ages()
        # of the first step every other block is held, and all of the third
        expect(near(found["step_even"][0], since[2]), found, since)
        expect(near(found["step_even"][1], since[0]), found, since)
        expect(near(found["step_odd"][0], since[1]) and near(found["step_odd"][1], since[1]), found, since)


@test("--min-age: the ages are those of what is counted")
def min_age():
    steps = Steps("--min-age", "700ms")
    steps.step()
    time.sleep(1)
    steps.step()
    found, since, profile = steps.ages()
    expect(list(found) == ["step_even"] and near(found["step_even"][0], since[0]), found, since)
    expect(sum(s.values["inuse_objects"] for s in at_site(profile, "step_even")) == 50, profile.samples)


@test("a process that has ended: its ages are as of its end")
def ended():
    steps = Steps()
    steps.step()
    time.sleep(0.5)
    steps.target.process.kill()
    end = time.monotonic()
    steps.target.process.wait()
    steps.recording.wait()
    labels = [s.labels for s in at_site(steps.recording.profile(), "step_even")]
    expect(near(labels[0]["oldest"] / 1e3, end - steps.at[0]), labels)


@test("what is mapped has ages too")
def mapped():
    target = Target("mmaps")
    recording = Recording("--with-mmap", pid=target.pid)
    target.go()
    recording.stop()
    held = [s for s in recording.profile().samples
            if s.labels.get("kind") == "mmap" and s.values["inuse_objects"]]
    expect(held and all(0 <= s.labels["youngest"] <= s.labels["oldest"] for s in held), held)


@test("the table: the age of a site, and what is held by the time it took")
def table():
    steps = Steps()
    steps.step()
    time.sleep(1.2)
    _, since, profile = steps.ages()
    text = report(steps.recording.output)
    head, row = [next(l for l in text.splitlines() if word in l).split() for word in ("growth", "step_even")]
    growth = dict(zip(head, row))
    expect(growth["age"] == "1s", text)
    seconds = int(profile.notes["watched_ns"]) / 1e9
    expect(growth["growth/s"] == f"{6400 / seconds / 1024:.1f}K", text, seconds)
    alloc = report(steps.recording.output, "-m", "alloc_space")
    expect("growth" not in alloc and " age " not in alloc, alloc)


main()
