# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: starting targets and heaptap, waiting for probes, expecting
messages and exit statuses; with tap.py and judge.py imported, one import serves a test.

All processes that a test started are killed by their handles, and its scratch directories removed,
when it ends. Python's standard library is all this needs."""

import errno
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pprof
from judge import *
from tap import *

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("HEAPTAP_BUILD", ROOT / "build"))
TARGETS = BUILD / "targets"
HEAPTAP = str(os.environ.get("HEAPTAP", BUILD / "heaptap"))
NOBODY = 65534
# All time limits are this many times as long: 10 in an emulated machine.
SLOW = float(os.environ.get("HEAPTAP_SLOW", "1"))

# What record says on stderr once its probes are in place.
ATTACHED = re.compile(r"recording|attached", re.IGNORECASE)

# --- processes ----------------------------------------------------------------------------------


def scratch():
    """A directory of this test, readable by all users."""
    path = Path(tempfile.mkdtemp(prefix="heaptap-test."))
    path.chmod(0o755)
    at_end(lambda: shutil.rmtree(path, ignore_errors=True))
    return path


def wait_until(condition, what, timeout=10.0, every=0.02):
    """Polls until @condition is true, and returns its value."""
    deadline = time.monotonic() + timeout * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"not within {timeout:g} s: {what}")
        time.sleep(every)


def _spawn(argv, **options):
    try:
        process = subprocess.Popen([str(a) for a in argv], **options)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        raise Skip(f"this kernel does not run {argv[0]}: {error.strerror}") from error

    def end():
        if process.poll() is None:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    at_end(end)
    return process


def as_nobody(argv):
    """@argv run by a user without any privilege."""
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or not setpriv:
        raise Skip("changing to another user needs root and setpriv")
    flags = f"--reuid={NOBODY} --regid={NOBODY} --clear-groups --inh-caps=-all --bounding-set=-all"
    return [setpriv, *flags.split(), *argv]


def public_heaptap():
    """A copy of heaptap that every user may run, wherever the tree is."""
    copy = scratch() / "heaptap"
    shutil.copy(HEAPTAP, copy)
    copy.chmod(0o755)
    return str(copy)


class Process:
    """A running program with line-wise access to its stdin and stdout."""

    def __init__(self, argv, **options):
        self.argv = [str(a) for a in argv]
        if not Path(self.argv[0]).exists() and not shutil.which(self.argv[0]):
            raise Skip(f"{self.argv[0]} is not there")
        self.process = _spawn(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, **options
        )
        self.pid = self.process.pid
        self._rest = b""

    def line(self, timeout=20.0):
        """The next line of stdout, None at its end."""
        deadline = time.monotonic() + timeout * SLOW
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise Failure(f"{self.argv[0]} said nothing for {timeout:g} s")
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                return None
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode()

    def send(self, text="\n"):
        self.process.stdin.write(text.encode())

    def alive(self):
        return self.process.poll() is None

    def end(self, timeout=10.0):
        """Closes its stdin and returns its exit status."""
        self.process.stdin.close()
        return self.process.wait(timeout * SLOW)


def parse_truth(lines):
    truths = []
    for line in lines:
        if line == "done":
            return truths
        if line.startswith("{"):
            truths.append(json.loads(line))
        elif line != "ready":
            raise Failure(f"the target says: {line}")
    raise Failure("the target ended before it stated its truth")


class Target(Process):
    """A program of tests/targets, waiting at its start unless @options say otherwise."""

    def __init__(self, name, *options, wait=True, hold=True, path=None, **more):
        flags = ["--wait-start"] * wait + ["--hold"] * hold
        super().__init__([path or TARGETS / name, *flags, *options], **more)
        if wait:
            expect(self.line() == "ready", name, "did not become ready")

    def truth(self, timeout=30.0):
        return parse_truth(iter(lambda: self.line(timeout), None))

    def go(self, timeout=30.0):
        """Lets it allocate; returns the truth once it has."""
        self.send()
        return self.truth(timeout)


# --- heaptap ------------------------------------------------------------------------------------


class Result:
    def __init__(self, argv, status, stdout, stderr):
        self.argv, self.status = argv, status
        self.stdout, self.stderr = stdout, stderr

    def __str__(self):
        return (
            f"{' '.join(self.argv)}\nexit status {self.status}\n"
            f"stdout: {self.stdout[-2000:]}\nstderr: {self.stderr[-2000:]}"
        )


def run(argv, timeout=60.0, **options):
    argv = [str(a) for a in argv]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=timeout * SLOW, **options)
    except subprocess.TimeoutExpired:
        raise Failure(f"{' '.join(argv)} did not end in {timeout:g} s")
    texts = [stream.decode(errors="replace") for stream in (done.stdout, done.stderr)]
    return Result(argv, done.returncode, *texts)


def heaptap(*args, **options):
    return run([HEAPTAP, *args], **options)


