#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
# Alone: it picks processes of the whole machine by name.
"""Whom to watch: several pids, --name, --cgroup, --all, --wait; those that come later."""

import subprocess

from harness import *

COUNT, SIZE = 40, 500
HERE = "--wait-start"


def member(program=TARGETS / "member"):
    """A member that waits until its stdin closes, and then allocates."""
    return Process([program, HERE, COUNT, SIZE, 60000])


def run_members(members):
    for process in members:
        process.process.stdin.close()


def by_pid(profile, metric="alloc_space"):
    totals = {}
    for sample in at_site(profile, "in_member"):
        pid = sample.labels.get("pid")
        totals[pid] = totals.get(pid, 0) + sample.values[metric]
    return totals


def expect_members(profile, members):
    got, right = by_pid(profile), {m.pid: COUNT * SIZE for m in members}
    expect(got == right, f"bytes by pid: {got}, not {right}")
    got, right = by_pid(profile, "inuse_space"), {m.pid: COUNT * SIZE // 2 for m in members}
    expect(got == right, f"bytes in use by pid: {got}, not {right}")


def watching(*options):
    recording = Recording(*options)
    wait_until(lambda: "recording" in recording.stderr(), f"it records {options}")
    return recording


def watch(members, *options):
    recording = watching(*options)
    run_members(members)
    time.sleep(0.5)
    recording.stop()
    return recording.profile()


@test("two of three pids, each with its own")
def pids():
    members = [member() for _ in range(3)]
    expect_members(watch(members, "-p", f"{members[0].pid},{members[2].pid}"), members[::2])


@test("-p twice")
def twice():
    members = [member() for _ in range(2)]
    expect_members(watch(members, "-p", members[0].pid, "-p", members[1].pid), members)


@test("several pids: it ends when the last one ends")
def last():
    members = [Process([TARGETS / "member", HERE, COUNT, SIZE, ms]) for ms in (100, 700)]
    recording = watching("-p", f"{members[0].pid},{members[1].pid}")
    run_members(members)
    expect_status(recording.wait(), 0)
    expect_members(recording.profile(), members)


def copy_as(name):
    path = scratch() / name
    shutil.copy(TARGETS / "member", path)
    return path


@test("--name: by the base name of the executable, a glob, no other")
def name():
    program = copy_as("a-member-of-many-words")
    members, other = [member(program=program) for _ in range(2)], member()
    profile = watch([*members, other], "--name", "a-member-of-*")
    expect_members(profile, members)
    expect(profile.notes.get("targets") == "2", profile.notes)


def late_start(program, *command):
    """A process that allocates half a second after its start."""
    process = Process([*command, program, HERE, COUNT, SIZE, 60000])
    time.sleep(0.5)
    process.process.stdin.close()
    return process


@test("--name: those that start later, and end")
def later():
    program = copy_as("latecomer")
    first = member(program=program)
    recording = watching("--name", "latecomer")
    seconds = [late_start(program) for _ in range(3)]
    run_members([first])
    time.sleep(0.5)
    seconds[0].process.kill()
    seconds[0].process.wait()
    time.sleep(1.5)
    recording.stop()
    expect_members(recording.profile(), [first, *seconds])


@test("--name: a process that becomes another program is not watched any more")
def becomes():
    program = copy_as("chameleon")
    keeper = member(program=program)
    shell = copy_as("chameleon-shell")
    shutil.copy("/bin/sh", shell)
    changed = Process([shell, "-c", f"read x; exec {TARGETS}/member {HERE} {COUNT} {SIZE} 60000"])
    recording = watching("--name", "chameleon*")
    changed.send()
    time.sleep(0.7)
    run_members([keeper, changed])
    time.sleep(0.5)
    recording.stop()
    expect_members(recording.profile(), [keeper])


@test("--wait: for a name that is not there yet")
def waits():
    program = copy_as("expected")
    output = scratch() / "waited.pb.gz"
    process = subprocess.Popen(
        [HEAPTAP, "record", "--name", "expected", "--wait", "-r", "1", "-o", str(output)],
        stderr=subprocess.DEVNULL,
    )
    at_end(process.kill)
    time.sleep(0.5)
    expect(process.poll() is None, "it did not wait")
    late = Process([program, HERE, COUNT, SIZE, 60000])
    time.sleep(1.5)
    run_members([late])
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    expect(process.wait(timeout=10) == 0, "exit status")
    expect_members(pprof.load(output), [late])


def hierarchies():
    """Where groups can be made: the unified hierarchy, and one of version 1."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, kind, options = line.split()[:4]
        if kind == "cgroup2" or (kind == "cgroup" and "freezer" in options):
            yield kind, Path(mount)


def make_group(mount, name):
    group = mount / f"heaptap-test-{os.getpid()}-{name}"
    try:
        group.mkdir()
    except OSError as error:
        raise Skip(f"cannot make a control group in {mount}: {error}")
    at_end(lambda: remove_group(group))
    return group


def remove_group(group):
    for path in [*group.glob("*/"), group]:
        for _ in range(50):
            try:
                path.rmdir()
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.05)


def enter(group, process):
    (group / "cgroup.procs").write_text(str(process.pid))


for kind, mount in hierarchies():

    @test(f"--cgroup: {kind}, below it too, those that come later, no other")
    def grouped(kind=kind, mount=mount):
        group = make_group(mount, kind)
        below = group / "below"
        below.mkdir()
        members, other = [member(), member()], member()
        enter(group, members[0])
        enter(below, members[1])
        recording = watching("--cgroup", group)
        script = f"echo $$ > {below}/cgroup.procs; exec {TARGETS}/member {HERE} {COUNT} {SIZE} 60000"
        members.append(Process(["/bin/sh", "-c", script]))
        time.sleep(0.7)
        run_members([*members, other])
        time.sleep(0.5)
        recording.stop()
        profile = recording.profile()
        for process in [*members, other]:
            process.process.kill()
            process.process.wait()
        expect_members(profile, members)

    @test(f"--cgroup: {kind}, an empty one")
    def empty(kind=kind, mount=mount):
        group = make_group(mount, f"{kind}-empty")
        result = expect_status(heaptap("record", "--cgroup", group.relative_to(mount)), 3)
        expect("no process matches" in result.stderr and "--wait" in result.stderr, result)


@test("--all: those there are and those that come, from their first allocation")
def everyone():
    first = [member() for _ in range(2)]
    recording = watching("--all", "-s", "malloc")
    later = [Process([TARGETS / "member", COUNT, SIZE, 300]) for _ in range(5)]
    run_members(first)
    time.sleep(2)
    stays = Process([TARGETS / "member", COUNT, SIZE, 60000])
    time.sleep(0.5)
    recording.stop()
    profile = recording.profile()
    got = by_pid(profile)
    for process in [*first, *later, stays]:
        expect(got.get(process.pid) == COUNT * SIZE, f"pid {process.pid}: {got}")
    expect(recording.process.pid not in {s.labels.get("pid") for s in profile.samples}, "itself")


def reborn_as(pid):
    """A member that allocates at once, with a number that was another's."""
    for _ in range(50):
        try:
            Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
        except OSError as error:
            raise Skip(f"cannot choose the next pid: {error}")
        process = Process([TARGETS / "member", 7, 1000, 60000])
        if process.pid == pid:
            return process
        process.process.kill()
        process.process.wait()
    raise Skip("another process took the number each time")


@test("a pid that another process gets during the run: nothing of that one is counted")
def reused():
    first, other = member(), member()
    recording = watching("-p", f"{first.pid},{other.pid}")
    run_members([first, other])
    time.sleep(0.3)
    first.process.kill()
    first.process.wait()
    reborn_as(first.pid)
    time.sleep(1.5)
    recording.stop()
    expect_members(recording.profile(), [first, other])


@test("two thousand mappings")
def many_mappings():
    profile, truths = record(Target("manymaps", "1990"))
    expect_truth(profile, truths)
    expect(profile.notes["complete_samples"] == profile.notes["samples"], profile.notes)


@test("more mappings than can be watched are refused")
def too_many_mappings():
    target = Target("manymaps", "3000")
    result = expect_status(heaptap("record", "-p", target.pid), 3)
    expect("more than 2048 executable mappings" in result.stderr, result)
    expect(target.go(), "the target runs on")


for options, words in (
    (("--name", "no-such-name-*"), "no process matches --name no-such-name-*"),
    (("--cgroup", "no/such/group"), "there is no control group no/such/group"),
    (("-p", "1,999999999"), "999999999"),
):

    @test(f"exit status 3: {' '.join(options)}")
    def missing(options=options, words=words):
        result = heaptap("record", *options)
        expect(result.status in (3, 4) and (result.status == 4 or words in result.stderr), result)


for options, words in (
    (("-p", "12,"), "''"),
    (("-p", "12,x"), "'x'"),
    (("--name", ""), "empty"),
    (("--wait", "-p", "1"), "--wait"),
    (("--all", "--source", "gc"), "--all"),
    (("--name", "x", "--", "true"), "excludes"),
):

    @test(f"exit status 2: {' '.join(options)}")
    def usage(options=options, words=words):
        result = expect_status(heaptap("record", *options), 2)
        expect(words in result.stderr, result)


main()
