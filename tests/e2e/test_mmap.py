#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
# Alone: it watches every process of the machine.
"""--with-mmap: what a process maps itself, to the byte, beside what it gets from its allocator."""

import contextlib

from harness import *

WITH = "--with-mmap"


def at_leaf(profile, leaf):
    return [s for s in profile.samples if s.frames[0] == leaf]


def mapped(profile):
    return [s for leaf in ("[mmap]", "[mremap]", "[brk]") for s in at_leaf(profile, leaf)]


def judge(profile, truths, whole=True, complete=True):
    expect_truth(profile, truths, direct=False, whole=whole)
    for sample in profile.samples:
        kind = "mmap" if sample in mapped(profile) else None
        got = sample.labels.get("kind")
        expect(got == kind, f"kind={got}, not {kind}: {sample.frames[:4]}")
    total = sum(s.values["inuse_space"] for s in mapped(profile))
    expect(profile.notes.get("mmap_bytes") == str(total), f"{profile.notes}, mapped: {total}")
    calls = sum(s.values["alloc_objects"] for s in mapped(profile))
    expect(profile.notes.get("mmaps") == str(calls), f"{profile.notes}, calls: {calls}")
    if complete:
        expect(profile.notes["complete_samples"] == profile.notes["samples"], profile.notes)


for kind, options in {
    "attached": [],
    "sampled": ["-r", "64M"],
    "without session": ["--no-feature=session"],
    "with perf uprobes": ["--no-feature=session,multi"],
}.items():

    @test(f"every call, {kind}", options)
    def attached(options):
        judge(*record(Target("mmaps"), WITH, *options))


@test("every call, from the first instruction")
def started():
    recording = Recording(WITH, command=[TARGETS / "mmaps"])
    result = expect_status(recording.wait(), 0)
    # the loader maps the C library before there are tables
    judge(recording.profile(), parse_truth(result.stdout.splitlines()), False, False)


