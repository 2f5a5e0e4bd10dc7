#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""What record, report and diff print on a terminal of 80 columns, and what they leave out where
nobody looks: in a pipe, with NO_COLOR, on a terminal that knows no colors."""

import fcntl
import pty
import struct
import termios

from harness import *

COLOR = re.compile(r"\x1b\[[0-9;]*m")


def literals():
    program = BUILD / "tests/golden_profiles"
    if not program.exists():
        raise Skip(f"{program} is not built (make check builds it)")
    directory = scratch()
    expect_status(run([program, directory]), 0)
    return directory


def on_terminal(argv, columns=80, **environment):
    """What @argv writes on stdout, a terminal; its stderr is another matter."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm", **environment}
    process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=inner,
                               stderr=subprocess.PIPE, env=environment)
    os.close(inner)
    at_end(lambda: (process.kill(), process.communicate()))
    written = b""
    while True:
        try:
            data = os.read(outer, 65536)
        except OSError:  # EIO: the other end is closed
            break
        written += data
    os.close(outer)
    expect(process.wait() == 0, argv, process.stderr.read())
    return written.decode().replace("\r\n", "\n")


def rows(text):
    """The lines of the table."""
    lines = COLOR.sub("", text).splitlines()
    begin = next(i for i, line in enumerate(lines) if " share " in line or " delta " in line)
    return lines[begin : lines.index("", begin) if "" in lines[begin:] else None]


@test("a table fits 80 columns, whatever is in it, and numbers are never cut")
def fits():
    directory = literals()
    for name in ("aged", "sampled", "cpp", "js", "hostile", "gc", "system", "lines", "plain"):
        path = directory / f"{name}.pb.gz"
        for options in ([], ["--stacks"], ["--lines"], ["--by", "comm"], ["--invert"]):
            for line in rows(on_terminal([HEAPTAP, "report", *options, path])):
                expect(len(line) <= 80, name, options, len(line), line)
    narrow = rows(on_terminal([HEAPTAP, "report", directory / "aged.pb.gz"], columns=40))
    expect("<1s-47h" in narrow[-1] and "10.1M" in narrow[-1], narrow)
    wide = on_terminal([HEAPTAP, "report", directory / "cpp.pb.gz"], columns=250)
    expect("..." not in wide, wide)


@test("diff fits 80 columns too")
def diff_fits():
    directory = literals()
    for pair in (("before", "after"), ("before_sampled", "after_sampled")):
        files = [directory / f"{name}.pb.gz" for name in pair]
        for line in rows(on_terminal([HEAPTAP, "diff", *files])):
            expect(len(line) <= 80, len(line), line)


@test("colors: the titles are bold and losses red on a terminal, and nowhere else")
def colors():
    path = literals() / "sampled.pb.gz"
    argv = [HEAPTAP, "report", path]
    colored = on_terminal(argv)
    expect("\x1b[1m" in colored and "\x1b[1;31mLOST:\x1b[0m" in colored, colored)
    expect(colored.count("\x1b[0m") == len(COLOR.findall(colored)) / 2, "each is ended", colored)
    plain = on_terminal(argv, NO_COLOR="1")
    expect("\x1b" not in plain, plain)
    expect("\x1b" not in on_terminal(argv, TERM="dumb"), "a dumb terminal")
    expect(COLOR.sub("", colored) == plain, colored, plain)
    expect("\x1b[1m" in on_terminal(argv, NO_COLOR=""), "an empty NO_COLOR says nothing")
    environment = {**os.environ, "TERM": "xterm"}
    expect("\x1b" not in run(argv, env=environment).stdout, "in a pipe")
    file = scratch() / "table.txt"
    on_terminal([*argv, "-f", "table", "-o", file])
    expect("\x1b" not in file.read_text(), "in a file")


@test("record to a terminal: the same table, with ages and growth, and its stacks beneath")
def recorded():
    command = [TARGETS / "leaky", "--seconds=2"]
    text = on_terminal([HEAPTAP, "record", "-q", "-r", "1", "-f", "table", "-o", "-", "--", *command])
    table = rows(text)
    expect("\x1b[1m" in text and all(len(line) <= 80 for line in table), text)
    expect(table[0].split() == ["inuse", "share", "objects", "mean", "age", "growth/s", "site"], table)
    expect("session_create" in table[1] and "<1s" in table[1], table)
    argv = [HEAPTAP, "record", "-q", "-r", "1K", "-f", "table", "--stacks", "-o", "-", "--", *command]
    text = on_terminal(argv, NO_COLOR="1")
    expect("\x1b" not in text and "error" in rows(text)[0], text)
    expect(any(line.split()[0] == "malloc" for line in rows(text)), text)


main()