def expect_status(result, *allowed):
    expect(result.status in allowed, f"exit status {allowed} expected\n{result}")
    return result


def report(path, *args):
    return expect_status(heaptap("report", path, *args), 0).stdout


def trap_us():
    """What a trap costs here: what is too dear depends on it, and how fast a machine is shows in it."""
    said = heaptap("check").stdout
    measured = re.search(r"measured (\d+) ns emulated", said)
    expect(measured, said)
    return int(measured[1]) / 1000


def probes(pid):
    """Where the executable pages of a process differ from their files: the breakpoints in it."""
    found = set()
    try:
        maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for line in maps:
                part = line.split(maxsplit=5)
                if "x" not in part[1] or part[4] == "0":
                    continue
                start, end = (int(n, 16) for n in part[0].split("-"))
                with open(f"/proc/{pid}/map_files/{start:x}-{end:x}", "rb") as file:
                    file.seek(int(part[2], 16))
                    original = file.read(end - start)
                memory.seek(start)
                mapped = memory.read(end - start)[: len(original)]
                name, offset = part[5].split("/")[-1], int(part[2], 16)
                for page in range(0, len(mapped), 4096):
                    ours, theirs = mapped[page : page + 4096], original[page : page + 4096]
                    if ours != theirs:
                        different = [i for i in range(len(ours)) if ours[i] != theirs[i]]
                        found |= {(name, offset + page + i) for i in different}
    except (FileNotFoundError, ProcessLookupError, OSError):
        return found
    return found


class Recording:
    """heaptap record on a process (by @pid, then attached when this returns) or on a command."""

    def __init__(self, *options, pid=None, command=None, output=None, rate="1", attached=True):
        self.directory = scratch()
        self.output = Path(output) if output else self.directory / "out.pb.gz"
        self.argv = [HEAPTAP, "record", "-o", str(self.output), "-r", str(rate)]
        self.argv += [str(o) for o in options]
        self.argv += ["-p", str(pid)] if pid else []
        self.argv += ["--", *[str(c) for c in command]] if command else []
        self._out = open(self.directory / "stdout", "w+b")
        self._err = open(self.directory / "stderr", "w+b")
        at_end(self._out.close)
        at_end(self._err.close)
        self.process = _spawn(
            self.argv, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err
        )
        self.attach_s = None
        if pid and attached:
            self._wait_attached(pid)

    def _text(self, name):
        return (self.directory / name).read_bytes().decode(errors="replace")

    def stderr(self):
        return self._text("stderr")

    def result(self):
        return Result(self.argv, self.process.returncode, self._text("stdout"), self.stderr())

    def _wait_attached(self, pid):
        """Attached: record says so, and the breakpoints are there and no more come. A quiet record
        says nothing: then it has seconds, since counting begins after the last breakpoint."""
        start = time.monotonic()
        last, unchanged, quiet = set(), 0, bool({"-q", "--quiet"} & set(self.argv))
        while time.monotonic() < start + 20 * SLOW:
            if self.process.poll() is not None:
                raise Failure(f"record ended instead of attaching\n{self.result()}")
            now = probes(pid)
            unchanged = unchanged + 1 if now and now == last else 0
            last = now
            said = ATTACHED.search(self.stderr())
            if unchanged >= 2 and (said or quiet and time.monotonic() > start + 2 * SLOW):
                self.attach_s = time.monotonic() - start
                return
            time.sleep(0.02)
        raise Failure(f"no probes in process {pid} after 20 s\n{self.stderr()}")

    def wait(self, timeout=30.0):
        """Until it ends by itself."""
        try:
            self.process.wait(timeout * SLOW)
        except subprocess.TimeoutExpired:
            raise Failure(f"record did not end in {timeout:g} s\n{self.result()}")
        return self.result()

    def stop(self, how=signal.SIGINT, status=0, timeout=30.0):
        """Ends it as a user would and returns what it wrote; @status is what it must exit with."""
        self.process.send_signal(how)
        result = self.wait(timeout)
        expect_status(result, status)
        return result

    def profile(self):
        return pprof.load(self.output)


def record(target, *options, **more):
    """Attach, let the target allocate, end: the profile and the truth."""
    recording = Recording(*options, pid=target.pid, **more)
    truths = target.go()
    recording.stop()
    return recording.profile(), truths


def expect_no_probes(pid):
    wait_until(lambda: not probes(pid), f"no probe left in process {pid}", timeout=5)


def expect_message(result, status, *words):
    """A refusal: the exit status, nothing on stdout, one message on stderr that has the @words."""
    expect_status(result, status)
    expect(result.stdout == "", f"a refusal writes nothing to stdout\n{result}")
    messages = [line for line in result.stderr.splitlines() if line.startswith("heaptap")]
    expect(len(messages) == 1, f"one message on stderr expected\n{result}")
    for word in words:
        expect(str(word) in result.stderr, f"the message does not have '{word}'\n{result}")
