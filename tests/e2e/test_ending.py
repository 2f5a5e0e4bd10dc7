#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""How a recording ends: by the user, by a kill, by the command it started; what stays behind
(nothing), and what it says on the way (quiet, verbose)."""

from harness import *


@test("Ctrl-C ends the recording and writes it", signal.SIGINT)
@test("SIGTERM ends the recording and writes it", signal.SIGTERM)
def by_signal(how):
    target = Target("simple")
    recording = Recording(pid=target.pid)
    truths = target.go()
    recording.stop(how)
    expect_truth(recording.profile(), truths)
    expect(target.alive(), "the target lives on")
    expect_no_probes(target.pid)


@test("a second Ctrl-C does not lose what the first one is writing")
def impatient():
    target = Target("paths", "--depth=14")
    recording = Recording(pid=target.pid)
    target.go()
    recording.process.send_signal(signal.SIGINT)
    time.sleep(0.02)
    if recording.process.poll() is None:
        recording.process.send_signal(signal.SIGINT)
    recording.wait()
    if recording.output.exists():
        expect(recording.profile().total("inuse_objects") == 1 << 14, "a file that exists is whole")


def files_of(recording):
    return [p.name for p in recording.directory.iterdir() if p.name not in ("stdout", "stderr")]


@test("SIGKILL: the target goes on, no probe stays, no file is half-written", [])
@test("SIGKILL with perf uprobes", ["--no-feature=session,multi"])
def killed(options):
    target = Process([TARGETS / "churn"])
    target.line()
    recording = Recording(*options, pid=target.pid)
    expect(probes(target.pid), "there are probes while recording")
    expect(files_of(recording) == [], "no file while recording:", files_of(recording))
    recording.process.kill()
    recording.process.wait()
    expect_no_probes(target.pid)
    for _ in range(5):
        expect(target.line() == "alive", "the target goes on")
    expect(files_of(recording) == [], "no file afterwards:", files_of(recording))


@test("attaching and detaching thirty times does not disturb a busy target")
def again_and_again():
    target = Process([TARGETS / "churn"])
    target.line()
    for _ in range(30):
        output = scratch() / "out.pb.gz"
        expect_status(heaptap("record", "-p", target.pid, "-d", "20ms", "-o", output, "-q"), 0)
    expect(target.alive(), "the target lives on")
    expect_no_probes(target.pid)


@test("nothing is pinned or left in the file systems of BPF")
def nothing_pinned():
    target = Target("simple")
    before = sorted(str(p) for p in Path("/sys/fs/bpf").glob("**/*"))
    recording = Recording(pid=target.pid)
    expect(sorted(str(p) for p in Path("/sys/fs/bpf").glob("**/*")) == before, "while recording")
    recording.stop()


# --- a command of its own -----------------------------------------------------------------------


@test("a started command ends the recording; its output is its own")
def command_output():
    recording = Recording(command=["/bin/echo", "one", "two  three"])
    result = expect_status(recording.wait(), 0)
    expect(result.stdout == "one two  three\n", result)


@test("--propagate-status passes on how the command ended")
def propagate():
    shell = ["/bin/sh", "-c", "exit 7"]
    expect_status(Recording(command=shell).wait(), 0)
    expect_status(Recording("--propagate-status", command=shell).wait(), 7)


@test("heaptap raises its limit of open files, the command keeps its own", [])
@test("the same with perf uprobes", ["--no-feature=session,multi"])
def open_files(options):
    output = scratch() / "out.pb.gz"
    record = [HEAPTAP, "record", *options, "-o", str(output), "--", "/bin/sh", "-c", "ulimit -Sn"]
    result = run(["/bin/sh", "-c", 'ulimit -Sn 64; exec "$0" "$@"', *record])
    expect_status(result, 0)
    expect(result.stdout == "64\n", result)


@test("a duration shorter than the command detaches from it and lets it run")
def command_outlives():
    marker = scratch() / "marker"
    recording = Recording("-d", "300ms", command=["/bin/sh", "-c", f"sleep 1.5; touch {marker}"])
    expect_status(recording.wait(), 0)
    wait_until(marker.exists, "the command goes on to its end", timeout=6)


@test("SIGTERM to heaptap ends the recording of a command")
def command_terminated():
    recording = Recording(command=[TARGETS / "churn"])
    wait_until(lambda: ATTACHED.search(recording.stderr()), "record says it records")
    time.sleep(0.3)
    recording.stop(signal.SIGTERM)
    expect(at_site(recording.profile(), "churn_alloc"), "what it saw is written")


# --- what it says -------------------------------------------------------------------------------


def end_of(*options):
    target = Target("simple")
    recording = Recording(*options, pid=target.pid)
    target.go()
    return recording.stop(), recording.profile()


@test("the end line states samples, losses and the cost to the target")
def end_line():
    result, profile = end_of()
    expect(result.stdout == "", result)
    for word in ("exact", "samples", "lost", "CPU"):
        expect(word in result.stderr, "not said:", word, result)
    expect(result.stderr.splitlines()[-1].startswith("heaptap"), result)
    for note in ("version", "source", "comm", "allocs", "frees", "samples", "cost"):
        expect(note in profile.notes, note, profile.notes)
    expect(profile.notes["allocs"] == "3000", profile.notes)
    expect(profile.notes["frees"] == "1500", profile.notes)


@test("quiet says nothing")
def quiet():
    result, _ = end_of("-q")
    expect(result.stderr == "" and result.stdout == "", result)


@test("verbose says which functions are probed where, and the memory of the maps")
def verbose():
    result, _ = end_of("-v")
    for word in ("malloc", "posix_memalign", "free", "MiB", "0x"):
        expect(word in result.stderr, "not said:", word, result)


@test("no progress is drawn when stderr is no terminal")
def no_progress():
    result, _ = end_of()
    expect("\r" not in result.stderr and "\033" not in result.stderr, result)


main()
