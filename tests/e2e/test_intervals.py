#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
# Alone: it judges when snapshots are written.
"""Snapshots while recording, and the age filter: the target allocates when the test says so."""

from harness import *


class Steps(Process):
    def __init__(self):
        super().__init__([TARGETS / "steps"])
        expect(self.line() == "ready", "steps did not become ready")

    def step(self):
        self.send()
        return parse_truth(iter(lambda: self.line(), None))


@test("-i writes NAME.0001.pb.gz and on, each the state of its time")
def snapshots():
    target = Steps()
    recording = Recording("-i", "400ms", pid=target.pid)
    first = target.step()
    snapshot = recording.directory / "out.0001.pb.gz"
    wait_until(snapshot.exists, "the first snapshot")
    # the next one certainly begins after this step
    second = target.step()
    later = [recording.directory / f"out.{n:04}.pb.gz" for n in range(2, 9)]
    wait_until(lambda: later[1].exists(), "the third snapshot")
    recording.stop()
    expect_truth(pprof.load(snapshot), first)
    expect_truth(pprof.load(later[1]), second)
    expect_truth(recording.profile(), second)
    expect(not list(recording.directory.glob("*.tmp*")), list(recording.directory.iterdir()))


@test("a snapshot appears whole: a reader that polls never sees half a file")
def atomic():
    target = Target("paths", "--depth=13")
    recording = Recording("-i", "200ms", pid=target.pid)
    target.go()
    seen = set()
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        for path in recording.directory.glob("out.*.pb.gz"):
            if path not in seen:
                pprof.load(path)
                seen.add(path)
    recording.stop()
    expect(len(seen) >= 3, seen)


@test("--min-age leaves out what is younger, and counts its allocation")
def min_age():
    target = Steps()
    recording = Recording("--min-age", "1s", pid=target.pid)
    old = {t["site"]: t for t in target.step()}
    time.sleep(1.5)
    young = {t["site"]: t for t in target.step()}
    recording.stop()
    profile = recording.profile()
    # half of the old blocks were freed by the second step
    held = sum(s.values["inuse_space"] for s in at_site(profile, "step_even"))
    expect(held == young["step_even"]["inuse_bytes"], held, young)
    held = sum(s.values["inuse_space"] for s in at_site(profile, "step_odd"))
    expect(held == 0, "younger than a second:", held)
    allocated = sum(s.values["alloc_space"] for s in at_site(profile, "step_odd"))
    expect(allocated == young["step_odd"]["alloc_bytes"], allocated, young, old)
    expect("younger" in report(recording.output, "-f", "table"), "the table does not say so")


main()
