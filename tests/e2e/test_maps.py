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
    table = report(recording.output, "-f", "table").splitlines()
    expect(table[0].startswith("LOST"), "the table begins with:", table[0])
    expect(any(l.startswith("LOST") and text in l for l in table), "not in the table:", text)
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
    expect("--map-memory" in profile.notes["incomplete"], profile.notes)
    expect("INCOMPLETE" in report(recording.output, "-f", "table"), "the table does not say so")


@test("a full site map: what found no place is in the total, without a stack, and counted")
def site_full():
    target = Target("paths", "--depth=15")
    recording, truths, result = overfull(target, "--map-memory", "2M")
    profile = expect_said(recording, result, "lost_site_full", "site map is full")
    objects = truths[0]["alloc_objects"]
    without = profile.losses()["lost_site_full"]
    seen = {}
    for sample in profile.samples:
        named = next((f for f in sample.frames if f == "path_leaf"), sample.frames[0])
        seen[named] = seen.get(named, 0) + sample.values["alloc_objects"]
    # each path allocates once, so a stack that the small ring buffer refused is never sent again
    lost = profile.losses()["lost_stack_lost"]
    expect(seen.get("[lost stack]", 0) == lost, seen, profile.losses())
    expect(seen["path_leaf"] == objects - without - lost, seen, profile.losses())
    expect(seen["[site map full]"] == without, seen, profile.losses())
    expect(profile.total("alloc_objects") == objects, profile.total("alloc_objects"), objects)


@test("--strict turns losses into exit status 5")
def strict():
    target = Target("paths", "--depth=15")
    recording = Recording("--strict", "--map-memory", "2M", pid=target.pid)
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
