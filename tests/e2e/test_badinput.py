#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Wrong command lines, foreign files, outputs that cannot be written: one clear message each, the
right exit status, nothing half-written."""

import gzip

from harness import *


def usage(*args):
    with_output = scratch() / "never.pb.gz"
    result = heaptap(*[str(with_output) if a == "OUT" else a for a in args])
    expect_status(result, 2)
    expect(result.stdout == "" and re.match("(Usage: )?heaptap", result.stderr), result)
    expect(not with_output.exists(), "an output file was made")
    return result


for args in (
    [],
    ["nonsense"],
    ["record"],
    ["record", "-p", "1", "--", "true"],
    ["record", "-p", "abc"],
    ["record", "-p", "-1"],
    ["record", "-p", "0"],
    ["record", "-p", "1x"],
    ["record", "-p", ""],
    ["record", "-p", "1", "-r", "0"],
    ["record", "-p", "1", "-r", "-5"],
    ["record", "-p", "1", "-r", "99999999999999999999"],
    ["record", "-p", "1", "-r", "1Q"],
    ["record", "-p", "1", "-r", "automatic"],
    ["record", "-p", "1", "--budget", "0"],
    ["record", "-p", "1", "--budget", "101%"],
    ["record", "-p", "1", "--budget", "-5%"],
    ["record", "-p", "1", "--budget", "5 parsecs"],
    ["record", "-p", "1", "--budget", ""],
    ["record", "-p", "1", "-d", "0"],
    ["record", "-p", "1", "-d", "5 parsecs"],
    ["record", "-p", "1", "-d", "-1s"],
    ["record", "-p", "1", "-d", "99999999999d"],
    ["record", "-p", "1", "-i", "0"],
    ["record", "-p", "1", "-m", "nonsense"],
    ["record", "-p", "1", "-f", "nonsense"],
    ["record", "-p", "1", "--no-feature=nonsense"],
    ["record", "-p", "1", "--map-memory", "0"],
    ["record", "-p", "1", "--nonsense"],
    ["report"],
    ["report", "a", "-f", "nonsense"],
    ["report", "a", "--top", "-1"],
    ["report", "a", "--top", "x"],
    ["check", "-p", "x"],
):
    test("usage: heaptap " + " ".join(args) if args else "usage: heaptap alone", *args)(usage)


@test("--help and --version of every command are results: stdout, status 0")
def help_version():
    for command in ([], ["record"], ["report"], ["check"]):
        for option in ("--help", "--version"):
            result = expect_status(heaptap(*command, option), 0)
            expect(result.stdout and not result.stderr, result)
    expect(re.search(r"\d+\.\d+", heaptap("--version").stdout), "a version number")
    for option in ("--rate", "--budget", "--duration", "--interval", "--output", "--min-age", "--pid"):
        expect(option in heaptap("record", "--help").stdout, option)
    expect("--no-feature" not in heaptap("record", "--help").stdout, "the test option is hidden")


@test("no such process", "4194305")
@test("a pid beyond every limit", "2147483647")
def no_process(pid):
    output = scratch() / "out.pb.gz"
    expect_message(heaptap("record", "-p", pid, "-o", output), 3, pid)
    expect(not output.exists(), "an output file was made")


@test("a command that does not exist")
def no_command():
    output = scratch() / "out.pb.gz"
    result = heaptap("record", "-o", output, "--", "/no/such/program")
    expect_message(result, 3, "/no/such/program")
    expect(not output.exists(), "an output file was made")


# --- files given to report ----------------------------------------------------------------------


def some_profile():
    target = Target("simple")
    recording = Recording(pid=target.pid)
    target.go()
    recording.stop()
    return recording.output


@test("report: a file that is not there, a directory, an unreadable file")
def no_file():
    directory = scratch()
    expect_message(heaptap("report", directory / "nothing"), 1, "nothing")
    expect_message(heaptap("report", directory), 1)
    secret = directory / "secret.pb.gz"
    secret.write_bytes(b"x")
    secret.chmod(0)
    expect_message(run(as_nobody([public_heaptap(), "report", str(secret)])), 1, "secret")


@test("report: foreign files", "no profile at all\n".encode())
@test("report: an empty file", b"")
@test("report: gzip of something else", gzip.compress(b"\xff" * 1000))
@test("report: an ELF file", b"\x7fELF" + bytes(4096))
def foreign_file(data):
    path = scratch() / "foreign"
    path.write_bytes(data)
    expect_message(heaptap("report", path, "-f", "json"), 1, "foreign")


@test("report: a file cut anywhere is refused, and nothing is written")
def truncated():
    whole = some_profile()
    data = whole.read_bytes()
    directory = scratch()
    for size in [1, 2, 10, 18, *range(20, len(data), max(1, len(data) // 25)), len(data) - 1]:
        cut = directory / "cut.pb.gz"
        cut.write_bytes(data[:size])
        output = directory / "out.folded"
        expect_message(heaptap("report", cut, "-f", "folded", "-o", output), 1, "cut.pb.gz")
        expect(not output.exists(), "an output of", size, "bytes of input")


@test("report: bits flipped inside the compressed file are noticed")
def corrupted():
    data = bytearray(some_profile().read_bytes())
    path = scratch() / "broken.pb.gz"
    for at in range(12, len(data), max(1, len(data) // 40)):
        copy = bytearray(data)
        copy[at] ^= 0x55
        path.write_bytes(copy)
        expect_message(heaptap("report", path, "-f", "json"), 1, "broken")


@test("report: a gzip bomb is refused in bounded memory")
def bomb():
    path = scratch() / "bomb.pb.gz"
    block = gzip.compress(bytes(1 << 24))
    path.write_bytes(block * 256)  # 4 GiB of zeros
    result = run(["/bin/sh", "-c", f"ulimit -v 2000000; exec {HEAPTAP} report {path}"])
    expect_status(result, 1)
    expect(result.stdout == "" and "bomb" in result.stderr, result)


# --- outputs ------------------------------------------------------------------------------------


@test("report: a full output is an error", "table")
@test("report: a full output is an error, folded", "folded")
def full_report(form):
    path = some_profile()
    with open("/dev/full", "wb") as full:
        argv = [HEAPTAP, "report", str(path), "-f", form]
        done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE)
    expect(done.returncode == 1, done.returncode, done.stderr)
    expect(b"No space left" in done.stderr, done.stderr)


@test("record: a full output is an error")
def full_record():
    target = Target("simple")
    recording = Recording(pid=target.pid, output="/dev/full")
    target.go()
    result = recording.stop(status=1)
    expect("No space left" in result.stderr and "/dev/full" in result.stderr, result)
    expect(target.alive(), "the target does not care")


def small_disk():
    """A file system of 64 KiB."""
    directory = scratch()
    if run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", directory]).status != 0:
        raise Skip("mounting a tmpfs is not permitted here")
    at_end(lambda: run(["umount", "-l", directory]))
    return directory


@test("record: a disk that fills up leaves what was there before, and nothing else")
def disk_full():
    directory = small_disk()
    old = directory / "out.json"
    old.write_text("old")
    target = Target("paths", "--depth=12")
    recording = Recording(pid=target.pid, output=old)
    target.go()
    result = recording.stop(status=1)
    expect("No space left" in result.stderr, result)
    expect(old.read_text() == "old", "the old file is gone")
    expect([p.name for p in directory.iterdir()] == ["out.json"], list(directory.iterdir()))


@test("record: an output that cannot be made is refused before recording starts")
def unwritable():
    target = Target("simple")
    start = time.monotonic()
    result = heaptap("record", "-p", target.pid, "-o", "/no/such/directory/out.pb.gz", "-d", "20s")
    expect_message(result, 1, "/no/such/directory")
    expect(time.monotonic() - start < 10, "it recorded first")


@test("record: an output that is a directory is refused")
def is_directory():
    target = Target("simple")
    directory = scratch()
    result = heaptap("record", "-p", target.pid, "-o", directory, "-d", "1s")
    expect_message(result, 1, directory)


@test("record: an output that is a pipe's name is opened once, at the end")
def named_pipe():
    path = scratch() / "pipe"
    os.mkfifo(path)
    target = Target("simple")
    recording = Recording("-f", "folded", pid=target.pid, output=path)
    reader = Process(["cat", path])
    target.go()
    recording.stop()
    expect("keep_all;malloc" in (reader.line() or ""), "the reader has the result")


@test("report: no writing into another user's directory")
def unprivileged_output():
    path = some_profile()
    path.parent.chmod(0o755)
    path.chmod(0o644)
    closed = scratch()
    argv = as_nobody([public_heaptap(), "report", str(path), "-f", "folded"])
    expect_message(run([*argv, "-o", str(closed / "out.folded")]), 1, "out.folded")
    expect(not list(closed.iterdir()), list(closed.iterdir()))
    expect("keep_all" in expect_status(run(argv), 0).stdout, "report needs no privilege")


@test("an existing output is replaced in one step")
def replaced():
    target = Target("simple")
    output = scratch() / "out.pb.gz"
    output.write_bytes(b"old")
    reader = open(output, "rb")
    at_end(reader.close)
    recording = Recording(pid=target.pid, output=output)
    target.go()
    expect(output.read_bytes() == b"old", "the old file stays until the end")
    recording.stop()
    expect(reader.read() == b"old", "who had the old file open still reads it")
    expect(recording.profile().samples, "the new file is a profile")
    expect([p.name for p in output.parent.iterdir()] == ["out.pb.gz"], "and nothing else is there")


main()
