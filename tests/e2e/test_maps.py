#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Full maps: what does not fit is counted, said first, and never presented as truth."""

from harness import *


def overfull(target, *options):
    recording = Recording(*options, pid=target.pid)
    truths = target.go()
    result = recording.stop()
    return recording, truths, result


def expect_said(recording, result, loss, text):
    profile = recording.profile()
    expect(profile.losses()[loss] > 0, profile.losses())
    expect(text in result.stderr, result)
    first = report(recording.output, "-f", "table").splitlines()[0]
    expect(first.startswith("LOST") and text in first, "the table begins with:", first)
    data = json.loads(report(recording.output, "-f", "json"))
    expect(data["losses"][loss[len("lost_") :]] == profile.losses()[loss], data["losses"])
    return profile


@test("a full live map: what was not tracked is counted to the object")
def live_full():
    # 100,000 and more live blocks at once, at ten sites
    target = Target("threads")
    recording, truths, result = overfull(target, "--map-memory", "2M")
    profile = expect_said(recording, result, "lost_live_full", "live map is full")
    for truth in truths:
        samples = at_site(profile, truth["site"])
        held = sum(s.values["inuse_objects"] for s in samples)
        expect(held <= truth["inuse_objects"], truth, held, "more than the truth is held")
    expect("incomplete" in profile.notes, profile.notes)


@test("a full site map: allocations without a site are counted")
def site_full():
    target = Target("paths", "--depth=15")
    recording, truths, result = overfull(target, "--map-memory", "1M")
    profile = recording.profile()
    lost = profile.losses()
    expect(lost["lost_site_full"] + lost["lost_live_full"] > 0, lost)
    seen = profile.total("alloc_objects")
    missed = truths[0]["alloc_objects"] - seen
    # an allocation that found its site but no room in the live map still counts at its site
    stated = (lost["lost_site_full"], lost["lost_site_full"] + lost["lost_live_full"])
    expect(missed in stated, f"{seen} seen, {missed} missed, {lost}, {truths}")
    first = report(recording.output, "-f", "table").splitlines()[0]
    expect(first.startswith("LOST"), "the table begins with:", first)


@test("--strict turns losses into exit status 5")
def strict():
    target = Target("paths", "--depth=15")
    recording = Recording("--strict", "--map-memory", "1M", pid=target.pid)
    target.go()
    recording.stop(status=5)
    expect(recording.profile().samples, "the profile is written all the same")


@test("more memory holds it")
def more():
    target = Target("paths", "--depth=15")
    recording, truths, _ = overfull(target, "--map-memory", "256M")
    expect_truth(recording.profile(), truths)


@test("by default the maps take at most 64 MiB")
def default_memory():
    target = Target("simple")
    recording = Recording("-v", pid=target.pid)
    total = 0
    for link in Path(f"/proc/{recording.process.pid}/fd").iterdir():
        info = Path(f"/proc/{recording.process.pid}/fdinfo/{link.name}").read_text()
        if "map_type" in info:
            total += int(re.search(r"memlock:\s*(\d+)", info).group(1))
    expect(0 < total <= 64 << 20, f"{total / (1 << 20):.1f} MiB")
    recording.stop()


main()