def tracepoints(recording):
    """Of the links that heaptap holds, those of system calls."""
    found = set()
    for info in Path(f"/proc/{recording.process.pid}/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found.update(re.findall(r"tp_name:\s*(sys_\w+)", info.read_text()))
    return found


@test("the tracepoints of system calls are there when asked for, and only then")
def attached_to():
    target = Target("mmaps")
    for options, right in (([WITH], {"sys_enter", "sys_exit"}), ([], set())):
        recording = Recording(*options, pid=target.pid)
        got = tracepoints(recording)
        recording.stop()
        expect(got == right, f"{options}: {got}, not {right}")


@test("without --with-mmap there is none of it, and nothing said of it")
def without():
    profile, _ = record(Target("mmaps"))
    expect(not mapped(profile), mapped(profile))
    expect(not any("mmaps" in key or "mmap_b" in key for key in profile.notes), profile.notes)


@test("what another thread maps at once where one has just unmapped", WITH)
def threads(option):
    profile, truths = record(Target("mmaps", "--threads"), option, "--map-memory", "256M")
    judge(profile, truths, whole=False)
    stacks = [s for s in mapped(profile) if any("pthread_create" in f for f in s.frames)]
    expect(stacks, "the threads' stacks are mapped by pthread_create")
    got = sum(s.values["alloc_objects"] for s in stacks)
    expect(got == 4, f"{got} stacks of 4 threads")


@test("blocks that malloc maps count once, as malloc's")
def big():
    profile, truths = record(Target("mmaps", "--big"), WITH)
    big, small = [next(t for t in truths if t["site"] == s) for s in ("big_block", "small_block")]
    # the blocks that realloc made larger are its own, and were freed
    del big["leaf"]
    big["alloc_bytes"] += 5 * (5 << 20)
    big["alloc_objects"] += 5
    truths = [small]
    judge(profile, truths, whole=False)
    total = profile.total("inuse_space")
    right = big["inuse_bytes"] + small["inuse_bytes"]
    expect(total == right, f"{total} bytes in use, not {right}")
    expect(not mapped(profile), [s.frames for s in mapped(profile)])
    took = int(profile.notes["mmap_allocator_bytes"])
    expect(right < took < right + (2 << 20), f"allocators mapped {took} for {right}")
    expect(int(profile.notes["mmap_allocator_calls"]) > 10, profile.notes)
    explained = int(profile.notes["rss_explained"])
    expect(explained == right, f"rss_explained {explained}")


@test("a child's copies are not its own; what it maps is")
def follow():
    profile, truths = record(Target("mmaps", "--fork"), WITH, "--follow")
    judge(profile, truths, whole=False)
    child = at_site(profile, "in_child")
    expect(len({s.labels["pid"] for s in child}) == 1, child)
    broken = at_leaf(profile, "[brk]")
    got = sum(s.values["inuse_space"] for s in broken)
    expect(got == 8192, f"the child moved its break by 8192, not {got}")
    alone, truths = record(Target("mmaps", "--fork"), WITH)
    judge(alone, [t for t in truths if t["site"] != "in_child"])


@test("exec takes all that was mapped")
def execs():
    profile, truths = record(Target("mmaps", "--exec"), WITH)
    judge(profile, truths, whole=False, complete=False)


@test("an unmapping that fails takes nothing")
def full():
    judge(*record(Target("mmaps", "--full"), WITH))


@test("a program's own jemalloc, sampled: what it maps behind a jump is its own")
def jumps():
    target = Target("jemalloc-static")
    recording = Recording(WITH, "-r", "64M", pid=target.pid)
    target.go()
    recording.stop()
    profile = recording.profile()
    expect(not mapped(profile), [s.frames for s in mapped(profile)])
    expect(int(profile.notes["mmap_allocator_calls"]) > 5, profile.notes)


@test("a snapshot has what is mapped at its time; --min-age leaves out the young")
def intervals():
    target = Target("mmaps")
    recording = Recording(WITH, "-i", "300ms", pid=target.pid)
    first = recording.directory / "out.0001.pb.gz"
    wait_until(first.exists, "the first snapshot")
    expect(not mapped(pprof.load(first)), "nothing is mapped yet")
    truths = target.go()
    seen = len(list(recording.directory.glob("out.*.pb.gz")))
    later = recording.directory / f"out.{seen + 2:04}.pb.gz"
    wait_until(later.exists, "a snapshot after it")
    recording.stop()
    judge(pprof.load(later), truths)
    judge(recording.profile(), truths)
    young, truths = record(Target("mmaps"), WITH, "--min-age", "1h")
    judge(young, [{**t, "inuse_bytes": 0, "inuse_objects": 0} for t in truths])


@test("more than the ring holds is lost, and said")
def lost():
    target = Target("mmaps", "--many=100000")
    recording = Recording(WITH, "--map-memory", "4M", "--strict", pid=target.pid)
    os.kill(recording.process.pid, signal.SIGSTOP)
    target.go()
    os.kill(recording.process.pid, signal.SIGCONT)
    result = recording.stop(status=5)
    expect("changes of mappings lost" in result.stderr, result)
    profile = recording.profile()
    expect(int(profile.notes["lost_mmap_lost"]) > 50000, profile.notes)
    expect("incomplete" in profile.notes, profile.notes)


@test("nothing is lost at the usual size")
def kept():
    judge(*record(Target("mmaps", "--many=20000"), WITH))


@test("several processes: each sample says whose it is")
def several():
    targets = [Target("mmaps"), Target("mmaps")]
    pids = ",".join(str(t.pid) for t in targets)
    recording = Recording(WITH, "-p", pids)
    wait_until(lambda: ATTACHED.search(recording.stderr()), "attached")
    truths = targets[0].go()
    targets[1].go()
    recording.stop()
    profile = recording.profile()
    doubled = [{k: 2 * v if isinstance(v, int) else v for k, v in t.items()} for t in truths]
    judge(profile, doubled)
    expect({s.labels["pid"] for s in mapped(profile)} == {t.pid for t in targets}, "two pids")


for how in (["--name", "mmaps"], ["--all"], ["--all", "-i", "500ms"]):

    @test(f"by {' '.join(how)}: those that are there and those that come", how)
    def chosen(how):
        first = Target("mmaps")
        recording = Recording(WITH, *how)
        wait_until(lambda: ATTACHED.search(recording.stderr()), "attached")
        later = Target("mmaps")
        time.sleep(1)
        truths = first.go()
        later.go()
        expect(later.end() == 0, "it ends")
        time.sleep(1.5)
        recording.stop()
        profile = recording.profile()
        for pid in first.pid, later.pid:
            for truth in truths:
                samples = [s for s in at_site(profile, truth["site"]) if s.labels["pid"] == pid]
                got = sum(s.values["inuse_space"] for s in samples)
                right = truth["inuse_bytes"]
                expect(got == right, f"{pid} {truth['site']}: {got}, not {right}")


@test("a program whose allocator nobody can find: what it maps, and no more")
def hidden():
    target = Target("simple-static-stripped")
    recording = Recording(WITH, "-p", target.pid)
    wait_until(lambda: ATTACHED.search(recording.stderr()), "attached")
    target.go()
    recording.stop()
    profile = recording.profile()
    expect(at_leaf(profile, "[brk]") and len(mapped(profile)) == len(profile.samples), profile)
    expect_message(heaptap("record", "-p", target.pid), 3)


@test("--with-mmap is for the source malloc")
def usage():
    for source in ("gc", "js"):
        result = heaptap("record", WITH, "-s", source, "-p", "1")
        expect_status(result, 2)
        expect("--with-mmap" in result.stderr and "malloc" in result.stderr, result)


main()
