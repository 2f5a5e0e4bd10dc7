#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""record --store, heaptap store: names, locks, what is kept, and disks that are not what they were."""

import subprocess

from harness import *

NAME = re.compile(r"^\d{8}T\d{6}Z-(\d+)(\.\d+)?\.pb\.gz$")


def store_of(directory, series=None):
    """{series: names}, of one series the names; the store's own files aside."""
    found = {
        p.name: sorted(f.name for f in p.iterdir())
        for p in Path(directory).iterdir()
        if p.is_dir()
    }
    return found if series is None else found.get(series, [])


def recorded(directory, *options, pid, status=0):
    argv = ["record", "--store", directory, "-r", "1", "-d", "300ms", *options, "-p", pid]
    return expect_status(heaptap(*argv), status)


def fake(directory, series, *stamps):
    place = Path(directory) / series
    place.mkdir(parents=True, exist_ok=True)
    for stamp in stamps:
        (place / f"{stamp}.pb.gz").write_bytes(b"x" * 10)
    return place


@test("named by program, time and process; whole; of each recording one")
def names():
    target, place = Target("simple"), scratch() / "store"
    for _ in range(2):
        recorded(place, "-q", pid=target.pid)
    found = store_of(place)
    expect(list(found) == ["simple"] and len(found["simple"]) == 2, found)
    for name in found["simple"]:
        expect(int(NAME.match(name)[1]) == target.pid, name)
        profile = pprof.load(place / "simple" / name)
        expect(profile.notes["comm"] == "simple", profile.notes)
    lines = expect_status(heaptap("store", "ls", place), 0).stdout.splitlines()
    expect(len(lines) == 2 and lines[1].split()[:2] == ["simple", "2"], lines)
    lines = expect_status(heaptap("store", "ls", place, "simple"), 0).stdout.splitlines()
    expect([x.split()[-1] for x in lines[1:]] == [f"{place}/simple/{n}" for n in found["simple"]],
           lines)


@test("snapshots go there too")
def snapshots():
    target, place = Target("simple"), scratch() / "store"
    recorded(place, "-q", "-i", "100ms", pid=target.pid)
    expect(len(store_of(place, "simple")) >= 3, store_of(place))


@test("what begins while another one goes on does nothing, and ends well")
def locked():
    target, place = Target("simple"), scratch() / "store"
    argv = [HEAPTAP, "record", "--store", place, "-r", "1", "-p", target.pid]
    first = Process(argv, stderr=subprocess.DEVNULL)
    wait_until(lambda: probes(target.pid), "the first one records")
    second = recorded(place, pid=target.pid)
    expect(f"by pid {first.pid}" in second.stderr and "nothing is done" in second.stderr, second)
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    recorded(place, "-q", pid=target.pid)
    expect(len(store_of(place, "simple")) == 1, store_of(place))


@test("the newest are kept, of this series alone")
def kept():
    target, place = Target("simple"), scratch() / "store"
    fake(place, "simple", *(f"2026010{day}T000000Z-7" for day in range(1, 6)))
    other = fake(place, "other", "20260101T000000Z-1", "20260102T000000Z-1")
    recorded(place, "-q", "--keep", "3", pid=target.pid)
    names = store_of(place, "simple")
    expect(len(names) == 3 and names[0].startswith("20260104"), names)
    expect(len(list(other.iterdir())) == 2, "the other series is as it was")


@test("prune: by age, by number; the future is not old; foreign files stay")
def pruned():
    place = scratch() / "store"
    now = time.time()
    stamp = lambda age: time.strftime("%Y%m%dT%H%M%SZ-3", time.gmtime(now - age))
    series = fake(place, "app", stamp(40 * 86400), stamp(20 * 86400), stamp(60), stamp(-86400))
    for name in ("notes.txt", "20260101T000000Z-x.pb.gz", "20260101T000000Z-1.2x.pb.gz"):
        (series / name).write_text("mine")
    (place / "README").write_text("mine")
    os.symlink("/etc", place / "link")
    old = series / ".20260101T000000Z-1.pb.gz.0badcafe.tmp"
    old.write_text("half")
    os.utime(old, (now - 7200, now - 7200))
    (series / ".20260101T000001Z-1.pb.gz.0badcafe.tmp").write_text("being written")
    result = expect_status(heaptap("store", "prune", place, "--keep-for", "30d"), 0)
    expect("removed 2 files" in result.stderr, result)
    expect(len([n for n in store_of(place, "app") if NAME.match(n)]) == 3, store_of(place))
    result = expect_status(heaptap("store", "prune", place, "--keep", "1", "-q"), 0)
    left = store_of(place, "app")
    expect([n for n in left if NAME.match(n)] == [f"{stamp(-86400)}.pb.gz"], left)
    expect({"notes.txt", "20260101T000000Z-x.pb.gz"} <= set(left), left)
    expect(any(n.endswith(".tmp") for n in left) and not old.exists(), left)
    expect((place / "README").exists() and (place / "link").is_symlink(), "foreign files stay")
    result = expect_status(heaptap("store", "ls", place), 0)
    expect("5 other files" in result.stderr, result)


@test("names of programs that are no names of files")
def escaped():
    directory = scratch()
    for name, series in ((".. x", "%2E.%20x"), ("a%b", "a%25b")):
        program = directory / name
        shutil.copy(TARGETS / "simple", program)
        target = Target("simple", path=program)
        recorded(directory / "store", "-q", pid=target.pid)
        expect(store_of(directory / "store", series), store_of(directory / "store"))


@test("a disk that is full leaves nothing behind")
def full():
    target, place = Target("simple"), scratch() / "small"
    place.mkdir()
    if run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", place]).status:
        raise Skip("no tmpfs can be mounted here")
    at_end(lambda: run(["umount", "-l", place]))
    (place / "simple").mkdir()
    with open(place / "filler", "wb", buffering=0) as filler:
        try:
            while filler.write(b"x" * 4096):
                pass
        except OSError:
            pass
    result = recorded(place, pid=target.pid, status=1)
    expect("No space left" in result.stderr, result)
    expect(store_of(place, "simple") == [], store_of(place))


@test("a disk that cannot be written")
def read_only():
    target, place = Target("simple"), scratch() / "fixed"
    place.mkdir()
    if run(["mount", "-t", "tmpfs", "-o", "ro", "none", place]).status:
        raise Skip("no tmpfs can be mounted here")
    at_end(lambda: run(["umount", "-l", place]))
    expect_message(recorded(place, "-q", pid=target.pid, status=1), 1, "Read-only file system")


@test("refused: no parent, a file in its place, options that do not fit")
def refused():
    target, directory = Target("simple"), scratch()
    (directory / "file").write_text("")
    for place, why in ((directory / "a/b", "No such file"), (directory / "file", "Not a directory")):
        expect_message(recorded(place, "-q", pid=target.pid, status=1), 1, "store", why)
    for argv in (("-o", "x"), ("-f", "table")):
        recorded(directory / "store", *argv, pid=target.pid, status=2)
    expect_status(heaptap("record", "-p", target.pid, "--keep", "3"), 2)
    expect_status(heaptap("store", "prune", directory), 2)
    expect_status(heaptap("store", "ls"), 2)
    expect_status(heaptap("store", "empty", directory), 2)
    expect_message(heaptap("store", "ls", directory / "none"), 1, "No such file")


main()
